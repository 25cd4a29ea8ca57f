// A simulation that finds nothing proves nothing: each rule of the protocol is taken away by a planted bug, and the seeds must notice.
// N1–N14 are the counterexamples of the model (docs: cross-bank); the others are rules that peer_http or the core keeps beside them.
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>

#include "storm.h"
#ifdef PSW_MUTANTS
#include "peer_http/mutant.h"
#include "transfer/mutant.h"
#endif

namespace payswitch::simulation::peers {
namespace {

constexpr std::uint64_t seeds_max = 1'000;

void expect_found(const char* mutant, [[maybe_unused]] Outcome (*run)(std::uint64_t, bool) = run_seed) {
#ifdef PSW_MUTANTS
  const auto plant = [](const char* name) {
    daemon::transfer::set_mutant(name);
    peer_http::chosen_mutant().store(name);
  };
  const auto start = std::chrono::steady_clock::now();
  plant(mutant);
  std::uint64_t seed = 1;
  Outcome outcome;
  while (seed <= seeds_max && (outcome = run(seed, false)).wrong.empty()) ++seed;
  plant(nullptr);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
  ASSERT_LE(seed, seeds_max) << "no seed noticed " << mutant;
  std::cout << mutant << ": found by seed " << seed << " after " << took << " ms: " << outcome.wrong << "\n";
  EXPECT_EQ(run(seed, false).wrong, "") << "seed " << seed << " complains about the real code too";
#else
  GTEST_SKIP() << "no planted bugs in this build (" << mutant << "): ./dev test --only asan --label simulation";
#endif
}

}  // namespace

TEST(Mutants, N1_void_on_timeout_is_found) { expect_found("void_on_timeout"); }
TEST(Mutants, N2_failover_after_a_timeout_is_found) { expect_found("fail_over_after_timeout"); }
TEST(Mutants, N3_trusting_not_found_is_found) { expect_found("trust_not_found"); }
TEST(Mutants, N4_cancel_without_a_tombstone_is_found) { expect_found("no_tombstone"); }
TEST(Mutants, N5_a_record_written_after_the_call_is_found) { expect_found("record_after_call"); }
TEST(Mutants, N6_a_hold_that_expires_while_submitted_is_found) { expect_found("hold_expires_while_submitted"); }
TEST(Mutants, N7_a_peer_that_does_not_dedupe_is_found) { expect_found("peer_does_not_dedupe"); }
TEST(Mutants, N8_not_sent_believed_of_a_resend_is_found) { expect_found("not_sent_of_a_resend"); }
TEST(Mutants, N9_401_taken_for_a_refusal_is_found) { expect_found("unauthenticated_is_a_refusal"); }
TEST(Mutants, N10_503_taken_for_a_refusal_is_found) { expect_found("overload_is_a_refusal"); }
TEST(Mutants, N11_a_late_refusal_of_a_former_attempt_is_found) { expect_found("late_refusal_of_a_former_attempt"); }
TEST(Mutants, N12_not_found_made_final_by_our_clock_is_found) { expect_found("not_found_is_final_after_not_after"); }
TEST(Mutants, N13_a_stalled_owner_without_a_version_check_is_found) { expect_found("no_version_check"); }
TEST(Mutants, N14_a_peer_restored_without_a_fence_is_found) { expect_found("no_history_fence", run_restored_seed); }

TEST(Mutants, an_op_id_of_its_own_for_each_send_is_found) { expect_found("op_id_of_each_send"); }
TEST(Mutants, no_echo_check_is_found) { expect_found("no_echo_check"); }
TEST(Mutants, unsigned_answers_believed_are_found) { expect_found("unsigned_answers_are_believed"); }
TEST(Mutants, an_answer_signed_by_any_bank_is_found) { expect_found("any_bank_may_answer"); }
TEST(Mutants, a_request_signed_by_any_bank_is_found) { expect_found("any_bank_may_ask"); }
TEST(Mutants, no_receive_limit_is_found) { expect_found("no_receive_limit"); }

}  // namespace payswitch::simulation::peers
