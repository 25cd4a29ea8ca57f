// C1, C3, C5, C6: what one ledger says, in its own order.
#include <algorithm>
#include <map>

#include "support/money_checker/findings.h"

namespace payswitch::test {
namespace {

bool last_of_sequence(const Findings& f, std::size_t i) { return i + 1 == f.postings.size() || f.postings[i + 1]->sequence != f.postings[i]->sequence; }

// What is reserved and not yet posted stands between an account's balance and what is available of it.
using Counters = std::unordered_map<std::string, std::int64_t>;

}  // namespace

void check_double_entry(Findings& f) {
  std::int64_t debits = 0, credits = 0;
  for (std::size_t i = 0; i < f.postings.size(); ++i) {
    const auto& posting = *f.postings[i];
    (posting.side == 1 ? debits : credits) += posting.amount;
    if (last_of_sequence(f, i) && debits != credits)
      return f.add("C1", "at sequence " + std::to_string(posting.sequence) + " debits minus credits is " + std::to_string(debits - credits), posting.sequence);
  }
}

void check_customers_sum(Findings& f) {
  std::int64_t customers = 0, paid_in = 0;
  for (std::size_t i = 0; i < f.postings.size(); ++i) {
    const auto& posting = *f.postings[i];
    const bool customer = f.customers.contains(posting.account);
    if (posting.available_after < 0 && customer)
      return f.add("C3", "available of " + posting.account + " is " + std::to_string(posting.available_after), posting.sequence);
    if (moves_balance(posting)) {
      const std::int64_t change = posting.side == 1 ? -posting.amount : posting.amount;
      if (customer) customers += change;
      else paid_in -= change;
    }
    if (last_of_sequence(f, i) && customers != paid_in)
      return f.add("C3", "at sequence " + std::to_string(posting.sequence) + " customers hold " + std::to_string(customers) + ", paid in was " + std::to_string(paid_in), posting.sequence);
  }
}

void check_order(Findings& f) {
  // A transfer that reserves first is decided by its first write and moves money with its last.
  struct Step {
    std::uint64_t sequence;
    const BookTransfer* transfer;
    bool decides, ends;
  };
  std::vector<Step> steps;
  for (const auto& transfer : f.books.transfers) {
    const bool two = transfer.first_sequence != 0 && transfer.first_sequence != transfer.sequence;
    steps.push_back({two ? transfer.first_sequence : transfer.sequence, &transfer, true, !two});
    if (two) steps.push_back({transfer.sequence, &transfer, false, true});
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.sequence < b.sequence; });
  std::unordered_map<std::string, std::vector<const Operation*>> answers;
  for (const auto& operation : f.history.operations)
    if ((operation.outcome == Outcome::ok || operation.outcome == Outcome::fail) && !operation.key.empty()) answers[operation.key].push_back(&operation);
  Counters balance, pending;
  std::size_t next = 0;
  for (const auto& [sequence, transfer, decides, ends] : steps) {
    // The books' own rows before this write give reservations their effect on `available`; posted money is the model's own.
    for (; next < f.postings.size() && f.postings[next]->sequence < sequence; ++next) pending[f.postings[next]->account] = f.postings[next]->balance_after - f.postings[next]->available_after;
    const bool completed = transfer->state == "completed", rejected = transfer->state == "rejected";
    if (decides && f.customers.contains(transfer->payer)) {
      const std::int64_t available = balance[transfer->payer] - pending[transfer->payer], asked = transfer->asked != 0 ? transfer->asked : transfer->amount;
      if (!rejected && available < asked)
        f.add("C5", transfer->id + " was taken with " + std::to_string(available) + " available for " + std::to_string(asked), sequence);
      if (rejected && transfer->reason == "insufficient_funds" && available >= asked)
        f.add("C5", transfer->id + " was refused for funds with " + std::to_string(available) + " available for " + std::to_string(asked), sequence);
    }
    if (!ends) continue;
    if (completed) {
      balance[transfer->payer] -= transfer->amount;
      balance[transfer->payee] += transfer->amount;
    }
    const auto found = answers.find(transfer->key);
    if (found == answers.end()) continue;
    for (const auto* operation : found->second)
      for (const auto& after : operation->after)
        if (transfer->kind != OperationKind::hold && after.balance != balance[after.account])
          f.add("C5", "key " + operation->key + " answered balance " + std::to_string(after.balance) + " of " + after.account + ", the model has " + std::to_string(balance[after.account]), sequence);
  }
}

void check_real_time(Findings& f) {
  // A replay answers with the sequence of its first write, which rightly lies before what was acknowledged since.
  std::unordered_map<std::string, const Operation*> first;
  for (const auto& operation : f.history.operations) {
    auto& known = first[operation.key];
    if (known == nullptr || operation.t0 < known->t0) known = &operation;
  }
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ends;  // t1, sequence
  std::vector<const Operation*> begins;
  for (const auto& operation : f.history.operations) {
    if (operation.outcome == Outcome::info || operation.sequence == 0) continue;
    if (operation.kind != OperationKind::read && first.at(operation.key) == &operation) begins.push_back(&operation);
    ends.emplace_back(operation.t1, operation.sequence);
  }
  std::sort(ends.begin(), ends.end());
  std::sort(begins.begin(), begins.end(), [](auto* a, auto* b) { return a->t0 < b->t0; });
  std::uint64_t highest = 0;
  std::size_t next = 0;
  for (const auto* operation : begins) {
    for (; next < ends.size() && ends[next].first < operation->t0; ++next) highest = std::max(highest, ends[next].second);
    if (operation->sequence < highest)
      f.add("C5", "key " + operation->key + " began after sequence " + std::to_string(highest) + " was acknowledged and got sequence " + std::to_string(operation->sequence), operation->sequence);
  }
}

void check_reads(Findings& f) {
  std::map<int, std::vector<const Operation*>> sessions;
  for (const auto& operation : f.history.operations)
    if (operation.kind == OperationKind::read && operation.outcome == Outcome::ok) sessions[operation.process].push_back(&operation);
  for (auto& [process, reads] : sessions) {
    std::sort(reads.begin(), reads.end(), [](auto* a, auto* b) { return a->t0 < b->t0; });
    std::uint64_t newest = 0;
    for (const auto* read : reads) {
      if (read->sequence < read->asked_sequence)
        f.add("C6", "process " + std::to_string(process) + " asked for sequence " + std::to_string(read->asked_sequence) + " and read " + std::to_string(read->sequence), read->sequence);
      if (read->sequence < newest)
        f.add("C6", "process " + std::to_string(process) + " read sequence " + std::to_string(read->sequence) + " after " + std::to_string(newest), read->sequence);
      newest = std::max(newest, read->sequence);
    }
  }
}

}  // namespace payswitch::test
