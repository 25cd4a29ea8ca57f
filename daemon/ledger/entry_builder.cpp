#include "ledger/entry_builder.h"

namespace payswitch::daemon::ledger {

psw_str EntryBuilder::keep(std::string_view text) {
  if (text.empty()) return {};
  auto* copy = static_cast<char*>(arena_->allocate(text.size(), 1));
  std::memcpy(copy, text.data(), text.size());
  return {copy, text.size()};
}

psw_str EntryBuilder::keep(std::string_view a, std::string_view b, std::string_view c, std::string_view d, std::string_view e) {
  const std::size_t size = a.size() + b.size() + c.size() + d.size() + e.size();
  if (size == 0) return {};
  auto* copy = static_cast<char*>(arena_->allocate(size, 1));
  char* at = copy;
  for (const auto part : {a, b, c, d, e}) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {copy, size};
}

void EntryBuilder::unique(std::string_view space_prefix, std::string_view space, std::string_view key, std::string_view names,
                          const std::uint8_t (&hash)[32]) {
  auto& unique = uniques_.add(*arena_);
  unique.space = keep(space_prefix, space);
  unique.key = keep(key);
  unique.names = keep(names);
  std::memcpy(unique.hash, hash, sizeof unique.hash);
}

psw_guard& EntryBuilder::guard(std::int32_t kind, Refusal refusal) {
  auto& guard = guards_.add(*arena_);
  guard.kind = kind;
  guard.fail_code = refusal.code;
  guard.fail_reason = str(refusal.reason);
  return guard;
}

void EntryBuilder::guard_version(const psw_id& record, std::uint64_t version, Refusal refusal) {
  auto& g = guard(PSW_G_VERSION, refusal);
  g.id = record;
  g.a = static_cast<std::int64_t>(version);
}
void EntryBuilder::guard_lease(const psw_id& record, std::uint64_t epoch, Refusal refusal) {
  auto& g = guard(PSW_G_LEASE, refusal);
  g.id = record;
  g.a = static_cast<std::int64_t>(epoch);
}
void EntryBuilder::guard_kv(std::string_view key, std::uint64_t version, Refusal refusal) {
  auto& g = guard(PSW_G_KV, refusal);
  g.key = keep(key);
  g.a = static_cast<std::int64_t>(version);
}
void EntryBuilder::guard_owner(std::string_view account, std::string_view owner, Refusal refusal) {
  auto& g = guard(PSW_G_OWNER, refusal);
  g.key = keep(account);
  g.text = keep(owner);
}
void EntryBuilder::guard_counter(std::string_view key, std::int64_t amount, std::int64_t max, std::int64_t until_ms, Refusal refusal) {
  auto& g = guard(PSW_G_COUNTER, refusal);
  g.key = keep(key);
  g.a = amount;
  g.b = max;
  g.until_ms = until_ms;
}
void EntryBuilder::guard_exposure(std::string_view account, std::int64_t max, Refusal refusal) {
  auto& g = guard(PSW_G_NET, refusal);
  g.key = keep(account);
  g.a = 1;
  g.b = max;
}
void EntryBuilder::guard_receive_limit(std::string_view account, std::int64_t max, Refusal refusal) {
  auto& g = guard(PSW_G_NET, refusal);
  g.key = keep(account);
  g.a = -1;
  g.b = max;
}
void EntryBuilder::guard_clock_before(std::int64_t ms, Refusal refusal) { guard(PSW_G_CLOCK, refusal).a = ms; }
void EntryBuilder::guard_clock_reached(std::int64_t ms, Refusal refusal) { guard(PSW_G_CLOCK, refusal).b = ms; }
void EntryBuilder::guard_epoch(std::uint64_t epoch, Refusal refusal) { guard(PSW_G_EPOCH, refusal).a = static_cast<std::int64_t>(epoch); }
void EntryBuilder::guard_available(std::string_view account, std::int64_t exactly, Refusal refusal) {
  auto& g = guard(PSW_G_AVAILABLE, refusal);
  g.key = keep(account);
  g.a = exactly;
}
void EntryBuilder::guard_empty(std::string_view account, Refusal refusal) { guard(PSW_G_EMPTY, refusal).key = keep(account); }
void EntryBuilder::guard_may_be_debited(std::string_view account, Refusal refusal) {
  auto& g = guard(PSW_G_MAY, refusal);
  g.key = keep(account);
  g.a = 1;
}
void EntryBuilder::guard_may_be_credited(std::string_view account, Refusal refusal) {
  auto& g = guard(PSW_G_MAY, refusal);
  g.key = keep(account);
  g.a = 2;
}

void EntryBuilder::posting(std::int32_t kind, std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& id,
                           const psw_id& hold, const psw_id& record) {
  auto& posting = postings_.add(*arena_);
  posting.kind = kind;
  posting.debit = keep(debit);
  posting.credit = keep(credit);
  posting.money = money;
  posting.id = id;
  posting.hold = hold;
  posting.record = record;
}
void EntryBuilder::post(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& id, const psw_id& record) {
  posting(PSW_P_POST, debit, credit, money, id, psw_id{}, record);
}
void EntryBuilder::hold(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& id, const psw_id& record) {
  posting(PSW_P_HOLD, debit, credit, money, id, psw_id{}, record);
}
void EntryBuilder::post_hold(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& id, const psw_id& hold,
                             const psw_id& record) {
  posting(PSW_P_POST_HOLD, debit, credit, money, id, hold, record);
}
void EntryBuilder::void_hold(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& id, const psw_id& hold,
                             const psw_id& record) {
  posting(PSW_P_VOID_HOLD, debit, credit, money, id, hold, record);
}

void EntryBuilder::copy_record(psw_record& to, const psw_record& from) {
  to = from;
  to.payer = keep(view(from.payer));
  to.payee = keep(view(from.payee));
  to.principal = keep(view(from.principal));
  to.connector = keep(view(from.connector));
  to.bank = keep(view(from.bank));
  to.lease_owner = keep(view(from.lease_owner));
  to.reason = keep(view(from.reason));
  to.reference_tag = keep(view(from.reference_tag));
  to.detail = keep(view(from.detail));
  to.note = keep(view(from.note));
}
void EntryBuilder::record(const psw_record& record) { copy_record(records_.add(*arena_), record); }
void EntryBuilder::record_if_refused(const psw_record& record) { copy_record(if_refused_.add(*arena_), record); }

void EntryBuilder::account(const psw_account& account) {
  auto& copy = accounts_.add(*arena_);
  copy = account;
  copy.number = keep(view(account.number));
  copy.owner = keep(view(account.owner));
  copy.metadata = keep(view(account.metadata));
}

void EntryBuilder::kv(std::string_view key, std::string_view value, std::uint64_t version, std::int64_t expires_ms) {
  auto& kv = kvs_.add(*arena_);
  kv.key = keep(key);
  kv.value = keep(value);
  kv.version = version;
  kv.expires_ms = expires_ms;
}

const psw_entry* EntryBuilder::finish(const psw_id& step_id) {
  auto* entry = new (arena_->allocate(sizeof(psw_entry), alignof(psw_entry))) psw_entry{};
  entry->size = sizeof(psw_entry);
  entry->step_id = step_id;
  entry->uniques = uniques_.list();
  entry->guards = guards_.list();
  entry->accounts = accounts_.list();
  entry->postings = postings_.list();
  entry->records = records_.list();
  entry->kvs = kvs_.list();
  entry->if_refused = if_refused_.list();
  return entry;
}

}  // namespace payswitch::daemon::ledger
