// What coordinators notice becomes log lines and a counter.
#pragma once

#include <array>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "transfer/coordinator.h"

namespace payswitch::daemon::app {

class Notices final : public transfer::NoticeSink {
 public:
  Notices(Logger& logger, Registry& metrics, const Clock& clock);
  void notice(transfer::Notice what, const psw_id& transfer, std::string_view bank, std::string_view text) noexcept override;

 private:
  static constexpr std::size_t kinds = 12;
  Logger& logger_;
  const Clock& clock_;
  std::array<Counter*, kinds> counters_{};
  std::array<LogThrottle, kinds> throttles_;
};

}  // namespace payswitch::daemon::app
