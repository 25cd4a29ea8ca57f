// mj and jh, two real daemons with accounts and money, whose open transfers are followed up within seconds: what every test of a failure
// between banks starts from and ends with. What lies between them can be spoiled (proxy), and what is in them (failpoints).
#pragma once

#include <gtest/gtest.h>
#include <payswitch/abi.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "integration/two_banks/peer_banks.h"
#include "support/bank_client.h"
#include "support/fault_proxy.h"

namespace payswitch::test {

constexpr std::int64_t start_minor = 1'000'000;  // of account 1 of each bank

struct TwoBanksOptions {
  std::string not_after = "4s";
  std::string recovery = "poll_first = \"200ms\"\npoll_cap = \"1s\"\nlease = \"2s\"\nmargin = \"500ms\"\n";  // of [recovery]
  bool proxies = false;           // mj's way to jh, and jh's to mj, each through a FaultProxy
  std::string third = {};         // code of a third bank, which both know; its daemon is not started
  PeerBanksOptions banks = {};    // its codes are chosen here
};

// One of the two. Calls from one thread.
class TestBank {
 public:
  TestBank(PeerBanks& banks, std::size_t at, std::string failpoints) : banks_(banks), at_(at), failpoints_(std::move(failpoints)) {}

  const std::string& code() const { return banks_.code(at_); }
  const std::string& other() const { return banks_.code(1 - at_); }
  DaemonProcess& daemon() const { return banks_.daemon(at_); }
  BankClient& api();
  std::string account(int n = 1) const { return code() + "-" + std::to_string(n); }

  void kill() { daemon().kill(); client_.reset(); }
  bool start() { client_.reset(); return daemon().start(); }

  // From account 1 here to account 1 there. `wait`: seconds for a final state.
  Reply pay(std::int64_t minor, std::string_view key, int wait = 0, const std::string& payee = {}, const std::string& more = {});
  Reply show(const std::string& id, int wait = 0);
  std::string state(const std::string& id) { return show(id).text("state"); }
  // The state when it is `wanted`, or after the time.
  std::string wait_for(const std::string& id, std::string_view wanted, int seconds = 20);
  // The final state, or the open one after the time.
  std::string final_state(const std::string& id, int seconds = 30);
  // Transfers that are still open.
  std::int64_t open_transfers();
  std::int64_t balance(int n = 1) { return api().balance(account(n)); }
  // One counter of any account, by the control socket: credits_posted, debits_pending, balance …
  std::int64_t counter(const std::string& number, const std::string& name) const;
  std::int64_t clearing(const std::string& counter_name = "balance", const std::string& bank = {}) const;
  std::int64_t metric(const std::string& name_with_labels);
  std::size_t logged(std::string_view text) const;
  std::string ctl(const std::string& arguments, int* status = nullptr) const;
  // Of the other bank, as it says itself.
  psw_history their_history() const;
  // Of a transfer that a request with this key made.
  psw_id op_id(std::string_view key) const;

  // Failpoints (sdk: failpoint.h): "saga.replied=kill@2". Replaces what was armed.
  void arm(const std::string& rules) const;
  // Those of its lines that say `what` of this name: "kill", "error", "delay", "reached".
  std::size_t hits(std::string_view name, std::string_view what) const;
  void forget_hits() const;
  // The process died at a failpoint.
  bool died(int seconds = 15);

 private:
  PeerBanks& banks_;
  std::size_t at_;
  std::string failpoints_;
  std::unique_ptr<BankClient> client_;
};

class TwoBanks {
 public:
  explicit TwoBanks(TwoBanksOptions options = {});
  ~TwoBanks();
  TwoBanks(const TwoBanks&) = delete;
  TwoBanks& operator=(const TwoBanks&) = delete;

  // Both up, with accounts 1 and 2 and start_minor on 1.
  [[nodiscard]] bool start();
  PeerBanks& banks() { return *banks_; }
  FaultProxy& to_jh() { return *proxies_[0]; }  // between mj's client and jh's listener
  FaultProxy& to_mj() { return *proxies_[1]; }

  // Every transfer is final within the time, no money was made or lost, what the banks owe each other is the same number at both, and
  // both ledgers, stopped, keep every invariant. `in_suspense`: what stands in repairs on purpose.
  void settle(int seconds = 30);
  // The books alone, while transfers may be open: stops both.
  void verify_books();
  // Money of all customers of both banks.
  std::int64_t customers();

  TestBank& mj() { return *mj_; }
  TestBank& jh() { return *jh_; }

 private:
  std::string folder_;
  std::unique_ptr<FaultProxy> proxies_[2];
  std::unique_ptr<PeerBanks> banks_;
  std::unique_ptr<TestBank> mj_, jh_;
};

// Of a transfer, whether the answer shows it or is the refusal that it ended in.
std::string id_of(const Reply& reply);

// `holds` becomes true within the time.
bool within(int seconds, const std::function<bool()>& holds);

}  // namespace payswitch::test
