#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace payswitch::daemon {

void assert_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "PSW_ASSERT failed: %s (%s:%d)\n", expression, file, line);
  std::fflush(stderr);
  std::abort();
}

}  // namespace payswitch::daemon
