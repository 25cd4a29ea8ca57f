// Record slots that are open (have a next action), in the order in which they became so. The writer appends and now and then writes a
// new list without the dead; readers walk whichever list they found and check each record's present state.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "reclaimer.h"

namespace payswitch::local_ledger {

class OpenList {
 public:
  explicit OpenList(Reclaimer& reclaimer) : reclaimer_(reclaimer), list_(new List(1024)) {}
  ~OpenList() { delete list_.load(); }
  OpenList(const OpenList&) = delete;
  OpenList& operator=(const OpenList&) = delete;

  // [writer] alive(slot) says which of the old ones are still open.
  template <class Alive>
  void add(std::uint32_t slot, Alive&& alive) {
    List* list = list_.load(std::memory_order_relaxed);
    std::uint32_t n = list->size.load(std::memory_order_relaxed);
    if (n == list->capacity) {
      std::uint32_t live = 0;
      for (std::uint32_t i = 0; i != n; ++i) live += alive(list->slots[i].load(std::memory_order_relaxed)) ? 1u : 0u;
      auto* fresh = new List(std::uint64_t{live} * 2 < n ? n : n * 2);
      std::uint32_t used = 0;
      for (std::uint32_t i = 0; i != n; ++i) {
        const std::uint32_t each = list->slots[i].load(std::memory_order_relaxed);
        if (alive(each)) fresh->slots[used++].store(each, std::memory_order_relaxed);
      }
      fresh->size.store(used, std::memory_order_relaxed);
      list_.store(fresh, std::memory_order_release);
      reclaimer_.retire(list, [](void* p) { delete static_cast<List*>(p); });
      list = fresh;
      n = used;
    }
    list->slots[n].store(slot, std::memory_order_relaxed);
    list->size.store(n + 1, std::memory_order_release);
  }

  // [any, under a guard] Newest first, until f(slot) returns false.
  template <class F>
  void each(F&& f) const {
    const List* list = list_.load(std::memory_order_acquire);
    for (std::uint32_t i = list->size.load(std::memory_order_acquire); i-- != 0;) {
      if (!f(list->slots[i].load(std::memory_order_relaxed))) return;
    }
  }

 private:
  struct List {
    explicit List(std::uint32_t n) : capacity(n), slots(new std::atomic<std::uint32_t>[n]()) {}
    std::uint32_t capacity;
    std::atomic<std::uint32_t> size{0};
    std::unique_ptr<std::atomic<std::uint32_t>[]> slots;
  };
  Reclaimer& reclaimer_;
  std::atomic<List*> list_;
};

}  // namespace payswitch::local_ledger
