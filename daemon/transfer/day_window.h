// Calendar days of one time zone, for windows of limits: when does the day that holds an instant begin and end?
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace payswitch::daemon::transfer {

struct Day {
  std::int64_t begin_ms = 0, end_ms = 0;  // half-open, Unix milliseconds
  std::int32_t number = 0;                // days since 1970-01-01 in local time: names the window
};

class DayWindow {
 public:
  DayWindow() = default;  // UTC
  // An IANA name, read from the system's zone files.
  static Result<DayWindow> load(std::string_view zone);
  Day day_of(std::int64_t unix_ms) const noexcept;

 private:
  struct Change {
    std::int64_t at_s;
    std::int32_t offset_s;
  };
  std::int32_t offset_at(std::int64_t unix_s) const noexcept;

  std::int32_t first_offset_s_ = 0;
  std::vector<Change> changes_;
};

}  // namespace payswitch::daemon::transfer
