#include "transfer/settings.h"

#include <algorithm>
#include <utility>

namespace payswitch::daemon::transfer {

namespace {

std::int64_t ms(std::chrono::nanoseconds time) noexcept { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); }

// [recovery] of a configuration that comes from a file; one that was made in code has none.
void read_times(const config::Node& tree, Times& times) {
  const config::Node* recovery = tree.find("recovery");
  if (recovery == nullptr) return;
  const std::pair<std::string_view, std::int64_t*> keys[] = {{"poll_first", &times.poll_first_ms}, {"poll_cap", &times.poll_cap_ms}, {"lease", &times.lease_ms},
                                                            {"margin", &times.margin_ms}, {"attention", &times.attention_after_ms}};
  for (const auto& [key, to] : keys)
    if (const config::Node* value = recovery->find(key)) *to = ms(std::chrono::nanoseconds(value->integer));
}

}  // namespace

std::shared_ptr<const Settings> make_settings(std::shared_ptr<const config::Config> config, std::string reference_key, Times times) {
  auto settings = std::make_shared<Settings>();
  settings->routes = RouteTable(*config);
  // config/ has checked the zone; a system that lost its zone files since then counts days in UTC.
  if (auto days = DayWindow::load(config->self.timezone)) settings->days = std::move(*days);
  read_times(config->effective, times);
  // Beyond the call: the host's grace, the write that follows, and a stalled loop.
  const std::int64_t beyond_call_ms = times.lease_ms / 3;
  for (const auto& connector : config->connectors)
    if (connector.role == config::PluginRole::gateway) times.lease_ms = std::max(times.lease_ms, ms(connector.call_deadline) + beyond_call_ms);
  settings->times = times;
  settings->config = std::move(config);
  settings->reference_key = std::move(reference_key);
  return settings;
}

}  // namespace payswitch::daemon::transfer
