// Time that moves only when a test says so. One thread.
#pragma once

#include <cstdint>

namespace payswitch::testing {

class ManualClock {
 public:
  std::uint64_t now_ns() const noexcept { return now_ns_; }
  std::int64_t wall_ms() const noexcept { return wall_ms_; }
  void advance_ns(std::uint64_t ns) noexcept {
    now_ns_ += ns;
    wall_rest_ns_ += ns;
    wall_ms_ += static_cast<std::int64_t>(wall_rest_ns_ / 1'000'000);
    wall_rest_ns_ %= 1'000'000;
  }
  void advance_ms(std::uint64_t ms) noexcept { advance_ns(ms * 1'000'000); }
  void advance_to_ns(std::uint64_t at) noexcept {
    if (at > now_ns_) advance_ns(at - now_ns_);
  }
  void step_wall_ms(std::int64_t ms) noexcept { wall_ms_ += ms; }  // somebody set the clock; monotonic time does not notice

 private:
  std::uint64_t now_ns_ = 1'000'000'000;
  std::uint64_t wall_rest_ns_ = 0;
  std::int64_t wall_ms_ = 1'750'000'000'000;
};

}  // namespace payswitch::testing
