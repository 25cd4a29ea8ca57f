// What the service manager wants to hear, without linking to its library (sd_notify(3): one datagram per message).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace payswitch::daemon::app {

// NOTIFY_SOCKET and WATCHDOG_USEC as they were at start; both are taken out of the environment, so no child inherits them.
// One thread.
class ServiceManager {
 public:
  static ServiceManager from_environment();

  // Sends one message ("READY=1", "STOPPING=1\nSTATUS=draining"); does nothing without a socket. False: it could not be sent.
  bool notify(std::string_view message) const noexcept;
  // Half of WATCHDOG_USEC: how often "WATCHDOG=1" should be sent; 0 when no watchdog is set.
  std::uint64_t watchdog_interval_ms() const noexcept { return watchdog_interval_ms_; }
  bool present() const noexcept { return !socket_.empty(); }

 private:
  std::string socket_;
  std::uint64_t watchdog_interval_ms_ = 0;
};

}  // namespace payswitch::daemon::app
