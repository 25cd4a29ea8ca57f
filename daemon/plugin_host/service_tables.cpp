#include "plugin_host/service_tables.h"

#include <payswitch/abi.h>

namespace payswitch::daemon::plugin_host {

const void* find_service(const HostParts& parts, std::string_view id) noexcept {
  if (id == PSW_SERVICE_EXECUTOR) return executor_table();
  if (id == PSW_SERVICE_METRICS) return metrics_table();
  if (id == PSW_SERVICE_TRACE) return trace_table();
  if (id == PSW_SERVICE_SECRETS) return parts.secrets == nullptr ? nullptr : secrets_table();
  return nullptr;
}

}  // namespace payswitch::daemon::plugin_host
