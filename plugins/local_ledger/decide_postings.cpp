// The postings of an entry, in order, each seeing those before it: exists, status, currency, funds, max_balance, overflow.
#include <payswitch/ids.h>

#include <cstring>

#include "decide.h"

namespace payswitch::local_ledger {
namespace {

Decision pass() { return Decision{Outcome::apply, PSW_OK, -1, {}, 0}; }
Decision refuse_posting(std::int32_t code, std::string_view reason) { return Decision{Outcome::reject, code, -1, reason, 0}; }
Decision rule(std::string_view reason) { return refuse_posting(PSW_RULE, reason); }

bool same_currency(const AccountState& account, const psw_money& money) noexcept {
  return std::memcmp(account.currency, money.currency, sizeof money.currency) == 0 && account.exponent == money.exponent;
}

// Status before currency, funds, max_balance, overflow: the order is part of the contract and has a test.
std::string_view check_sides(const AccountState& debit, const AccountState& credit, const psw_money& money) noexcept {
  if ((debit.status & PSW_STATUS_CLOSED) != 0) return PSW_REASON_ACCOUNT_CLOSED;
  if ((debit.status & PSW_STATUS_NO_DEBIT) != 0) return PSW_REASON_ACCOUNT_FROZEN;
  if ((credit.status & PSW_STATUS_CLOSED) != 0) return PSW_REASON_ACCOUNT_CLOSED;
  if ((credit.status & PSW_STATUS_NO_CREDIT) != 0) return PSW_REASON_ACCOUNT_FROZEN;
  if (!same_currency(debit, money) || !same_currency(credit, money)) return PSW_REASON_CURRENCY_MISMATCH;
  const Int128 minor = money.minor;
  if (debit.kind == PSW_ACCOUNT_CUSTOMER && debit.available() < minor) return PSW_REASON_INSUFFICIENT_FUNDS;
  if (credit.max_balance != 0 && credit.max_balance != INT64_MAX && credit.balance() + credit.counters.credits_pending + minor > credit.max_balance) return PSW_REASON_MAX_BALANCE_EXCEEDED;
  if (debit.kind == PSW_ACCOUNT_CUSTOMER && debit.counters.debits_posted + debit.counters.debits_pending + minor > counter_max) return PSW_REASON_LIMIT_EXCEEDED;
  if (credit.kind == PSW_ACCOUNT_CUSTOMER && credit.counters.credits_posted + credit.counters.credits_pending + minor > counter_max) return PSW_REASON_LIMIT_EXCEEDED;
  return {};
}

void move(AccountState& account, bool debit_side, std::int32_t kind, Int128 minor, Int128 released) noexcept {
  Int128& posted = debit_side ? account.counters.debits_posted : account.counters.credits_posted;
  Int128& pending = debit_side ? account.counters.debits_pending : account.counters.credits_pending;
  if (kind == PSW_P_HOLD) {
    pending += minor;
  } else {
    posted += minor;
    if (kind != PSW_P_POST) pending -= minor + released;
  }
}

}  // namespace

bool Decider::find_hold(const psw_id& id, const Plan& plan, Hold& out) const {
  for (const psw_id& resolved : plan.resolved_holds) {
    if (payswitch::same(resolved, id)) return false;
  }
  for (const Hold& made : plan.new_holds) {
    if (payswitch::same(made.id, id)) {
      out = made;
      return true;
    }
  }
  const Hold* const hold = state_.hold(id);
  if (hold != nullptr) out = *hold;
  return hold != nullptr;
}

Decision Decider::posting(const psw_posting& posting, Plan& plan) {
  PlannedPosting planned;
  planned.source = posting;
  if (posting.kind == PSW_P_POST || posting.kind == PSW_P_HOLD) {
    planned.debit = touch(view(posting.debit), plan);
    if (planned.debit == no_slot) return refuse_posting(PSW_ABSENT, PSW_REASON_ACCOUNT_NOT_FOUND);
    planned.credit = touch(view(posting.credit), plan);
    if (planned.credit == no_slot) return rule(PSW_REASON_PAYEE_NOT_FOUND);
    if (planned.debit == planned.credit) return rule("same_account");
    planned.minor = posting.money.minor;
    if (const std::string_view reason = check_sides(plan.touches[planned.debit].now, plan.touches[planned.credit].now, posting.money); !reason.empty()) return rule(reason);
    if (posting.kind == PSW_P_HOLD) {
      Hold open;
      if (find_hold(posting.id, plan, open)) return refuse_posting(PSW_CONFLICT, "hold_exists");
      plan.new_holds.push_back(Hold{posting.id, plan.touches[planned.debit].index, plan.touches[planned.credit].index, posting.money.minor, 1});
    }
  } else {
    Hold hold;
    if (!find_hold(posting.hold, plan, hold)) return refuse_posting(PSW_ABSENT, "hold_not_found");
    const auto touch_index = [&](std::uint32_t index) {
      for (std::uint32_t i = 0; i != plan.touches.size(); ++i) {
        if (plan.touches[i].index == index) return i;
      }
      return touch(state_.account_at(index), plan);
    };
    planned.debit = touch_index(hold.debit);
    planned.credit = touch_index(hold.credit);
    if (!empty(posting.debit) && view(posting.debit) != plan.touches[planned.debit].number) return refuse_posting(PSW_CONFLICT, "hold_of_other_accounts");
    if (!empty(posting.credit) && view(posting.credit) != plan.touches[planned.credit].number) return refuse_posting(PSW_CONFLICT, "hold_of_other_accounts");
    if (posting.kind == PSW_P_POST_HOLD) {
      if (!same_currency(plan.touches[planned.debit].now, posting.money)) return rule(PSW_REASON_CURRENCY_MISMATCH);
      if (posting.money.minor > hold.minor) return rule("amount_exceeds_hold");
      planned.minor = posting.money.minor;
    }
    planned.released = hold.minor - planned.minor;
    plan.resolved_holds.push_back(posting.hold);
  }
  // Past this line nothing is refused.
  for (std::size_t side = 0; side != 2; ++side) {
    AccountState& account = plan.touches[side == 0 ? planned.debit : planned.credit].now;
    move(account, side == 0, posting.kind, planned.minor, planned.released);
    planned.after[side] = account.counters;
    planned.account_sequence[side] = ++account.sequence;
    planned.previous[side] = account.last;
    account.last = UINT64_MAX;  // this entry, whose address is not known yet
    if (account.sequence % jump_distance == 0) {
      planned.jump[side] = account.jump;
      account.jump = UINT64_MAX;
    }
  }
  if (!is_zero(posting.record)) {
    for (const PlannedRecord& record : plan.records) {
      if (payswitch::same(record.source.id, posting.record)) planned.record_slot = record.slot;
    }
    std::uint32_t slot = 0;
    if (planned.record_slot == no_slot && state_.record(posting.record, slot) != nullptr) planned.record_slot = slot;
  }
  plan.postings.push_back(planned);
  return pass();
}

Decision Decider::postings(const psw_entry& entry, Plan& plan, psw_id& speaks_for) {
  auto index = static_cast<std::int32_t>(rows<psw_guard>(entry.guards).size());
  for (const psw_posting& each : rows<psw_posting>(entry.postings)) {
    Decision d = posting(each, plan);
    if (d.outcome != Outcome::apply) {
      d.failed = index;
      speaks_for = each.record;
      return d;
    }
    ++index;
  }
  // A new overdraft limit may not leave the account with less than nothing.
  for (const PlannedAccount& account : plan.accounts) {
    const AccountState& now = plan.touches[account.touch].now;
    if (now.kind == PSW_ACCOUNT_CUSTOMER && now.available() < 0) return rule(PSW_REASON_INSUFFICIENT_FUNDS);
  }
  return pass();
}

}  // namespace payswitch::local_ledger
