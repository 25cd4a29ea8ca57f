#include "plugin_host/lane.h"

#include <unistd.h>

#include <algorithm>

#include "plugin_host/connector.h"

namespace payswitch::daemon::plugin_host {

Turn*& current_turn() noexcept {
  static thread_local Turn* turn = nullptr;
  return turn;
}

Lane::Lane(Connector& connector, std::uint32_t index, const LaneText& text, const Clock& clock, unsigned home_loop)
    : connector_(connector), clock_(clock), index_(index), mode_(text.mode), threads_(text.threads), inbox_max_(text.inbox_max), home_loop_(home_loop) {}

Lane::~Lane() {
  empty([](CallSlot&) {});
}

std::uint32_t Lane::reserve(std::uint32_t n) noexcept {
  const std::uint32_t before = queued_.fetch_add(n, std::memory_order_relaxed);
  if (before + n <= inbox_max_) [[likely]] return n;
  const std::uint32_t fits = before < inbox_max_ ? inbox_max_ - before : 0;
  queued_.fetch_sub(n - fits, std::memory_order_relaxed);
  return fits;
}

void Lane::push(MpscBatch<LaneNode>& batch) noexcept {
  if (batch.empty()) return;
  const bool was_empty = inbox_.push(batch);
  if (was_empty && by_fd_.load(std::memory_order_relaxed)) {
    const std::uint64_t one = 1;
    if (::write(event_.fd(), &one, sizeof one) < 0) return;  // the counter is full: readable anyway
    return;
  }
  notify();
}

bool Lane::post(EventNode* event, bool always) noexcept {
  if (always) {
    queued_.fetch_add(1, std::memory_order_relaxed);
  } else if (reserve(1) == 0) {
    return false;
  }
  MpscBatch<LaneNode> batch;
  batch.append(event);
  push(batch);
  return true;
}

void Lane::notify() noexcept {
  switch (mode_) {
    case PSW_LANE_SHARED:
      if (!scheduled_.exchange(true, std::memory_order_seq_cst)) connector_.wake_loop(home_loop_);
      break;
    case PSW_LANE_BLOCKING: {
      const std::lock_guard guard(consumer_);
      if (waiting_ > 0) arrived_.notify_all();
      break;
    }
    default: event_.notify();
  }
}

void Lane::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  if (by_fd_.load(std::memory_order_relaxed)) {
    const std::uint64_t one = 1;
    if (::write(event_.fd(), &one, sizeof one) < 0) return;
  }
  notify();
}

bool Lane::add_timer(std::uint64_t at_ns, std::uint64_t token) noexcept {
  bool earlier = false;
  {
    const std::lock_guard guard(timers_mutex_);
    if (timers_.size() >= lane_timers_max) return false;
    timers_.push_back({at_ns, token});
    std::push_heap(timers_.begin(), timers_.end());
    earlier = at_ns < next_timer_ns_.load(std::memory_order_relaxed);
    if (earlier) next_timer_ns_.store(at_ns, std::memory_order_seq_cst);
  }
  // A consumer that sleeps until a later time has to look again; inside its own turn it will look anyway.
  const Turn* const turn = current_turn();
  if (earlier && (turn == nullptr || &turn->lane != this)) interrupt();
  return true;
}

int Lane::fd() noexcept {
  by_fd_.store(true, std::memory_order_seq_cst);
  const std::uint64_t one = 1;  // whatever came before is to be seen
  if (::write(event_.fd(), &one, sizeof one) < 0) return event_.fd();
  return event_.fd();
}

std::uint64_t Lane::next_due_ns() const noexcept {
  return std::min(next_timer_ns_.load(std::memory_order_relaxed), turn_due_ns_.load(std::memory_order_relaxed));
}

bool Lane::has_work(std::uint64_t now_ns) noexcept { return queued() > 0 || next_due_ns() <= now_ns; }

std::uint32_t Lane::collect_timers(Turn& turn, std::uint32_t max, std::uint64_t now_ns) noexcept {
  if (next_timer_ns_.load(std::memory_order_relaxed) > now_ns) [[likely]] return 0;
  const std::lock_guard guard(timers_mutex_);
  std::uint32_t n = 0;
  while (n < max && !timers_.empty() && timers_.front().at_ns <= now_ns) {
    turn.events[n++] = psw_event{sizeof(psw_event), PSW_EV_TIMER, timers_.front().token, nullptr};
    std::pop_heap(timers_.begin(), timers_.end());
    timers_.pop_back();
  }
  next_timer_ns_.store(timers_.empty() ? UINT64_MAX : timers_.front().at_ns, std::memory_order_relaxed);
  return n;
}

