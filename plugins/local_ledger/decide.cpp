#include "decide.h"

#include <payswitch/ids.h>

#include <algorithm>
#include <cstring>

namespace payswitch::local_ledger {
namespace {

constexpr std::uint32_t accounts_max = 256, kvs_max = 256;
constexpr std::size_t key_bytes_max = 1024, value_bytes_max = 1024 * 1024, text_bytes_max = 64 * 1024, number_bytes_max = 64;

Decision pass() { return Decision{Outcome::apply, PSW_OK, -1, {}, 0}; }
Decision reject(std::int32_t code, std::string_view reason) { return Decision{Outcome::reject, code, -1, reason, 0}; }
bool passed(const Decision& decision) { return decision.outcome == Outcome::apply; }

bool same_key(const psw_unique& unique, const UniqueView& stored) { return view(unique.space) == stored.space && view(unique.key) == stored.key; }

}  // namespace

Decision Decider::decide(const psw_entry& entry, std::int64_t now_ms, Plan& plan) {
  plan.clear();
  now_ms_ = now_ms;
  ++mark_;
  if (Decision d = shape(entry); !passed(d)) return d;
  bool seen = false;
  const Decision unique = uniques(entry, plan, seen);
  const Decision version = passed(unique) ? versions(entry, plan) : unique;
  // Only an entry that finds its traces can be a step that was taken before; so the look-up costs nothing in the ordinary case.
  if (std::uint64_t offset = 0; !passed(version) && !is_zero(entry.step_id) && known_step(entry, plan, offset)) return Decision{Outcome::known, PSW_OK, -1, {}, offset};
  if (!passed(version)) return version;
  psw_id speaks_for{};
  Decision d = guards(entry, plan, speaks_for);
  if (passed(d)) d = postings(entry, plan, speaks_for);
  if (passed(d) || d.code != PSW_RULE) return d;
  if (rows<psw_record>(entry.if_refused).empty()) return d;
  return refuse(entry, plan, d, speaks_for);
}

// What can be said without looking at the ledger.
Decision Decider::shape(const psw_entry& entry) const {
  const auto uniques = rows<psw_unique>(entry.uniques);
  const auto postings = rows<psw_posting>(entry.postings);
  const auto records = rows<psw_record>(entry.records);
  const auto refused = rows<psw_record>(entry.if_refused);
  if (uniques.size() > PSW_UNIQUES_MAX || rows<psw_guard>(entry.guards).size() > PSW_GUARDS_MAX || postings.size() > PSW_POSTINGS_MAX ||
      records.size() > PSW_RECORDS_MAX || refused.size() > PSW_RECORDS_MAX || rows<psw_account>(entry.accounts).size() > accounts_max || rows<psw_kv>(entry.kvs).size() > kvs_max) {
    return reject(PSW_INVALID, "entry_too_large");
  }
  const bool leaves_trace = !uniques.empty() || !records.empty() || !rows<psw_account>(entry.accounts).empty() || !rows<psw_kv>(entry.kvs).empty();
  if (!leaves_trace && (!postings.empty() || !rows<psw_guard>(entry.guards).empty())) return reject(PSW_INVALID, "entry_without_trace");
  if (!leaves_trace) return reject(PSW_INVALID, "entry_empty");
  for (const psw_unique& unique : uniques) {
    if (unique.space.size + unique.key.size == 0 || unique.space.size > key_bytes_max || unique.key.size > key_bytes_max || unique.names.size > key_bytes_max) return reject(PSW_INVALID, "unique_malformed");
  }
  for (const psw_account& account : rows<psw_account>(entry.accounts)) {
    if (empty(account.number) || account.number.size > number_bytes_max || account.owner.size > key_bytes_max || account.metadata.size > text_bytes_max) return reject(PSW_INVALID, "account_malformed");
    if (account.kind != PSW_ACCOUNT_CUSTOMER && account.kind != PSW_ACCOUNT_SYSTEM) return reject(PSW_INVALID, "account_malformed");
    if (currency_view(account.currency).empty() || account.exponent < 0 || account.exponent > 18) return reject(PSW_INVALID, "currency_unknown");
    if (account.overdraft_limit < 0 || account.overdraft_limit > counter_max || account.max_balance < 0) return reject(PSW_INVALID, "account_malformed");
    if ((account.status & ~(PSW_STATUS_NO_DEBIT | PSW_STATUS_NO_CREDIT | PSW_STATUS_CLOSED)) != 0) return reject(PSW_INVALID, "account_malformed");
  }
  for (const psw_posting& posting : postings) {
    if (posting.kind < PSW_P_POST || posting.kind > PSW_P_VOID_HOLD) return reject(PSW_NOT_SUPPORTED, "posting_kind_unknown");
    if (posting.kind != PSW_P_VOID_HOLD && (posting.money.minor <= 0 || posting.money.minor > counter_max)) return reject(PSW_INVALID, "amount_invalid");
    if (posting.kind == PSW_P_HOLD && is_zero(posting.id)) return reject(PSW_INVALID, "posting_malformed");
    if (posting.kind >= PSW_P_POST_HOLD && is_zero(posting.hold)) return reject(PSW_INVALID, "posting_malformed");
  }
  for (const auto& list : {records, refused}) {
    for (const psw_record& record : list) {
      if (is_zero(record.id) || record.version >= UINT32_MAX || record.detail.size > text_bytes_max || record.note.size > text_bytes_max) return reject(PSW_INVALID, "record_malformed");
      for (const psw_str text : {record.payer, record.payee, record.principal, record.connector, record.bank, record.lease_owner, record.reason, record.reference_tag}) {
        if (text.size > key_bytes_max) return reject(PSW_INVALID, "record_malformed");
      }
    }
    for (std::uint32_t i = 0; i != list.size(); ++i) {
      for (std::uint32_t j = 0; j != i; ++j) {
        if (payswitch::same(list[i].id, list[j].id)) return reject(PSW_INVALID, "record_twice");
      }
    }
  }
  for (const psw_kv& kv : rows<psw_kv>(entry.kvs)) {
    if (empty(kv.key) || kv.key.size > key_bytes_max || kv.value.size > value_bytes_max) return reject(PSW_INVALID, "kv_malformed");
  }
  return pass();
}

// ---- uniques and steps ----

Decision Decider::uniques(const psw_entry& entry, Plan& plan, bool& seen) {
  bool other_hash = false;
  for (const psw_unique& unique : rows<psw_unique>(entry.uniques)) {
    const std::uint64_t hash = state_.hash()(view(unique.space), view(unique.key));
    bool unreadable = false;
    const std::uint64_t offset = state_.unique_index_.find(hash, [&](std::uint64_t at) {
      EntryView stored;
      if (!source_.entry_at(at, stored)) {
        unreadable = true;
        return true;
      }
      bool match = false;
      stored.each([&](const ItemView& item) {
        if (match || item.kind() != ItemKind::unique) return;
        const UniqueView other = item.as_unique();
        match = same_key(unique, other);
        if (match && std::memcmp(other.fixed.hash, unique.hash, sizeof unique.hash) != 0) other_hash = true;
      });
      return match;
    });
    if (unreadable) return reject(PSW_UNAVAILABLE, "journal_unreadable");
    for (const psw_unique& earlier : plan.uniques) {
      if (view(earlier.space) == view(unique.space) && view(earlier.key) == view(unique.key)) return reject(PSW_INVALID, "unique_twice");
    }
    plan.exists.push_back(offset);
    plan.uniques.push_back(unique);
    seen = seen || offset != 0;
  }
  if (!seen) return pass();
  return other_hash ? reject(PSW_CONFLICT, "unique_conflict") : reject(PSW_EXISTS, "unique_exists");
}

bool Decider::step_in_record(const psw_id& step, const psw_record& record, std::uint64_t& offset) {
  std::uint32_t slot = 0;
  const Record* const present = state_.record(record.id, slot);
  if (present == nullptr || present->work.version <= record.version) return false;
  std::uint64_t at = present->work.offset;
  while (at != 0) {
    EntryView entry;
    if (!source_.entry_at(at, entry)) return false;
    if (payswitch::same(entry.header().step_id, step)) {
      offset = at;
      return true;
    }
    std::uint64_t version = 0, previous = 0;
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::record) return;
      const RecordView view = item.as_record();
      if (!payswitch::same(view.fixed.id, record.id)) return;
      version = view.fixed.version;
      previous = view.fixed.previous;
    });
    if (version <= record.version + 1) return false;
    at = previous;
  }
  return false;
}

