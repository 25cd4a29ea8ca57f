// What the handlers of one loop stand on; app/ builds one per loop. All parts outlive it, and it is used on its loop only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>

#include "api/metrics.h"
#include "auth/credentials.h"
#include "base/clock.h"
#include "base/log.h"
#include "transfer/coordinator.h"
#include "transfer/settings.h"

namespace payswitch::daemon::api {

struct Services {
  const Clock* clock = nullptr;
  Logger* logger = nullptr;
  ApiMetrics* metrics = nullptr;
  auth::Authenticator* authenticator = nullptr;
  transfer::Coordinator* coordinator = nullptr;
  std::shared_ptr<const transfer::Settings> settings;
  std::uint32_t default_wait_ms = 1'000;   // without `Prefer: wait=N`
  std::uint32_t wait_ms_max = 60'000;
  std::array<std::uint64_t, 2> cursor_key{};  // the same for all daemons over one ledger: a cursor works at each of them
  std::mt19937_64 span_ids;                   // trace span ids; not a secret
};

}  // namespace payswitch::daemon::api
