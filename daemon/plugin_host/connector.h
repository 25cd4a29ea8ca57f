// One configured instance: its calls, its lanes, its state, and the fence around every call into the plugin.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "plugin_host/breaker.h"
#include "plugin_host/call_slot.h"
#include "plugin_host/descriptor.h"
#include "plugin_host/lane.h"
#include "plugin_host/loop_state.h"

namespace payswitch::daemon::plugin_host {

class InstanceServices;

inline constexpr std::uint32_t lanes_max = 8;
inline constexpr std::uint32_t ledger_in_flight_default = 4096;
inline constexpr std::uint32_t other_in_flight_default = 2048;
// A busy loop may use this many shares of the in-flight bound, if the others leave them; and with small bounds at least so many calls.
inline constexpr std::uint32_t shares_per_loop_max = 4;
inline constexpr std::uint32_t slots_per_loop_least = 64;
inline constexpr std::uint64_t probe_deadline_ns = 2'000'000'000;

class Connector final : public Participant {
 public:
  Connector(HostCore& core, ConnectorSettings settings, const Descriptor& file, const TypeDescriptor& type, std::uint32_t number);
  ~Connector() override;

  // --- Participant ---
  std::string_view name() const noexcept override { return settings_.name; }
  std::string_view bank() const noexcept override { return settings_.bank; }
  std::uint64_t capabilities() const noexcept override { return type_.capabilities; }
  ConnectorState state() const noexcept override { return static_cast<ConnectorState>(state_.load(std::memory_order_acquire)); }
  bool available() const noexcept override;
  Call* acquire(unsigned loop) noexcept override;
  void submit(unsigned loop, Call* call) noexcept override;
  void cancel(unsigned loop, Call* call) noexcept override;
  bool try_read(unsigned loop, Call* call) noexcept override;

  // --- the loops' side (host.cpp), on that loop ---
  void flush(LoopState& loop) noexcept;              // hands over what was submitted
  void deliver(LoopState& loop, CallSlot& slot) noexcept;  // it was answered
  void expire(LoopState& loop, CallSlot& slot) noexcept;   // its call deadline and the grace are over
  void sweep(LoopState& loop) noexcept;              // after a fault or stop: answers what is open
  void probe(LoopState& loop) noexcept;              // the breaker's hello, when it is due

  // --- the plugin's side, any thread ---
  void complete(const psw_reply* const* replies, std::uint32_t n) noexcept;
  void report_ready(std::int32_t state, psw_str text) noexcept;
  // The plugin never saw it: back to its loop, not_sent for a credit. Whoever owns the slot (the consumer of its lane).
  void never_left(CallSlot& slot, std::int32_t code, const char* reason, const char* text) noexcept;
  void fault(const char* where, const char* what) noexcept;
  // It asked for something that makes no sense: not done, counted, logged. `rule` is a literal.
  void broken_rule(const char* rule) noexcept;

  // --- lanes ---
  std::vector<std::unique_ptr<Lane>>& lanes() noexcept { return lanes_; }
  // One turn through the fence. [lane]
  void turn(Turn& turn, std::uint64_t max_wait_ns) noexcept;
  bool started() const noexcept { return started_.load(std::memory_order_acquire); }
  void set_started() noexcept { started_.store(true, std::memory_order_release); }
  bool stopping() const noexcept { return stopping_.load(std::memory_order_relaxed); }
  bool stopping_for_sure() const noexcept { return stopping_.load(std::memory_order_seq_cst); }  // in one order with Lane's taking
  void wake_loop(unsigned loop) noexcept { core_.wake(loop); }

  // --- lifecycle (lifecycle.cpp) [control]; errors name the step ---
  Result<void> create_and_configure();
  Result<void> start();
  void stop_lanes() noexcept { stopping_.store(true, std::memory_order_seq_cst); for (auto& lane : lanes_) lane->interrupt(); }
  void stop_and_destroy() noexcept;
  void answer_open_calls() noexcept;  // lanes are turned no more: empties inboxes, asks the loops to sweep
  Result<void> reconfigure(std::shared_ptr<const Options> options);

