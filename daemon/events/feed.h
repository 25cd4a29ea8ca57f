// The in-process feed of durable changes: what one loop has written, told to the loops where somebody waits for it. A hint, never the
// truth: who is woken reads the ledger, and a lost hint costs a look half a second later.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "transfer/coordinator.h"

namespace payswitch::daemon::events {

class Feed final : public transfer::ChangeSink {
 public:
  // wake(context, loop): deliver(loop, …) is to run soon on that loop. Any thread; must not block.
  using Wake = void (*)(void* context, unsigned loop);
  Feed(unsigned loops, Wake wake, void* wake_context);
  ~Feed();

  // On `loop`, after the commit. Told to every other loop that waits for something.
  void changed(unsigned loop, const transfer::Change& change) noexcept override;
  // On `loop`, after each of its batches: hands over what came and notes whether anybody waits here.
  void deliver(unsigned loop, transfer::Coordinator& coordinator);
  // The two halves of it. What is taken is good until the loop takes again.
  void note_waiters(unsigned loop, bool waits) noexcept { loops_[loop]->waits.store(waits, std::memory_order_release); }
  std::span<const transfer::Change> take(unsigned loop);

  std::uint64_t lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

  static constexpr std::size_t changes_max = 1024;  // waiting for one loop; above it: dropped and counted, waiters look by themselves

 private:
  struct PerLoop {
    std::atomic<bool> waits{false};
    std::mutex mutex;  // held for a copy of at most changes_max entries
    std::vector<transfer::Change> queue;
    std::vector<transfer::Change> taken;  // of the loop itself
  };
  Wake wake_;
  void* wake_context_;
  std::vector<std::unique_ptr<PerLoop>> loops_;
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace payswitch::daemon::events
