// Work that crosses a thread: many producers hand over batches, one consumer takes all that is there, in order, without a lock.
// Intrusive: what travels derives from MpscNode and is owned by nobody in between, so there is no allocation and no bound here;
// the bound is the number of objects that exist (slots of a pool).
#pragma once

#include <atomic>

namespace payswitch::daemon {

struct MpscNode {
  MpscNode* mpsc_next = nullptr;   // the next item of the same batch
  MpscNode* mpsc_batch = nullptr;  // of a batch's first item: the batch that was pushed before (while listed), after (when taken)
};

// A batch under construction: one thread. Empty again after it was pushed.
template <class T>
class MpscBatch {
 public:
  bool empty() const noexcept { return oldest_ == nullptr; }
  void append(T* item) noexcept {
    MpscNode* node = item;
    node->mpsc_next = nullptr;
    if (newest_ != nullptr) {
      newest_->mpsc_next = node;
    } else {
      oldest_ = node;
    }
    newest_ = node;
  }

 private:
  template <class U>
  friend class MpscList;
  MpscNode* newest_ = nullptr;
  MpscNode* oldest_ = nullptr;
};

// What take_all() returns, oldest first. Ask next() before giving the item away: its links may be reused from then on.
template <class T>
class MpscTaken {
 public:
  explicit MpscTaken(MpscNode* first_batch) noexcept : next_(first_batch), later_(first_batch == nullptr ? nullptr : first_batch->mpsc_batch) {}
  bool empty() const noexcept { return next_ == nullptr; }
  // The next item, or nullptr at the end.
  T* next() noexcept {
    MpscNode* const node = next_;
    if (node == nullptr) return nullptr;
    next_ = node->mpsc_next;
    if (next_ == nullptr && later_ != nullptr) {
      next_ = later_;
      later_ = later_->mpsc_batch;
    }
    return static_cast<T*>(node);
  }
  // What next() will return, so that its memory can be fetched meanwhile; nullptr at the end.
  const T* peek() const noexcept { return static_cast<const T*>(next_); }

 private:
  MpscNode* next_;
  MpscNode* later_;  // first item of the batch after this one
};

// Batches stay as they were linked and only their heads are turned round: taking costs per batch, not per item.
template <class T>
class MpscList {
 public:
  // Any thread. One compare-and-swap for the whole batch. True if the list was empty before: the consumer may be asleep.
  bool push(MpscBatch<T>& batch) noexcept {
    if (batch.empty()) return false;
    MpscNode* head = head_.load(std::memory_order_relaxed);
    do {
      batch.oldest_->mpsc_batch = head;
    } while (!head_.compare_exchange_weak(head, batch.oldest_, std::memory_order_seq_cst, std::memory_order_relaxed));
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
    MpscNode* batch = head_.exchange(nullptr, std::memory_order_seq_cst);
    MpscNode* first = nullptr;
    while (batch != nullptr) {
      MpscNode* const before = batch->mpsc_batch;
      batch->mpsc_batch = first;
      first = batch;
      batch = before;
    }
    return MpscTaken<T>(first);
  }
  bool empty() const noexcept { return head_.load(std::memory_order_seq_cst) == nullptr; }

 private:
  alignas(64) std::atomic<MpscNode*> head_{nullptr};
};

}  // namespace payswitch::daemon
