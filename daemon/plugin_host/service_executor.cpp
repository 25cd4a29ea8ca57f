// psw.executor/1: clocks, timers, readiness of descriptors, chance.
#include <openssl/rand.h>

#include "base/assert.h"
#include "plugin_host/connector.h"
#include "plugin_host/fd_watcher.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

constexpr std::uint64_t random_bytes_max = 1u << 20;

Connector& of(void* ctx) noexcept { return *static_cast<Connector*>(ctx); }

std::int32_t nonsense(void* ctx, const char* rule) noexcept {
  of(ctx).broken_rule(rule);
  return PSW_INVALID;
}
std::int32_t full(void* ctx) noexcept {
  of(ctx).counters().services_refused->add();
  return PSW_OVERLOADED;
}

extern "C" {

std::uint64_t executor_now_ns(void* ctx) noexcept { return of(ctx).core().clock().monotonic_ns(); }
std::int64_t executor_wall_ms(void* ctx) noexcept { return of(ctx).core().clock().wall_ms(); }

std::int32_t executor_timer(void* ctx, std::uint32_t lane, std::uint64_t at_ns, std::uint64_t token) noexcept {
  Lane* const found = of(ctx).services().lane(lane);
  if (found == nullptr) return nonsense(ctx, "timer: no such lane");
  try {
    return found->add_timer(at_ns, token) ? PSW_OK : full(ctx);
  } catch (...) {
    return full(ctx);
  }
}

std::int32_t executor_watch(void* ctx, std::uint32_t lane, std::int32_t fd, std::int32_t events, std::uint64_t token) noexcept {
  Lane* const found = of(ctx).services().lane(lane);
  if (found == nullptr) return nonsense(ctx, "watch: no such lane");
  if (fd < 0 || (events & ~(PSW_FD_READ | PSW_FD_WRITE | PSW_FD_ERROR)) != 0) return nonsense(ctx, "watch: no descriptor, or unknown events");
  try {
    const std::int32_t code = of(ctx).core().watcher->watch(*found, fd, events, token);
    return code == PSW_OVERLOADED ? full(ctx) : code;
  } catch (...) {
    return full(ctx);
  }
}

// There is no code to refuse with, and memory that was not filled must not be taken for chance: who asks for nonsense is not called any more.
void executor_random(void* ctx, void* out, std::uint64_t bytes) noexcept {
  if (bytes == 0) return;
  if (out == nullptr || bytes > random_bytes_max) return of(ctx).fault("random", "asked for chance without memory for it, or for more than 1 MiB");
  PSW_ASSERT(RAND_bytes(static_cast<unsigned char*>(out), static_cast<int>(bytes)) == 1);
}

}  // extern "C"

constexpr psw_executor_1 table{sizeof(psw_executor_1), 0, executor_now_ns, executor_wall_ms, executor_timer, executor_watch, executor_random};

}  // namespace

const void* executor_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host
