// Keeps new credits away from a bank that does not answer. Opens on five time-outs in a row, or when half of the last twenty answers
// were unknown; is tried with hello, never with a customer's money. "No such account" and the like are health.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

namespace payswitch::daemon::plugin_host {

class Breaker {
 public:
  static constexpr std::uint32_t timeouts_in_a_row = 5;
  static constexpr std::uint32_t window = 20;      // answers looked at
  static constexpr std::uint32_t window_min = 10;  // before that many, no judgement by share
  static constexpr std::uint64_t probe_ns_first = 1'000'000'000;
  static constexpr std::uint64_t probe_ns_max = 30'000'000'000;

  enum class Answer { good, unknown, timeout };

  bool open() const noexcept { return open_.load(std::memory_order_relaxed); }  // any thread

  // Any thread. True if this answer opened it.
  bool record(Answer answer, std::uint64_t now_ns) noexcept {
    if (answer == Answer::good && all_good_.load(std::memory_order_relaxed)) return false;  // one more of the same changes nothing
    const std::lock_guard guard(mutex_);
    if (open()) return false;
    timeouts_ = answer == Answer::timeout ? timeouts_ + 1 : 0;
    const std::uint32_t bit = 1u << (seen_ % window);
    bad_ = answer == Answer::good ? bad_ & ~bit : bad_ | bit;
    ++seen_;
    all_good_.store(seen_ >= window && bad_ == 0 && timeouts_ == 0, std::memory_order_relaxed);
    const std::uint32_t looked_at = seen_ < window ? seen_ : window;
    const auto bad = static_cast<std::uint32_t>(__builtin_popcount(bad_));
    if (timeouts_ < timeouts_in_a_row && (looked_at < window_min || bad * 2 < looked_at)) return false;
    probe_after_ns_ = probe_ns_first;
    next_probe_ns_.store(now_ns + probe_after_ns_, std::memory_order_relaxed);
    open_.store(true, std::memory_order_relaxed);
    return true;
  }

  // When the next hello is due, UINT64_MAX while closed or while one is under way. Any thread.
  std::uint64_t probe_due_ns() const noexcept { return open() ? next_probe_ns_.load(std::memory_order_relaxed) : UINT64_MAX; }
  void probe_started() noexcept { next_probe_ns_.store(UINT64_MAX, std::memory_order_relaxed); }
  // True if that closed it.
  bool probe_answered(bool good, std::uint64_t now_ns) noexcept {
    const std::lock_guard guard(mutex_);
    if (!open()) return false;
    if (!good) {
      probe_after_ns_ = probe_after_ns_ * 2 < probe_ns_max ? probe_after_ns_ * 2 : probe_ns_max;
      next_probe_ns_.store(now_ns + probe_after_ns_, std::memory_order_relaxed);
      return false;
    }
    timeouts_ = seen_ = bad_ = 0;
    open_.store(false, std::memory_order_relaxed);
    return true;
  }

 private:
  std::atomic<bool> open_{false};
  std::atomic<std::uint64_t> next_probe_ns_{UINT64_MAX};
  std::atomic<bool> all_good_{false};  // the whole window is good: the usual case takes no lock
  std::mutex mutex_;
  std::uint32_t timeouts_ = 0, seen_ = 0, bad_ = 0;
  std::uint64_t probe_after_ns_ = probe_ns_first;
};

}  // namespace payswitch::daemon::plugin_host
