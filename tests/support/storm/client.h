// One client of a storm: chooses by chance, calls, writes down.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "support/bank_client.h"
#include "support/storm/storm.h"

namespace payswitch::test {

class Storm::Client {
 public:
  Client(const Storm& storm, int process);
  void run();

  std::vector<Operation> operations;

 private:
  std::uint64_t pick(std::uint64_t bound) { return random_() % bound; }
  bool often(unsigned percent) { return pick(100) < percent; }
  const std::string& any_of(const std::vector<std::string>& accounts);
  // Another account than `payer`, here or at the other bank.
  std::string any_payee(const std::string& payer);
  std::int64_t any_amount();

  void pay();
  void cash(OperationKind kind, const char* target);
  void hold();
  void act();
  void read();

  // One operation, repeated under its key until its outcome is known (or 60 s have passed). Each try is an operation of its own.
  Operation money(OperationKind kind, const std::string& target, const std::string& payer, const std::string& payee, std::int64_t amount, const std::string& members);
  Operation act_on(OperationKind kind, const Hold& hold, std::int64_t amount, bool whole);
  Operation repeat(Operation asked, const std::string& target, const std::string& body);
  void judge(const Reply& answer, Operation& operation);
  void remember(const Reply& answer, Operation& operation);
  std::string next_key();

  const Storm& storm_;
  int process_;
  BankClient bank_;
  std::mt19937_64 random_;
  std::uint64_t made_ = 0;
  std::string position_;
};

// "1f2e3d4c.1.4711" → 4711: the last number of the ledger's consistency token.
std::uint64_t sequence_of(const std::string& position);

}  // namespace payswitch::test
