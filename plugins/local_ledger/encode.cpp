#include "encode.h"

#include <payswitch/ids.h>

#include <cstring>

namespace payswitch::local_ledger {
namespace {

constexpr std::uint8_t padding_byte = 'P';  // not zero, so that a written sector is never all zero because of padding

class Writer {
 public:
  explicit Writer(std::uint8_t* out) noexcept : begin_(out), at_(out) {}

  template <class T>
  void put(const T& value) noexcept {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
  }
  void text(std::string_view bytes) noexcept {
    if (!bytes.empty()) std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  // An item: begin it, put its fixed struct (with any header) and the rest, end it.
  void begin() noexcept { item_ = at_; }
  void end(ItemKind kind, std::uint16_t flags = 0) noexcept {
    while ((at_ - begin_) % 8 != 0) *at_++ = padding_byte;
    const ItemHeader header{static_cast<std::uint16_t>(kind), flags, static_cast<std::uint32_t>(at_ - item_)};
    std::memcpy(item_, &header, sizeof header);
    ++items_;
  }
  std::size_t finish(EntryKind kind, const psw_id& step_id, const EntryStamp& stamp) noexcept {
    EntryHeader header{};
    header.bytes = static_cast<std::uint32_t>(at_ - begin_);
    header.kind = static_cast<std::uint8_t>(kind);
    header.items = items_;
    header.sequence = stamp.sequence;
    header.clock_ms = stamp.clock_ms;
    header.step_id = step_id;
    std::memcpy(begin_, &header, sizeof header);
    return header.bytes;
  }

 private:
  std::uint8_t* const begin_;
  std::uint8_t* at_;
  std::uint8_t* item_ = nullptr;
  std::uint16_t items_ = 0;
};

Writer entry_writer(std::uint8_t* out) noexcept {
  Writer writer(out);
  writer.put(EntryHeader{});
  return writer;
}

std::uint64_t here(std::uint64_t previous, const EntryStamp& stamp) noexcept { return previous == UINT64_MAX ? stamp.offset : previous; }

void put_unique(Writer& w, const psw_unique& unique) {
  UniqueItem item{};
  std::memcpy(item.hash, unique.hash, sizeof item.hash);
  item.space_bytes = static_cast<std::uint16_t>(unique.space.size);
  item.key_bytes = static_cast<std::uint16_t>(unique.key.size);
  item.names_bytes = static_cast<std::uint16_t>(unique.names.size);
  w.begin();
  w.put(item);
  w.text(view(unique.space));
  w.text(view(unique.key));
  w.text(view(unique.names));
  w.end(ItemKind::unique);
}

void put_account(Writer& w, const Touch& touch, const AccountState& now, std::uint64_t previous) {
  AccountItem item{};
  item.index = touch.index;
  item.kind = now.kind;
  item.status = now.status;
  std::memcpy(item.currency, now.currency, sizeof item.currency);
  item.exponent = now.exponent;
  item.owner_bytes = static_cast<std::uint16_t>(touch.owner.size());
  item.number_bytes = static_cast<std::uint16_t>(touch.number.size());
  item.overdraft_limit = now.overdraft_limit;
  item.max_balance = now.max_balance;
  item.version = now.version;
  item.created_ms = now.created_ms;
  item.previous = previous;
  item.metadata_bytes = static_cast<std::uint32_t>(touch.metadata.size());
  w.begin();
  w.put(item);
  w.text(touch.number);
  w.text(touch.owner);
  w.text(touch.metadata);
  w.end(ItemKind::account);
}

bool is_wide(const SideCounters& c) noexcept {
  const auto fits = [](Int128 value) { return value >= 0 && value <= INT64_MAX; };
  return !(fits(c.debits_pending) && fits(c.debits_posted) && fits(c.credits_pending) && fits(c.credits_posted));
}

void put_posting(Writer& w, const PlannedPosting& posting, const Plan& plan, const EntryStamp& stamp) {
  PostingItem item{};
  item.minor = posting.minor;
  item.released = posting.released;
  item.debit = plan.touches[posting.debit].index;
  item.credit = plan.touches[posting.credit].index;
  item.kind = posting.source.kind;
  item.record_slot = posting.record_slot;
  item.id = posting.source.id;
  std::uint16_t flags = 0;
  for (std::size_t side = 0; side != 2; ++side) {
    const SideCounters& after = posting.after[side];
    item.side[side] = {posting.account_sequence[side], here(posting.previous[side], stamp), static_cast<std::uint64_t>(after.debits_posted), static_cast<std::uint64_t>(after.credits_posted)};
    if (after.debits_pending != 0 || after.credits_pending != 0) flags |= static_cast<std::uint16_t>(side == 0 ? posting_debit_pending : posting_credit_pending);
    if (posting.jump[side] != 0) flags |= static_cast<std::uint16_t>(side == 0 ? posting_debit_jump : posting_credit_jump);
    if (is_wide(after)) flags |= posting_wide;
  }
  const bool resolves = posting.source.kind >= PSW_P_POST_HOLD;
  const bool unknown_record = posting.record_slot == no_slot && !is_zero(posting.source.record);
  if (resolves) flags |= posting_hold;
  if (unknown_record) flags |= posting_record_id;
  w.begin();
  w.put(item);
  if (resolves) w.put(posting.source.hold);
  for (std::size_t side = 0; side != 2; ++side) {
    if ((flags & (side == 0 ? posting_debit_pending : posting_credit_pending)) == 0) continue;
    w.put(static_cast<std::uint64_t>(posting.after[side].debits_pending));
    w.put(static_cast<std::uint64_t>(posting.after[side].credits_pending));
  }
  for (std::size_t side = 0; side != 2; ++side) {
    if (posting.jump[side] != 0) w.put(here(posting.jump[side], stamp));
  }
  if ((flags & posting_wide) != 0) {
    for (const SideCounters& after : posting.after) {
      for (const Int128 value : {after.debits_pending, after.debits_posted, after.credits_pending, after.credits_posted}) w.put(static_cast<std::int64_t>(value >> 64));
    }
  }
  if (unknown_record) w.put(posting.source.record);
  w.end(ItemKind::posting, flags);
}

// What a record item is made of, whether it comes from the border or from an earlier version.
struct RecordParts {
  RecordItem item{};
  psw_id parent{};
  std::int64_t not_after_ms = 0, lease_end_ms = 0;
  std::uint64_t lease_epoch = 0;
  std::array<std::string_view, record_texts> texts;
};

void put_record(Writer& w, RecordParts& parts) {
  RecordItem& item = parts.item;
  item.numbers = static_cast<std::uint16_t>((is_zero(parts.parent) ? 0 : record_parent) | (parts.not_after_ms == 0 ? 0 : record_not_after) |
                                            (parts.lease_end_ms == 0 ? 0 : record_lease_end) | (parts.lease_epoch == 0 ? 0 : record_lease_epoch));
  item.texts = 0;
  for (std::size_t i = 0; i != record_texts; ++i) item.texts = static_cast<std::uint16_t>(item.texts | (parts.texts[i].empty() ? 0u : 1u << i));
  w.begin();
  w.put(item);
  if ((item.numbers & record_parent) != 0) w.put(parts.parent);
  if ((item.numbers & record_not_after) != 0) w.put(parts.not_after_ms);
  if ((item.numbers & record_lease_end) != 0) w.put(parts.lease_end_ms);
  if ((item.numbers & record_lease_epoch) != 0) w.put(parts.lease_epoch);
  for (const std::string_view text : parts.texts) {
    if (!text.empty()) w.put(static_cast<std::uint32_t>(text.size()));
  }
  for (const std::string_view text : parts.texts) w.text(text);
  w.end(ItemKind::record);
}

void put_planned_record(Writer& w, const PlannedRecord& planned, std::int64_t clock_ms) {
  const psw_record& source = planned.source;
  RecordParts parts;
  RecordItem& item = parts.item;
  item.id = source.id;
  item.slot = planned.slot;
  item.kind = source.kind;
  item.state = source.state;
  item.attention = source.attention;
  item.attempt = source.attempt;
  item.exponent = source.money.exponent;
  std::memcpy(item.currency, source.money.currency, sizeof item.currency);
  item.version = source.version + 1;
  item.minor = source.money.minor;
  item.created_ms = planned.created_ms;
  item.next_action_ms = source.next_action_ms;
  item.previous = planned.previous;
  parts.parent = source.parent_id;
  parts.not_after_ms = source.not_after_ms;
  parts.lease_end_ms = source.lease_ms > 0 ? clock_ms + source.lease_ms : 0;
  parts.lease_epoch = source.lease_epoch;
  parts.texts = {view(source.payer),       view(source.payee), view(source.principal),     view(source.connector), view(source.bank),
                 view(source.lease_owner), planned.reason,     view(source.reference_tag), view(source.detail),    view(source.note)};
  put_record(w, parts);
}

void put_kv(Writer& w, const PlannedKv& planned) {
  KvItem item{};
  item.version = planned.source.version + 1;
  item.expires_ms = planned.source.expires_ms;
  item.previous = planned.previous;
  item.key_bytes = static_cast<std::uint32_t>(planned.source.key.size);
  item.value_bytes = static_cast<std::uint32_t>(planned.source.value.size);
  w.begin();
  w.put(item);
  w.text(view(planned.source.key));
  w.text(view(planned.source.value));
  w.end(ItemKind::kv);
}

void put_counter(Writer& w, const PlannedCounter& planned) {
  CounterItem item{};
  item.delta = planned.delta;
  item.until_ms = planned.until_ms;
  item.value = planned.value;
  item.key_bytes = static_cast<std::uint32_t>(planned.key.size());
  w.begin();
  w.put(item);
  w.text(planned.key);
  w.end(ItemKind::counter);
}

constexpr std::size_t record_fixed_max = sizeof(RecordItem) + 16 + 8 * 3 + 4 * record_texts + 8;

std::size_t record_bytes_max(const psw_record& r) {
  return record_fixed_max + static_cast<std::size_t>(r.payer.size + r.payee.size + r.principal.size + r.connector.size + r.bank.size + r.lease_owner.size + r.reason.size +
                                                     r.reference_tag.size + r.detail.size + r.note.size);
}

}  // namespace

std::size_t encoded_bytes_max(const psw_entry& entry) {
  std::size_t bytes = sizeof(EntryHeader);
  for (const psw_unique& u : rows<psw_unique>(entry.uniques)) bytes += sizeof(UniqueItem) + 8 + static_cast<std::size_t>(u.space.size + u.key.size + u.names.size);
  for (const psw_account& a : rows<psw_account>(entry.accounts)) bytes += sizeof(AccountItem) + 8 + static_cast<std::size_t>(a.number.size + a.owner.size + a.metadata.size);
  bytes += rows<psw_posting>(entry.postings).size() * (sizeof(PostingItem) + 16 * 4 + 8 * 2 + 64 + 8);
  std::size_t applied = 0, refused = sizeof(RefusalItem) + 8, reason = sizeof PSW_REASON_MAX_BALANCE_EXCEEDED;
  for (const psw_record& r : rows<psw_record>(entry.records)) applied += record_bytes_max(r);
  for (const psw_kv& kv : rows<psw_kv>(entry.kvs)) applied += sizeof(KvItem) + 8 + static_cast<std::size_t>(kv.key.size + kv.value.size);
  for (const psw_guard& guard : rows<psw_guard>(entry.guards)) {
    if (guard.kind == PSW_G_COUNTER) applied += sizeof(CounterItem) + 8 + static_cast<std::size_t>(guard.key.size);
    reason = std::max(reason, static_cast<std::size_t>(guard.fail_reason.size));
  }
  for (const psw_record& r : rows<psw_record>(entry.if_refused)) refused += record_bytes_max(r) + reason;
  return bytes + std::max(applied, refused + reason);
}

std::size_t encode_entry(const psw_entry& entry, const Plan& plan, const Decision& decision, const EntryStamp& stamp, std::uint8_t* out) {
  Writer w = entry_writer(out);
  for (const psw_unique& unique : plan.uniques) put_unique(w, unique);
  if (decision.outcome == Outcome::refuse) {
    RefusalItem item{};
    item.code = decision.code;
    item.failed = decision.failed;
    item.reason_bytes = static_cast<std::uint32_t>(decision.reason.size());
    w.begin();
    w.put(item);
    w.text(decision.reason);
    w.end(ItemKind::refusal);
  }
  for (const PlannedAccount& account : plan.accounts) put_account(w, plan.touches[account.touch], plan.touches[account.touch].now, account.previous);
  for (const PlannedPosting& posting : plan.postings) put_posting(w, posting, plan, stamp);
  for (const PlannedRecord& record : plan.records) put_planned_record(w, record, stamp.clock_ms);
  for (const PlannedKv& kv : plan.kvs) put_kv(w, kv);
  for (const PlannedCounter& counter : plan.counters) put_counter(w, counter);
  return w.finish(decision.outcome == Outcome::refuse ? EntryKind::refused : EntryKind::applied, entry.step_id, stamp);
}

std::size_t lease_bytes_max(const RecordView& before, std::string_view owner) {
  std::size_t bytes = sizeof(EntryHeader) + record_fixed_max + owner.size();
  for (const std::string_view text : before.texts) bytes += text.size();
  return bytes;
}

std::size_t encode_lease(const LeasedRecord* records, std::size_t n, std::string_view owner, std::int64_t lease_end_ms, const EntryStamp& stamp, std::uint8_t* out) {
  Writer w = entry_writer(out);
  for (std::size_t i = 0; i != n; ++i) {
    const RecordView& before = records[i].before;
    RecordParts parts;
    parts.item = before.fixed;
    parts.item.version = before.fixed.version + 1;
    parts.item.previous = records[i].previous;
    parts.parent = before.parent;
    parts.not_after_ms = before.not_after_ms;
    parts.lease_end_ms = lease_end_ms;
    parts.lease_epoch = before.lease_epoch + 1;
    parts.texts = before.texts;
    parts.texts[static_cast<std::size_t>(RecordText::lease_owner)] = owner;
    parts.texts[static_cast<std::size_t>(RecordText::note)] = "leased";
    put_record(w, parts);
  }
  return w.finish(EntryKind::lease, psw_id{}, stamp);
}

}  // namespace payswitch::local_ledger
