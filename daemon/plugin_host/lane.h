// The inbox of one lane and the taking from it. Producers are loops, timers and services; the consumer is whoever turns the lane.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/event_fd.h"
#include "plugin_host/call_slot.h"
#include "plugin_host/descriptor.h"
#include "plugin_host/lane_node.h"

namespace payswitch::daemon::plugin_host {

class Connector;
class Lane;

inline constexpr std::uint32_t take_events_max = 256;  // of one take()
inline constexpr std::uint32_t lane_timers_max = 65536;
inline constexpr std::uint64_t lane_wait_ns_max = 1'000'000'000;  // so that a lane's thread shows signs of life

// One turn under way: who may take. Lives on the stack or with the thread that turns.
struct Turn {
  explicit Turn(Lane& of) noexcept : lane(of) {}
  Lane& lane;
  bool may_wait = false;
  std::uint32_t taken = 0;             // events of this turn
  EventNode* lent = nullptr;           // events the plugin may look at until the next take (chained by mpsc_next)
  std::array<psw_event, take_events_max> events;
};
// The turn that runs on this thread, nullptr outside of one.
Turn*& current_turn() noexcept;

class Lane {
 public:
  Lane(Connector& connector, std::uint32_t index, const LaneText& text, const Clock& clock, unsigned home_loop);
  ~Lane();

  std::uint32_t index() const noexcept { return index_; }
  std::int32_t mode() const noexcept { return mode_; }
  std::uint32_t threads() const noexcept { return threads_; }
  std::uint32_t inbox_max() const noexcept { return inbox_max_; }
  std::uint32_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }
  unsigned home_loop() const noexcept { return home_loop_; }
  Connector& connector() const noexcept { return connector_; }

  // --- producers, any thread ---
  // How many of n the inbox has room for; that much is reserved and must be pushed.
  std::uint32_t reserve(std::uint32_t n) noexcept;
  void push(MpscBatch<LaneNode>& batch) noexcept;
  // False: the inbox is full and the event stays the caller's. `always`: what must come through (answers to service calls, which are
  // bounded by their own limits, drain, abandon) does not look at the bound.
  bool post(EventNode* event, bool always) noexcept;
  bool add_timer(std::uint64_t at_ns, std::uint64_t token) noexcept;  // false: lane_timers_max reached
  void interrupt() noexcept;  // ends waits: something about the lane changed

  // --- the consumer ---
  // Fills out[0..n): pointers into `turn`, good until the next take().
  std::uint32_t take(Turn& turn, const psw_event** out, std::uint32_t max, std::uint64_t wait_ns) noexcept;
  void recycle_lent(Turn& turn) noexcept;
  // Of a connector that is stopping: true from the moment on from which nothing can leave the inbox to the plugin any more. Any thread.
  bool taking_is_over() const noexcept { return !taking_.load(std::memory_order_seq_cst); }
  // Loop and blocking lanes: until there is something to take, interrupt(), or the time is over.
  void wait(std::uint64_t ns) noexcept;
  int fd() noexcept;
  bool has_work(std::uint64_t now_ns) noexcept;
  // Shared lanes: true once for any number of pushes since the last time.
  bool clear_scheduled() noexcept { return scheduled_.load(std::memory_order_relaxed) && scheduled_.exchange(false, std::memory_order_seq_cst); }
  std::uint64_t next_due_ns() const noexcept;  // timers and what turn() asked for
  void set_turn_due(std::int64_t due) noexcept { turn_due_ns_.store(due < 0 ? UINT64_MAX : static_cast<std::uint64_t>(due), std::memory_order_relaxed); }

  // Nobody turns the lane any more: gives every waiting call to `on_call`, drops the events. [control]
  template <class F>
  void empty(F&& on_call) noexcept {
    const std::lock_guard guard(consumer_);
    for (;;) {
      if (pending_.empty()) pending_ = inbox_.take_all();
      LaneNode* const node = pending_.next();
      if (node == nullptr) return;
      queued_.fetch_sub(1, std::memory_order_relaxed);
      if (node->kind() == LaneNode::Kind::call) {
        on_call(static_cast<CallSlot&>(*node));
      } else {
        static_cast<EventNode*>(node)->recycle();
      }
    }
  }

  // Watchdog and status; written by the consumer, read by any.
  std::atomic<std::uint64_t> turn_started_ns{0};  // 0: not in a turn
  std::atomic<std::uint64_t> turns{0};
  std::atomic<std::uint64_t> turn_ns_max{0};
  std::uint64_t warned_turn_ns = 0;  // home loop only: the turn the watchdog has named

 private:
  struct Timer {
    std::uint64_t at_ns, token;
    bool operator<(const Timer& other) const noexcept { return at_ns > other.at_ns; }  // std heap: the earliest on top
  };
  std::uint32_t collect(Turn& turn, std::uint32_t max) noexcept;
  std::uint32_t collect_inbox(Turn& turn, std::uint32_t n, std::uint32_t max, std::uint64_t now_ns) noexcept;
  std::uint32_t collect_timers(Turn& turn, std::uint32_t max, std::uint64_t now_ns) noexcept;
  void notify() noexcept;

  Connector& connector_;
  const Clock& clock_;
  const std::uint32_t index_;
  const std::int32_t mode_;
  const std::uint32_t threads_;
  const std::uint32_t inbox_max_;
  const unsigned home_loop_;

  MpscList<LaneNode> inbox_;
  alignas(64) std::atomic<std::uint32_t> queued_{0};
  std::atomic<bool> scheduled_{false};
  std::atomic<std::uint64_t> next_timer_ns_{UINT64_MAX};
  std::atomic<std::uint64_t> turn_due_ns_{UINT64_MAX};
  std::atomic<bool> by_fd_{false};
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> taking_{false};  // the consumer is moving calls from the inbox to the plugin
  EventFd event_;

  alignas(64) std::mutex consumer_;  // blocking lanes have several consumers; elsewhere it is never contended and not taken
  std::condition_variable arrived_;
  std::uint32_t waiting_ = 0;        // workers in arrived_, under consumer_
  MpscTaken<LaneNode> pending_{nullptr};
  std::mutex timers_mutex_;
  std::vector<Timer> timers_;
};

}  // namespace payswitch::daemon::plugin_host
