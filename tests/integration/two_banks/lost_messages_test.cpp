// What the way between two banks can do to a request or its answer: nothing of it decides anything.
#include <unistd.h>

#include "integration/two_banks/two_banks.h"

namespace payswitch::test {
namespace {

TwoBanksOptions with_proxies() {
  TwoBanksOptions options;
  options.proxies = true;
  options.banks.connector = "call_deadline = \"700ms\"\n";
  return options;
}

using Spoil = std::function<void(FaultProxy&)>;

// Pays once to make the connection, then spoils the way, pays, `during` spoils it further, the way heals, and all is settled.
void through(const Spoil& spoil, const std::string& expected_meanwhile, const std::string& expected, const Spoil& during = [](FaultProxy&) {}) {
  TwoBanks banks(with_proxies());
  ASSERT_TRUE(banks.start());
  ASSERT_EQ(banks.mj().pay(10, "first", 10).text("status"), "completed");
  spoil(banks.to_jh());
  const Reply sent = banks.mj().pay(500, "spoiled");
  ASSERT_EQ(sent.status(), 202) << sent.http.body;
  during(banks.to_jh());
  const auto id = sent.text("id");
  EXPECT_EQ(banks.mj().wait_for(id, expected_meanwhile), expected_meanwhile);
  EXPECT_EQ(banks.mj().api().available("mj-1"), start_minor - 10 - (expected_meanwhile == "voided" ? 0 : 500)) << "reserved until it is known";
  banks.to_jh().heal();
  EXPECT_EQ(banks.mj().final_state(id), expected);
  EXPECT_EQ(banks.jh().balance(), start_minor + 10 + (expected == "completed" ? 500 : 0));
  banks.settle();
}

TEST(LostMessages, X5_a_request_that_is_lost_is_in_doubt_and_sent_again) {
  through([](FaultProxy& way) { way.drop(Way::there); }, "in_doubt", "completed");
}
TEST(LostMessages, X5_an_answer_that_is_lost_is_in_doubt_and_asked_for) {
  through([](FaultProxy& way) { way.drop(Way::back); }, "in_doubt", "completed");
}
TEST(LostMessages, X5_a_reset_in_the_middle_of_the_request_is_in_doubt) {
  through([](FaultProxy& way) { way.reset_after(Way::there, 100); }, "in_doubt", "completed");
}
TEST(LostMessages, X5_a_reset_instead_of_the_answer_is_in_doubt) {
  through([](FaultProxy& way) { way.reset_after(Way::back, 0); }, "in_doubt", "completed");
}
TEST(LostMessages, X5_a_way_that_is_closed_in_order_in_the_middle_of_the_request_is_in_doubt) {
  through([](FaultProxy& way) { way.trickle(Way::there, 50); }, "in_doubt", "completed", [](FaultProxy& way) {
    usleep(100'000);
    way.half_close(Way::there);
  });
}
TEST(LostMessages, X5_an_answer_at_one_byte_a_second_is_in_doubt) {
  through([](FaultProxy& way) { way.trickle(Way::back, 1); }, "in_doubt", "completed");
}
TEST(LostMessages, X5_what_never_gets_through_is_cancelled_after_not_after_and_the_money_is_back) {
  TwoBanks banks(with_proxies());
  ASSERT_TRUE(banks.start());
  ASSERT_EQ(banks.mj().pay(10, "first", 10).text("status"), "completed");
  banks.to_jh().drop(Way::there);
  const auto id = banks.mj().pay(500, "spoiled").text("id");
  EXPECT_TRUE(within(20, [&] { return banks.mj().show(id).http.body.find("cancel asked") != std::string::npos; }));
  EXPECT_EQ(banks.mj().state(id), "in_doubt") << "never voided by the clock";
  banks.to_jh().heal();
  EXPECT_EQ(banks.mj().final_state(id), "voided");
  EXPECT_EQ(banks.mj().api().available("mj-1"), start_minor - 10);
  EXPECT_EQ(banks.jh().balance(), start_minor + 10);
  banks.settle();
}

}  // namespace
}  // namespace payswitch::test
