// Hash → 64-bit value, open addressing, 16 bytes a slot, never smaller, nothing removed. One writer, any readers without locks: a
// slot is filled hash first, value last (release), and values are never 0. The caller confirms a match by looking at what the value
// stands for, so two keys with one hash are no problem. 64 shards, so that growing moves 1/64 of the entries at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "reclaimer.h"
#include "status.h"

namespace payswitch::local_ledger {

class FlatIndex {
 public:
  explicit FlatIndex(Reclaimer& reclaimer) : reclaimer_(reclaimer) {
    for (Shard& shard : shards_) shard.table.store(new_table(16), std::memory_order_release);
  }
  ~FlatIndex() {
    for (Shard& shard : shards_) delete_table(shard.table.load());
  }
  FlatIndex(const FlatIndex&) = delete;
  FlatIndex& operator=(const FlatIndex&) = delete;

  // [any, under a Reclaimer::Guard unless it is the writer] The first value with this hash for which match(value) is true, or 0.
  template <class Match>
  std::uint64_t find(std::uint64_t hash, Match&& match) const {
    const Table* table = shards_[hash >> 58].table.load(std::memory_order_acquire);
    for (std::size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
      const std::uint64_t value = table->slots[i].value.load(std::memory_order_acquire);
      if (value == 0) return 0;
      if (table->slots[i].hash.load(std::memory_order_relaxed) == hash && match(value)) return value;
    }
  }

  // [writer] The caller knows that the key is not there.
  void insert(std::uint64_t hash, std::uint64_t value) {
    PSW_LEDGER_ASSERT(value != 0);
    Shard& shard = shards_[hash >> 58];
    Table* table = shard.table.load(std::memory_order_relaxed);
    if (shard.used * 4 >= (table->mask + 1) * 3) table = grow(shard, table);
    put(*table, hash, value);
    ++shard.used;
  }

  // [writer] Replaces the value of an entry; readers see the old or the new one.
  void replace(std::uint64_t hash, std::uint64_t old_value, std::uint64_t value) {
    Table* table = shards_[hash >> 58].table.load(std::memory_order_relaxed);
    for (std::size_t i = hash & table->mask;; i = (i + 1) & table->mask) {
      const std::uint64_t present = table->slots[i].value.load(std::memory_order_relaxed);
      PSW_LEDGER_ASSERT(present != 0);
      if (present == old_value && table->slots[i].hash.load(std::memory_order_relaxed) == hash) {
        table->slots[i].value.store(value, std::memory_order_release);
        return;
      }
    }
  }

  // [writer] Brings the slot of a hash into the cache before it is needed.
  void prefetch(std::uint64_t hash) const noexcept {
    const Table* table = shards_[hash >> 58].table.load(std::memory_order_relaxed);
    __builtin_prefetch(&table->slots[hash & table->mask]);
  }

 private:
  struct Slot {
    std::atomic<std::uint64_t> hash, value;
  };
  struct Table {
    std::size_t mask;
    Slot* slots;
  };
  struct Shard {
    std::atomic<Table*> table{nullptr};
    std::size_t used = 0;
  };

  static Table* new_table(std::size_t slots) { return new Table{slots - 1, new Slot[slots]()}; }
  static void delete_table(void* table) {
    delete[] static_cast<Table*>(table)->slots;
    delete static_cast<Table*>(table);
  }
  static void put(Table& table, std::uint64_t hash, std::uint64_t value) {
    std::size_t i = hash & table.mask;
    while (table.slots[i].value.load(std::memory_order_relaxed) != 0) i = (i + 1) & table.mask;
    table.slots[i].hash.store(hash, std::memory_order_relaxed);
    table.slots[i].value.store(value, std::memory_order_release);
  }
  Table* grow(Shard& shard, Table* old) {
    Table* table = new_table((old->mask + 1) * 2);
    for (std::size_t i = 0; i <= old->mask; ++i) {
      const std::uint64_t value = old->slots[i].value.load(std::memory_order_relaxed);
      if (value != 0) put(*table, old->slots[i].hash.load(std::memory_order_relaxed), value);
    }
    shard.table.store(table, std::memory_order_release);
    reclaimer_.retire(old, delete_table);
    return table;
  }

  Reclaimer& reclaimer_;
  Shard shards_[64];
};

}  // namespace payswitch::local_ledger
