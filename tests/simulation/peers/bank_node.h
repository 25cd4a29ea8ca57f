// One simulated bank: a disk, the real ledger plugin over it, and daemons, each a coordinator with its own peer_http instances, which
// serve the bank's listener and call other banks. The disk outlives crashes; everything else is a process and dies with it.
#pragma once

#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "hosted.h"
#include "keys.h"
#include "ledger/bootstrap.h"
#include "ledger/client.h"
#include "network.h"
#include "plugins/local_ledger/memory_disk.h"
#include "timeline.h"
#include "transfer/coordinator.h"
#include "transfer/inbound.h"

namespace payswitch::simulation::peers {

namespace config = daemon::config;
namespace transfer = daemon::transfer;

// What a bank said about a credit, after it was durable.
struct Said {
  std::string bank, about;  // who decided, whose credit it was
  psw_id op_id{};
  std::int32_t outcome = 0;
  psw_money money{};
  std::string payer, payee, code, reference;
  std::uint8_t hash[32] = {};
};

class BankNode;

// Who hears every decision.
class Witness {
 public:
  virtual void said(const Said& decision) = 0;
  // Some decision of the same bank for the same one about something else; nullptr: there is none.
  virtual const Said* another(const Said& than) = 0;

 protected:
  ~Witness() = default;
};

struct BankPlan {
  std::string code, prefix;
  unsigned daemons = 2;
  std::vector<std::pair<std::string, std::string>> connectors;  // name, bank; in order of the routes
  std::vector<std::pair<std::string, std::vector<std::string>>> routes;  // bank of the payee, connectors
  std::map<std::string, std::vector<std::string>> prefixes;     // of the other banks
  std::int64_t receive_limit_minor = 1'000'000'000;
  std::int64_t not_after_ms = 30'000;
};

// A coordinator with its gateways and its inbound side: one daemon.
class DaemonNode {
 public:
  DaemonNode(BankNode& of, unsigned index);
  ~DaemonNode();
  DaemonNode(const DaemonNode&) = delete;
  DaemonNode& operator=(const DaemonNode&) = delete;

  transfer::Coordinator& coordinator() noexcept { return *coordinator_; }
  // The process stops between two instructions, and goes on as if nothing had been.
  void stall_until(std::uint64_t ns);
  bool stalled() const noexcept;
  void serve(std::string_view from, const HttpSeen& request, Answered answered);
  // Another bank's decision once more, as a report.
  void report(const Said& decision);
  std::vector<std::unique_ptr<Hosted>>& gateways() noexcept { return gateways_; }
  unsigned index() const noexcept { return index_; }

 private:
  class Bridge;
  void tick();

  BankNode& bank_;
  const unsigned index_;
  Life life_;
  std::uint64_t stalled_until_ns_ = 0;
  std::vector<std::unique_ptr<Bridge>> bridges_;  // one per gateway
  std::vector<std::unique_ptr<Hosted>> gateways_;
  std::vector<daemon::plugin_host::Participant*> participants_;
  std::unique_ptr<transfer::Coordinator> coordinator_;
  std::unique_ptr<transfer::Inbound> inbound_;
  std::map<std::pair<const Hosted*, psw_handle>, Answered> waiting_;
};

class BankNode final : public Site {
 public:
  BankNode(Timeline& timeline, Network& network, Witness& witness, BankPlan plan, std::int64_t wall_offset_ms);
  ~BankNode();

  void start();                  // the machine comes up: ledger, bootstrap, daemons
  bool up() const noexcept { return settings_ != nullptr && ledger_ != nullptr; }
  enum class Power { stays, cut };
  void crash(Power power);       // every process of the bank at once; `cut`: what was not synced is there or not, by chance
  void crash_daemon(unsigned i);
  void start_daemon(unsigned i);
  DaemonNode* daemon(unsigned i) noexcept { return i < daemons_.size() ? daemons_[i].get() : nullptr; }
  DaemonNode* any_daemon() noexcept;  // by chance among those that live
  // The disk fails in the middle of the next commit, which takes the whole bank down.
  void fail_next_commit();
  void step_wall_ms(std::int64_t ms) { clock.step_wall_ms(ms); }
  void rotate_keys(const std::vector<std::string>& own, const std::vector<std::pair<std::string, std::string>>& theirs) { wallet.hold(own, theirs); }

  bool listening() const override;
  void serve(std::string_view from, const HttpSeen& request, Answered answered) override;

  // Reads of the books, past all daemons. The ledger must be up.
  Int128 balance(std::string_view account);
  void records(const std::function<void(const psw_record&)>& each, std::int64_t state_mask = 0);
  bool any_open();
  std::uint64_t position();
  // Empty, or which currency is not balanced or has something pending.
  std::string totals_wrong();
  // The whole journal, as `payswitchctl ledger verify` reads it. Empty: nothing is wrong.
  std::string verify();

  Timeline& timeline;
  Network& network;
  Witness& witness;
  const BankPlan plan;
  testing::ManualClock clock;
  Wallet wallet;
  local_ledger::test::MemoryDisk disk;
  unsigned shed_per_mille = 0;         // of incoming messages: overloaded, nothing recorded
  unsigned lie_per_mille = 0;          // of decisions: signed, and about another amount or another id
  std::function<bool(psw_decision& told)> lie;  // as a story wants it; true: it was one
  unsigned lost_commit_per_mille = 0;  // of writes: durable, and its answer never comes
  std::function<bool(unsigned daemon)> lose_commit;  // the same, as a story wants it
  bool offers_query = true;            // its gateways say that the other bank can be asked
  std::vector<std::string> notices;
  transfer::Times times;

 private:
  friend class DaemonNode;
  class Wall final : public daemon::Clock {
   public:
    explicit Wall(const testing::ManualClock& of) : clock_(of) {}
    std::uint64_t monotonic_ns() const noexcept override { return clock_.now_ns(); }
    std::int64_t wall_ms() const noexcept override { return clock_.wall_ms(); }

   private:
    const testing::ManualClock& clock_;
  };
  struct Notices final : transfer::NoticeSink {
    explicit Notices(BankNode& of) : bank(of) {}
    void notice(transfer::Notice what, const psw_id&, std::string_view about, std::string_view text) noexcept override;
    BankNode& bank;
  };
  void booted(const daemon::ledger::BootstrapResult& result);

  Wall wall_{clock};
  Notices notice_sink_{*this};
  std::shared_ptr<const config::Config> config_;
  std::shared_ptr<const transfer::Settings> settings_;
  std::unique_ptr<Hosted> ledger_;
  std::unique_ptr<daemon::ledger::Client> boot_client_;
  std::unique_ptr<daemon::ledger::Bootstrap> bootstrap_;
  std::vector<std::unique_ptr<DaemonNode>> daemons_;
  std::uint64_t process_ = 0;
};

}  // namespace payswitch::simulation::peers
