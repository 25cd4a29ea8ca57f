// Clients that hammer a real daemon at once and write down what they saw; and what the daemon's books say afterwards. The two inputs of
// the money checker (tests/support/money_checker).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
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
};

class Storm {
 public:
  // Opens the accounts and deposits into each: the daemon must be up.
  explicit Storm(const StormSettings& settings);
  ~Storm();

  // Clients start; each calls until stop(), and repeats what it does not know under the same key.
  void start();
  // Clients finish what they have begun (the daemon must be up), at most 60 s.
  void stop();

  const History& history() const noexcept { return history_; }
  const std::vector<std::string>& accounts() const noexcept { return accounts_; }
  // Everything the ledger has about these accounts, read through the API.
  Books books() const;

 private:
  class Client;

  StormSettings settings_;
  std::vector<std::string> accounts_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopping_{false};
  History history_;
};

}  // namespace payswitch::test