  const ConnectorSettings& settings() const noexcept { return settings_; }
  const TypeDescriptor& type() const noexcept { return type_; }
  const Descriptor& file() const noexcept { return file_; }
  HostCore& core() noexcept { return core_; }
  InstanceServices& services() noexcept { return *services_; }
  std::uint32_t number() const noexcept { return number_; }
  unsigned home_loop() const noexcept { return home_loop_; }
  std::string state_text() const;
  std::uint64_t probe_due_ns() const noexcept { return breaker_.probe_due_ns(); }
  // A call into it does not come back: it is never called nor destroyed any more. [control]
  void give_up(const char* step) noexcept;
  bool breaker_open() const noexcept { return breaker_.open(); }
  std::uint32_t in_flight() const noexcept;
  std::uint32_t in_flight_max() const noexcept { return in_flight_max_; }
  bool abandoned() const noexcept { return leaked_; }  // a call into it never came back: it is never destroyed
  void set_draining() noexcept { draining_.store(true, std::memory_order_relaxed); }

  struct Counters {
    Counter* calls;
    Counter* timeouts;
    Counter* late;
    Counter* stale;
    Counter* unknown;
    Counter* faults;
    Counter* refused_full;
    Counter* flawed;
    Counter* long_turns;
    Counter* breaker_opened;
    Counter* broken_rules;
    Counter* services_refused;
  };
  const Counters& counters() const noexcept { return counters_; }

 private:
  // What one loop has of this connector.
  struct alignas(64) Side {
    CallSlot* free = nullptr;
    std::atomic<std::uint32_t> in_flight{0};  // written by its loop
    std::uint32_t claimed = 0;  // of in_flight_max_, for this loop; in_flight <= claimed
    bool dirty = false;
    std::array<CallSlot*, lanes_max> first{};  // submitted, oldest first, through free_next
    std::array<CallSlot*, lanes_max> last{};
    std::array<std::uint32_t, lanes_max> count{};
    MpscBatch<LaneNode> refused;
  };

  bool accepts(std::int32_t op_kind, const char*& reason) const noexcept;
  std::uint32_t lane_of(std::int32_t op_kind) const noexcept;
  CallSlot* slot_of(psw_handle handle) const noexcept;
  CallSlot* grow(unsigned loop) noexcept;
  bool claim(Side& side) noexcept;
  void give_back(Side& side, std::uint32_t in_flight) noexcept;
  std::uint32_t claims_kept() const noexcept { return claim_step_ == 1 ? 0 : claim_step_ * 2; }
  static psw_reply never_left_reply(const CallSlot& slot, std::int32_t code, const char* reason, const char* text) noexcept;
  void release(Side& side, CallSlot& slot) noexcept;
  void desert(LoopState& loop, CallSlot& slot, const psw_reply& reply) noexcept;
  void refuse(LoopState& loop, CallSlot& slot, std::int32_t code, const char* reason, const char* text) noexcept;
  void record(const CallSlot& slot, const psw_reply& reply, std::uint64_t now_ns) noexcept;
  template <class F>
  bool fenced(const char* where, F&& call) noexcept;
  template <class F>
  bool on_control(const char* step, F&& call);  // fenced, and under the lifecycle limit; false: faulted or hanging

  HostCore& core_;
  const ConnectorSettings settings_;
  const Descriptor& file_;
  const TypeDescriptor& type_;
  const std::uint32_t number_;
  const unsigned home_loop_;
  std::uint32_t in_flight_max_ = 0;
  std::uint32_t slots_per_loop_ = 0;
  std::uint32_t claim_step_ = 1;
  alignas(64) std::atomic<std::uint32_t> unclaimed_{0};  // of in_flight_max_; all loops
  std::array<std::uint8_t, 64> lane_by_kind_{};

  std::vector<std::unique_ptr<Side>> sides_;
  std::unique_ptr<std::atomic<CallSlot*>[]> slots_;  // by index; any thread reads
  std::uint32_t slots_max_ = 0;
  std::atomic<std::uint32_t> slots_used_{0};
  std::mutex answering_;  // complete(): who may answer is decided for a whole batch at once

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<InstanceServices> services_;
  const psw_instance* instance_ = nullptr;
  std::int32_t (*try_read_)(void* self, const psw_op*, psw_reply*) = nullptr;
  std::atomic<std::int32_t> state_{0};
  std::atomic<bool> started_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> draining_{false};
  bool leaked_ = false;
  Breaker breaker_;
  mutable std::mutex text_mutex_;
  std::string text_;
  Counters counters_{};
  // One instance that floods the log silences nobody else.
  LogThrottle timed_out_lines_, stale_lines_, flawed_lines_, broken_rule_lines_;
};

}  // namespace payswitch::daemon::plugin_host