// A step is kept with the change it made: it is known if one of the things it would have changed was changed by it.
bool Decider::known_step(const psw_entry& entry, const Plan& plan, std::uint64_t& offset) {
  const auto made_by_step = [&](std::uint64_t at) {
    EntryView stored;
    if (at == 0 || !source_.entry_at(at, stored) || !payswitch::same(stored.header().step_id, entry.step_id)) return false;
    offset = at;
    return true;
  };
  for (const std::uint64_t at : plan.exists) {
    if (made_by_step(at)) return true;
  }
  for (const auto& list : {rows<psw_record>(entry.records), rows<psw_record>(entry.if_refused)}) {
    for (const psw_record& record : list) {
      if (step_in_record(entry.step_id, record, offset)) return true;
    }
  }
  constexpr int changes_looked_at = 64;  // accounts and keys change rarely; a step is repeated within moments
  // Back along the versions of one thing; previous_of(item) is 0 for an item of another.
  const auto among_changes = [&](std::uint64_t at, auto previous_of) {
    for (int i = 0; i != changes_looked_at && at != 0; ++i) {
      if (made_by_step(at)) return true;
      EntryView stored;
      std::uint64_t previous = 0;
      if (!source_.entry_at(at, stored)) return false;
      stored.each([&](const ItemView& item) { previous = std::max<std::uint64_t>(previous, previous_of(item)); });
      at = previous;
    }
    return false;
  };
  for (const psw_account& account : rows<psw_account>(entry.accounts)) {
    const Account* const present = state_.account(view(account.number));
    if (among_changes(present == nullptr ? 0 : present->work.change, [&](const ItemView& item) {
          return item.kind() == ItemKind::account && item.as_account().number == view(account.number) ? item.as_account().fixed.previous : 0;
        }))
      return true;
  }
  for (const psw_kv& kv : rows<psw_kv>(entry.kvs)) {
    const KvTable::Node* const node = state_.kv(view(kv.key));
    if (among_changes(node == nullptr || node->work == nullptr ? 0 : node->work->offset, [&](const ItemView& item) {
          return item.kind() == ItemKind::kv && item.as_kv().key == view(kv.key) ? item.as_kv().fixed.previous : 0;
        }))
      return true;
  }
  return false;
}

