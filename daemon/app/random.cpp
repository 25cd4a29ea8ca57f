#include "app/random.h"

#include <sys/random.h>

#include "base/assert.h"

namespace payswitch::daemon::app {

void fill_random(void* out, std::size_t bytes) noexcept {
  auto* at = static_cast<unsigned char*>(out);
  while (bytes > 0) {
    const ssize_t n = getrandom(at, bytes, 0);
    PSW_ASSERT(n > 0);
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
}

std::uint64_t draw_from_kernel(void*) noexcept {
  std::uint64_t out = 0;
  fill_random(&out, sizeof out);
  return out;
}

std::uint64_t RandomBits::next() noexcept {
  if (left_ == 0) {
    fill_random(bits_.data(), sizeof bits_);
    left_ = bits_.size();
  }
  std::uint64_t& slot = bits_[--left_];
  const std::uint64_t out = slot;
  slot = 0;  // what was handed out is nowhere else
  return out;
}

}  // namespace payswitch::daemon::app
