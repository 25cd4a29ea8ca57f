// The const tables that psw_host.service gives out. One per service for all instances: ctx tells which instance asks.
#pragma once

#include <string_view>

#include "plugin_host/descriptor.h"
#include "plugin_host/host.h"

namespace payswitch::daemon::plugin_host {

// nullptr: unknown, or the host has nothing behind it.
const void* find_service(const HostParts& parts, Role role, std::string_view id) noexcept;

const void* executor_table() noexcept;
const void* metrics_table() noexcept;
const void* secrets_table() noexcept;
const void* trace_table() noexcept;
const void* inbound_table() noexcept;
const void* kv_table() noexcept;
const void* keys_table() noexcept;
const void* http_client_table() noexcept;
const void* http_routes_table() noexcept;

}  // namespace payswitch::daemon::plugin_host
