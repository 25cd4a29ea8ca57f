#include "app/key_reader.h"

#include <payswitch/str.h>

#include "app/messages.h"

namespace payswitch::daemon::app {

KeyReader::KeyReader(net::Loop& loop, ledger::Client& client, auth::KeyStore& store, const Clock& clock, Logger& logger)
    : client_(client), store_(store), clock_(clock), logger_(logger),
      ticker_(loop, std::chrono::milliseconds(500), {[](void* self) { static_cast<KeyReader*>(self)->refresh(); }, this}) {}

void KeyReader::refresh() {
  if (running_) {
    again_ = true;
    return;
  }
  running_ = true;
  again_ = false;
  keys_.clear();
  after_.clear();
  started_ns_ = clock_.monotonic_ns();
  ask();
}

void KeyReader::ask() {
  const bool asked = client_.read<&KeyReader::got>(ledger::ReadWhat::kv, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep(auth::api_key_kv_prefix);
    read.after = keep.keep(after_);
    read.limit = page_rows;
  });
  if (!asked) failed();
}

void KeyReader::got(const ledger::ReadReply& reply) {
  if (!reply.ok()) return failed();
  std::uint32_t n = 0;
  for (const psw_kv& row : reply.rows<psw_kv>()) {
    ++n;
    const std::string_view key = view(row.key);
    after_ = key;
    if (!key.starts_with(auth::api_key_kv_prefix) || empty(row.value)) continue;
    auto decoded = auth::ApiKey::decode(key.substr(auth::api_key_kv_prefix.size()), view(row.value));
    if (decoded) keys_.push_back(std::move(*decoded));
    else logger_.write(key_damaged, {{"key_id", key.substr(auth::api_key_kv_prefix.size())}});
  }
  if (n == page_rows && keys_.size() < auth::KeyTable::keys_max) return ask();
  store_.publish(std::move(keys_), started_ns_);
  keys_.clear();
  running_ = false;
  if (again_) refresh();
}

void KeyReader::failed() {
  running_ = false;
  std::uint64_t suppressed = 0;
  if (throttle_.allow(clock_.monotonic_ns(), suppressed)) logger_.write(keys_unreadable, {{"suppressed", suppressed}});
}

}  // namespace payswitch::daemon::app
