// Unpredictable bits from the kernel, buffered so that an id costs no system call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace payswitch::daemon::app {

// One thread. Aborts if the kernel gives none: ids that repeat would be worse.
class RandomBits {
 public:
  std::uint64_t next() noexcept;
  // For interfaces that take a function and a context; the context is a RandomBits.
  static std::uint64_t draw(void* context) noexcept { return static_cast<RandomBits*>(context)->next(); }

 private:
  std::array<std::uint64_t, 64> bits_{};
  std::size_t left_ = 0;
};

// Any thread, a system call each.
std::uint64_t draw_from_kernel(void* unused) noexcept;
void fill_random(void* out, std::size_t bytes) noexcept;

}  // namespace payswitch::daemon::app
