// The ledger's own clock, by which holds expire, leases end and windows turn: the wall clock as long as that goes forward. Where the wall
// clock steps back, this one runs on from where it was, at the monotonic clock's pace: it never goes back, and it never stands still,
// or nothing that waits for a time would be done until the wall clock has caught up.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace payswitch::local_ledger {

class WallClock {
 public:
  virtual ~WallClock() = default;
  virtual std::int64_t wall_ms() const = 0;       // may jump
  virtual std::int64_t monotonic_ms() const = 0;  // does not; its zero is anywhere
};

class LedgerClock {
 public:
  explicit LedgerClock(const WallClock& wall) : wall_(wall) {}

  // [writer] Before any other use: not behind what the journal says.
  void start(std::int64_t last_ms) noexcept { offset_ms_.store(std::max(last_ms, wall_.wall_ms()) - wall_.monotonic_ms(), std::memory_order_relaxed); }
  // [writer] Takes the wall clock's steps forward; once a batch.
  std::int64_t tick() noexcept {
    const std::int64_t wall = wall_.wall_ms(), monotonic = wall_.monotonic_ms(), carried = monotonic + offset_ms_.load(std::memory_order_relaxed);
    if (wall > carried) offset_ms_.store(wall - monotonic, std::memory_order_relaxed);
    return std::max(wall, carried);
  }
  // [any]
  std::int64_t now_ms() const noexcept { return std::max(wall_.wall_ms(), wall_.monotonic_ms() + offset_ms_.load(std::memory_order_relaxed)); }

 private:
  const WallClock& wall_;
  std::atomic<std::int64_t> offset_ms_{0};  // of the monotonic clock; only ever grows
};

}  // namespace payswitch::local_ledger
