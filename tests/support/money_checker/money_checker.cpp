#include "support/money_checker/money_checker.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

namespace payswitch::test {
namespace {

constexpr int kind_post = 1, kind_post_hold = 3;  // PSW_P_POST, PSW_P_POST_HOLD: what moves posted counters
constexpr double ok_share_min = 0.7;

bool moves_balance(const BookPosting& posting) { return posting.kind == kind_post || posting.kind == kind_post_hold; }

class Check {
 public:
  Check(const History& history, const Books& books) : history_(history), books_(books) {
    for (const auto& number : books.customers) customers_.insert(number);
    for (const auto& posting : books.postings) postings_.push_back(&posting);
    std::sort(postings_.begin(), postings_.end(), [](auto* a, auto* b) {
      if (a->sequence != b->sequence) return a->sequence < b->sequence;
      return a->account_sequence != b->account_sequence ? a->account_sequence < b->account_sequence : a < b;
    });
    for (const auto& transfer : books.transfers) by_key_[transfer.key].push_back(&transfer);
    for (const auto& operation : history.operations) {
      auto& first = first_[operation.key];
      if (first == nullptr || operation.t0 < first->t0) first = &operation;
    }
  }

  Report run() {
    for (const auto& operation : history_.operations) {
      if (operation.outcome == Outcome::ok) ++report_.ok;
      else if (operation.outcome == Outcome::fail) ++report_.fail;
      else ++report_.info;
    }
    check_double_entry();
    check_customers_sum();
    check_effects();
    check_order();
    check_real_time();
    check_reads();
    report_.seed = history_.seed;
    const double total = static_cast<double>(history_.operations.size());
    const bool proves = history_.faults ? report_.info > 0 : static_cast<double>(report_.ok) >= ok_share_min * total && total > 0;
    report_.verdict = !report_.violations.empty() ? Verdict::failed : proves ? Verdict::passed : Verdict::invalid;
    return std::move(report_);
  }

 private:
  void violation(const char* rule, std::string text, std::uint64_t sequence) {
    for (const auto& known : report_.violations)
      if (known.rule == rule) return;
    std::ostringstream around;
    for (const auto* posting : postings_)
      if (posting->sequence + 2 >= sequence && posting->sequence <= sequence + 2)
        around << "  posting seq=" << posting->sequence << ' ' << (posting->side == 1 ? "debit " : "credit ") << posting->account << ' '
               << posting->amount << " balance_after=" << posting->balance_after << " transfer=" << posting->transfer_id << '\n';
    for (const auto& operation : history_.operations)
      if (operation.sequence != 0 && operation.sequence + 2 >= sequence && operation.sequence <= sequence + 2)
        around << "  answer seq=" << operation.sequence << " process=" << operation.process << " key=" << operation.key << ' '
               << operation.payer << "->" << operation.payee << ' ' << operation.amount << ' ' << operation.code << '\n';
    report_.violations.push_back({rule, std::move(text), around.str()});
  }

  void check_double_entry() {  // C1
    std::int64_t debits = 0, credits = 0;
    for (std::size_t i = 0; i < postings_.size(); ++i) {
      const auto& posting = *postings_[i];
      (posting.side == 1 ? debits : credits) += posting.amount;
      const bool last_of_sequence = i + 1 == postings_.size() || postings_[i + 1]->sequence != posting.sequence;
      if (last_of_sequence && debits != credits)
        return violation("C1", "at sequence " + std::to_string(posting.sequence) + " debits minus credits is " +
                                   std::to_string(debits - credits), posting.sequence);
    }
  }

  void check_customers_sum() {  // C3
    std::int64_t customers = 0, paid_in = 0;
    for (std::size_t i = 0; i < postings_.size(); ++i) {
      const auto& posting = *postings_[i];
      if (posting.available_after < 0 && customers_.contains(posting.account))
        return violation("C3", "available of " + posting.account + " is " + std::to_string(posting.available_after), posting.sequence);
      if (!moves_balance(posting)) continue;
      const std::int64_t change = posting.side == 1 ? -posting.amount : posting.amount;
      if (customers_.contains(posting.account)) customers += change;
      else paid_in -= change;
      const bool last_of_sequence = i + 1 == postings_.size() || postings_[i + 1]->sequence != posting.sequence;
      if (last_of_sequence && customers != paid_in)
        return violation("C3", "at sequence " + std::to_string(posting.sequence) + " customers hold " +
                                   std::to_string(customers) + ", paid in was " +
                                   std::to_string(paid_in), posting.sequence);
    }
  }

