// Any bytes as a configuration file: a result or problems with a place, never a crash; and what loads is shown and loads again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/config/support.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace payswitch::daemon::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const LoadResult result = load_with(text);
  bool any_error = false;
  for (const Problem& problem : result.problems) any_error = any_error || problem.kind == ProblemKind::error;
  if (result.config.has_value() == any_error) std::abort();
  if (!result.config) return 0;
  const std::string shown = show(*result.config, false);
  for (const Connector& connector : result.config->connectors) (void)connector.options.flatten();
  show_json(*result.config, true);
  // Secrets are shown as ***, which no file may say; everything else must read back as the same configuration.
  if (shown.find("\"***\"") != std::string::npos) return 0;
  const LoadResult again = load_with(shown);
  if (!again.config || show(*again.config, false) != shown) std::abort();
  return 0;
}
