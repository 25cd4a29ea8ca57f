#include "reads.h"

#include <payswitch/paging.h>
#include <payswitch/str.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "token.h"

namespace payswitch::local_ledger {

std::int64_t Reads::now_ms() const { return std::max(engine_.state().published_clock_ms(), engine_.clock().now_ms()); }

bool Reads::answer(const psw_read& given, psw_reply& reply, ReadBuffer& buffer) const {
  const psw_read read = sized_copy(&given);
  buffer.arena.reset();
  const Reclaimer::Guard guard(engine_.state().reclaimer());
  ReadTask task(engine_, now_ms(), read, reply, buffer);
  if (!task.prepare()) return true;
  switch (read.what) {
    case PSW_ROWS_ACCOUNTS: return task.accounts();
    case PSW_ROWS_RECORDS: return task.records();
    case PSW_ROWS_POSTINGS: return task.postings();
    case PSW_ROWS_EVENTS: return task.events();
    case PSW_ROWS_KV: return task.kvs();
    case PSW_ROWS_TOTALS: return task.totals();
    case PSW_ROWS_UNIQUES: task.uniques(); return true;
    default: task.finish(PSW_NOT_SUPPORTED, "rows_unknown"); return true;
  }
}

void Reads::hello(psw_reply& reply, ReadBuffer& buffer) const {
  buffer.arena.reset();
  const State& state = engine_.state();
  const psw_handle handle = reply.handle;
  reply = psw_reply{};
  reply.handle = handle;
  reply.failed = -1;
  reply.clock_ms = now_ms();
  engine_.stamp(reply, state.published_sequence(), buffer.arena);
  auto* hello = buffer.arena.rows<psw_hello>(1);
  hello->size = sizeof *hello;
  hello->history = reply.at;
  hello->clock_ms = reply.clock_ms;
  const std::size_t n = state.totals_.size();
  auto* currencies = buffer.arena.rows<psw_money>(n);
  for (std::size_t i = 0; i != n; ++i) {
    std::memcpy(currencies[i].currency, state.totals_[i].currency, sizeof currencies[i].currency);
    currencies[i].exponent = state.totals_[i].exponent;
  }
  hello->currencies = list_of(currencies, n);
  reply.body = hello;
}

ReadTask::ReadTask(const Engine& engine, std::int64_t now_ms, const psw_read& read, psw_reply& reply, ReadBuffer& buffer)
    : engine_(engine),
      state_(engine.state()),
      now_ms_(now_ms),
      read_(read),
      reply_(reply),
      buffer_(buffer),
      limit_(read.limit == 0 ? read_rows_max : std::min(read.limit, read_rows_max)),
      end_(engine.state().published_end()),
      sequence_(engine.state().published_sequence()) {
  const psw_handle handle = reply.handle;
  reply = psw_reply{};
  reply.handle = handle;
  reply.failed = -1;
  reply.clock_ms = now_ms;
  engine.stamp(reply, sequence_, buffer.arena);
}

void ReadTask::finish(std::int32_t code, std::string_view reason) {
  reply_.code = code;
  reply_.reason = str(reason);
}

bool ReadTask::unreadable() {
  finish(PSW_UNAVAILABLE, "journal_unreadable");
  return true;
}

bool ReadTask::prepare() {
  const Identity& identity = engine_.identity();
  Token token;
  if (read_.position.size != 0) {
    if (!read_token(view(read_.position), identity.id, token)) {
      finish(PSW_INVALID, "position_unknown");
      return false;
    }
    // Everything acknowledged is visible here. A token beyond that belongs to a history that this ledger has lost.
    if (token.epoch > identity.epoch || (token.epoch == identity.epoch && token.sequence > sequence_)) {
      finish(PSW_CONFLICT, "position_lost");
      return false;
    }
  }
  after_ = view(read_.after);
  if (read_token(after_, identity.id, token)) after_ = token.cursor;
  return true;
}

bool ReadTask::number_cursor(std::uint64_t& out) {
  if (after_.empty()) return true;
  const char* const end = after_.data() + after_.size();
  std::uint64_t number = 0;
  if (const auto read = std::from_chars(after_.data(), end, number); read.ec != std::errc{} || read.ptr != end) {
    finish(PSW_INVALID, "cursor_unknown");
    return false;
  }
  out = number;
  return true;
}

void ReadTask::short_page() { reply_.reason = str(page_short); }

bool ReadTask::entry_at(std::uint64_t offset, EntryView& out) {
  // Not `end_`: a state read a moment ago may be newer than this answer's beginning.
  return load_entry(engine_.journal(), offset, engine_.journal().durable_end(), buffer_.entry, out);
}

void ReadTask::set_position(std::string_view cursor) {
  if (cursor.empty()) cursor = after_;
  if (cursor.empty()) return;
  const std::string_view token = view(reply_.position);
  auto* text = static_cast<char*>(buffer_.arena.take(token.size() + 1 + cursor.size()));
  std::memcpy(text, token.data(), token.size());
  text[token.size()] = '/';
  std::memcpy(text + token.size() + 1, cursor.data(), cursor.size());
  reply_.position = psw_str{text, token.size() + 1 + cursor.size()};
}

template <class Row>
void ReadTask::rows(const std::vector<Row>& found, std::string_view cursor) {
  auto* out = buffer_.arena.rows<Row>(found.size());
  std::copy(found.begin(), found.end(), out);
  reply_.rows = list_of(out, found.size());
  set_position(cursor);
}
template void ReadTask::rows(const std::vector<psw_account>&, std::string_view);
template void ReadTask::rows(const std::vector<psw_record>&, std::string_view);
template void ReadTask::rows(const std::vector<psw_posting_row>&, std::string_view);
template void ReadTask::rows(const std::vector<psw_change>&, std::string_view);
template void ReadTask::rows(const std::vector<psw_kv>&, std::string_view);
template void ReadTask::rows(const std::vector<psw_unique>&, std::string_view);

const char* ReadTask::keep(const std::uint8_t* data, std::size_t size) {
  return static_cast<const char*>(std::memcpy(buffer_.arena.take(size), data, size));
}

bool ReadTask::state_of(const Record& record, RecordState& out) const {
  return state_.snapshot().read(snapshot_tries, [&] { out = record.published.load(); });
}

bool ReadTask::state_of(const Account& account, AccountState& out) const {
  return state_.snapshot().read(snapshot_tries, [&] { out = account.published.load(); });
}

// ---- accounts, totals ----

bool ReadTask::accounts() {
  std::vector<std::pair<const Account*, AccountState>> found;
  const std::string_view key = view(read_.key), owner = view(read_.owner);
  // Of one owner: the place in the owner's chain, since an account may have stood in many. Else the number of the last account.
  std::uint32_t link_after = 0;
  const Account* after = nullptr;
  bool known = after_.empty();
  if (!known && !owner.empty()) {
    known = after_.front() == '#' && std::from_chars(after_.data() + 1, after_.data() + after_.size(), link_after).ec == std::errc{} && link_after != 0 &&
            link_after <= state_.owner_links_.size();
  } else if (!known) {
    after = state_.account(after_);
    known = after != nullptr;
  }
  if (!known) {
    finish(PSW_INVALID, "cursor_unknown");
    return true;
  }
  std::uint32_t last_link = 0;
  const bool consistent = state_.snapshot().read(snapshot_tries, [&] {
    found.clear();
    const auto take = [&](const Account& account) {
      const AccountState state = account.published.load();
      if (state.version == 0 || !(owner.empty() || (state.owner != nullptr && state.owner->view() == owner))) return false;
      found.emplace_back(&account, state);
      return true;
    };
    if (!key.empty()) {
      if (const Account* account = state_.account(key)) take(*account);
    } else if (!owner.empty()) {
      const Chain* const chain = state_.owner_chain(owner);
      const auto& links = state_.owner_links_;
      std::uint32_t link = link_after != 0 ? links[link_after - 1].next.load(std::memory_order_acquire) : chain == nullptr ? 0 : chain->head.load(std::memory_order_acquire);
      for (; link != 0 && found.size() != limit_; link = links[link - 1].next.load(std::memory_order_acquire)) {
        if (take(state_.account_at(links[link - 1].account))) last_link = link;
      }
    } else {
      const std::size_t n = state_.accounts_.size();
      for (std::size_t i = after == nullptr ? 0 : after->index + 1; i < n && found.size() != limit_; ++i) take(state_.accounts_[i]);
    }
  });
  if (!consistent) return false;
  std::vector<psw_account> out;
  for (const auto& [account, state] : found) out.push_back(account_row(*account, state));
  if (!key.empty() && out.empty()) finish(PSW_ABSENT, PSW_REASON_ACCOUNT_NOT_FOUND);
  std::string cursor;
  if (!out.empty() && key.empty()) cursor = owner.empty() ? std::string(view(out.back().number)) : "#" + std::to_string(last_link);
  rows(out, cursor);
  return true;
}

bool ReadTask::totals() {
  std::vector<psw_account> out;
  const bool consistent = state_.snapshot().read(snapshot_tries, [&] {
    out.clear();
    const std::size_t n = state_.totals_.size();
    for (std::size_t i = 0; i != n; ++i) {
      const Total& total = state_.totals_[i];
      const SideCounters counters = total.published.load();
      psw_account row{};
      std::memcpy(row.currency, total.currency, sizeof row.currency);
      row.exponent = total.exponent;
      row.debits_pending = to_abi(counters.debits_pending);
      row.debits_posted = to_abi(counters.debits_posted);
      row.credits_pending = to_abi(counters.credits_pending);
      row.credits_posted = to_abi(counters.credits_posted);
      out.push_back(row);
    }
  });
  if (consistent) rows(out, {});
  return consistent;
}

// ---- kv, uniques ----

bool ReadTask::kvs() {
  std::vector<psw_kv> out;
  const std::string_view key = view(read_.key), prefix = view(read_.space);
  const bool exact = !key.empty();
  const std::string_view from = exact ? key : std::max(prefix, after_);
  const bool consistent = state_.snapshot().read(snapshot_tries, [&] {
    out.clear();
    for (const KvTable::Node* node = state_.kvs_.lower_bound(from); node != nullptr && out.size() != limit_; node = state_.kvs_.next(node)) {
      const std::string_view at = node->key;
      if (exact ? at != key : at.substr(0, prefix.size()) != prefix) break;
      if (!exact && !after_.empty() && at == after_) continue;
      const KvValue* const value = node->published.load(std::memory_order_acquire);
      if (value == nullptr || !value->alive(now_ms_)) continue;
      out.push_back(psw_kv{str(at), str(value->bytes), value->version, value->expires_ms});
    }
  });
  if (!consistent) return false;
  // The guard ends with this call, and so may the values: the reply takes copies.
  for (psw_kv& row : out) {
    row.key = buffer_.arena.text(view(row.key));
    row.value = buffer_.arena.text(view(row.value));
  }
  if (exact && out.empty()) finish(PSW_ABSENT, "key_not_found");
  rows(out, out.empty() || exact ? std::string_view{} : view(out.back().key));
  return true;
}

void ReadTask::uniques() {
  const std::string_view space = view(read_.space), key = view(read_.key);
  std::vector<psw_unique> out;
  bool failed = false;
  state_.unique_index_.find(state_.hash()(space, key), [&](std::uint64_t offset) {
    EntryView entry;
    if (offset >= end_) return false;  // decided, not yet on the disk
    if (!entry_at(offset, entry)) return failed = true;
    entry.each([&](const ItemView& item) {
      if (!out.empty() || item.kind() != ItemKind::unique) return;
      const UniqueView unique = item.as_unique();
      if (unique.space != space || unique.key != key) return;
      psw_unique row{};
      row.space = buffer_.arena.text(unique.space);
      row.key = buffer_.arena.text(unique.key);
      row.names = buffer_.arena.text(unique.names);
      std::memcpy(row.hash, unique.fixed.hash, sizeof row.hash);
      out.push_back(row);
    });
    return !out.empty();
  });
  if (failed) {
    unreadable();
    return;
  }
  if (out.empty()) finish(PSW_ABSENT, "unique_not_found");
  rows(out, {});
}

}  // namespace payswitch::local_ledger