  void check_effects() {  // C4
    std::unordered_set<std::string> acted;  // transfers with posted money
    for (const auto* posting : postings_)
      if (moves_balance(*posting)) acted.insert(posting->transfer_id);
    struct Seen {
      bool ok = false, fail = false;
      const Operation* first = nullptr;
    };
    std::unordered_map<std::string, Seen> keys;
    for (const auto& operation : history_.operations) {
      if (operation.key.empty()) continue;
      auto& seen = keys[operation.key];
      if (operation.outcome == Outcome::info) continue;
      (operation.outcome == Outcome::ok ? seen.ok : seen.fail) = true;
      if (seen.first == nullptr) seen.first = &operation;
      else if (seen.first->body != operation.body)
        violation("C4", "key " + operation.key + " was answered twice with different bodies: " + seen.first->body + " and " + operation.body,
                  operation.sequence);
    }
    for (const auto& [key, seen] : keys) {
      std::size_t effects = 0;
      const auto found = by_key_.find(key);
      if (found != by_key_.end())
        for (const auto* transfer : found->second) effects += acted.contains(transfer->id) || held(*transfer) ? 1u : 0u;
      const std::uint64_t at = found == by_key_.end() ? 0 : found->second.front()->sequence;
      if (seen.ok && seen.fail) violation("C4", "key " + key + " was answered ok and refused", at);
      if (seen.ok && effects != 1) violation("C4", "key " + key + " was acknowledged and has " + std::to_string(effects) + " effects", at);
      if (seen.fail && !seen.ok && effects != 0) violation("C4", "key " + key + " was refused and has an effect", at);
      if (effects > 1) violation("C4", "key " + key + " has " + std::to_string(effects) + " effects", at);
    }
    for (const auto& [key, transfers] : by_key_)
      if (!key.empty() && !keys.contains(key)) violation("C4", "the books know key " + key + ", which no client sent", transfers.front()->sequence);
  }

  // A hold has its effect when it is made, whatever becomes of it.
  static bool held(const BookTransfer& transfer) { return transfer.kind == OperationKind::hold && transfer.state != "rejected"; }

  void check_order() {  // C5, the replay
    std::vector<const BookTransfer*> order;
    for (const auto& transfer : books_.transfers) order.push_back(&transfer);
    std::sort(order.begin(), order.end(), [](auto* a, auto* b) { return a->sequence < b->sequence; });
    std::unordered_map<std::string, std::vector<const Operation*>> answers;
    for (const auto& operation : history_.operations)
      if (operation.outcome != Outcome::info && !operation.key.empty()) answers[operation.key].push_back(&operation);
    std::unordered_map<std::string, std::int64_t> balance, pending;
    std::size_t next = 0;
    for (const auto* transfer : order) {
      // The books' own rows up to and with this write give holds their effect on `available`; posted money is the model's own.
      for (; next < postings_.size() && postings_[next]->sequence < transfer->sequence; ++next) apply_pending(*postings_[next], pending);
      const bool completed = transfer->state == "completed";
      const std::int64_t payer_available = balance[transfer->payer] - pending[transfer->payer];
      if (customers_.contains(transfer->payer) && transfer->kind != OperationKind::hold) {
        if (completed && payer_available < transfer->amount)
          violation("C5", transfer->id + " completed with " + std::to_string(payer_available) + " available for " + std::to_string(transfer->amount),
                    transfer->sequence);
        if (transfer->state == "rejected" && transfer->reason == "insufficient_funds" && payer_available >= transfer->amount)
          violation("C5", transfer->id + " was refused for funds with " + std::to_string(payer_available) + " available for " +
                              std::to_string(transfer->amount), transfer->sequence);
      }
      if (completed) {
        balance[transfer->payer] -= transfer->amount;
        balance[transfer->payee] += transfer->amount;
      }
      const auto found = answers.find(transfer->key);
      if (found == answers.end()) continue;
      for (const auto* operation : found->second)
        for (const auto& after : operation->after)
          if (transfer->kind != OperationKind::hold && after.balance != balance[after.account])
            violation("C5", "key " + operation->key + " answered balance " + std::to_string(after.balance) + " of " + after.account +
                                ", the model has " + std::to_string(balance[after.account]), transfer->sequence);
    }
  }

