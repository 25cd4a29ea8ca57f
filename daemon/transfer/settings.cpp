#include "transfer/settings.h"

#include <algorithm>
#include <utility>

namespace payswitch::daemon::transfer {

namespace {
constexpr std::int64_t lease_beyond_call_ms = 5'000;  // the host's grace, the write that follows, and a stalled loop
}

std::shared_ptr<const Settings> make_settings(std::shared_ptr<const config::Config> config, std::string reference_key, Times times) {
  auto settings = std::make_shared<Settings>();
  settings->routes = RouteTable(*config);
  // config/ has checked the zone; a system that lost its zone files since then counts days in UTC.
  if (auto days = DayWindow::load(config->self.timezone)) settings->days = std::move(*days);
  for (const auto& connector : config->connectors) {
    const auto call_ms = std::chrono::duration_cast<std::chrono::milliseconds>(connector.call_deadline).count();
    times.lease_ms = std::max<std::int64_t>(times.lease_ms, call_ms + lease_beyond_call_ms);
  }
  settings->times = times;
  settings->config = std::move(config);
  settings->reference_key = std::move(reference_key);
  return settings;
}

}  // namespace payswitch::daemon::transfer
