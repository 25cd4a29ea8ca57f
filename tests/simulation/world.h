// Several banks in one thread with one manual clock: each a ledger (the embedded engine over files in memory), one or two daemons
// (coordinators) over it, and its inbound side; between them links that lose, delay, duplicate and reorder as a test or a seed says.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <payswitch/ids.h>
#include <payswitch/str.h>

#include "base/clock.h"
#include "events/feed.h"
#include "ledger/bootstrap.h"
#include "ledger/client.h"
#include "sim_participant.h"
#include "transfer/coordinator.h"
#include "transfer/inbound.h"
#include "transfer/peer_commands.h"

namespace payswitch::simulation {

using namespace daemon;            // NOLINT: a test
using namespace daemon::transfer;  // NOLINT

class World;
class Bank;

// What happens to one call of a link.
struct Fate {
  enum class Request : std::uint8_t { arrives, lost, late, twice, not_sent } request = Request::arrives;
  enum class Response : std::uint8_t { arrives, lost, late, unauthenticated, overloaded, wrong_amount, wrong_op } response = Response::arrives;
  std::int64_t late_ms = 0;
};

// A connector of `from` to `to`: what a peer_http would be, without a wire.
class Link final : public SimParticipant {
 public:
  Link(World& world, std::string name, std::string bank, Bank& from, Bank& to);
  std::uint64_t capabilities() const noexcept override { return PSW_CAP_IDEMPOTENT | PSW_CAP_CANCEL | (can_query ? PSW_CAP_QUERY : 0); }
  void submit(unsigned loop, Call* call) noexcept override;
  bool run() override;

  // Asked for each call; without one everything arrives.
  std::function<Fate(std::int32_t op_kind, std::uint32_t nth)> fate;
  bool can_query = true;
  std::uint32_t calls = 0;
  std::map<std::int32_t, std::uint32_t> calls_of_kind;
  // The daemon of this loop does not get to see replies for a while: stopped between two instructions.
  void stall(unsigned loop, std::int64_t ms);
  void report_again(const psw_decision& decision, std::string_view from_bank);

 private:
  struct Owned;
  struct Message;
  friend struct LinkInbound;
  void deliver(std::shared_ptr<Owned> owned, const Fate& fate);
  void answered(const std::shared_ptr<Owned>& owned, const psw_reply& reply);
  void respond(const std::shared_ptr<Owned>& owned);

  World& world_;
  Bank& from_;
  Bank& to_;
  std::vector<std::shared_ptr<Owned>> open_;
  std::map<unsigned, std::uint64_t> stalled_until_ns_;
};

// One bank.
class Bank {
 public:
  Bank(World& world, std::string code, std::string prefix, unsigned daemons, std::int64_t clock_ms = 0);
  void start(daemon::config::Config config);  // bootstraps the ledger, makes the coordinators
  Coordinator& daemon(unsigned i = 0) { return *coordinators_.at(i); }
  bool alive(unsigned i) const { return coordinators_.at(i) != nullptr; }
  void crash(unsigned i);   // process gone, calls answered to nobody
  void restart(unsigned i); // a new process over the same ledger
  void stall(unsigned i, bool is_stalled) { stalled_[i] = is_stalled; }  // gets no time

  // A message of another bank, at the daemon it belongs to (by the id it is about) among those that live. False: nobody is at home.
  bool deliver(const psw_id& about, plugin_host::InboundCall& call);
  bool run();
  void tick();

  // Verbs for tests. Each runs the world until it is answered.
  std::string open_account(std::string_view number, std::string_view owner = "alice");
  struct Result {
    bool answered = false;
    ErrorCode code = ErrorCode::none;
    bool replayed = false;
    psw_id id{};
    TransferState state = TransferState::none;
    std::string reason, detail, body;  // body: what an answer would show, for comparing replays
    std::uint32_t attempt = 0;
    Attention attention = Attention::none;
    std::string bank;
    std::uint64_t version = 0;
    TransferKind kind = TransferKind::transfer;
    std::int64_t minor = 0, posted = 0, reversed_pending = 0, reversed_posted = 0;
    psw_id parent{};
    std::string path;  // look() only: the states of its history, "submitted in_doubt completed"
  };
  Result deposit(std::string_view account, std::int64_t minor, std::string_view key = {});
  // Starts it and returns; the result fills in while the world runs.
  std::shared_ptr<Result> pay(MoneyCommand command, unsigned daemon = 0);
  Result pay_now(MoneyCommand command, unsigned daemon = 0);
  Result resolve_hold(HoldCommand command, unsigned daemon = 0);
  std::shared_ptr<Result> reverse(ReverseCommand command, unsigned daemon = 0);
  Result reverse_now(ReverseCommand command, unsigned daemon = 0);
  Result look(const psw_id& id);
  MoneyCommand transfer(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view key);
  Int128 balance(std::string_view account);
  Int128 available(std::string_view account);
  // An operator's word about another bank, at a daemon; the world runs until it is answered.
  PeerAnswer peer(PeerCommand::What what, std::string_view bank, unsigned daemon = 0);
  bool noticed(Notice what, std::string_view bank) const;
  // Its disk as it was: the bank comes back and knows nothing of what happened since.
  void restore(const std::map<std::string, std::vector<char>>& backup);
  // Σ debits − Σ credits over all accounts of the currency, posted and pending: must be 0.
  bool balanced();

