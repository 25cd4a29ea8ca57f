// N1–N13 (N14: history_test.cpp): each rule of the saga, taken away by a planted bug, must be caught: the same story is told twice, with the real code, where
// nothing is violated, and with the rule removed, where money is made or lost and the checks say so.
#include "planted.h"
#include "world.h"

namespace payswitch::simulation {
namespace {

using Request = Fate::Request;
using Response = Fate::Response;

Fate request(Request what, std::int64_t late_ms = 0) {
  Fate fate;
  fate.request = what;
  fate.late_ms = late_ms;
  return fate;
}
Fate response(Response what, std::int64_t late_ms = 0) {
  Fate fate;
  fate.response = what;
  fate.late_ms = late_ms;
  return fate;
}

std::string end(ThreeBanks& b) {
  if (!b.world.quiesce()) return "something is still open";
  // Late messages that nobody waits for may still arrive.
  b.world.advance(5'000, 100);
  return b.violation();
}

// The answer of the credit is lost, the money is there.
std::string answer_lost() {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? response(Response::lost) : Fate{}; };
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// The first credit arrives long after it was given up.
std::string first_credit_late() {
  ThreeBanks b(1, false);
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? request(Request::late, 8'000) : Fate{}; };
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// Nothing arrives until not_after has passed; the cancel is answered; then the credit comes after all.
std::string credit_after_cancel() {
  ThreeBanks b(1, false);
  const auto fate = [](std::int32_t kind, std::uint32_t nth) {
    if (kind == PSW_OP_CREDIT) return nth == 0 ? request(Request::late, 45'000) : request(Request::lost);
    return kind == PSW_OP_QUERY ? request(Request::lost) : Fate{};
  };
  b.jh_1.fate = fate;
  b.jh_2.fate = [](std::int32_t kind, std::uint32_t) { return kind == PSW_OP_CANCEL ? Fate{} : request(Request::lost); };
  auto command = b.pay_bob(1'000, "n");
  // The bank would refuse a late credit by its own clock as well; the tombstone alone must hold.
  command.not_after_ms = b.world.clock.wall_ms() + 20'000;
  const auto result = b.mj.pay(command);
  b.world.advance(1'000);
  // A customer cancels long before that.
  HoldCommand cancel;
  cancel.action = HoldAction::cancel;
  cancel.caller = Caller("alice", auth::scope_pay);
  cancel.transfer = result->id;
  b.mj.resolve_hold(cancel);
  return end(b);
}

// As above, but the late credit is still in time by the payee's clock.
std::string credit_overtaken_by_cancel() {
  ThreeBanks b(1, false);
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t) { return kind == PSW_OP_CREDIT ? request(Request::late, 10'000) : kind == PSW_OP_QUERY ? request(Request::lost) : Fate{}; };
  b.jh_2.fate = b.jh_1.fate;
  const auto result = b.mj.pay(b.pay_bob(1'000, "n"));
  b.world.advance(1'000);
  HoldCommand cancel;
  cancel.action = HoldAction::cancel;
  cancel.caller = Caller("alice", auth::scope_pay);
  cancel.transfer = result->id;
  b.mj.resolve_hold(cancel);
  return end(b);
}

// The daemon dies at the moment of the first send.
std::string crash_at_the_first_send() {
  ThreeBanks b;
  b.mj.ledger.lose_writes_of_the_dead = true;
  b.mj.pay(b.pay_bob(1'000, "n"));
  b.mj.crash(0);
  b.world.settle();
  b.mj.restart(0);
  return end(b);
}

// Nobody answers for longer than not_after; then the first credit's decision is learnt.
std::string silence_beyond_not_after() {
  ThreeBanks b(1, false);
  const auto until = b.world.clock.monotonic_ns() + 60'000'000'000ULL;
  const auto* clock = &b.world.clock;
  b.jh_1.fate = [=](std::int32_t kind, std::uint32_t nth) {
    if (kind == PSW_OP_CREDIT && nth == 0) return response(Response::lost);
    return clock->monotonic_ns() < until ? request(Request::lost) : Fate{};
  };
  b.jh_2.fate = b.jh_1.fate;
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// Every request arrives twice.
std::string duplicates() {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t) { return kind == PSW_OP_CREDIT ? request(Request::twice, 300) : Fate{}; };
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// Credited, the answer lost; the resend cannot connect.
std::string resend_not_sent() {
  ThreeBanks b(1, false);
  for (auto* link : {&b.jh_1, &b.jh_2}) {
    link->can_query = false;  // the resend asks
    link->fate = [link](std::int32_t kind, std::uint32_t nth) {
      if (kind != PSW_OP_CREDIT) return Fate{};
      if (link->name() == "jh-1" && nth == 0) return response(Response::lost);
      return nth < 3 ? request(Request::not_sent) : Fate{};
    };
  }
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// Credited, the answer lost; then the keys were changed, and every try is 401 for a while.
std::string unauthenticated_later() {
  ThreeBanks b;
  for (auto* link : {&b.jh_1, &b.jh_2}) {
    link->fate = [link](std::int32_t kind, std::uint32_t nth) {
      if (kind == PSW_OP_CREDIT && nth == 0 && link->name() == "jh-1") return response(Response::lost);
      return nth < 2 ? response(Response::unauthenticated) : Fate{};
    };
  }
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// Two copies under way: one is credited, the other one is shed with 503.
std::string overloaded_copy() {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? response(Response::overloaded) : Fate{}; };
  b.mj.pay(b.pay_bob(1'000, "n"));
  return end(b);
}

// Attempt 1 (at jh) is refused and the money goes to cc; while attempt 2 is under way the refusal of attempt 1 is told again.
std::string late_refusal() {
  ThreeBanks b;
  AccountCommand freeze;
  freeze.action = AccountAction::freeze;
  freeze.caller = Caller("operator", auth::scopes_all);
  freeze.number = "jh-bob";
  b.jh.daemon().change_account(freeze, {[](void*, const AccountAnswer&) {}, nullptr});
  b.world.settle();
  b.by_cc.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? response(Response::late, 2'000) : Fate{}; };
  const auto result = b.mj.pay(b.pay_bob(1'000, "n"));
  b.world.settle();
  b.world.advance(100);
  psw_decision again{};
  again.size = sizeof again;
  again.outcome = PSW_REFUSED;
  again.op_id = derive_op_id("mj", "alice", "n", "credit", "jh");
  again.code = str("account_frozen");
  b.jh_1.report_again(again, "jh");
  b.world.settle();
  return end(b);
}

// The credit crawls; when the bank is asked after not_after, it has no record yet. Their clock is far behind ours, further than the margin:
// for them the credit that arrives at last is still in time.
std::string not_found_after_not_after() {
  ThreeBanks b(1, false, -20'000);
  for (auto* link : {&b.jh_1, &b.jh_2}) {
    link->fate = [link](std::int32_t kind, std::uint32_t nth) {
      if (kind == PSW_OP_CREDIT) return link->name() == "jh-1" && nth == 0 ? request(Request::late, 45'000) : request(Request::lost);
      return Fate{};
    };
  }
  b.mj.pay(b.pay_bob(1'000, "n"));
  const auto wrong = end(b);
  b.world.advance(60'000, 100);
  return wrong.empty() ? b.violation() : wrong;
}

// The owner of the lease stalls before it hears that its first send never left; another daemon takes over and its resend is credited.
std::string stalled_owner() {
  ThreeBanks b(1, false);
  b.jh_2.up = false;
  b.jh_1.can_query = false;
  std::uint32_t sent = 0;
  b.jh_1.fate = [&sent](std::int32_t kind, std::uint32_t) {
    if (kind != PSW_OP_CREDIT) return Fate{};
    return sent++ == 0 ? request(Request::not_sent) : response(Response::lost);
  };
  b.mj.pay(b.pay_bob(1'000, "n"), 0);
  // Durable, and the first send failed; but daemon 0 is stopped before it learns of it.
  while (b.jh_1.calls == 0 && b.mj.run()) {}
  b.mj.stall(0, true);
  b.jh_1.stall(0, 20'000);
  b.world.advance(20'000, 50);
  EXPECT_GT(b.jh_1.calls, 1u) << "the other daemon has taken over";
  b.mj.stall(0, false);
  b.world.advance(100);
  b.jh_1.fate = nullptr;
  return end(b);
}

}  // namespace

TEST(Counterexamples, N1_void_on_timeout_is_caught) { expect_caught("void_on_timeout", answer_lost); }
TEST(Counterexamples, N2_failover_after_a_timeout_is_caught) { expect_caught("fail_over_after_timeout", answer_lost); }
TEST(Counterexamples, N3_trusting_not_found_is_caught) { expect_caught("trust_not_found", first_credit_late); }
TEST(Counterexamples, N4_cancel_without_a_tombstone_is_caught) {
  EXPECT_EQ(credit_after_cancel(), "");
  expect_caught("no_tombstone", credit_overtaken_by_cancel);
}
TEST(Counterexamples, N5_a_record_written_after_the_call_is_caught) { expect_caught("record_after_call", crash_at_the_first_send); }
TEST(Counterexamples, N6_a_hold_that_expires_while_submitted_is_caught) { expect_caught("hold_expires_while_submitted", silence_beyond_not_after); }
TEST(Counterexamples, N7_a_peer_that_does_not_dedupe_is_caught) { expect_caught("peer_does_not_dedupe", duplicates); }
TEST(Counterexamples, N8_not_sent_believed_of_a_resend_is_caught) { expect_caught("not_sent_of_a_resend", resend_not_sent); }
TEST(Counterexamples, N9_401_taken_for_a_refusal_is_caught) { expect_caught("unauthenticated_is_a_refusal", unauthenticated_later); }
TEST(Counterexamples, N10_503_taken_for_a_refusal_is_caught) { expect_caught("overload_is_a_refusal", overloaded_copy); }
TEST(Counterexamples, N11_a_late_refusal_of_a_former_attempt_is_caught) { expect_caught("late_refusal_of_a_former_attempt", late_refusal); }
TEST(Counterexamples, N12_not_found_made_final_by_our_clock_is_caught) { expect_caught("not_found_is_final_after_not_after", not_found_after_not_after); }
TEST(Counterexamples, N13_a_stalled_owner_without_a_version_check_is_caught) { expect_caught("no_version_check", stalled_owner); }

}  // namespace payswitch::simulation
