// The host as one instance sees it: the psw_host table, its configuration and the service tables, all with the instance as ctx.
#pragma once

#include <payswitch/abi.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "plugin_host/loop_state.h"
#include "plugin_host/options.h"
#include "plugin_host/route_desk.h"

namespace payswitch::daemon::plugin_host {

class Connector;
class Lane;

// Answers under way per instance, all services together; further calls are answered overloaded.
inline constexpr std::uint32_t service_calls_max = 4096;
inline constexpr std::uint32_t metrics_per_instance_max = 256;
inline constexpr std::uint32_t labels_per_metric_max = 8;

class InstanceServices {
 public:
  explicit InstanceServices(Connector& connector);
  ~InstanceServices();
  InstanceServices(const InstanceServices&) = delete;
  InstanceServices& operator=(const InstanceServices&) = delete;

  const psw_host* host() const noexcept { return &host_; }
  const psw_config* config() const noexcept;
  const psw_config* replace_config(std::shared_ptr<const Options> options);  // the old one stays good
  void freeze() noexcept { frozen_ = true; }  // configure is over: no new metric, no new route
  bool frozen() const noexcept { return frozen_; }
  RouteDesk& routes() noexcept { return routes_; }

  Connector& connector() const noexcept { return connector_; }
  Lane* lane(std::uint32_t index) const noexcept;  // nullptr: no such lane
  // Room for one more answer to come; give it back when its event was seen. Any thread.
  bool reserve_answer() noexcept;
  void answer_seen() noexcept { answers_.fetch_sub(1, std::memory_order_relaxed); }

  struct Metric {
    std::int32_t kind = 0;
    Counter* counter = nullptr;
    Gauge* gauge = nullptr;
    Histogram* histogram = nullptr;
  };
  std::int32_t declare(const psw_metric& metric, std::uint32_t& out, psw_error* error);
  const Metric* metric(std::uint32_t handle) const noexcept { return handle < metrics_.size() ? &metrics_[handle] : nullptr; }

 private:
  Connector& connector_;
  psw_host host_{};
  mutable std::mutex configs_mutex_;
  std::deque<std::unique_ptr<psw_config>> configs_;
  std::atomic<std::uint32_t> answers_{0};
  std::vector<Metric> metrics_;  // frozen after configure
  bool frozen_ = false;
  RouteDesk routes_;
};

}  // namespace payswitch::daemon::plugin_host
