// Seeds of the storm over the real code. Each seed names itself and how to run it again; a failing one tells its story.
//   SIMULATION_SEED=n                        that seed alone, with its trace
//   SIMULATION_FIRST=n, SIMULATION_SEEDS=n   another range
//   SIMULATION_SECONDS=n                     as many seeds as fit
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>

#include "storm.h"

namespace payswitch::simulation::peers {
namespace {

std::uint64_t number_of(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

void tell(std::uint64_t seed, const Outcome& outcome) {
  for (const auto& line : outcome.trace) std::cout << line << "\n";
  std::cout << "seed " << seed << ": " << (outcome.wrong.empty() ? "nothing wrong" : outcome.wrong) << "\n  " << Troubles::of(seed).text() << "\n  again: SIMULATION_SEED=" << seed
            << " simulation_peers_test --gtest_filter=Storm/Range*\n";
}

class Range : public ::testing::TestWithParam<std::uint64_t> {};

}  // namespace

// All together 1,000. Under a sanitizer, where a seed takes five times as long and the planted bugs run too, a fifth of them.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SEEDS_ARE_SLOW
#endif
#endif
#ifdef SEEDS_ARE_SLOW
constexpr std::uint64_t seeds_per_case = 25;
#else
constexpr std::uint64_t seeds_per_case = 125;
#endif

TEST_P(Range, nothing_is_lost_made_or_decided_twice) {
  if (const auto one = number_of("SIMULATION_SEED", 0); one != 0) {
    if (GetParam() != 1) GTEST_SKIP() << "one seed is run once";
    const auto outcome = run_seed(one, true);
    tell(one, outcome);
    EXPECT_EQ(outcome.wrong, "");
    return;
  }
  const auto first = number_of("SIMULATION_FIRST", GetParam()), seeds = number_of("SIMULATION_SEEDS", seeds_per_case);
  const auto start = std::chrono::steady_clock::now();
  std::map<std::string, unsigned> states;
  std::uint64_t requests = 0, resolve_ms_max = 0;
  const std::chrono::seconds limit(number_of("SIMULATION_SECONDS", 3'600));
  std::uint64_t ran = 0;
  for (std::uint64_t seed = first; seed != first + seeds && std::chrono::steady_clock::now() - start < limit; ++seed, ++ran) {
    const auto outcome = run_seed(seed);
    requests += outcome.requests;
    resolve_ms_max = std::max(resolve_ms_max, outcome.resolve_ms);
    for (const auto& [state, n] : outcome.states) states[state] += n;
    if (outcome.wrong.empty()) continue;
    tell(seed, run_seed(seed, true));
    ADD_FAILURE() << "seed " << seed << ": " << outcome.wrong;
    break;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  std::cout << ran << " seeds, from " << first << " to " << first + ran << ": " << took / static_cast<std::int64_t>(std::max<std::uint64_t>(ran, 1)) << " ms each, " << requests << " requests, resolved at the latest " << resolve_ms_max
            << " ms after the weather cleared;";
  for (const auto& [state, n] : states) std::cout << " " << state << " " << n;
  std::cout << "\n";
}

INSTANTIATE_TEST_SUITE_P(Storm, Range, ::testing::Values(1, 126, 251, 376, 501, 626, 751, 876), [](const auto& at) { return "from_" + std::to_string(at.param); });

// A bank restored from an old copy in the middle of the storm.
TEST(Storm, a_bank_that_forgot_is_fenced_and_nothing_is_lost_by_its_word) {
  const auto one = number_of("SIMULATION_SEED", 0);
  unsigned fenced = 0, seeds = 0;
  for (std::uint64_t seed = one != 0 ? one : 1; seed <= (one != 0 ? one : seeds_per_case); ++seed, ++seeds) {
    auto outcome = run_restored_seed(seed, one != 0);
    fenced += outcome.states["fenced"];
    if (outcome.wrong.empty() && one == 0) continue;
    if (one == 0) outcome = run_restored_seed(seed, true);
    for (const auto& line : outcome.trace) std::cout << line << "\n";
    ASSERT_EQ(outcome.wrong, "") << "again: SIMULATION_SEED=" << seed << " simulation_peers_test --gtest_filter=Storm.a_bank*";
  }
  std::cout << seeds << " restores, " << fenced << " fenced\n";
  if (one != 0) return;
  EXPECT_GT(fenced, seeds / 4);
}

TEST(Storm, the_same_seed_tells_the_same_story) {
  const auto one = run_seed(7, true), two = run_seed(7, true);
  EXPECT_GT(one.trace.size(), 50u);
  EXPECT_EQ(one.trace, two.trace);
}

}  // namespace payswitch::simulation::peers
