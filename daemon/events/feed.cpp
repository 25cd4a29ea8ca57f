#include "events/feed.h"

#include <utility>

namespace payswitch::daemon::events {

Feed::Feed(unsigned loops, Wake wake, void* wake_context) : wake_(wake), wake_context_(wake_context) {
  for (unsigned i = 0; i != loops; ++i) {
    loops_.push_back(std::make_unique<PerLoop>());
    loops_.back()->queue.reserve(changes_max);
    loops_.back()->taken.reserve(changes_max);
  }
}
Feed::~Feed() = default;

void Feed::changed(unsigned loop, const transfer::Change& change) noexcept {
  for (unsigned i = 0; i != loops_.size(); ++i) {
    auto& other = *loops_[i];
    if (i == loop || !other.waits.load(std::memory_order_acquire)) continue;
    bool first = false;
    {
      const std::lock_guard lock(other.mutex);
      if (other.queue.size() == changes_max) {
        lost_.fetch_add(1, std::memory_order_relaxed);
        continue;
      }
      first = other.queue.empty();
      other.queue.push_back(change);  // reserved: no allocation
    }
    if (first) wake_(wake_context_, i);  // one wake-up for all that gathers until it is taken
  }
}

void Feed::deliver(unsigned loop, transfer::Coordinator& coordinator) {
  note_waiters(loop, coordinator.counters().waiting != 0);
  for (const auto& change : take(loop)) coordinator.changed(change);
}

std::span<const transfer::Change> Feed::take(unsigned loop) {
  auto& mine = *loops_[loop];
  mine.taken.clear();
  const std::lock_guard lock(mine.mutex);
  std::swap(mine.queue, mine.taken);
  return mine.taken;
}

}  // namespace payswitch::daemon::events
