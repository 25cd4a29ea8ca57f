// Recycled objects of one loop: allocated once, handed out again and again, bounded. No thread, no lock.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace payswitch::daemon::transfer {

// T is made from the arguments given to the pool and is reset by its user; it needs no virtual function.
template <class T, class Owner>
class Pool {
 public:
  Pool(Owner& owner, std::uint32_t max) : owner_(owner), max_(max) {}

  // nullptr: `max` are in use.
  T* take() {
    if (free_.empty()) {
      if (all_.size() == max_) return nullptr;
      all_.push_back(std::make_unique<T>(owner_));
      free_.reserve(all_.size());
      ++used_;
      return all_.back().get();
    }
    T* item = free_.back();
    free_.pop_back();
    if (!free_.empty()) {  // for the next of this batch
      constexpr std::size_t ahead_bytes_max = 1024;
      for (std::size_t at = 0; at < std::min(sizeof(T), ahead_bytes_max); at += 64) __builtin_prefetch(reinterpret_cast<const char*>(free_.back()) + at, 1);
    }
    ++used_;
    return item;
  }
  void give_back(T* item) noexcept {
    free_.push_back(item);  // reserved in take()
    --used_;
  }
  std::uint32_t used() const noexcept { return used_; }

 private:
  Owner& owner_;
  std::uint32_t max_;
  std::uint32_t used_ = 0;
  std::vector<std::unique_ptr<T>> all_;
  std::vector<T*> free_;
};

}  // namespace payswitch::daemon::transfer
