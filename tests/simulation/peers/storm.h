// One seed: two or three banks, clients who pay both ways, and everything that may go wrong meanwhile. Then the weather clears, and the
// books of all banks must say that nothing was lost, made or decided twice. README.md here says how to run, read and extend it.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bank_node.h"
#include "forger.h"
#include "network.h"
#include "timeline.h"

namespace payswitch::simulation::peers {

// What may happen under a seed. Drawn from it; a test that wants one kind of trouble only sets it itself.
struct Troubles {
  Weather weather;
  bool third_bank = false;        // cc, a clearing house that forwards for jh
  std::int64_t clock_apart_ms = 0;
  unsigned payments = 16;
  std::uint64_t storm_ns = 40 * second;
  std::int64_t not_after_ms = 30'000;
  std::int64_t receive_limit_minor = 1'000'000'000;
  unsigned forged_requests = 0, daemon_crashes = 0, bank_crashes = 0, stalls = 0, partitions = 0, breakers = 0, freezes = 0, rotations = 0, reversals = 0, reports = 0;
  unsigned crash_at_send_per_mille = 0, stall_at_send_per_mille = 0;
  unsigned shed_per_mille = 0, lie_per_mille = 0, lost_commit_per_mille = 0;
  bool offers_query = true;
  unsigned daemons = 2;           // over each ledger
  bool restore = false;           // jh comes back from a copy of its disk that is older than what it has said

  static Troubles of(std::uint64_t seed);
  std::string text() const;
};

struct Outcome {
  std::string wrong;               // empty: nothing
  std::vector<std::string> trace;  // of a traced run
  std::uint64_t steps = 0, requests = 0, virtual_ms = 0, resolve_ms = 0;
  std::map<std::string, unsigned> states;  // how the transfers to other banks ended
};

Outcome run_seed(std::uint64_t seed, bool traced = false);
// Of a seed with a restore, which has a verdict of its own: fenced, not lost.
Outcome run_restored_seed(std::uint64_t seed, bool traced = false);
Outcome run_storm(std::uint64_t seed, const Troubles& troubles, bool traced = false);

// A client's wish and what it heard. Texts live as long as the storm: commands borrow them.
struct Ticket {
  BankNode* at = nullptr;
  Timeline* timeline = nullptr;
  transfer::MoneyCommand command;
  std::string key, payer, payee;
  bool answered = false;
  transfer::ErrorCode code{};
  TransferState state = TransferState::none;
  psw_id id{};
  bool replayed = false;
  std::string body;
};

class Storm final : public Witness {
 public:
  Storm(std::uint64_t seed, const Troubles& troubles, bool traced = false);
  Outcome run();
  void said(const Said& decision) override;
  const Said* another(const Said& than) override;

  // The parts of run(), for a test that has a story of its own.
  void build();  // the banks are up
  void fund();   // alice, bob and small (who takes little more) have 100,000 each at mj and jh
  Ticket& ticket(BankNode& at, TransferKind kind, std::string payer, std::string payee, std::int64_t minor, bool hold);
  void pay(Ticket& ticket) { pay(ticket, ticket.at->any_daemon()); }
  void pay(Ticket& ticket, DaemonNode* daemon);
  void act_on(Ticket& ticket, transfer::HoldAction action, std::int64_t minor) { act_on(ticket, action, minor, ticket.at->any_daemon()); }
  void act_on(Ticket& ticket, transfer::HoldAction action, std::int64_t minor, DaemonNode* daemon);
  bool wait_for(const std::vector<Ticket*>& tickets, std::uint64_t at_most_ns);
  void stall(BankNode& bank, DaemonNode& daemon, std::uint64_t ns);
  void heal();
  std::string finish();               // until all is final and all are answered; what is not, after four minutes
  std::string audit(Outcome& out);
  std::string audit_restored(Outcome& out);
  std::string end() {                 // all three
    Outcome out;
    heal();
    auto wrong = finish();
    return wrong.empty() ? audit(out) : wrong;
  }
  Timeline& timeline() noexcept { return timeline_; }
  Network& network() noexcept { return network_; }
  BankNode& mj() { return banks_.at(0); }
  BankNode& jh() { return banks_.at(1); }

 private:
  void schedule_clients();
  void schedule_troubles();
  void reverse_something();
  void restore_jh();
  void remember_before_restore();
  void retry_later(Ticket& ticket, unsigned times);
  void freeze(BankNode& bank, const std::string& account, bool frozen);
  void crash_bank(BankNode& bank);
  void hold_keys(bool rotated_mj, bool rotated_jh);
  BankNode& some_bank() { return banks_[timeline_.below(banks_.size())]; }
  std::uint64_t some_time() { return timeline_.below(troubles_.storm_ns); }
  void trouble(unsigned times, const std::function<void()>& what);

  const Troubles troubles_;
  Timeline timeline_;
  Network network_{timeline_};
  Forger forger_{timeline_, "cc-key-1"};
  std::deque<BankNode> banks_;
  std::deque<Ticket> tickets_;
  std::deque<std::string> texts_;
  std::deque<Said> decisions_;  // stable addresses
  std::map<std::tuple<std::string, std::string, std::string>, std::int32_t> decided_;  // decider, whose, op_id
  std::string broken_word_;
  // As it was when jh lost its memory: how far mj knew jh's history to reach, what jh had decided, what was at its end at mj.
  std::uint64_t known_position_ = 0;
  std::map<std::tuple<std::string, std::string, std::string>, std::int32_t> decided_before_;
  std::set<std::string> final_before_;
  unsigned keys_ = 0, actions_ = 0;
  std::uint64_t resolve_ns_ = 0;
  bool over_ = false, restored_ = false;
};

}  // namespace payswitch::simulation::peers
