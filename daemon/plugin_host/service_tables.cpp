#include "plugin_host/service_tables.h"

#include <payswitch/abi.h>

namespace payswitch::daemon::plugin_host {

const void* find_service(const HostParts& parts, Role role, std::string_view id) noexcept {
  if (id == PSW_SERVICE_EXECUTOR) return executor_table();
  if (id == PSW_SERVICE_METRICS) return metrics_table();
  if (id == PSW_SERVICE_TRACE) return trace_table();
  if (id == PSW_SERVICE_SECRETS) return parts.secrets == nullptr ? nullptr : secrets_table();
  // A ledger carries the core's own store: it is asked, it does not ask.
  if (role != Role::ledger) {
    if (id == PSW_SERVICE_INBOUND) return parts.inbound == nullptr ? nullptr : inbound_table();
    if (id == PSW_SERVICE_KV) return parts.kv == nullptr ? nullptr : kv_table();
    if (id == PSW_SERVICE_KEYS) return parts.keys == nullptr ? nullptr : keys_table();
    if (id == PSW_SERVICE_HTTP_ROUTES) return parts.http_routes == nullptr ? nullptr : http_routes_table();
    if (id == PSW_SERVICE_HTTP_CLIENT) return parts.http_client == nullptr ? nullptr : http_client_table();
  }
  return nullptr;
}

}  // namespace payswitch::daemon::plugin_host
