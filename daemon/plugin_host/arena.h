// Memory of one call: a buffer that is part of it, then a few blocks from the heap when a body is larger. Given back as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>

#include "base/assert.h"

namespace payswitch::daemon::plugin_host {

// An operation's body and a reply rarely exceed 2 KiB: an entry with two postings, one record and one key takes about 1.2 KiB.
inline constexpr std::size_t arena_first_bytes = 4096;
// The largest body the contract allows (128 records with 16 KiB of detail) fits; more is a bug on our side, and a reply that
// needs more is refused.
inline constexpr std::size_t arena_bytes_max = 8u << 20;
// A call keeps one block of this size for its next use, so that repeated reads of 100 rows do not allocate.
inline constexpr std::size_t arena_kept_bytes = 64u << 10;

// One thread at a time: the caller until submit, then whoever copies the reply.
class Arena final : public std::pmr::memory_resource {
 public:
  Arena() = default;
  ~Arena() override;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // nullptr when arena_bytes_max is exceeded or memory is short.
  void* try_allocate(std::size_t bytes, std::size_t alignment) noexcept {
    const std::uintptr_t at = (cursor_ + alignment - 1) & ~(static_cast<std::uintptr_t>(alignment) - 1);
    if (at + bytes <= end_) [[likely]] {
      cursor_ = at + bytes;
      return reinterpret_cast<void*>(at);
    }
    return grow(bytes, alignment);
  }
  // Brings the first few lines near: what a decision takes.
  void prefetch(std::size_t lines = 5) const noexcept {
    for (std::size_t line = 0; line < lines; ++line) __builtin_prefetch(first_ + line * 64, 1);
  }
  void reset() noexcept {
    if (blocks_ != nullptr) [[unlikely]] drop_blocks();
    cursor_ = reinterpret_cast<std::uintptr_t>(first_);
    end_ = cursor_ + sizeof first_;
  }

 private:
  struct Block {
    Block* next;
    std::size_t bytes;
  };

  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    void* const memory = try_allocate(bytes, alignment);
    PSW_ASSERT(memory != nullptr);
    return memory;
  }
  void do_deallocate(void*, std::size_t, std::size_t) override {}
  bool do_is_equal(const std::pmr::memory_resource& other) const noexcept override { return this == &other; }
  void* grow(std::size_t bytes, std::size_t alignment) noexcept;
  void drop_blocks() noexcept;

  std::uintptr_t cursor_ = reinterpret_cast<std::uintptr_t>(first_);
  std::uintptr_t end_ = cursor_ + sizeof first_;
  Block* blocks_ = nullptr;  // in use, newest first
  Block* kept_ = nullptr;    // one of arena_kept_bytes for next time
  std::size_t total_ = 0;
  alignas(64) std::byte first_[arena_first_bytes];
};

}  // namespace payswitch::daemon::plugin_host
