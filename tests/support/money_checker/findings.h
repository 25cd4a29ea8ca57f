// What the rules have found so far: the first violation of each, with what stood around it. Internal to the checker.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "support/money_checker/money_checker.h"

namespace payswitch::test {

// One ledger's history and books, sorted and indexed.
class Findings {
 public:
  Findings(const History& history, const Books& books);

  void add(const char* rule, std::string text, std::uint64_t sequence);

  const History& history;
  const Books& books;
  std::unordered_set<std::string> customers;
  std::vector<const BookPosting*> postings;  // in the ledger's order
  std::unordered_map<std::string, std::vector<const BookTransfer*>> by_key;
  std::unordered_map<std::string, const BookTransfer*> by_id;
  std::vector<Violation> violations;

 private:
  std::string around(std::uint64_t sequence) const;
};

bool moves_balance(const BookPosting& posting) noexcept;
inline bool is_final_state(const std::string& state) noexcept { return !state.empty() && state != "held" && state != "submitted" && state != "in_doubt"; }

void check_double_entry(Findings& findings);    // C1
void check_customers_sum(Findings& findings);   // C3
void check_keys(Findings& findings);            // C4: what makes a transfer
void check_acts(Findings& findings);            // C4: what is done to one
void check_order(Findings& findings);           // C5: the replay
void check_real_time(Findings& findings);       // C5: the order against the clients' clocks
void check_reads(Findings& findings);           // C6
void check_waiting(Findings& findings);         // C8
void check_sums_between(std::vector<Findings>& banks);    // C2
void check_ends_between(std::vector<Findings>& banks);    // C7

}  // namespace payswitch::test
