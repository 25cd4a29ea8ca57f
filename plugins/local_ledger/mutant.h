// Planted bugs: a build with PSW_MUTANTS carries them all, PSW_MUTANT=name in the environment chooses one. A test must catch each.
// A release build contains neither the code nor the names.
#pragma once

#include <string_view>

#ifdef PSW_MUTANTS
#include <cstdlib>
#endif

namespace payswitch::local_ledger {

#ifdef PSW_MUTANTS
inline bool mutant(std::string_view name) {
  static const char* const chosen = std::getenv("PSW_MUTANT");
  return chosen != nullptr && name == chosen;
}
#else
constexpr bool mutant(std::string_view) { return false; }
#endif

}  // namespace payswitch::local_ledger
