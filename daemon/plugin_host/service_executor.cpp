// psw.executor/1: clocks, timers, readiness of descriptors, chance.
#include <openssl/rand.h>

#include "base/assert.h"
#include "plugin_host/connector.h"
#include "plugin_host/fd_watcher.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

Connector& of(void* ctx) noexcept { return *static_cast<Connector*>(ctx); }

extern "C" {

std::uint64_t executor_now_ns(void* ctx) noexcept { return of(ctx).core().clock().monotonic_ns(); }
std::int64_t executor_wall_ms(void* ctx) noexcept { return of(ctx).core().clock().wall_ms(); }

std::int32_t executor_timer(void* ctx, std::uint32_t lane, std::uint64_t at_ns, std::uint64_t token) noexcept {
  Lane* const found = of(ctx).services().lane(lane);
  if (found == nullptr) return PSW_INVALID;
  try {
    return found->add_timer(at_ns, token) ? PSW_OK : PSW_OVERLOADED;
  } catch (...) {
    return PSW_OVERLOADED;
  }
}

std::int32_t executor_watch(void* ctx, std::uint32_t lane, std::int32_t fd, std::int32_t events, std::uint64_t token) noexcept {
  Lane* const found = of(ctx).services().lane(lane);
  if (found == nullptr || fd < 0) return PSW_INVALID;
  try {
    return of(ctx).core().watcher->watch(*found, fd, events, token);
  } catch (...) {
    return PSW_OVERLOADED;
  }
}

void executor_random(void*, void* out, std::uint64_t bytes) noexcept {
  PSW_ASSERT(bytes <= INT32_MAX && RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(bytes)) == 1);
}

}  // extern "C"

constexpr psw_executor_1 table{sizeof(psw_executor_1), 0, executor_now_ns, executor_wall_ms, executor_timer, executor_watch, executor_random};

}  // namespace

const void* executor_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host
