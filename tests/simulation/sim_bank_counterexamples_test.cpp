// N1–N13 against the simulated bank: two daemons over one ledger, a manual clock, and the plugin sim_bank as the other bank. The same
// rules against a bank of our own make are in counterexamples_test.cpp, where links can do what no amount asks for.
#include "planted.h"
#include "sim_bank_gateway.h"

namespace payswitch::simulation {
namespace {

std::string end(SimBanks& b) {
  if (!b.world.quiesce()) return "something is still open";
  // Late copies that nobody waits for may still arrive.
  b.world.advance(90'000, 100);
  return b.violation();
}

// Pays bob an amount that chooses its row, and waits for the end of everything.
std::string pay_one(const SimBanks::Options& options, std::int64_t minor, bool can_query = true) {
  SimBanks b(options);
  b.jh_1.can_query = can_query;
  b.mj.pay(b.pay_bob(minor, "n"));
  return end(b);
}

// The credit crawls; the customer cancels before it arrives.
std::string cancelled_on_its_way(bool tombstone) {
  SimBanks b({.jh = {{"delay", "10s"}, {"tombstone", tombstone ? "true" : "false"}}});
  const auto result = b.mj.pay(b.pay_bob(5'203, "n"));
  b.world.advance(1'000);
  b.mj.resolve_hold(b.hold_command(HoldAction::cancel, result->id));
  return end(b);
}

std::string crash_at_the_first_send() {
  SimBanks b;
  b.mj.ledger.lose_writes_of_the_dead = true;
  b.mj.pay(b.pay_bob(5'000, "n"));
  b.mj.crash(0);
  b.world.settle();
  b.mj.restart(0);
  return end(b);
}

// Attempt 1 cannot reach jh and the money goes to cc, where it crawls; meanwhile jh records and reports a refusal of attempt 1.
std::string late_refusal() {
  return pay_one({.jh = {{"delay", "1s"}}, .cc = {{"always", "203"}, {"delay", "3s"}}, .with_cc = true}, 5'701);
}

// Daemon 0 cannot reach the bank but is stopped before it learns of it; daemon 1 takes over and its resend is applied, unanswered.
std::string stalled_owner() {
  SimBanks b({.jh = {{"always", "601"}}, .jh_of_daemon_1 = {{"always", "204"}}});
  b.jh_1.can_query = false;
  const auto result = b.mj.pay(b.pay_bob(5'000, "n"), 0);
  while (b.jh_1.calls_of_kind[PSW_OP_CREDIT] == 0 && b.mj.run()) {
  }
  b.mj.stall(0, true);
  b.jh_1.stall(0, 20'000);
  b.world.advance(20'000, 50);
  EXPECT_GT(b.jh_1.calls_of_kind[PSW_OP_CREDIT], 1u) << "the other daemon has taken over";
  b.mj.stall(0, false);
  b.world.advance(100);
  return end(b);
}

}  // namespace

TEST(SimBankCounterexamples, N1_void_on_timeout_is_caught) {
  expect_caught("void_on_timeout", [] { return pay_one({}, 5'201); });
}
TEST(SimBankCounterexamples, N2_failover_after_a_timeout_is_caught) {
  for (const std::int64_t row : {203, 209}) expect_caught("fail_over_after_timeout", [=] { return pay_one({.with_cc = true}, 5'000 + row); });
}
TEST(SimBankCounterexamples, N3_trusting_not_found_is_caught) {
  for (const std::int64_t row : {203, 209, 402}) expect_caught("trust_not_found", [=] { return pay_one({.jh = {{"delay", "8s"}}}, 5'000 + row); });
}
TEST(SimBankCounterexamples, N4_cancel_without_a_tombstone_is_caught) {
  EXPECT_EQ(cancelled_on_its_way(true), "");
  EXPECT_NE(cancelled_on_its_way(false), "") << "nothing noticed a bank without tombstones";
}
TEST(SimBankCounterexamples, N5_a_record_written_after_the_call_is_caught) { expect_caught("record_after_call", crash_at_the_first_send); }
TEST(SimBankCounterexamples, N6_a_hold_that_expires_while_submitted_is_caught) {
  expect_caught("hold_expires_while_submitted", [] { return pay_one({}, 5'804); });
}
TEST(SimBankCounterexamples, N7_a_peer_that_does_not_dedupe_is_caught) {
  EXPECT_EQ(pay_one({}, 5'401), "");
  EXPECT_NE(pay_one({.jh = {{"dedupe", "false"}}}, 5'401), "") << "nothing noticed a bank that credits a resend again";
}
TEST(SimBankCounterexamples, N8_not_sent_believed_of_a_resend_is_caught) {
  expect_caught("not_sent_of_a_resend", [] { return pay_one({}, 5'606, false); });
}
TEST(SimBankCounterexamples, N9_401_taken_for_a_refusal_is_caught) {
  expect_caught("unauthenticated_is_a_refusal", [] { return pay_one({}, 5'605, false); });
}
TEST(SimBankCounterexamples, N10_503_taken_for_a_refusal_is_caught) {
  expect_caught("overload_is_a_refusal", [] { return pay_one({.jh = {{"delay", "8s"}}}, 5'607); });
}
TEST(SimBankCounterexamples, N11_a_late_refusal_of_a_former_attempt_is_caught) { expect_caught("late_refusal_of_a_former_attempt", late_refusal); }
TEST(SimBankCounterexamples, N12_not_found_made_final_by_our_clock_is_caught) {
  expect_caught("not_found_is_final_after_not_after", [] { return pay_one({.jh = {{"delay", "45s"}}}, 5'209); });
}
TEST(SimBankCounterexamples, N13_a_stalled_owner_without_a_version_check_is_caught) { expect_caught("no_version_check", stalled_owner); }

}  // namespace payswitch::simulation
