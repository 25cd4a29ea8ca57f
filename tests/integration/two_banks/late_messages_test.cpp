// Requests that come late, twice, or not at all, on connections of their own: what came first decides, once.
#include <unistd.h>

#include "integration/two_banks/two_banks.h"

namespace payswitch::test {
namespace {

TwoBanksOptions slow_way() {
  TwoBanksOptions options;
  options.proxies = true;
  options.not_after = "20s";
  options.banks.connector = "call_deadline = \"700ms\"\n";
  return options;
}

// A payment whose request lies on the way for `ms`, while everything later goes at once.
std::string pay_slowly(TwoBanks& banks, unsigned ms, std::int64_t minor = 500) {
  EXPECT_EQ(banks.mj().pay(10, "first", 10).text("status"), "completed");
  const auto before = banks.to_jh().bytes(Way::there);
  banks.to_jh().delay(Way::there, ms);
  const auto id = banks.mj().pay(minor, "late").text("id");
  usleep(300'000);  // on its way: later bytes are not delayed
  EXPECT_EQ(banks.to_jh().bytes(Way::there), before);
  banks.to_jh().heal();
  return id;
}

TEST(LateMessages, X6_a_request_that_arrives_after_our_cancel_is_refused_by_the_tombstone) {
  TwoBanks banks(slow_way());
  ASSERT_TRUE(banks.start());
  const auto id = pay_slowly(banks, 5'000);
  const Reply cancelled = banks.mj().api().post("/v1/transfers/" + id + "/cancel", "{}", "", {{"Prefer", "wait=10"}});
  EXPECT_EQ(cancelled.text("state"), "voided") << cancelled.http.body;
  const auto served = banks.jh().metric("payswitch_peer_requests_served_total{connector=\"mj-http\"}");
  EXPECT_TRUE(within(15, [&] { return banks.jh().metric("payswitch_peer_requests_served_total{connector=\"mj-http\"}") > served; })) << "the request came after all";
  EXPECT_EQ(banks.mj().state(id), "voided");
  EXPECT_EQ(banks.jh().balance(), start_minor + 10);
  EXPECT_EQ(banks.mj().api().available("mj-1"), start_minor - 10);
  banks.settle();
}

TEST(LateMessages, X7_X8_not_found_while_the_request_is_on_its_way_decides_nothing_and_both_copies_credit_once) {
  TwoBanks banks(slow_way());
  ASSERT_TRUE(banks.start());
  const auto id = pay_slowly(banks, 4'000);
  EXPECT_EQ(banks.mj().wait_for(id, "in_doubt", 5), "in_doubt");
  EXPECT_EQ(banks.mj().final_state(id), "completed") << "by the second copy";
  EXPECT_EQ(banks.jh().balance(), start_minor + 510);
  const auto served = banks.jh().metric("payswitch_peer_requests_served_total{connector=\"mj-http\"}");
  EXPECT_TRUE(within(15, [&] { return banks.jh().metric("payswitch_peer_requests_served_total{connector=\"mj-http\"}") > served; })) << "and the first one comes";
  EXPECT_EQ(banks.jh().balance(), start_minor + 510) << "once";
  banks.settle();
}

TEST(LateMessages, X4_what_cannot_connect_at_its_first_send_was_not_sent_and_gives_the_money_back) {
  TwoBanks banks(slow_way());
  ASSERT_TRUE(banks.start());
  banks.to_jh().refuse();
  const Reply paid = banks.mj().pay(500, "unsent", 10);
  const auto id = paid.text("id").empty() ? paid.text("transfer_id") : paid.text("id");
  EXPECT_EQ(banks.mj().final_state(id), "voided") << paid.http.body;
  EXPECT_EQ(banks.mj().api().available("mj-1"), start_minor);
  banks.to_jh().heal();
  EXPECT_EQ(banks.jh().balance(), start_minor);
  EXPECT_TRUE(within(20, [&] { return banks.mj().pay(7, BankClient::new_key(), 10).text("status") == "completed"; })) << "the road is open again";
  banks.settle();
}

TEST(LateMessages, X19_a_query_a_resend_and_a_cancel_that_cannot_be_sent_change_nothing) {
  TwoBanks banks(slow_way());
  ASSERT_TRUE(banks.start());
  ASSERT_EQ(banks.mj().pay(10, "first", 10).text("status"), "completed");
  banks.to_jh().drop(Way::back);  // credited, and the answer is lost
  const auto id = banks.mj().pay(500, "asked").text("id");
  EXPECT_EQ(banks.mj().wait_for(id, "in_doubt", 5), "in_doubt");
  banks.to_jh().refuse();
  banks.to_jh().reset_all();
  const auto queries = banks.mj().metric("payswitch_queries_sent");
  usleep(2'500'000);
  EXPECT_EQ(banks.mj().state(id), "in_doubt") << "asked " << queries;
  EXPECT_EQ(banks.mj().api().post("/v1/transfers/" + id + "/cancel", "{}").status(), 202);
  usleep(1'500'000);
  EXPECT_EQ(banks.mj().state(id), "in_doubt");
  EXPECT_EQ(banks.mj().api().available("mj-1"), start_minor - 510) << "and nothing is given back";
  banks.to_jh().heal();
  EXPECT_EQ(banks.mj().final_state(id), "completed") << "the cancel meets a credit";
  EXPECT_EQ(banks.jh().balance(), start_minor + 510);
  banks.settle();
}

TEST(LateMessages, A27_a_one_way_partition_of_twenty_seconds_for_the_ten_minutes_of_the_list) {
  TwoBanksOptions options = slow_way();
  options.not_after = "4s";
  TwoBanks banks(options);
  ASSERT_TRUE(banks.start());
  ASSERT_EQ(banks.mj().pay(10, "first", 10).text("status"), "completed");
  ASSERT_EQ(banks.jh().pay(10, "first", 10).text("status"), "completed");
  banks.to_jh().drop(Way::back);  // jh hears mj, mj never hears jh
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) {
    const Reply paid = banks.mj().pay(100 + i, "cut-" + std::to_string(i));
    if (paid.status() == 202) ids.push_back(paid.text("id"));
    const Reply other = banks.jh().pay(50 + i, "cut-" + std::to_string(i), 3);
    EXPECT_EQ(other.text("status"), "completed") << "their own way is whole" << other.http.body;
    usleep(1'200'000);
  }
  // The first went over the connection that was there. Later ones find no handshake to finish: they were not sent, and may be voided.
  EXPECT_GE(ids.size(), 3u);
  usleep(5'000'000);
  EXPECT_EQ(banks.mj().state(ids.front()), "in_doubt") << "nothing is decided by time";
  const auto healed = std::chrono::steady_clock::now();
  banks.settle(60);
  EXPECT_LT(std::chrono::steady_clock::now() - healed, std::chrono::seconds(60));
}

}  // namespace
}  // namespace payswitch::test
