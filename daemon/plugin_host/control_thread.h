// Where lifecycle calls run: a thread of its own, so that one that hangs can be given up and named.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace payswitch::daemon::plugin_host {

class ControlThread {
 public:
  ControlThread();
  ~ControlThread();  // joins, unless it was given up
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  // Runs `work` and waits for it, at most limit_ms. 0: runs it here, without a limit. False: it did not return; its thread is left
  // alone for ever and the next run() gets a new one; what `work` refers to must then stay. One caller at a time.
  bool run(std::function<void()> work, std::uint64_t limit_ms);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;  // shared with the thread, which may outlive us
};

}  // namespace payswitch::daemon::plugin_host
