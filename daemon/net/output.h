// Bytes on their way to a socket. Holds memory only while there are any.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace payswitch::daemon::net {

class Output {
 public:
  static constexpr std::size_t first_bytes = 2048;

  bool empty() const noexcept { return begin_ == end_; }
  std::size_t size() const noexcept { return end_ - begin_; }
  std::string_view view() const noexcept { return {data_.get() + begin_, size()}; }

  // Room for `bytes` at the end; wrote() says how much of it was used.
  char* room(std::size_t bytes) {
    if (capacity_ - end_ < bytes) grow(bytes);
    return data_.get() + end_;
  }
  void wrote(std::size_t bytes) noexcept { end_ += bytes; }
  void append(std::string_view bytes) {
    std::memcpy(room(bytes.size()), bytes.data(), bytes.size());
    wrote(bytes.size());
  }
  // A block that held a large answer is not kept; a small one is, for the next answer, until release().
  void consume(std::size_t bytes) noexcept {
    begin_ += bytes;
    if (begin_ < end_) return;
    begin_ = end_ = 0;
    if (capacity_ > 4 * first_bytes) release();
  }
  void release() noexcept {
    data_.reset();
    begin_ = end_ = capacity_ = 0;
  }

 private:
  void grow(std::size_t bytes) {
    const std::size_t held = size();
    const std::size_t capacity = std::max({first_bytes, capacity_ * 2, held + bytes});
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (held > 0) std::memcpy(larger.get(), data_.get() + begin_, held);
    data_ = std::move(larger);
    begin_ = 0;
    end_ = held;
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace payswitch::daemon::net