std::uint32_t Lane::collect(Turn& turn, std::uint32_t max) noexcept {
  const std::uint64_t now_ns = clock_.monotonic_ns();
  std::uint32_t n = collect_timers(turn, max, now_ns);
  // First say so, then look whether it is still allowed: who stops the connector does it the other way round, and one of both sees the other.
  taking_.store(true, std::memory_order_seq_cst);
  if (!connector_.stopping_for_sure()) n = collect_inbox(turn, n, max, now_ns);
  taking_.store(false, std::memory_order_release);
  return n;
}

std::uint32_t Lane::collect_inbox(Turn& turn, std::uint32_t n, std::uint32_t max, std::uint64_t now_ns) noexcept {
  std::uint32_t left = 0;  // nodes that left the inbox
  while (n < max) {
    if (pending_.empty()) {
      if (inbox_.empty()) break;
      pending_ = inbox_.take_all();
    }
    LaneNode* const node = pending_.next();
    if (const LaneNode* const after = pending_.peek()) __builtin_prefetch(after, 1);
    ++left;
    psw_event& event = turn.events[n];
    if (node->kind() == LaneNode::Kind::call) [[likely]] {
      CallSlot& slot = static_cast<CallSlot&>(*node);
      if (slot.op.call_deadline_ns != 0 && slot.op.call_deadline_ns <= now_ns) [[unlikely]] {
        connector_.never_left(slot, PSW_OVERLOADED, "inbox_late", "the call deadline passed before the connector took the operation");
        continue;
      }
      slot.taken = true;
      slot.open.store(slot.op.handle, std::memory_order_relaxed);
      event = psw_event{sizeof(psw_event), PSW_EV_OP, slot.op.handle, &slot.op};
    } else {
      EventNode* const posted = static_cast<EventNode*>(node);
      event = posted->event;
      posted->mpsc_next = turn.lent;
      turn.lent = posted;
    }
    ++n;
  }
  if (left > 0) queued_.fetch_sub(left, std::memory_order_relaxed);
  return n;
}

void Lane::recycle_lent(Turn& turn) noexcept {
  while (turn.lent != nullptr) {
    EventNode* const event = turn.lent;
    turn.lent = static_cast<EventNode*>(event->mpsc_next);
    event->recycle();
  }
}

std::uint32_t Lane::take(Turn& turn, const psw_event** out, std::uint32_t max, std::uint64_t wait_ns) noexcept {
  recycle_lent(turn);
  if (connector_.stopping()) return 0;
  max = std::min(max, mode_ == PSW_LANE_BLOCKING ? 1u : take_events_max);
  const std::uint64_t until_ns = turn.may_wait && wait_ns > 0 ? clock_.monotonic_ns() + std::min(wait_ns, lane_wait_ns_max) : 0;
  std::uint32_t n = 0;
  for (;;) {
    const bool fd_mode = by_fd_.load(std::memory_order_relaxed);
    if (fd_mode) event_.drain();
    if (mode_ == PSW_LANE_BLOCKING) {
      const std::lock_guard guard(consumer_);
      n = collect(turn, max);
    } else {
      n = collect(turn, max);
    }
    if (fd_mode && (!pending_.empty() || !inbox_.empty())) {
      const std::uint64_t one = 1;
      if (::write(event_.fd(), &one, sizeof one) < 0) break;
    }
    if (n > 0 || until_ns == 0 || connector_.stopping() || interrupted_.exchange(false, std::memory_order_relaxed)) break;
    const std::uint64_t now_ns = clock_.monotonic_ns();
    if (now_ns >= until_ns) break;
    wait(until_ns - now_ns);
  }
  turn.taken += n;
  for (std::uint32_t i = 0; i < n; ++i) out[i] = &turn.events[i];
  return n;
}

void Lane::wait(std::uint64_t ns) noexcept {
  const std::uint64_t now_ns = clock_.monotonic_ns();
  const std::uint64_t due_ns = next_due_ns();
  if (due_ns <= now_ns) return;
  ns = std::min({ns, due_ns - now_ns, lane_wait_ns_max});
  if (mode_ == PSW_LANE_BLOCKING) {
    std::unique_lock lock(consumer_);
    ++waiting_;
    arrived_.wait_for(lock, std::chrono::nanoseconds(ns), [&] { return !pending_.empty() || !inbox_.empty() || interrupted_.exchange(false) || connector_.stopping(); });
    --waiting_;
    return;
  }
  const bool sleep = event_.announce_sleep([&] { return pending_.empty() && inbox_.empty() && !interrupted_.load(std::memory_order_seq_cst) && !connector_.stopping(); });
  if (sleep) event_.wait(static_cast<int>((ns + 999'999) / 1'000'000));
  if (!by_fd_.load(std::memory_order_relaxed)) event_.awake();
}

}  // namespace payswitch::daemon::plugin_host
