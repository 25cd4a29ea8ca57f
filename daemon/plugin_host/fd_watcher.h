// Readiness of a plugin's own descriptors, as PSW_EV_FD on the lane that asked: one thread with one epoll for all instances, started
// with the first watch. One shot. Without threads (simulator) poll() is called instead.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "base/file.h"

namespace payswitch::daemon::plugin_host {

class Connector;
class Lane;

inline constexpr std::uint32_t watched_fds_max = 65536;

class FdWatcher {
 public:
  explicit FdWatcher(bool threads) : threads_(threads) {}
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;

  // Any thread. A code. events 0: forget.
  std::int32_t watch(Lane& lane, std::int32_t fd, std::int32_t events, std::uint64_t token);
  void forget(const Connector& connector);  // [control] before its lanes go
  void poll(int timeout_ms);

 private:
  struct Watch {
    Lane* lane;
    std::uint64_t token;
    bool armed;
  };
  bool open();

  const bool threads_;
  std::mutex mutex_;
  std::map<int, Watch> watches_;
  Fd epoll_, end_;
  std::thread thread_;
};

}  // namespace payswitch::daemon::plugin_host
