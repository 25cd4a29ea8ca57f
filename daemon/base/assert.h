// Checks for bugs, alive in every build: a switch that has lost its own invariants must stop before it moves money.
#pragma once

namespace payswitch::daemon {

// Prints expression, file and line to stderr and aborts. Any thread.
[[noreturn]] void assert_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace payswitch::daemon

#define PSW_ASSERT(expression) \
  (static_cast<bool>(expression) ? static_cast<void>(0) : ::payswitch::daemon::assert_failed(#expression, __FILE__, __LINE__))
