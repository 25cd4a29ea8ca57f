// A planted bug for as long as a test wants it, and the check that a story catches it: the story is told twice, with the real code,
// where nothing is violated, and with one rule removed, where money is made or lost and the checks say so.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "transfer/mutant.h"

namespace payswitch::simulation {

#ifdef PSW_MUTANTS
inline constexpr bool mutants_compiled_in = true;
struct Planted {
  explicit Planted(const char* name) { daemon::transfer::set_mutant(name); }
  ~Planted() { daemon::transfer::set_mutant(nullptr); }
  Planted(const Planted&) = delete;
  Planted& operator=(const Planted&) = delete;
};
#else
inline constexpr bool mutants_compiled_in = false;
#endif

// `story` gives what is wrong at its end, or nothing. A build without planted bugs says that half of the test did not run.
template <class Story>
void expect_caught(const char* mutant, Story story) {
  EXPECT_EQ(story(), "");
#ifdef PSW_MUTANTS
  const Planted bug(mutant);
  EXPECT_NE(story(), "") << "nothing noticed " << mutant;
#else
  GTEST_SKIP() << "the rule holds; that its removal (" << mutant << ") is caught is tested in a build with PSW_MUTANTS: ./dev test --only asan --label simulation";
#endif
}

}  // namespace payswitch::simulation
