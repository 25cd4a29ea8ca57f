// C2, C7: what several ledgers say about each other, at rest.
#include <map>

#include "support/money_checker/findings.h"

namespace payswitch::test {
namespace {

// "clearing:jh:KRW" and the like: its kind, and whom it is about.
bool names(const std::string& account, const std::string& kind, const std::string& bank) { return account.rfind(kind + ":" + bank + ":", 0) == 0; }

std::int64_t balance(const Findings& f, const std::string& kind, const std::string& bank) {
  std::int64_t sum = 0;
  for (const auto* posting : f.postings)
    if (moves_balance(*posting) && names(posting->account, kind, bank)) sum += posting->side == 1 ? -posting->amount : posting->amount;
  return sum;
}

}  // namespace

void check_sums_between(std::vector<Findings>& banks) {
  if (banks.empty()) return;
  std::int64_t hold = 0, paid_in = 0;
  for (const auto& bank : banks) {
    for (const auto* posting : bank.postings)
      if (moves_balance(*posting) && (bank.customers.contains(posting->account) || posting->account.rfind("suspense:", 0) == 0)) hold += posting->side == 1 ? -posting->amount : posting->amount;
    for (const auto& transfer : bank.books.transfers) {
      if (transfer.state != "completed") continue;
      if (transfer.kind == OperationKind::deposit) paid_in += transfer.amount;
      if (transfer.kind == OperationKind::withdraw) paid_in -= transfer.amount;
    }
  }
  if (hold != paid_in) banks.front().add("C2", "customers of all banks, and suspense, hold " + std::to_string(hold) + ", paid in was " + std::to_string(paid_in), 0);
  for (auto& bank : banks)
    for (const auto& other : banks) {
      if (bank.books.bank == other.books.bank) continue;
      const std::int64_t owes = balance(bank, "clearing", other.books.bank), is_owed = -balance(other, "clearing", bank.books.bank);
      if (owes != is_owed)
        bank.add("C2", "it owes " + other.books.bank + ' ' + std::to_string(owes) + ", which says that it is owed " + std::to_string(is_owed), 0);
      std::int64_t repairs = 0;
      for (const auto& transfer : bank.books.transfers) {
        if (transfer.kind != OperationKind::repair || transfer.state != "completed") continue;
        if (names(transfer.payee, "suspense", other.books.bank)) repairs += transfer.amount;
        if (names(transfer.payer, "suspense", other.books.bank)) repairs -= transfer.amount;
      }
      if (const std::int64_t suspense = balance(bank, "suspense", other.books.bank); suspense != repairs)
        bank.add("C2", "suspense of " + other.books.bank + " is " + std::to_string(suspense) + ", its repairs make " + std::to_string(repairs), 0);
    }
}

void check_ends_between(std::vector<Findings>& banks) {
  // By the paying bank, the other bank and op_id: how it ended at each of the two.
  struct Ends {
    std::vector<const BookTransfer*> out, in;
  };
  std::map<std::string, Ends> operations;
  for (auto& bank : banks)
    for (const auto& transfer : bank.books.transfers) {
      if (transfer.state == "submitted" || transfer.state == "in_doubt") bank.add("C7", "transfer " + transfer.id + " has not ended: " + transfer.state, transfer.sequence);
      if (transfer.op_id.empty() || transfer.bank.empty() || transfer.kind == OperationKind::repair) continue;
      if (transfer.kind == OperationKind::incoming) operations[transfer.bank + '>' + bank.books.bank + ' ' + transfer.op_id].in.push_back(&transfer);
      else operations[bank.books.bank + '>' + transfer.bank + ' ' + transfer.op_id].out.push_back(&transfer);
    }
  const auto text = [](const std::vector<const BookTransfer*>& ends) {
    std::string out;
    for (const auto* end : ends) out += ' ' + end->id + ' ' + end->state + ' ' + end->payer + "->" + end->payee + ' ' + std::to_string(end->amount) + ' ' + end->reason;
    return ends.empty() ? std::string(" nothing") : out;
  };
  for (const auto& [operation, ends] : operations) {
    const auto complain = [&](const char* what) {
      banks.front().add("C7", operation + ' ' + what + ": the payer's bank has" + text(ends.out) + ", the payee's" + text(ends.in), 0);
    };
    if (ends.out.size() > 1 || ends.in.size() > 1) complain("is in the books more than once");
    if (ends.out.empty()) {
      complain("is unknown to the bank that is said to have asked for it");
      continue;
    }
    const auto& out = *ends.out.front();
    const bool paid = out.state == "completed", credited = !ends.in.empty() && ends.in.front()->state == "completed";
    if (paid != credited) complain("ended differently");
    if (paid && credited) {
      const auto& in = *ends.in.front();
      if (out.amount != in.amount || out.payer != in.payer || out.payee != in.payee) complain("is not the same on both sides");
    }
  }
}

}  // namespace payswitch::test