  static void apply_pending(const BookPosting& posting, std::unordered_map<std::string, std::int64_t>& pending) {
    if (posting.side != 1) return;
    if (posting.kind == 2) pending[posting.account] += posting.amount;                        // PSW_P_HOLD
    if (posting.kind == 4) pending[posting.account] -= posting.amount;                        // PSW_P_VOID_HOLD
    if (posting.kind == kind_post_hold) pending[posting.account] -= posting.amount;
  }

  void check_real_time() {  // C5, the order against the clients' clocks
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ends;  // t1, sequence
    std::vector<const Operation*> begins;
    for (const auto& operation : history_.operations) {
      if (operation.outcome == Outcome::info || operation.sequence == 0) continue;
      if (operation.kind != OperationKind::read && first_answer(operation)) begins.push_back(&operation);
      ends.emplace_back(operation.t1, operation.sequence);
    }
    std::sort(ends.begin(), ends.end());
    std::sort(begins.begin(), begins.end(), [](auto* a, auto* b) { return a->t0 < b->t0; });
    std::uint64_t highest = 0;
    std::size_t next = 0;
    for (const auto* operation : begins) {
      for (; next < ends.size() && ends[next].first < operation->t0; ++next) highest = std::max(highest, ends[next].second);
      if (operation->sequence < highest)
        violation("C5", "key " + operation->key + " began after sequence " + std::to_string(highest) + " was acknowledged and got sequence " +
                            std::to_string(operation->sequence), operation->sequence);
    }
  }

  // A replay answers with the sequence of its first write, which rightly lies before what was acknowledged since.
  bool first_answer(const Operation& operation) const { return first_.at(operation.key) == &operation; }

  void check_reads() {  // C6
    std::map<int, std::vector<const Operation*>> sessions;
    for (const auto& operation : history_.operations)
      if (operation.kind == OperationKind::read && operation.outcome == Outcome::ok) sessions[operation.process].push_back(&operation);
    for (auto& [process, reads] : sessions) {
      std::sort(reads.begin(), reads.end(), [](auto* a, auto* b) { return a->t0 < b->t0; });
      std::uint64_t newest = 0;
      for (const auto* read : reads) {
        if (read->sequence < read->asked_sequence)
          violation("C6", "process " + std::to_string(process) + " asked for sequence " + std::to_string(read->asked_sequence) + " and read " +
                              std::to_string(read->sequence), read->sequence);
        if (read->sequence < newest)
          violation("C6", "process " + std::to_string(process) + " read sequence " + std::to_string(read->sequence) + " after " +
                              std::to_string(newest), read->sequence);
        newest = std::max(newest, read->sequence);
      }
    }
  }

  const History& history_;
  const Books& books_;
  Report report_;
  std::unordered_set<std::string> customers_;
  std::vector<const BookPosting*> postings_;
  std::unordered_map<std::string, std::vector<const BookTransfer*>> by_key_;
  std::unordered_map<std::string, const Operation*> first_;
};

}  // namespace

std::string Report::to_string() const {
  std::ostringstream out;
  out << (verdict == Verdict::passed ? "passed" : verdict == Verdict::failed ? "FAILED" : "INVALID: the run proves nothing") << ": " << ok << " ok, "
      << fail << " refused, " << info << " unknown, seed " << seed << '\n';
  for (const auto& violation : violations) out << violation.rule << ": " << violation.text << '\n' << violation.neighbourhood;
  return out.str();
}

Report check_money(const History& history, const Books& books) { return Check(history, books).run(); }

}  // namespace payswitch::test
