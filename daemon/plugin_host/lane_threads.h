// The threads that turn loop and blocking lanes, one set per connector, and the giving up of one that does not come back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace payswitch::daemon::plugin_host {

class Connector;
class Lane;

class LaneThreads {
 public:
  LaneThreads();
  ~LaneThreads();  // join() was called
  LaneThreads(const LaneThreads&) = delete;
  LaneThreads& operator=(const LaneThreads&) = delete;

  // [control] `connector` outlives the threads.
  void start(Connector& connector);
  // [control] After Connector::stop_lanes(). False: a thread did not return in time and was left alone; connector must then never die.
  bool join(std::uint64_t limit_ms);

 private:
  struct Worker;
  std::vector<std::shared_ptr<Worker>> workers_;  // shared with the thread, which may outlive us
};

}  // namespace payswitch::daemon::plugin_host
