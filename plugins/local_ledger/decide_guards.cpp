// The guards of an entry: every kind of abi.h, against the state before the entry (PSW_G_NET: after it).
#include <payswitch/ids.h>

#include <algorithm>

#include "decide.h"

namespace payswitch::local_ledger {
namespace {

// What the postings of an entry would add to one account.
struct NetChange {
  Int128 credits_posted = 0, credits_pending = 0, debits_posted = 0, debits_pending = 0;
};

}  // namespace

// One guard at a time; a class, so that each kind is one short function.
class GuardCheck {
 public:
  GuardCheck(Decider& decider, const psw_entry& entry, Plan& plan) : decider_(decider), state_(decider.state_), entry_(entry), plan_(plan) {}

  // PSW_OK holds, PSW_RULE does not hold, PSW_NOT_SUPPORTED is of a kind this ledger does not know.
  std::int32_t holds(const psw_guard& guard) {
    switch (guard.kind) {
      case PSW_G_VERSION: return verdict(version(guard));
      case PSW_G_LEASE: return verdict(lease(guard));
      case PSW_G_KV: return verdict(kv(guard));
      case PSW_G_OWNER: return verdict(owner(guard));
      case PSW_G_COUNTER: return verdict(counter(guard));
      case PSW_G_NET: return verdict(net(guard));
      case PSW_G_CLOCK: return verdict((guard.a <= 0 || decider_.now_ms_ < guard.a) && (guard.b <= 0 || decider_.now_ms_ >= guard.b));
      case PSW_G_EPOCH: return verdict(decider_.epoch_ == static_cast<std::uint64_t>(guard.a));
      case PSW_G_AVAILABLE: return verdict(available(guard));
      case PSW_G_EMPTY: return verdict(is_empty(guard));
      case PSW_G_MAY: return verdict(may(guard));
      default: return PSW_NOT_SUPPORTED;
    }
  }

 private:
  static std::int32_t verdict(bool holds) { return holds ? PSW_OK : PSW_RULE; }

  bool version(const psw_guard& guard) const {
    std::uint32_t slot = 0;
    const Record* const record = state_.record(guard.id, slot);
    return (record == nullptr ? 0 : record->work.version) == static_cast<std::uint64_t>(guard.a);
  }
  bool lease(const psw_guard& guard) const {
    std::uint32_t slot = 0;
    const Record* const record = state_.record(guard.id, slot);
    return record != nullptr && record->lease_epoch == static_cast<std::uint64_t>(guard.a) && record->lease_end_ms > decider_.now_ms_;
  }
  bool kv(const psw_guard& guard) const {
    const KvTable::Node* const node = state_.kv(view(guard.key));
    const KvValue* const value = node == nullptr ? nullptr : node->work;
    return (value != nullptr && value->alive(decider_.now_ms_) ? value->version : 0) == static_cast<std::uint64_t>(guard.a);
  }
  bool owner(const psw_guard& guard) const {
    const Account* const account = state_.account(view(guard.key));
    return account != nullptr && (empty(guard.text) || account->work.owner->view() == view(guard.text));
  }
  // Guards of one entry on one counter add up. Giving back never fails, whatever the limit is by now: a release cannot be refused.
  bool counter(const psw_guard& guard) {
    const std::string_view key = view(guard.key);
    PlannedCounter* planned = nullptr;
    for (PlannedCounter& each : plan_.counters) {
      if (each.key == key) planned = &each;
    }
    const Counter* const stored = state_.counter(key);
    const bool present = stored != nullptr && (stored->until_ms == 0 || stored->until_ms > decider_.now_ms_);
    const std::int64_t before = planned != nullptr ? planned->value : present ? stored->value : 0;
    const std::int64_t until = planned != nullptr ? planned->until_ms : present ? later(stored->until_ms, guard.until_ms) : guard.until_ms;
    if (guard.a >= 0) {
      std::int64_t after = 0;
      if (__builtin_add_overflow(before, guard.a, &after) || after > guard.b) return false;
    }
    if (guard.a == 0) return true;
    if (guard.a < 0 && !present && planned == nullptr) return true;               // forgotten, or never taken
    if (until != 0 && until <= decider_.now_ms_) return true;                     // its window is over: nothing to remember
    const std::int64_t after = std::max<std::int64_t>(0, before + guard.a);
    if (planned != nullptr) {
      planned->value = after;
      planned->delta += guard.a;
    } else {
      plan_.counters.push_back({key, guard.a, until, after});
    }
    return true;
  }
  static std::int64_t later(std::int64_t a, std::int64_t b) { return a == 0 || b == 0 ? 0 : std::max(a, b); }

