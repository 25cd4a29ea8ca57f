// The money checker: rules C1 to C8 over recorded histories and the books, in time linear in both (after sorting).
//
//   C1  debits equal credits at every sequence of the ledger
//   C2  between banks, at rest: all customers together, and suspense, hold what was deposited minus what was withdrawn; what a bank owes
//       another is what that other is owed; what stands in suspense is what repairs brought there
//   C3  the customers' sum is what was deposited minus what was withdrawn at every sequence, and available never falls below zero
//   C4  each ok is in the books exactly once, each fail not at all, each info at most once; repeats of a key answer equal bodies; a final
//       state that was told never changes; a hold is resolved once, by somebody who asked for that
//   C5  the books replayed in their order by a single-threaded model give every balance and every insufficient_funds that was
//       answered, and that order respects real time: what ended before another began comes first
//   C6  a read is never older than the token it demanded, and never goes backwards within one process
//   C7  between banks, at rest: every operation has ended, once, and equally on both sides
//   C8  no request takes longer than twice the time that its client was willing to wait
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "support/money_checker/history.h"

namespace payswitch::test {

struct Violation {
  std::string rule;           // "C4"
  std::string text;           // what is wrong, with both numbers
  std::string neighbourhood;  // the operations and postings around it, one a line
};

enum class Verdict { passed, failed, invalid };  // invalid: the run proves nothing (too few ok, or faults that left no trace)

struct Report {
  Verdict verdict = Verdict::invalid;
  std::uint64_t ok = 0, fail = 0, accepted = 0, info = 0;
  std::vector<Violation> violations;  // the first of each rule
  std::string to_string() const;      // verdict, counts, violations, seed
  std::uint64_t seed = 0;
};

// One ledger: C1, C3–C6, C8.
Report check_money(const History& history, const Books& books);

// Several, at rest: each by itself, then C2 and C7.
struct BankRun {
  const History& history;
  const Books& books;
};
Report check_banks(std::span<const BankRun> banks);

}  // namespace payswitch::test
