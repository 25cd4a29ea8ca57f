// What went wrong, as a sentence that names file, offset and remedy; empty = fine. Business refusals are codes of a reply, not these.
#pragma once

#include <string>
#include <utility>

namespace payswitch::local_ledger {

struct [[nodiscard]] Status {
  std::string error;

  Status() = default;
  explicit Status(std::string sentence) : error(std::move(sentence)) {}
  bool ok() const noexcept { return error.empty(); }
};

// "journal-0000000001: write: No space left on device"
Status errno_status(const std::string& file, const char* step, int code);

// Prints and aborts: a ledger that has lost its own invariants must stop before it moves money. Alive in every build.
[[noreturn]] void assert_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace payswitch::local_ledger

#define PSW_LEDGER_ASSERT(expression) \
  (static_cast<bool>(expression) ? static_cast<void>(0) : ::payswitch::local_ledger::assert_failed(#expression, __FILE__, __LINE__))
