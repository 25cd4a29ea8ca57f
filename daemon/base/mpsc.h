// Work that crosses a thread: many producers hand over batches, one consumer takes all that is there, in order, without a lock.
// Intrusive: what travels derives from MpscNode and is owned by nobody in between, so there is no allocation and no bound here;
// the bound is the number of objects that exist (slots of a pool).
#pragma once

#include <atomic>

namespace payswitch::daemon {

struct MpscNode {
  MpscNode* mpsc_next = nullptr;
};

// A batch under construction: one thread. Empty again after it was pushed.
template <class T>
class MpscBatch {
 public:
  bool empty() const noexcept { return newest_ == nullptr; }
  void append(T* item) noexcept {
    MpscNode* node = item;
    node->mpsc_next = newest_;
    newest_ = node;
    if (oldest_ == nullptr) oldest_ = node;
  }

 private:
  template <class U>
  friend class MpscList;
  MpscNode* newest_ = nullptr;
  MpscNode* oldest_ = nullptr;
};

// What take_all() returns, oldest first. Ask next() before giving the item away: its link may be reused from then on.
template <class T>
class MpscTaken {
 public:
  explicit MpscTaken(MpscNode* first) noexcept : next_(first) {}
  bool empty() const noexcept { return next_ == nullptr; }
  // The next item, or nullptr at the end.
  T* next() noexcept {
    MpscNode* node = next_;
    if (node != nullptr) next_ = node->mpsc_next;
    return static_cast<T*>(node);
  }

 private:
  MpscNode* next_;
};

template <class T>
class MpscList {
 public:
  // Any thread. One compare-and-swap for the whole batch. True if the list was empty before: the consumer may be asleep.
  bool push(MpscBatch<T>& batch) noexcept {
    if (batch.empty()) return false;
    MpscNode* head = head_.load(std::memory_order_relaxed);
    do {
      batch.oldest_->mpsc_next = head;
    } while (!head_.compare_exchange_weak(head, batch.newest_, std::memory_order_seq_cst, std::memory_order_relaxed));
    batch.newest_ = batch.oldest_ = nullptr;
    return head == nullptr;
  }
  bool push(T* item) noexcept {
    MpscBatch<T> batch;
    batch.append(item);
    return push(batch);
  }

  // The consumer. Items of one producer come in the order in which it appended and pushed them.
  MpscTaken<T> take_all() noexcept {
    MpscNode* node = head_.exchange(nullptr, std::memory_order_seq_cst);
    MpscNode* first = nullptr;
    while (node != nullptr) {
      MpscNode* older = node->mpsc_next;
      node->mpsc_next = first;
      first = node;
      node = older;
    }
    return MpscTaken<T>(first);
  }
  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  alignas(64) std::atomic<MpscNode*> head_{nullptr};
};

}  // namespace payswitch::daemon
