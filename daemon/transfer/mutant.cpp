#include "transfer/mutant.h"

#ifdef PSW_MUTANTS
#include <atomic>
#include <cstdlib>
#include <string_view>

namespace payswitch::daemon::transfer {

namespace {
std::atomic<const char*>& chosen() noexcept {
  static std::atomic<const char*> name{std::getenv("PSW_MUTANT")};
  return name;
}
}  // namespace

bool mutant_on(const char* name) noexcept {
  const char* now = chosen().load(std::memory_order_relaxed);
  return now != nullptr && std::string_view(now) == name;
}
void set_mutant(const char* name) noexcept { chosen().store(name, std::memory_order_relaxed); }

}  // namespace payswitch::daemon::transfer
#endif
