// One thread, one io_context, one batch at a time: the thread a connection, a coordinator and a transfer belong to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace payswitch::daemon::net {

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

  // Runs until stop(): waits for the first handler, runs all that are ready, then calls the after-batch hooks once
  // (that is where submissions to lanes are handed over with one wake-up, and output buffers are written).
  void run();
  // Any thread.
  void stop() noexcept;
  // Before run(), or on the loop. Called after every batch of handlers.
  void after_batch(Callback hook);
  // Any thread; allocates, so not for the hot path.
  void post(Callback work);
  // Turned at least every heartbeat interval (1 s) while the loop lives: /livez and the watchdog compare it. Any thread.
  std::uint64_t turns() const noexcept { return turns_.load(std::memory_order_relaxed); }

 private:
  unsigned index_;
  std::unique_ptr<boost::asio::io_context> context_;
  std::vector<Callback> hooks_;
  std::atomic<std::uint64_t> turns_{0};
};

}  // namespace payswitch::daemon::net
