// Clients that hammer a real daemon at once and write down what they saw: one of the two inputs of the money checker
// (tests/support/money_checker). The other, the books, is read from the ledger when the daemon has ended (ledger_books.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/money_checker/history.h"

namespace payswitch::test {

struct StormSettings {
  std::uint16_t port = 0;
  int clients = 8;
  int accounts = 8;
  std::uint64_t seed = 1;
  bool faults = false;        // the daemon will be killed: unknown outcomes are expected
  std::int64_t opening = 10'000;  // deposited to each account before the storm
  std::string name = {};      // tells the keys of one storm from those of another
  int wait_s = 0;             // "Prefer: wait" of every request, and what C8 judges it by; 0: neither
};

// What clients met that is no outcome: answers that recorded nothing (429, 503, a request still running), and answers that should never be.
struct StormCounts {
  std::atomic<std::uint64_t> shed{0}, internal{0};
};

class Storm {
 public:
  // Opens the accounts and deposits into each: the daemon must be up.
  explicit Storm(const StormSettings& settings);
  ~Storm();

  // Before start(): so many of a hundred payments and holds go to accounts of another bank, one in twenty of them to one that is not there.
  void pay_also(std::vector<std::string> elsewhere, unsigned percent, std::string nobody);
  // Before start(): so many of a hundred choices of an account fall on the first of its list.
  void heat(unsigned percent) noexcept { hot_percent_ = percent; }

  // Clients start; each calls until stop(), and repeats what it does not know under the same key.
  void start();
  // Clients finish what they have begun (the daemon must be up), at most 60 s.
  void stop();
  // The daemon could answer nobody between the two times (now_ns()).
  void was_stopped(std::uint64_t from_ns, std::uint64_t to_ns) { history_.stopped.emplace_back(from_ns, to_ns); }

  const History& history() const noexcept { return history_; }
  const std::vector<std::string>& accounts() const noexcept { return accounts_; }
  const StormCounts& counts() const noexcept { return counts_; }
  static std::uint64_t now_ns();

 private:
  class Client;
  struct Hold {
    std::string id, payer, payee;
    std::int64_t amount = 0;
  };

  StormSettings settings_;
  std::vector<std::string> accounts_, elsewhere_;
  std::string nobody_;
  unsigned elsewhere_percent_ = 0, hot_percent_ = 0;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  mutable StormCounts counts_;
  mutable std::mutex holds_mutex_;
  mutable std::vector<Hold> holds_;  // made and perhaps not resolved yet, for anybody to post, void or cancel
  History history_;
};

// No transfer of this bank waits for another bank any more; false after so many seconds.
bool settled(std::uint16_t port, int seconds);

}  // namespace payswitch::test