// ---- versions ----

Decision Decider::plan_record(const psw_record& record, Plan& plan) {
  PlannedRecord planned;
  planned.source = record;
  planned.reason = view(record.reason);
  planned.created_ms = record.created_ms != 0 ? record.created_ms : now_ms_;
  std::uint32_t slot = 0;
  const Record* const present = state_.record(record.id, slot);
  if ((present == nullptr ? 0 : present->work.version) != record.version) return reject(PSW_CONFLICT, "version_conflict");
  if (present != nullptr) {
    planned.slot = slot;
    planned.previous = present->work.offset;
    planned.created_ms = present->created_ms;
  } else {
    planned.slot = static_cast<std::uint32_t>(state_.records_.made());
    for (const PlannedRecord& other : plan.records) planned.slot += other.previous == 0 ? 1u : 0u;
  }
  plan.records.push_back(planned);
  return pass();
}

Decision Decider::versions(const psw_entry& entry, Plan& plan) {
  for (const psw_record& record : rows<psw_record>(entry.records)) {
    if (Decision d = plan_record(record, plan); !passed(d)) return d;
  }
  std::uint32_t next_index = static_cast<std::uint32_t>(state_.accounts_.made());
  for (const psw_account& account : rows<psw_account>(entry.accounts)) {
    Account* const present = state_.account(view(account.number));
    if (present != nullptr && account.version == 0) return reject(PSW_CONFLICT, "account_exists");
    if ((present == nullptr ? 0 : present->work.version) != account.version) return reject(PSW_CONFLICT, "version_conflict");
    for (const Touch& other : plan.touches) {
      if (other.number == view(account.number)) return reject(PSW_INVALID, "account_twice");
    }
    const std::int32_t exponent = state_.exponent_of(account.currency);
    if (exponent >= 0 && exponent != account.exponent) return reject(PSW_INVALID, "exponent_mismatch");
    if (exponent < 0 && state_.totals_.made() == currencies_max) return reject(PSW_INVALID, "currencies_max");
    std::uint32_t at = 0;
    if (present != nullptr) {
      if (std::memcmp(present->work.currency, account.currency, sizeof account.currency) != 0 || present->work.kind != account.kind) return reject(PSW_INVALID, "account_changed");
      at = touch(*present, plan);
    } else {
      at = static_cast<std::uint32_t>(plan.touches.size());
      Touch fresh;
      fresh.index = next_index++;
      fresh.number = view(account.number);
      fresh.now.created_ms = now_ms_;
      plan.touches.push_back(fresh);
    }
    Touch& touched = plan.touches[at];
    plan.accounts.push_back({at, touched.now.change});
    touched.number = view(account.number);
    touched.owner = view(account.owner);
    touched.metadata = view(account.metadata);
    touched.now.kind = account.kind;
    touched.now.status = account.status;
    std::memcpy(touched.now.currency, account.currency, sizeof account.currency);
    touched.now.exponent = account.exponent;
    touched.now.overdraft_limit = account.overdraft_limit;
    touched.now.max_balance = account.max_balance;
    touched.now.version = account.version + 1;
  }
  for (const psw_kv& kv : rows<psw_kv>(entry.kvs)) {
    for (const PlannedKv& other : plan.kvs) {
      if (view(other.source.key) == view(kv.key)) return reject(PSW_INVALID, "kv_twice");
    }
    const KvTable::Node* const node = state_.kv(view(kv.key));
    const KvValue* const value = node == nullptr ? nullptr : node->work;
    if ((value != nullptr && value->alive(now_ms_) ? value->version : 0) != kv.version) return reject(PSW_CONFLICT, "version_conflict");
    plan.kvs.push_back({kv, value == nullptr ? 0 : value->offset});
  }
  return pass();
}

