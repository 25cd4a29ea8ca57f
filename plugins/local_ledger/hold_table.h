// Open holds by posting id: open addressing, entries move together when one is removed (Knuth, TAOCP 3, 6.4, algorithm R). Writer only.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace payswitch::local_ledger {

struct Hold {
  psw_id id{};
  std::uint32_t debit = 0, credit = 0;
  std::int64_t minor = 0;
  std::uint64_t offset = 0;  // of the entry that made it; 0 = free slot
};

class HoldTable {
 public:
  HoldTable() : slots_(1024) {}

  const Hold* find(const psw_id& id) const noexcept {
    for (std::size_t i = home(id);; i = (i + 1) & (slots_.size() - 1)) {
      if (slots_[i].offset == 0) return nullptr;
      if (std::memcmp(slots_[i].id.b, id.b, sizeof id.b) == 0) return &slots_[i];
    }
  }
  void insert(const Hold& hold) {
    if ((size_ + 1) * 2 > slots_.size()) {
      std::vector<Hold> old(slots_.size() * 2);
      old.swap(slots_);
      for (const Hold& each : old) {
        if (each.offset != 0) put(each);
      }
    }
    put(hold);
    ++size_;
  }
  void erase(const psw_id& id) noexcept {
    const Hold* found = find(id);
    if (found == nullptr) return;
    const std::size_t mask = slots_.size() - 1;
    auto hole = static_cast<std::size_t>(found - slots_.data());
    for (std::size_t i = (hole + 1) & mask; slots_[i].offset != 0; i = (i + 1) & mask) {
      if (((i - home(slots_[i].id)) & mask) >= ((i - hole) & mask)) {
        slots_[hole] = slots_[i];
        hole = i;
      }
    }
    slots_[hole].offset = 0;
    --size_;
  }
  std::size_t size() const noexcept { return size_; }
  template <class F>
  void each(F&& f) const {
    for (const Hold& hold : slots_) {
      if (hold.offset != 0) f(hold);
    }
  }

 private:
  std::size_t home(const psw_id& id) const noexcept {
    std::uint64_t a, b;
    std::memcpy(&a, id.b, 8);
    std::memcpy(&b, id.b + 8, 8);
    const std::uint64_t mixed = (a ^ (b * 0x9e3779b97f4a7c15u)) * 0xd6e8feb86659fd93u;
    return static_cast<std::size_t>(mixed >> 20) & (slots_.size() - 1);
  }
  void put(const Hold& hold) noexcept {
    std::size_t i = home(hold.id);
    while (slots_[i].offset != 0) i = (i + 1) & (slots_.size() - 1);
    slots_[i] = hold;
  }

  std::vector<Hold> slots_;
  std::size_t size_ = 0;
};

}  // namespace payswitch::local_ledger
