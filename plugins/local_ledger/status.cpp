#include "status.h"

#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace payswitch::local_ledger {

Status errno_status(const std::string& file, const char* step, int code) {
  return Status(file + ": " + step + ": " + std::generic_category().message(code));
}

void assert_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "local_ledger: %s:%d: assertion failed: %s\n", file, line, expression);
  std::abort();
}

}  // namespace payswitch::local_ledger
