// Planted bugs, each the removal of one rule, so that a test can show that it would be caught. Compiled in only with PSW_MUTANTS; a
// release knows neither the switch nor the names. Chosen by the environment variable PSW_MUTANT or, in a test, by set_mutant().
#pragma once

namespace payswitch::daemon::transfer {

#ifdef PSW_MUTANTS
bool mutant_on(const char* name) noexcept;
// nullptr: none. The name must stay alive. Not while another thread decides.
void set_mutant(const char* name) noexcept;
#define PSW_MUTANT(name) (::payswitch::daemon::transfer::mutant_on(name))
#else
#define PSW_MUTANT(name) false
#endif

}  // namespace payswitch::daemon::transfer
