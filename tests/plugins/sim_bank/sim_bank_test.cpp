#include "bank.h"

namespace payswitch::sim_bank::test {
namespace {

TEST(SimBank, declares_what_a_safe_gateway_needs) {
  const psw_type type = type_of(load_plugin(SIM_BANK_FILE), "sim_bank");
  EXPECT_EQ(type.role, PSW_TYPE_GATEWAY);
  for (const std::uint64_t cap : {PSW_CAP_IDEMPOTENT, PSW_CAP_CANCEL, PSW_CAP_QUERY, PSW_CAP_REPORTS, PSW_CAP_RECONCILE, PSW_CAP_LOOKUP}) EXPECT_NE(type.capabilities & cap, 0u);
  EXPECT_EQ(type.tombstone_lifetime_ms, -1);
}

TEST(SimBank, a_repeat_gets_the_first_decision_and_moves_money_once) {
  Bank bank;
  const Credit c = bank.drive.credit_of(15000);
  for (int i = 0; i != 3; ++i) EXPECT_EQ(bank.drive.credit(c).outcome, Outcome::applied);
  EXPECT_EQ(bank.drive.command("totals").text, R"({"records":1,"applied":{"KRW":"15000"},"applied_twice":0})");
}

TEST(SimBank, without_dedupe_a_repeat_moves_money_twice) {
  Bank bank({{"dedupe", "false"}});
  const Credit c = bank.drive.credit_of(15000);
  bank.drive.credit(c);
  bank.drive.resend(c);
  EXPECT_EQ(bank.drive.command("totals").text, R"({"records":1,"applied":{"KRW":"30000"},"applied_twice":1})");
  ASSERT_FALSE(bank.host.logs.empty());
  EXPECT_EQ(bank.host.logs.front().id, "SIM-001");
}

TEST(SimBank, a_cancel_before_the_late_credit_leaves_a_tombstone_that_refuses_it) {
  Bank bank;
  const Credit c = bank.drive.credit_of(203);
  bank.drive.credit(c);
  const Seen& cancelled = bank.drive.cancel(c);
  EXPECT_EQ(cancelled.outcome, Outcome::refused);
  EXPECT_EQ(cancelled.reason, "cancelled");
  bank.host.advance_ms(10'000);
  EXPECT_EQ(bank.drive.query(c).outcome, Outcome::refused);
  EXPECT_EQ(bank.drive.command("totals").text, R"({"records":1,"applied":{},"applied_twice":0})");
}

TEST(SimBank, without_a_tombstone_the_late_credit_is_applied_after_the_cancel) {
  Bank bank({{"tombstone", "false"}});
  const Credit c = bank.drive.credit_of(203);
  bank.drive.credit(c);
  EXPECT_EQ(bank.drive.cancel(c).outcome, Outcome::refused);
  bank.host.advance_ms(10'000);
  EXPECT_EQ(bank.drive.query(c).outcome, Outcome::applied);
}

TEST(SimBank, a_cancel_after_the_credit_answers_applied) {
  Bank bank;
  const Credit c = bank.drive.credit_of(201);
  bank.drive.credit(c);
  const Seen& cancelled = bank.drive.cancel(c);
  EXPECT_EQ(cancelled.outcome, Outcome::applied);
  ASSERT_TRUE(cancelled.record.has_value());
  EXPECT_EQ(cancelled.record->money.minor, 201);
}

TEST(SimBank, wrong_echoes_are_wrong_only_where_they_say) {
  Bank bank;
  const auto first = [&bank](std::int64_t amount) { return bank.drive.credit(bank.drive.credit_of(amount)).record.value(); };
  EXPECT_EQ(first(301).money.minor, 302);
  EXPECT_FALSE(same(first(302).op_id, bank.drive.credit_of(302).op_id));
  EXPECT_EQ(currency_view(first(303).money.currency), "XTS");
  EXPECT_EQ(first(304).payee, "jh-1-x");
  EXPECT_EQ(first(305).payer, "mj-1-x");
  EXPECT_EQ(first(306).money.exponent, 1);
  EXPECT_FALSE(bank.drive.credit(bank.drive.credit_of(309)).record.has_value());
  EXPECT_EQ(bank.drive.query(bank.drive.credit_of(301)).record->money.minor, 301);
}

TEST(SimBank, a_pending_credit_is_reported_as_often_as_the_table_says) {
  Bank bank;
  bank.drive.credit(bank.drive.credit_of(505));
  EXPECT_TRUE(bank.host.own_inbound.reports.empty());
  bank.host.advance_ms(1000);
  ASSERT_EQ(bank.host.own_inbound.reports.size(), 3u);
  EXPECT_EQ(bank.host.own_inbound.reports[0].word, Outcome::applied);
}

TEST(SimBank, a_report_that_the_core_cannot_take_now_is_sent_again) {
  Bank bank;
  bank.host.own_inbound.report_code = PSW_UNAVAILABLE;
  bank.drive.credit(bank.drive.credit_of(501));
  bank.host.advance_ms(1000);
  EXPECT_EQ(bank.host.own_inbound.reports.size(), 1u);
  bank.host.own_inbound.report_code = PSW_OK;
  bank.host.advance_ms(1000);
  EXPECT_EQ(bank.host.own_inbound.reports.size(), 2u);
}

TEST(SimBank, a_former_attempt_is_refused_late) {
  Bank bank;
  EXPECT_EQ(bank.drive.credit(bank.drive.credit_of(701)).outcome, Outcome::not_sent);
  bank.host.advance_ms(1000);
  ASSERT_EQ(bank.host.own_inbound.reports.size(), 1u);
  EXPECT_EQ(bank.host.own_inbound.reports[0].word, Outcome::refused);
}

TEST(SimBank, contradictions_are_reported_a_hundred_times) {
  Bank bank;
  EXPECT_EQ(bank.drive.credit(bank.drive.credit_of(405)).outcome, Outcome::refused);
  bank.host.advance_ms(2000);
  ASSERT_EQ(bank.host.own_inbound.reports.size(), 100u);
  EXPECT_EQ(bank.host.own_inbound.reports[99].word, Outcome::applied);
}

TEST(SimBank, resends_meet_what_the_table_says) {
  Bank bank({{"timeout", "100ms"}});
  const auto resent = [&bank](std::int64_t amount) -> const Seen& {
    const Credit c = bank.drive.credit_of(amount);
    bank.drive.credit(c);
    bank.host.advance_ms(100);
    return bank.drive.resend(c);
  };
  EXPECT_EQ(resent(201).outcome, Outcome::applied);
  EXPECT_EQ(resent(202).outcome, Outcome::applied);
  EXPECT_EQ(resent(603).outcome, Outcome::applied);
  EXPECT_EQ(resent(605).reason, "http_401");
  EXPECT_EQ(resent(606).outcome, Outcome::not_sent);
  EXPECT_EQ(resent(607).code, Code::overloaded);
  EXPECT_EQ(resent(608).outcome, Outcome::applied);
}

TEST(SimBank, late_and_second_answers_are_counted_as_strays) {
  Bank bank;
  const Seen& twice = bank.drive.credit(bank.drive.credit_of(212));
  EXPECT_EQ(twice.answers, 1);
  EXPECT_EQ(bank.host.stray_replies, 1u);
}

TEST(SimBank, two_instances_with_one_store_are_one_bank) {
  Bank one({{"store", "shared"}});
  Bank other({{"store", "shared"}});
  const Credit c = one.drive.credit_of(15000);
  one.drive.credit(c);
  EXPECT_EQ(other.drive.query(c).outcome, Outcome::applied);
}

TEST(SimBank, the_credit_command_sends_money_in_and_prints_the_decision) {
  Bank bank;
  bank.host.own_inbound.rule = [](const psw_credit& c) { return view(c.payee) == "mj-9" ? std::string("payee_not_found") : std::string(); };
  const std::string id(32, 'a'), other(32, 'b');
  const Seen& in = bank.drive.command("credit", R"({"payer":"jh-1","payee":"mj-1","amount":"700","currency":"KRW","op_id":")" + id + "\"}");
  EXPECT_EQ(in.text, R"({"code":"ok","outcome":"applied","reason":"","decision":"applied","decision_code":"","amount":"700","payee":"mj-1"})");
  const Seen& refused = bank.drive.command("credit", R"({"payer":"jh-1","payee":"mj-9","amount":700,"currency":"KRW","op_id":")" + other + "\"}");
  EXPECT_NE(refused.text.find(R"("decision_code":"payee_not_found")"), std::string::npos);
  EXPECT_EQ(bank.host.own_inbound.recorded.size(), 2u);
}

TEST(SimBank, down_answers_not_sent_and_says_so_to_the_host) {
  Bank bank;
  bank.drive.command("down");
  EXPECT_EQ(bank.host.state, PSW_READY_DOWN);
  EXPECT_EQ(bank.drive.credit(bank.drive.credit_of(15000)).outcome, Outcome::not_sent);
  bank.drive.command("up");
  EXPECT_EQ(bank.host.state, PSW_READY_UP);
  EXPECT_EQ(bank.drive.credit(bank.drive.credit_of(15000)).outcome, Outcome::applied);
}

TEST(SimBank, the_option_always_chooses_for_every_amount) {
  Bank bank({{"always", "103"}});
  EXPECT_EQ(bank.drive.credit(bank.drive.credit_of(15000)).reason, "account_closed");
}

TEST(SimBank, the_same_op_id_with_another_amount_is_not_a_decision) {
  Bank bank;
  Credit c = bank.drive.credit_of(15000);
  bank.drive.credit(c);
  c.minor = 16000;
  const Seen& reused = bank.drive.credit(c);
  EXPECT_EQ(reused.outcome, Outcome::unknown);
  EXPECT_EQ(reused.reason, "op_id_reused");
}

TEST(SimBank, reconcile_pages_through_all_decisions) {
  Bank bank;
  for (int i = 0; i != 5; ++i) bank.drive.credit(bank.drive.credit_of(15000, i));
  const Seen& first = bank.drive.reconcile("", 3);
  ASSERT_EQ(first.records.size(), 3u);
  EXPECT_EQ(bank.drive.reconcile(to_hex(first.records.back().op_id), 3).records.size(), 2u);
}

TEST(SimBank, arguments_that_are_not_a_flat_object_are_refused) {
  Bank bank;
  for (const char* bad : {"[", R"({"a":{}})", R"({"a":1,"a":2})", R"({"a":1.5})", R"({"a":"x)", "{} {}"}) EXPECT_EQ(bank.drive.command("show", bad).reason, "arguments_invalid") << bad;
}

TEST(SimBank, drain_ends_when_the_last_open_credit_is_answered) {
  Bank bank;
  bank.drive.credit(bank.drive.credit_of(201));
  bank.host.drain();
  bank.host.run();
  EXPECT_NE(bank.host.state, PSW_READY_DRAINED);
  bank.host.advance_ms(5000);
  EXPECT_EQ(bank.host.state, PSW_READY_DRAINED);
}

}  // namespace
}  // namespace payswitch::sim_bank::test
