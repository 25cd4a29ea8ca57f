#include "ledger/kv_store.h"

#include <array>

namespace payswitch::daemon::ledger {

// A call under way: who is to be told.
struct KvStore::PerLoop {
  struct Call {
    PerLoop* owner = nullptr;
    plugin_host::KvDone done;
    Call* next_free = nullptr;

    void read(const ReadReply& reply) {
      const auto rows = reply.rows<psw_kv>();
      finish(reply.ok() ? (rows.empty() ? PSW_ABSENT : PSW_OK) : reply.code(), reply.list());
    }
    void scanned(const ReadReply& reply) { finish(reply.ok() ? PSW_OK : reply.code(), reply.list()); }
    void written(const WriteReply& reply) {
      switch (reply.what()) {
        case Written::applied: return finish(PSW_OK, {});
        case Written::conflict: return finish(PSW_CONFLICT, {});
        case Written::not_taken: return finish(PSW_UNAVAILABLE, {});
        case Written::unknown: return finish(PSW_TIMEOUT, {});
        default: return finish(PSW_INVALID, {});
      }
    }
    void finish(std::int32_t code, psw_list rows) {
      const auto told = done;
      owner->give_back(this);
      told.function(told.context, code, rows);
    }
  };

  explicit PerLoop(Client& of) : client(of) {
    for (auto& call : calls) give_back(&call);
  }
  Call* take(plugin_host::KvDone done) noexcept {
    Call* call = free;
    if (call == nullptr) return nullptr;
    free = call->next_free;
    call->owner = this;
    call->done = done;
    return call;
  }
  void give_back(Call* call) noexcept {
    call->next_free = free;
    free = call;
  }

  Client& client;
  std::array<Call, open_calls_max> calls;
  Call* free = nullptr;
};

KvStore::KvStore(std::span<Client* const> clients, std::uint64_t (*random)(void*), void* random_context)
    : random_(random), random_context_(random_context) {
  for (auto* client : clients) loops_.push_back(std::make_unique<PerLoop>(*client));
}
KvStore::~KvStore() = default;

void KvStore::get(unsigned loop, psw_str key, plugin_host::KvDone done) noexcept {
  auto& mine = *loops_[loop];
  auto* call = mine.take(done);
  if (call == nullptr) return done.function(done.context, PSW_OVERLOADED, {});
  const bool asked = mine.client.read<&PerLoop::Call::read>(ReadWhat::kv, call, [&](psw_read& read, EntryBuilder& keep) {
    read.key = keep.keep(view(key));
    read.limit = 1;
  });
  if (!asked) call->finish(PSW_OVERLOADED, {});
}

void KvStore::scan(unsigned loop, psw_str prefix, psw_str after, std::uint32_t limit, plugin_host::KvDone done) noexcept {
  auto& mine = *loops_[loop];
  auto* call = mine.take(done);
  if (call == nullptr) return done.function(done.context, PSW_OVERLOADED, {});
  const bool asked = mine.client.read<&PerLoop::Call::scanned>(ReadWhat::kv, call, [&](psw_read& read, EntryBuilder& keep) {
    read.space = keep.keep(view(prefix));
    read.after = keep.keep(view(after));
    read.limit = limit;
  });
  if (!asked) call->finish(PSW_OVERLOADED, {});
}

void KvStore::put(unsigned loop, psw_list kvs, plugin_host::KvDone done) noexcept {
  for (const auto& kv : rows<psw_kv>(kvs))
    if (kv.value.size > value_bytes_max) return done.function(done.context, PSW_INVALID, {});
  auto& mine = *loops_[loop];
  auto* call = mine.take(done);
  if (call == nullptr) return done.function(done.context, PSW_OVERLOADED, {});
  auto write = mine.client.begin();
  if (!write) return call->finish(PSW_OVERLOADED, {});
  for (const auto& kv : rows<psw_kv>(kvs)) write.entry.kv(view(kv.key), view(kv.value), kv.version, kv.expires_ms);
  psw_id step{};
  const std::uint64_t a = random_(random_context_), b = random_(random_context_);
  std::memcpy(step.b, &a, sizeof a);
  std::memcpy(step.b + 8, &b, sizeof b);
  mine.client.write<&PerLoop::Call::written>(write, step, call);
}

}  // namespace payswitch::daemon::ledger