  World& world;
  const std::string code, prefix;
  SimLedger ledger;
  std::vector<plugin_host::Participant*> gateways;
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const Settings> settings;
  std::vector<std::string> notices;
  Times times;
  bool with_feed = false;  // daemons are loops of one process: changes are told from one to the other. Before start()

 private:
  std::optional<psw_account> account(std::string_view number, local_ledger::ReadBuffer& buffer);
  struct Notices final : NoticeSink {
    explicit Notices(std::vector<std::string>& out) : lines(out) {}
    void notice(Notice what, const psw_id&, std::string_view bank, std::string_view text) noexcept override {
      lines.push_back(std::to_string(static_cast<int>(what)) + " " + std::string(bank) + " " + std::string(text));
    }
    std::vector<std::string>& lines;
  };
  std::vector<std::unique_ptr<Coordinator>> coordinators_;
  std::vector<std::unique_ptr<Inbound>> inbounds_;  // one per daemon: they die with it
  std::map<unsigned, bool> stalled_;
  std::unique_ptr<Notices> notice_sink_;
  std::unique_ptr<events::Feed> feed_;
  std::string reference_key_;
  std::uint64_t process_ = 1;
  std::uint32_t keys_ = 0;
  std::deque<std::shared_ptr<Result>> results_;  // alive until the world ends: an answer may come after its test forgot it
  std::deque<std::string> texts_;  // commands borrow their texts until they are answered
};

class World {
 public:
  explicit World(std::uint64_t seed = 1) : random(seed) {}
  Bank& bank(std::string code, std::string prefix, unsigned daemons = 2, std::int64_t clock_ms = 0);
  Link& link(std::string name, Bank& from, Bank& to);
  // A gateway that is no Link: runs with the world until it ends.
  void add(Bank& of, SimParticipant& gateway) {
    of.gateways.push_back(&gateway);
    gateways_.push_back(&gateway);
  }
  // Everything that can happen now.
  void settle();
  void advance(std::int64_t ms, std::int64_t step_ms = 20);
  // Until nothing is open anywhere or the time is over; true if all is final.
  bool quiesce(std::int64_t max_ms = 900'000);
  void at(std::int64_t in_ms, std::function<void()> what);

  ManualClock clock;
  std::mt19937_64 random;
  std::deque<Bank> banks;
  std::deque<Link> links;

 private:
  struct Event {
    std::uint64_t at_ns, order;
    std::function<void()> what;
  };
  std::vector<Event> events_;
  std::vector<SimParticipant*> gateways_;
  std::uint64_t order_ = 0;
};

// Parts of a configuration, as every world has them.
config::Config base_config(const Bank& bank);
config::Bank counterparty(std::string code, std::vector<std::string> prefixes);
void add_connector(config::Config& config, std::string name, std::string bank);

// The three-bank world of the counterexamples: mj pays, jh is the payee's bank over two connectors, cc a clearing house that forwards.
struct ThreeBanks {
  World world;
  Bank &mj, &jh, &cc;
  Link &jh_1, &jh_2, &by_cc;
  // jh's clock is apart from the others' from its first day on: a ledger's clock does not follow a step back.
  explicit ThreeBanks(std::uint64_t seed = 1, bool with_cc = true, std::int64_t jh_clock_ms = 0);
  // Money of a test: alice has 100,000 here, bob has nothing there.
  MoneyCommand pay_bob(std::int64_t minor, std::string_view key) { return mj.transfer("mj-alice", "jh-bob", minor, key); }
  // How often bob was credited `minor`, at either bank.
  Int128 bob() { return jh.balance("jh-bob") + cc.balance("jh-bob"); }
  Int128 alice() { return mj.balance("mj-alice"); }
  // Money is neither made nor lost, and what each bank says of the other agrees.
  std::string violation();
};

}  // namespace payswitch::simulation
