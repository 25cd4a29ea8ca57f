// A real plugin as a participant of simulated daemons: the SDK's fake host drives its turn(), the daemon's own code copies and checks
// what it answers, the timeline says when. A turn comes a moment after there is work, an answer a moment after the turn, so a crash can
// fall between any two of them.
#pragma once

#include <payswitch/testing/fake_host.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plugin_host/arena.h"
#include "plugin_host/participant.h"
#include "timeline.h"

namespace payswitch::simulation::peers {

using daemon::plugin_host::Call;
using Options = std::map<std::string, std::string>;

class Hosted final : public daemon::plugin_host::Participant {
 public:
  // Clock and timeline outlive it. Throws if the plugin does not start.
  Hosted(Timeline& timeline, testing::ManualClock& clock, const psw_type& type, std::string name, std::string bank, const Options& options, std::uint64_t seed,
         const std::function<void(testing::FakeHost&)>& prepare = nullptr);
  ~Hosted() override;

  std::string_view name() const noexcept override { return name_; }
  std::string_view bank() const noexcept override { return bank_; }
  std::uint64_t capabilities() const noexcept override { return offers_query() ? capabilities_ : capabilities_ & ~std::uint64_t{PSW_CAP_QUERY}; }
  daemon::plugin_host::ConnectorState state() const noexcept override;
  bool available() const noexcept override { return state() == daemon::plugin_host::ConnectorState::up; }
  Call* acquire(unsigned loop) noexcept override;
  void submit(unsigned loop, Call* call) noexcept override;
  void cancel(unsigned loop, Call* call) noexcept override;
  bool try_read(unsigned loop, Call* call) noexcept override;

  // The daemon of this loop is gone: what it was waiting for comes to nobody.
  void forget(unsigned loop) noexcept;
  // Something came from outside, by host().http() or an answer: a turn soon.
  void poke();
  // The process does not run until then.
  void stall_until(std::uint64_t ns) noexcept { stalled_until_ns_ = ns; }
  // One of several daemons over this plugin does not: its answers wait for it.
  void stall_loop_until(unsigned loop, std::uint64_t ns) { loop_stalled_until_ns_[loop] = ns; }
  bool stalled() const noexcept { return timeline_.now_ns() < stalled_until_ns_; }
  Alive watch() const noexcept { return life_.watch(); }
  testing::FakeHost& host() noexcept { return *host_; }

  bool breaker_open = false;
  std::function<bool()> offers_query = [] { return true; };
  std::function<void()> on_fault;  // told once, by the timeline, when the plugin says that it cannot go on
  // Asked before each answer goes back: true, and it never comes; the caller learns that nobody knows.
  std::function<bool(unsigned loop, const psw_op&)> lose_answer;
  std::function<bool(const psw_read&)> hide;  // these reads find nothing: a replica that is behind

 private:
  struct Slot;
  void complete(Slot& slot, const psw_reply& reply);
  void deliver(Slot& slot, std::uint64_t use);
  void past_deadline(Slot& slot, std::uint64_t use);
  std::uint64_t awake_ns(unsigned loop) const;
  void finish(Slot& slot);
  void release(Slot& slot);
  void arm();
  void turn();

  Timeline& timeline_;
  std::string name_, bank_;
  std::uint64_t capabilities_;
  std::unique_ptr<testing::FakeHost> host_;
  Life life_;
  std::list<std::unique_ptr<Slot>> slots_;
  std::list<std::unique_ptr<Slot>> free_;
  std::map<unsigned, std::uint64_t> loop_stalled_until_ns_;
  std::uint64_t stalled_until_ns_ = 0, armed_ns_ = UINT64_MAX;
  bool fault_told_ = false;
};

}  // namespace payswitch::simulation::peers
