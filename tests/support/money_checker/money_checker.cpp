#include "support/money_checker/money_checker.h"

#include <algorithm>
#include <sstream>

#include "support/money_checker/findings.h"

namespace payswitch::test {
namespace {

constexpr int kind_post = 1, kind_post_hold = 3;  // PSW_P_POST, PSW_P_POST_HOLD: what moves posted counters
constexpr double ok_share_min = 0.7;

void check_one(Findings& findings) {
  check_double_entry(findings);
  check_customers_sum(findings);
  check_keys(findings);
  check_acts(findings);
  check_order(findings);
  check_real_time(findings);
  check_reads(findings);
  check_waiting(findings);
}

// A run without faults in which too little succeeded proves nothing, nor does one with faults that nobody noticed.
Report judge(std::vector<Findings>& banks) {
  Report report;
  bool faults = false;
  for (auto& bank : banks) {
    report.seed = bank.history.seed;
    faults = faults || bank.history.faults;
    for (const auto& operation : bank.history.operations) {
      switch (operation.outcome) {
        case Outcome::ok: ++report.ok; break;
        case Outcome::fail: ++report.fail; break;
        case Outcome::accepted: ++report.accepted; break;
        case Outcome::info: ++report.info; break;
      }
    }
    for (auto& violation : bank.violations) {
      if (banks.size() > 1) violation.text = "bank " + bank.books.bank + ": " + violation.text;
      report.violations.push_back(std::move(violation));
    }
  }
  const auto total = static_cast<double>(report.ok + report.fail + report.accepted + report.info);
  const bool proves = faults ? report.info > 0 : static_cast<double>(report.ok) >= ok_share_min * total && total > 0;
  report.verdict = !report.violations.empty() ? Verdict::failed : proves ? Verdict::passed : Verdict::invalid;
  return report;
}

}  // namespace

bool moves_balance(const BookPosting& posting) noexcept { return posting.kind == kind_post || posting.kind == kind_post_hold; }

Findings::Findings(const History& of, const Books& from) : history(of), books(from) {
  for (const auto& number : books.customers) customers.insert(number);
  for (const auto& posting : books.postings) postings.push_back(&posting);
  std::sort(postings.begin(), postings.end(), [](auto* a, auto* b) {
    if (a->sequence != b->sequence) return a->sequence < b->sequence;
    return a->account_sequence != b->account_sequence ? a->account_sequence < b->account_sequence : a < b;
  });
  for (const auto& transfer : books.transfers) {
    by_key[transfer.key].push_back(&transfer);
    by_id[transfer.id] = &transfer;
  }
}

void Findings::add(const char* rule, std::string text, std::uint64_t sequence) {
  for (const auto& known : violations)
    if (known.rule == rule) return;
  violations.push_back({rule, std::move(text), around(sequence)});
}

std::string Findings::around(std::uint64_t sequence) const {
  std::ostringstream out;
  for (const auto* posting : postings)
    if (posting->sequence + 2 >= sequence && posting->sequence <= sequence + 2)
      out << "  posting seq=" << posting->sequence << ' ' << (posting->side == 1 ? "debit " : "credit ") << posting->account << ' ' << posting->amount
          << " balance_after=" << posting->balance_after << " transfer=" << posting->transfer_id << '\n';
  for (const auto& operation : history.operations)
    if (operation.sequence != 0 && operation.sequence + 2 >= sequence && operation.sequence <= sequence + 2)
      out << "  answer seq=" << operation.sequence << " process=" << operation.process << " key=" << operation.key << ' ' << operation.payer << "->"
          << operation.payee << ' ' << operation.amount << ' ' << operation.state << ' ' << operation.code << '\n';
  return out.str();
}

std::string Report::to_string() const {
  std::ostringstream out;
  out << (verdict == Verdict::passed ? "passed" : verdict == Verdict::failed ? "FAILED" : "INVALID: the run proves nothing") << ": " << ok << " ok, " << fail
      << " refused, " << accepted << " accepted, " << info << " unknown, seed " << seed << '\n';
  for (const auto& violation : violations) out << violation.rule << ": " << violation.text << '\n' << violation.neighbourhood;
  return out.str();
}

Report check_money(const History& history, const Books& books) {
  std::vector<Findings> one;
  one.emplace_back(history, books);
  check_one(one.front());
  return judge(one);
}

Report check_banks(std::span<const BankRun> banks) {
  std::vector<Findings> all;
  for (const auto& bank : banks) all.emplace_back(bank.history, bank.books);
  for (auto& bank : all) check_one(bank);
  check_sums_between(all);
  check_ends_between(all);
  return judge(all);
}

}  // namespace payswitch::test