// ---- the accounts an entry touches ----

std::uint32_t Decider::touch(Account& account, Plan& plan) {
  if (account.mark == mark_) return account.scratch;
  account.mark = mark_;
  account.scratch = static_cast<std::uint32_t>(plan.touches.size());
  plan.touches.emplace_back();
  Touch& touched = plan.touches.back();
  touched.account = &account;
  touched.index = account.index;
  touched.number = account.number->view();
  touched.now = account.work;
  return account.scratch;
}

std::uint32_t Decider::touch(std::string_view number, Plan& plan) {
  if (Account* const account = state_.account(number)) return touch(*account, plan);
  for (std::uint32_t i = 0; i != plan.touches.size(); ++i) {
    if (plan.touches[i].account == nullptr && plan.touches[i].number == number) return i;
  }
  return no_slot;
}

// ---- a refusal that is recorded ----

Decision Decider::refuse(const psw_entry& entry, Plan& plan, const Decision& refusal, const psw_id& speaks_for) {
  plan.accounts.clear();
  plan.postings.clear();
  plan.records.clear();
  plan.kvs.clear();
  plan.counters.clear();
  plan.touches.clear();
  const auto refused = rows<psw_record>(entry.if_refused);
  for (const psw_record& record : refused) {
    if (Decision d = plan_record(record, plan); !passed(d)) return d;
    PlannedRecord& planned = plan.records.back();
    const bool spoken_for = is_zero(speaks_for) ? refused.size() == 1 && planned.reason.empty() : payswitch::same(record.id, speaks_for);
    if (spoken_for) planned.reason = refusal.reason;
  }
  Decision d = refusal;
  d.outcome = Outcome::refuse;
  return d;
}

}  // namespace payswitch::local_ledger