  bool net(const psw_guard& guard) const {
    SideCounters counters{};
    const std::string_view number = view(guard.key);
    if (const Account* const account = state_.account(number)) {
      counters = account->work.counters;
    } else {
      bool fresh = false;
      for (const Touch& touch : plan_.touches) fresh = fresh || touch.number == number;
      if (!fresh) return false;
    }
    NetChange change;
    for (const psw_posting& posting : rows<psw_posting>(entry_.postings)) add(posting, number, change);
    const Int128 after = guard.a >= 0
        ? counters.credits_posted + change.credits_posted + counters.credits_pending + change.credits_pending - counters.debits_posted - change.debits_posted
        : counters.debits_posted + change.debits_posted + counters.debits_pending + change.debits_pending - counters.credits_posted - change.credits_posted;
    return after <= guard.b;
  }
  void add(const psw_posting& posting, std::string_view number, NetChange& change) const {
    const Int128 minor = posting.money.minor;
    if (posting.kind == PSW_P_POST || posting.kind == PSW_P_HOLD) {
      if (view(posting.debit) == number) (posting.kind == PSW_P_POST ? change.debits_posted : change.debits_pending) += minor;
      if (view(posting.credit) == number) (posting.kind == PSW_P_POST ? change.credits_posted : change.credits_pending) += minor;
      return;
    }
    Hold hold;
    if (!decider_.find_hold_of(posting.hold, entry_, hold)) return;  // the posting itself will be refused
    const Int128 posted = posting.kind == PSW_P_POST_HOLD ? minor : 0;
    const auto is = [&](std::uint32_t index) { return index != no_slot && state_.account_at(index).number->view() == number; };
    if (is(hold.debit)) {
      change.debits_pending -= hold.minor;
      change.debits_posted += posted;
    }
    if (is(hold.credit)) {
      change.credits_pending -= hold.minor;
      change.credits_posted += posted;
    }
  }

  bool available(const psw_guard& guard) const {
    const Account* const account = state_.account(view(guard.key));
    return account != nullptr && account->work.available() == guard.a;
  }
  bool is_empty(const psw_guard& guard) const {
    const Account* const account = state_.account(view(guard.key));
    return account != nullptr && account->work.balance() == 0 && account->work.counters.debits_pending == 0 && account->work.counters.credits_pending == 0;
  }
  bool may(const psw_guard& guard) const {
    const Account* const account = state_.account(view(guard.key));
    if (account == nullptr) return false;
    const std::int32_t forbidden = PSW_STATUS_CLOSED | (guard.a == 1 ? PSW_STATUS_NO_DEBIT : PSW_STATUS_NO_CREDIT);
    return (account->work.status & forbidden) == 0;
  }

  Decider& decider_;
  const State& state_;
  const psw_entry& entry_;
  Plan& plan_;
};

Decision Decider::guards(const psw_entry& entry, Plan& plan, psw_id& speaks_for) {
  GuardCheck check(*this, entry, plan);
  std::int32_t index = 0;
  for (const psw_guard& guard : rows<psw_guard>(entry.guards)) {
    const std::int32_t verdict = check.holds(guard);
    if (verdict == PSW_NOT_SUPPORTED) return Decision{Outcome::reject, PSW_NOT_SUPPORTED, index, "guard_kind_unknown", 0};
    if (verdict != PSW_OK) {
      speaks_for = guard.id;
      const std::int32_t code = guard.fail_code == PSW_OK ? PSW_CONFLICT : guard.fail_code;
      return Decision{Outcome::reject, code, index, empty(guard.fail_reason) ? std::string_view("guard_failed") : view(guard.fail_reason), 0};
    }
    ++index;
  }
  return Decision{Outcome::apply, PSW_OK, -1, {}, 0};
}

// A hold of the ledger, or one that the entry itself makes.
bool Decider::find_hold_of(const psw_id& id, const psw_entry& entry, Hold& out) const {
  if (const Hold* const hold = state_.hold(id)) {
    out = *hold;
    return true;
  }
  for (const psw_posting& posting : rows<psw_posting>(entry.postings)) {
    if (posting.kind != PSW_P_HOLD || !payswitch::same(posting.id, id)) continue;
    const Account* const debit = state_.account(view(posting.debit));
    const Account* const credit = state_.account(view(posting.credit));
    out = Hold{id, debit == nullptr ? no_slot : debit->index, credit == nullptr ? no_slot : credit->index, posting.money.minor, 1};
    return true;
  }
  return false;
}

}  // namespace payswitch::local_ledger
