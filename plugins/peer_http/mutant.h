// Planted bugs of this plugin: a build with PSW_MUTANTS carries them all; the environment variable PSW_MUTANT chooses one, or a test that
// is linked with the parts. A release contains neither the code nor the names.
#pragma once

#include <string_view>

#ifdef PSW_MUTANTS
#include <atomic>
#include <cstdlib>
#endif

namespace payswitch::peer_http {

#ifdef PSW_MUTANTS
inline std::atomic<const char*>& chosen_mutant() noexcept {
  static std::atomic<const char*> name{std::getenv("PSW_MUTANT")};
  return name;
}
inline bool mutant(std::string_view name) noexcept {
  const char* now = chosen_mutant().load(std::memory_order_relaxed);
  return now != nullptr && name == now;
}
#else
constexpr bool mutant(std::string_view) noexcept { return false; }
#endif

}  // namespace payswitch::peer_http
