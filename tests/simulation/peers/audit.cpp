// What must hold when everything has come to rest: C1, C2, C4, I1–I9, each op_id applied at most once, both sides' decisions equal.
#include <payswitch/ids.h>
#include <payswitch/record.h>

#include <algorithm>
#include <set>

#include "ledger/account_names.h"
#include "storm.h"
#include "transfer/owned_record.h"

namespace payswitch::simulation::peers {
namespace {

constexpr std::string_view krw = "KRW";

struct Seen {
  TransferKind kind{};
  TransferState state{};
  std::string id, parent, bank, payer, payee, principal, key, reason;
  psw_id op_id{}, reverses{};
  std::int64_t minor = 0, posted = 0, reversed = 0, reversing = 0;
  std::uint64_t peer_position = 0;
};

std::vector<Seen> all_of(BankNode& bank, std::string& wrong) {
  std::vector<Seen> out;
  transfer::OwnedRecord record;
  bank.records([&](const psw_record& row) {
    if (!record.load(row)) {
      wrong = bank.plan.code + ": a record cannot be read";
      return;
    }
    out.push_back({record.kind(), record.state(), to_ulid(row.id), to_ulid(row.parent_id), std::string(record.bank()), std::string(view(row.payer)), std::string(view(row.payee)), std::string(view(row.principal)),
                   std::string(record.detail.idempotency_key), std::string(view(row.reason)), record.detail.op_id, record.detail.reverses, record.operation_money().minor, record.detail.posted_minor, record.detail.reversed_posted_minor, record.detail.reversed_pending_minor, record.detail.peer.position});
  });
  return out;
}

using Incoming = std::map<std::pair<std::string, std::string>, const Seen*>;  // (their bank, op_id)

}  // namespace

std::string Storm::audit(Outcome& out) {
  std::string wrong;
  std::map<std::string, std::vector<Seen>> books;
  std::map<std::string, Incoming> incoming;
  for (auto& bank : banks_) {
    const auto& code = bank.plan.code;
    if (const auto totals = bank.totals_wrong(); !totals.empty()) return "C1 at " + code + ": " + totals;
    if (const auto verdict = bank.verify(); !verdict.empty()) return "ledger verify at " + code + ": " + verdict;
    books[code] = all_of(bank, wrong);
    if (!wrong.empty()) return wrong;
    for (const auto& seen : books[code]) {
      if (seen.kind == TransferKind::repair) return code + " has opened a repair (" + seen.payer + " to " + seen.payee + ")";
      if (seen.kind != TransferKind::incoming) continue;
      if (!incoming[code].try_emplace({seen.bank, to_hex(seen.op_id)}, &seen).second) return "I5: " + code + " has two records of " + to_hex(seen.op_id);
    }
  }

  // Both sides of every payment.
  std::set<std::tuple<std::string, std::string, std::string>> explained;  // payee's bank, payer's bank, op_id
  for (auto& bank : banks_) {
    const auto& code = bank.plan.code;
    for (const auto& seen : books[code]) {
      if (seen.kind != TransferKind::transfer && seen.kind != TransferKind::reversal) continue;
      if (!seen.bank.empty()) ++out.states[std::string(name(seen.state))];
      for (auto& other : banks_) {
        const auto& there = other.plan.code;
        if (there == code) continue;
        // Whichever bank it was offered to, by whichever attempt.
        const auto op_id = seen.bank == there ? seen.op_id : derive_op_id(code, seen.principal, seen.key, "credit", there);
        const auto at = incoming[there].find({code, to_hex(op_id)});
        const bool applied = at != incoming[there].end() && at->second->state == TransferState::completed;
        const bool should = seen.state == TransferState::completed && seen.bank == there;
        const std::string which = code + " " + seen.id + " " + seen.payer + " to " + seen.payee + " is " + std::string(name(seen.state)) + " by " + seen.bank;
        if (applied && !should) return which + ", but " + there + " has credited it";
        if (!applied && should) return which + ", but " + there + " has not credited it";
        if (applied && at->second->posted != seen.posted) return which + " with " + std::to_string(seen.posted) + ", but " + there + " has credited " + std::to_string(at->second->posted);
        if (applied) explained.insert({there, code, to_hex(op_id)});
      }
    }
  }
  for (const auto& [code, list] : incoming) {
    for (const auto& [key, seen] : list)
      if (seen->state == TransferState::completed && !explained.contains({code, key.first, key.second})) return code + " has credited " + seen->payee + " for a payment that " + key.first + " does not know";
  }

  // What was given back is counted on what it was given back from, and is never more than that.
  for (const auto& [code, list] : books) {
    std::map<std::string, std::int64_t> given_back;
    for (const auto& seen : list)
      if (seen.state == TransferState::completed) given_back[seen.kind == TransferKind::reversal ? seen.parent : seen.kind == TransferKind::incoming && !is_zero(seen.reverses) ? to_hex(seen.reverses) : std::string()] += seen.posted;
    for (const auto& seen : list) {
      if (seen.reversing != 0) return code + " " + seen.id + " counts a reversal as under way";
      // By us, or by the other bank, whose credit names the one it gives back from.
      const auto sum = given_back[seen.id] + (seen.kind == TransferKind::transfer && !seen.bank.empty() ? given_back[to_hex(seen.op_id)] : 0);
      if (seen.reversed != sum) return code + " " + seen.id + " counts " + std::to_string(seen.reversed) + " as given back, its reversals are " + std::to_string(sum);
      if (seen.reversed > seen.posted) return code + " " + seen.id + " has given back more than it took";
    }
  }

  // C2: the sums.
  Int128 customers = 0, cash = 0;
  for (auto& bank : banks_) {
    for (const char* who : {"alice", "bob", "small"}) customers += bank.balance(bank.plan.prefix + who);
    for (const auto& seen : books[bank.plan.code]) {
      if (seen.state != TransferState::completed) continue;
      if (seen.kind == TransferKind::deposit) cash += seen.posted;
      if (seen.kind == TransferKind::withdraw) cash -= seen.posted;
    }
    for (auto& other : banks_) {
      const auto& code = other.plan.code;
      if (&other == &bank) continue;
      const Int128 ours = bank.balance(daemon::ledger::clearing_account(code, krw).view()), theirs = other.balance(daemon::ledger::clearing_account(bank.plan.code, krw).view());
      if (theirs > 0 && -ours > troubles_.receive_limit_minor) return bank.plan.code + " has credited " + format_total(-ours) + " for " + code + ", above the limit";
      if (ours != -theirs) return "C2: clearing of " + bank.plan.code + " with " + code + " is " + format_total(ours) + ", and " + format_total(theirs) + " the other way";
      const Int128 suspense = bank.balance(daemon::ledger::suspense_account(code, krw).view());
      if (suspense != 0) return "I7: " + format_total(suspense) + " stand in suspense at " + bank.plan.code;
    }
  }
  if (customers != cash) return "C2: customers hold " + format_total(customers) + " where " + format_total(cash) + " came in";

  // C4: every final answer is the same for ever.
  for (auto& one : tickets_) {
    const auto code = one.code;
    const auto body = one.body;
    if (transfer::row(code).recorded == transfer::Recorded::no) continue;
    one.answered = false;
    pay(one);
    if (!wait_for({&one}, 10 * second)) return "C4: a repeat of " + one.key + " was not answered";
    if (!one.replayed) return "C4: a repeat of " + one.key + " was not recognised";
    if (one.body != body && is_final(one.state)) return "C4: two answers to " + one.key + " differ: " + body + " | " + one.body;
  }
  return {};
}

void Storm::remember_before_restore() {
  if (!mj().up()) return;
  std::string wrong;
  decided_before_ = decided_;
  for (const auto& seen : all_of(mj(), wrong)) {
    if (seen.bank != "jh" || !is_final(seen.state)) continue;
    final_before_.insert(seen.id);
    known_position_ = std::max(known_position_, seen.peer_position);
  }
  timeline_.say([&] { return "mj knows jh's history up to position " + std::to_string(known_position_); });
}

// jh has forgotten what it had said; mj has forgotten nothing. Nothing may be decided at mj by a word of jh that lies before what mj knows of
// it, except what jh had decided before; and a person must have been told. That the books are apart is no fault of the fence: only a
// repair brings them together.
std::string Storm::audit_restored(Outcome& out) {
  std::string wrong;
  for (auto& bank : banks_) {
    if (!bank.up()) return bank.plan.code + " is not up";
    if (const auto verdict = bank.verify(); !verdict.empty()) return "ledger verify at " + bank.plan.code + ": " + verdict;
  }
  for (const auto& seen : all_of(mj(), wrong)) {
    if (seen.kind != TransferKind::transfer || seen.bank != "jh") continue;
    ++out.states[std::string(name(seen.state))];
    if (!is_final(seen.state) || final_before_.contains(seen.id) || seen.peer_position == 0 || seen.peer_position >= known_position_) continue;
    const auto at = decided_before_.find({"jh", "mj", to_hex(seen.op_id)});
    const bool as_before = at != decided_before_.end() && (at->second == PSW_APPLIED) == (seen.state == TransferState::completed);
    if (!as_before)
      return "N14: mj " + seen.id + " is " + std::string(name(seen.state)) + " by the word of jh at position " + std::to_string(seen.peer_position) + ", but mj knew of " + std::to_string(known_position_);
  }
  const auto notice = std::to_string(static_cast<int>(transfer::Notice::peer_history_changed)) + " jh";
  const bool told = std::any_of(mj().notices.begin(), mj().notices.end(), [&](const std::string& line) { return line.starts_with(notice); });
  if (told) ++out.states["fenced"];
  // Whatever it has said since, it said at a position that mj knows to be in its past.
  if (jh().position() < known_position_ && !told) return "N14: jh is back at position " + std::to_string(jh().position()) + " where mj knew of " + std::to_string(known_position_) + ", and nobody was told";
  return wrong;
}

}  // namespace payswitch::simulation::peers
