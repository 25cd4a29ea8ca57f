// The plugin sim_bank as a gateway of a simulated bank: the .so itself, driven in this thread by the SDK's fake host, one instance per
// daemon, all instances of one bank over one store. What the host does for a plugin is done here too: a call deadline, a word that the
// operation may not answer is unknown, a late or second answer goes to nobody.
#pragma once

#include <payswitch/testing/fake_host.h>

#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "world.h"

namespace payswitch::simulation {

using SimBankOptions = std::map<std::string, std::string>;

class SimBankGateway final : public SimParticipant {
 public:
  // Instances are made when a daemon starts; options must be known by then.
  SimBankGateway(World& world, std::string name, std::string bank, Bank& of, SimBankOptions options);
  ~SimBankGateway() override;
  // One daemon's instance is configured differently.
  void also(unsigned loop, const SimBankOptions& options) { of_loop_[loop] = options; }

  std::uint64_t capabilities() const noexcept override { return capabilities_ & ~(can_query ? 0 : PSW_CAP_QUERY); }
  void submit(unsigned loop, Call* call) noexcept override;
  void crash(unsigned loop) override;
  void restart(unsigned loop) override;
  bool run() override;

  // The daemon of this loop does not get to see replies for a while: stopped between two instructions.
  void stall(unsigned loop, std::int64_t ms);
  // A command of the plugin, by an instance of its own over the same store; runs the world until it is answered. Gives its text.
  std::string command(std::string_view name, std::string_view args = "{}");

  bool can_query = true;
  std::map<std::int32_t, std::uint32_t> calls_of_kind;

 private:
  struct Open;
  struct Message;
  struct Instance;
  std::shared_ptr<Instance> make_instance(const SimBankOptions& more);
  void answer_open(const std::shared_ptr<Open>& open);

  World& world_;
  Bank& of_;
  SimBankOptions options_;
  std::map<unsigned, SimBankOptions> of_loop_;
  std::uint64_t capabilities_ = 0;
  std::map<unsigned, std::shared_ptr<Instance>> running_;
  std::vector<std::shared_ptr<Instance>> all_;  // those of crashed daemons too: what they sent is still on its way
  std::shared_ptr<Instance> observer_;
  std::vector<std::shared_ptr<Open>> open_;
  std::map<unsigned, std::uint64_t> stalled_until_ns_;
};

// A paying bank mj with two daemons, and two simulated banks: jh, the payee's, over two connectors, and cc, a clearing house that
// forwards. The amount chooses what happens (plugins/sim_bank/README.md).
struct SimBanks {
  struct Options {
    SimBankOptions jh = {}, cc = {};
    bool with_cc = false;
    bool second_connector = false;  // jh-2, over the same bank
    SimBankOptions jh_of_daemon_1 = {};  // its instance of jh-1 is configured differently
    Times times = {};
  };
  SimBanks() : SimBanks(Options()) {}
  explicit SimBanks(const Options& options);

  MoneyCommand pay_bob(std::int64_t minor, std::string_view key) { return mj.transfer("mj-alice", "jh-bob", minor, key); }
  // What a simulated bank has credited, a second time counted twice.
  std::int64_t credited(SimBankGateway& at);
  Int128 suspense(std::string_view bank);
  // Money is neither made nor lost: customers, open repairs and what the banks credited are together what alice had, and the clearing
  // account of each bank is what it credited. With `repairs` false an open repair is a violation too.
  std::string violation(bool repairs = false);
  HoldCommand hold_command(HoldAction action, const psw_id& id, std::string_view key = "h");

  static constexpr std::int64_t alices_minor = 1'000'000;
  World world;
  Bank& mj;
  const std::string run;  // names the stores of this world: a store belongs to the process
  SimBankGateway jh_1, jh_2, cc_1;
};

}  // namespace payswitch::simulation
