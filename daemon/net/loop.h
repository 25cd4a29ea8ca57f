// One thread, one io_context, one batch at a time: the thread a connection, a coordinator and a transfer belong to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/event_fd.h"

namespace boost::asio {
class io_context;
}

namespace payswitch::daemon::net {

class Poller;

// A plain function with its context: what is called back on a loop. No allocation, no ownership.
struct Callback {
  void (*function)(void* context) = nullptr;
  void* context = nullptr;
  void operator()() const { function(context); }
};

class Loop {
 public:
  explicit Loop(unsigned index);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  unsigned index() const noexcept { return index_; }
  boost::asio::io_context& context() noexcept;
  // Readiness of sockets, cheaper than through the io_context (poller.h).
  Poller& poller() noexcept;

  // Runs until stop(): waits for the first handler, runs all that are ready, then calls the after-batch hooks once
  // (that is where submissions to lanes are handed over with one wake-up, and output buffers are written).
  void run();
  // Any thread.
  void stop() noexcept;
  // Before run(), or on the loop. Called after every batch of handlers, in the order in which they were added.
  void after_batch(Callback hook);
  // Before run(), or on the loop: called in a batch that follows a wake(): where lists of other threads' work are emptied.
  void on_wake(Callback inbox);
  // On the loop, or while it does not run: no callback of that context is called any more.
  void forget(const void* context) noexcept;
  // Any thread, without allocation: on_wake callbacks will run soon. A system call only if the loop sleeps, so one call per batch
  // pushed is cheap.
  void wake() noexcept;
  // Any thread; allocates, so not for the hot path.
  void post(Callback work);
  // On the loop: do not sleep after this batch, there is more to do at once.
  void again() noexcept { again_ = true; }
  // On the loop: there is something for the after-batch hooks. Costs nothing during a batch; while the hooks run, it makes sure of
  // another turn, since the hook meant may have run already.
  void finish_batch() noexcept {
    if (in_hooks_) again_ = true;
  }
  // Turned at least every heartbeat interval (1 s) while the loop lives: /livez and the watchdog compare it. Any thread.
  std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

 private:
  struct Impl;

  unsigned index_;
  bool again_ = false;
  bool in_hooks_ = false;
  EventFd event_;  // before impl_, which watches it
  std::unique_ptr<Impl> impl_;
  std::vector<Callback> hooks_;
  std::vector<Callback> inboxes_;
  std::atomic<bool> woken_{false};
  std::atomic<std::uint64_t> turns_{0};
};

}  // namespace payswitch::daemon::net
