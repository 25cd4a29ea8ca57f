// A plain value that one thread publishes and any thread copies: words of relaxed atomics, made consistent across objects by one
// Snapshot counter (a seqlock: Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace payswitch::local_ledger {

template <class T>
class Published {
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) % 8 == 0);
  static constexpr std::size_t words = sizeof(T) / 8;

 public:
  void store(const T& value) noexcept {  // [writer] between Snapshot::begin and end
    std::uint64_t copy[words];
    std::memcpy(copy, &value, sizeof value);
    for (std::size_t i = 0; i != words; ++i) words_[i].store(copy[i], std::memory_order_relaxed);
  }
  T load() const noexcept {  // [any] means something only if the snapshot around it holds
    std::uint64_t copy[words];
    for (std::size_t i = 0; i != words; ++i) copy[i] = words_[i].load(std::memory_order_relaxed);
    T out;
    std::memcpy(&out, copy, sizeof out);
    return out;
  }

 private:
  std::atomic<std::uint64_t> words_[words]{};
};

// One publication = one synced batch. Readers copy what they need and ask whether a publication came between; publishing takes
// microseconds, so a reader that fails tries again a few times and else takes the writer's queue.
class Snapshot {
 public:
  void begin() noexcept {  // [writer]
    version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
  }
  void end() noexcept { version_.store(version_.load(std::memory_order_relaxed) + 1, std::memory_order_release); }  // [writer]

  // [any] Runs f() until nothing was published meanwhile; false after `tries`. f must be repeatable.
  template <class F>
  bool read(unsigned tries, F&& f) const {
    for (unsigned i = 0; i != tries; ++i) {
      const std::uint64_t before = version_.load(std::memory_order_acquire);
      if ((before & 1) != 0) {
        relax();
        continue;
      }
      f();
      std::atomic_thread_fence(std::memory_order_acquire);
      if (version_.load(std::memory_order_relaxed) == before) return true;
    }
    return false;
  }

 private:
  static void relax() noexcept {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  std::atomic<std::uint64_t> version_{0};
};

}  // namespace payswitch::local_ledger
