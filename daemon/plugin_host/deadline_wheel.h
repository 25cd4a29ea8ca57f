// Call deadlines of one loop: coarse (4 ms), constant time, no allocation. A call that is answered in time costs two pointer writes.
#pragma once

#include <array>
#include <cstdint>

#include "plugin_host/call_slot.h"

namespace payswitch::daemon::plugin_host {

class DeadlineWheel {
 public:
  static constexpr unsigned tick_bits = 22;  // 4.19 ms
  static constexpr std::uint64_t tick_ns = 1ull << tick_bits;
  static constexpr std::uint32_t buckets = 1024;  // 4.3 s; later deadlines wait for another round

  explicit DeadlineWheel(std::uint64_t now_ns) noexcept : tick_(now_ns >> tick_bits) {}

  void add(CallSlot& slot) noexcept {
    std::uint64_t tick = slot.expires_ns >> tick_bits;
    if (tick <= tick_) tick = tick_ + 1;
    CallSlot** const head = &buckets_[tick % buckets];
    slot.timer_next = *head;
    slot.timer_link = head;
    if (*head != nullptr) (*head)->timer_link = &slot.timer_next;
    *head = &slot;
    ++count_;
  }
  void remove(CallSlot& slot) noexcept {
    if (slot.timer_link == nullptr) return;
    *slot.timer_link = slot.timer_next;
    if (slot.timer_next != nullptr) slot.timer_next->timer_link = slot.timer_link;
    slot.timer_link = nullptr;
    --count_;
  }

  // Calls on_expired(slot) for each slot whose time has come; it is no longer in the wheel then.
  template <class F>
  void advance(std::uint64_t now_ns, F&& on_expired) noexcept {
    const std::uint64_t now_tick = now_ns >> tick_bits;
    if (count_ == 0) {
      if (now_tick > tick_) tick_ = now_tick;
      return;
    }
    // After a long pause one round over all buckets sees everything.
    std::uint64_t steps = now_tick > tick_ ? now_tick - tick_ : 0;
    if (steps > buckets) {
      steps = buckets;
      tick_ = now_tick - buckets;
    }
    for (; steps > 0; --steps) {
      ++tick_;
      CallSlot* slot = buckets_[tick_ % buckets];
      buckets_[tick_ % buckets] = nullptr;
      while (slot != nullptr) {
        CallSlot* const next = slot->timer_next;
        slot->timer_link = nullptr;
        --count_;
        if (slot->expires_ns <= now_ns) {
          on_expired(*slot);
        } else {
          add(*slot);
        }
        slot = next;
      }
    }
  }

  // When to look again: the next tick while anything is in flight.
  std::uint64_t next_due_ns() const noexcept { return count_ == 0 ? UINT64_MAX : (tick_ + 1) << tick_bits; }
  std::uint64_t count() const noexcept { return count_; }

 private:
  std::uint64_t tick_;
  std::uint64_t count_ = 0;
  std::array<CallSlot*, buckets> buckets_{};
};

}  // namespace payswitch::daemon::plugin_host
