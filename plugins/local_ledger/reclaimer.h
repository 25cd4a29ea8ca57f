// Memory that readers may still look at after the writer has unlinked it (read-copy-update with two reader counters, after SRCU:
// Documentation/RCU/whatisRCU.rst of the Linux kernel). A reader pays two atomic additions per read and never waits; the writer
// never waits either: what cannot be freed yet is looked at again on its next turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

namespace payswitch::local_ledger {

class Reclaimer {
 public:
  Reclaimer() = default;
  ~Reclaimer() {
    free_all(before_);
    free_all(now_);
  }
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  // [any] What was reachable when the guard was made stays valid until it is destroyed.
  class Guard {
   public:
    explicit Guard(Reclaimer& of) noexcept {
      for (;;) {
        const unsigned phase = of.phase_.load();
        count_ = &of.readers_[phase].count;
        count_->fetch_add(1);
        if (of.phase_.load() == phase) return;
        count_->fetch_sub(1);
      }
    }
    ~Guard() { count_->fetch_sub(1); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    std::atomic<std::uint64_t>* count_;
  };

  // [writer] `object` was unlinked; `release` is called when no reader can see it any more.
  void retire(void* object, void (*release)(void*)) { now_.push_back({object, release}); }

  // [writer] Frees what has become free. Readers that began in the other phase may hold `before_`; once they are gone it is freed, and
  // what was retired since waits for the readers of the present phase.
  void advance() {
    if (before_.empty() && now_.empty()) return;
    const unsigned phase = phase_.load();
    if (readers_[1 - phase].count.load() != 0) return;
    free_all(before_);
    before_.swap(now_);
    phase_.store(1 - phase);
  }

 private:
  struct Retired {
    void* object;
    void (*release)(void*);
  };
  static void free_all(std::vector<Retired>& list) {
    for (const Retired& item : list) item.release(item.object);
    list.clear();
  }

  struct alignas(64) Readers {
    std::atomic<std::uint64_t> count{0};
  };
  std::atomic<unsigned> phase_{0};
  Readers readers_[2];
  std::vector<Retired> before_, now_;
};

}  // namespace payswitch::local_ledger
