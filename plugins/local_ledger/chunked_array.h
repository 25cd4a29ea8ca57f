// A growing array whose elements never move: one writer appends, any thread reads what was published. Memory comes in chunks behind
// a fixed directory, so a reader needs one acquire load and no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "status.h"

namespace payswitch::local_ledger {

template <class T, std::size_t chunk = 1024, std::size_t chunks_max = 65536>
class ChunkedArray {
 public:
  ChunkedArray() : chunks_(new std::atomic<T*>[chunks_max]()) {}
  ~ChunkedArray() {
    for (std::size_t i = 0; i != chunks_max; ++i) {
      T* at = chunks_[i].load(std::memory_order_relaxed);
      if (at == nullptr) break;
      delete[] at;
    }
  }
  ChunkedArray(const ChunkedArray&) = delete;
  ChunkedArray& operator=(const ChunkedArray&) = delete;

  static constexpr std::size_t capacity = chunk * chunks_max;

  // [writer] Makes room for one more, value-initialised; readers see it after publish().
  T& append() {
    PSW_LEDGER_ASSERT(made_ != capacity);
    std::atomic<T*>& slot = chunks_[made_ / chunk];
    if (slot.load(std::memory_order_relaxed) == nullptr) slot.store(new T[chunk](), std::memory_order_release);
    return (*this)[made_++];
  }
  std::size_t made() const noexcept { return made_; }  // [writer]
  void publish() noexcept { size_.store(made_, std::memory_order_release); }

  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }  // [any]
  T& operator[](std::size_t i) const noexcept { return chunks_[i / chunk].load(std::memory_order_acquire)[i % chunk]; }

 private:
  std::unique_ptr<std::atomic<T*>[]> chunks_;
  std::size_t made_ = 0;
  std::atomic<std::size_t> size_{0};
};

}  // namespace payswitch::local_ledger
