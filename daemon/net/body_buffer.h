// A body while it arrives: grows as bytes really come, never ahead of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory_resource>
#include <string_view>

namespace payswitch::daemon::net {

class BodyBuffer {
 public:
  BodyBuffer() = default;
  explicit BodyBuffer(std::pmr::memory_resource& arena) noexcept : arena_(&arena) {}

  // False if the arena is exhausted.
  bool append(std::string_view bytes) noexcept {
    if (bytes.empty()) return true;
    if (capacity_ - size_ < bytes.size() && !grow(size_ + bytes.size())) return false;
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return true;
  }
  std::size_t size() const noexcept { return size_; }
  std::string_view view() const noexcept { return {data_, size_}; }

 private:
  bool grow(std::size_t wanted) noexcept {
    const std::size_t capacity = capacity_ == 0 ? wanted : std::max(wanted, capacity_ * 2);
    try {
      auto* larger = static_cast<char*>(arena_->allocate(capacity, 1));
      if (size_ > 0) std::memcpy(larger, data_, size_);
      data_ = larger;
      capacity_ = capacity;
      return true;
    } catch (...) {
      return false;
    }
  }

  std::pmr::memory_resource* arena_ = nullptr;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace payswitch::daemon::net
