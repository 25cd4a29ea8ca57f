// Time as a parameter: nothing below app/ asks the kernel what time it is.
#pragma once

#include <cstdint>

namespace payswitch::daemon {

class Clock {
 public:
  virtual ~Clock() = default;
  // CLOCK_MONOTONIC in nanoseconds: the only clock for call deadlines and timers. Any thread.
  virtual std::uint64_t monotonic_ns() const noexcept = 0;
  // Unix time in milliseconds: for people and for not_after on the wire; no decision compares it with another machine's. Any thread.
  virtual std::int64_t wall_ms() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  std::uint64_t monotonic_ns() const noexcept override;
  std::int64_t wall_ms() const noexcept override;
};

// Moves only when told to; one thread.
class ManualClock final : public Clock {
 public:
  std::uint64_t monotonic_ns() const noexcept override { return monotonic_ns_; }
  std::int64_t wall_ms() const noexcept override { return wall_ms_; }
  void advance_ms(std::int64_t ms) { monotonic_ns_ += static_cast<std::uint64_t>(ms) * 1'000'000; wall_ms_ += ms; }
  void step_wall_ms(std::int64_t ms) { wall_ms_ += ms; }

 private:
  std::uint64_t monotonic_ns_ = 1'000'000'000;
  std::int64_t wall_ms_ = 1'750'000'000'000;
};

}  // namespace payswitch::daemon
