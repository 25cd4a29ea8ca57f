// What the coordinator decides by: the configuration, the routes made from it, and the few times that are not in it. Immutable; a reload
// makes a new one and hands it to every coordinator.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "transfer/day_window.h"
#include "transfer/route.h"

namespace payswitch::daemon::transfer {

struct Times {
  std::int64_t hold_default_ms = 7 * 24 * 3'600'000LL;
  std::int64_t margin_ms = 2'000;            // not_after + margin: we start to cancel
  std::int64_t not_after_floor_ms = 1'000;   // a not_after nearer than that is refused
  std::int64_t attention_after_ms = 300'000; // after not_after
  std::int64_t poll_first_ms = 500;          // back-off: × 2, ± 20 %, up to the cap
  std::int64_t poll_cap_ms = 60'000;
  std::int64_t lease_ms = 15'000;            // longer than any call deadline + grace, see make_settings
  std::int64_t due_every_ms = 200;           // how often the ledger is asked for what is due
  std::int64_t in_doubt_grace_ms = 5'000;
  std::int64_t budget_every_ms = 500;        // figures of the in-doubt budget are at most 1 s old
  std::int64_t step_retry_ms = 50;           // a write whose answer was lost is repeated after it, × 2 up to 1 s
};

struct Settings {
  std::shared_ptr<const config::Config> config;
  RouteTable routes;
  DayWindow days;          // of [switch] timezone
  Times times;
  std::string reference_key;  // 32 bytes from the ledger (ledger/bootstrap.h): keys the search tag of references
};

// `reference_key` comes from the ledger's bootstrap and does not change.
std::shared_ptr<const Settings> make_settings(std::shared_ptr<const config::Config> config, std::string reference_key, Times times = {});

}  // namespace payswitch::daemon::transfer
