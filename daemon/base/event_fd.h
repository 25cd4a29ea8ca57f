// A wake-up that costs a system call only when the consumer really sleeps.
//
// Consumer:  for (;;) { work on everything there is;
//              if (!event.announce_sleep([&] { return list.empty(); })) continue;
//              event.wait(timeout_ms); }
// Producer:  list.push(batch); event.notify();
#pragma once

#include <atomic>
#include <cstdint>

#include "base/file.h"

namespace payswitch::daemon {

class EventFd {
 public:
  // Aborts if the kernel gives no eventfd: nothing works without.
  EventFd();

  int fd() const noexcept { return fd_.get(); }

  // Any thread, after the work was made visible. Writes only if the consumer announced that it sleeps.
  void notify() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (sleeping_.load(std::memory_order_relaxed) && sleeping_.exchange(false, std::memory_order_acq_rel)) write_one();
  }

  // Consumer: says "I am going to sleep", then looks once more. False: there is work after all, do not sleep.
  template <class NothingToDo>
  bool announce_sleep(NothingToDo nothing_to_do) noexcept {
    sleeping_.store(true, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (nothing_to_do()) return true;
    sleeping_.store(false, std::memory_order_relaxed);
    return false;
  }
  // Consumer: sleeps until notified or timeout_ms (−1 for ever). A spurious return is allowed.
  void wait(int timeout_ms) noexcept;
  // Consumer that sleeps in a poll of its own over fd(): after it woke up.
  void awake() noexcept {
    sleeping_.store(false, std::memory_order_relaxed);
  }
  // Empties the counter after fd() was readable.
  void drain() noexcept;

 private:
  void write_one() noexcept;

  Fd fd_;
  alignas(64) std::atomic<bool> sleeping_{false};
};

}  // namespace payswitch::daemon
