// What the host keeps for one loop. Only that loop touches it, except where marked.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/mpsc.h"
#include "plugin_host/control_thread.h"
#include "plugin_host/deadline_wheel.h"
#include "plugin_host/fd_watcher.h"
#include "plugin_host/host.h"
#include "plugin_host/lane_node.h"

namespace payswitch::daemon::plugin_host {

inline constexpr unsigned loops_max = 64;

class Connector;
class Lane;
struct Turn;

// Something that a service wants done on a loop: an inbound call on its way to the core.
class LoopWork : public MpscNode {
 public:
  virtual void run(unsigned loop) noexcept = 0;

 protected:
  ~LoopWork() = default;
};

struct LoopState {
  LoopState(unsigned number, LoopPort& loop_port, std::uint64_t now) : index(number), port(loop_port), now_ns(now), wheel(now) {}

  const unsigned index;
  LoopPort& port;
  MpscList<LaneNode> returned;  // any thread: calls that were answered
  MpscList<LoopWork> work;      // any thread
  std::atomic<bool> sweep{false};  // any thread: some connector faulted or stopped, look at the open calls

  std::uint64_t now_ns;  // read once a round
  DeadlineWheel wheel;
  std::vector<Connector*> dirty;    // have submissions to hand over
  std::vector<Lane*> shared_lanes;  // that live here; set before start
  std::uint64_t next_watch_ns = 0;  // when the watchdog looks again
  bool polling = false;
};

// The loop whose poll() runs on this thread, nullptr outside.
LoopState*& polled_loop() noexcept;

// What all connectors of a host share.
struct HostCore {
  HostSettings settings;
  HostParts parts;
  std::vector<std::unique_ptr<LoopState>> loops;
  std::unique_ptr<ControlThread> control;
  std::unique_ptr<FdWatcher> watcher;
  std::atomic<bool> given_up{false};  // a call into some plugin never came back
  std::mutex state_mutex;
  std::condition_variable state_event;  // some connector said something new

  const Clock& clock() const noexcept { return *parts.clock; }
  void state_changed() noexcept {
    const std::lock_guard guard(state_mutex);
    state_event.notify_all();
  }
  // Any thread: poll() of that loop is to run soon; nothing to do when it is running on this thread now.
  void wake(unsigned loop) noexcept {
    const LoopState* const here = polled_loop();
    if (here != nullptr && here == loops[loop].get()) return;
    loops[loop]->port.wake();
  }
};

}  // namespace payswitch::daemon::plugin_host
