// Money through the real daemon: what a customer sees.
#include "integration/api_suite.h"

#include <atomic>

namespace payswitch::test {
namespace {

struct Money : ApiSuite {};

TEST_F(Money, is_deposited_withdrawn_and_transferred) {
  const auto a = api.open(), b = api.open();
  ASSERT_TRUE(a.starts_with("mj-")) << a;
  const auto deposit = api.deposit(a, 15'000);
  EXPECT_EQ(deposit.status(), 201) << deposit.http.body;
  EXPECT_EQ(deposit.text("status"), "completed");
  EXPECT_EQ(deposit.http.header("Location"), "/v1/transfers/" + deposit.text("id"));
  EXPECT_EQ(api.withdraw(a, 1'000).status(), 201);
  const auto paid = api.pay(a, b, 4'000);
  EXPECT_EQ(paid.status(), 201) << paid.http.body;
  EXPECT_EQ(api.balance(a), 10'000);
  EXPECT_EQ(api.balance(b), 4'000);
  const auto read = api.get("/v1/transfers/" + paid.text("id"));
  EXPECT_EQ(read.status(), 200);
  EXPECT_EQ(read.text("payer"), a);
  EXPECT_NE(read.text("history"), "");
}

TEST_F(Money, that_is_not_there_is_refused_by_name_in_both_languages) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 100);
  const auto refused = api.pay(a, b, 101);
  EXPECT_EQ(refused.status(), 422);
  EXPECT_EQ(refused.code(), "insufficient_funds");
  EXPECT_EQ(refused.text("class"), "final");
  EXPECT_FALSE(refused.text("transfer_id").empty());
  const auto korean = api.post("/v1/withdrawals", R"({"account":")" + a + R"(","amount":"101","currency":"KRW"})", {}, {{"Accept-Language", "ko-KR"}});
  EXPECT_EQ(korean.status(), 422);
  EXPECT_NE(korean.text("title").find("잔액부족"), std::string::npos) << korean.http.body;
  EXPECT_EQ(api.balance(a), 100);
}

TEST_F(Money, all_takes_what_is_available_and_no_more) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 777);
  api.hold(a, b, 77);
  const auto moved = api.post("/v1/transfers", R"({"payer":")" + a + R"(","payee":")" + b + R"(","amount":"all","currency":"KRW"})");
  EXPECT_EQ(moved.status(), 201) << moved.http.body;
  EXPECT_EQ(moved.minor("amount"), 700);
  EXPECT_EQ(api.available(a), 0);
  EXPECT_EQ(api.balance(a), 77);
}

TEST_F(Money, a_hold_reserves_and_is_posted_in_part) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 1'000);
  const auto held = api.hold(a, b, 600);
  EXPECT_EQ(held.status(), 202) << held.http.body;
  EXPECT_EQ(held.text("status"), "held");
  EXPECT_EQ(api.available(a), 400);
  EXPECT_EQ(api.balance(a), 1'000);
  EXPECT_EQ(api.pay(a, b, 401).code(), "insufficient_funds");
  const std::string at = "/v1/transfers/" + held.text("id");
  EXPECT_EQ(api.post(at + "/post", R"({"amount":"601"})").code(), "amount_exceeds_hold");
  const auto posted = api.post(at + "/post", R"({"amount":"250"})");
  EXPECT_EQ(posted.status(), 200) << posted.http.body;
  EXPECT_EQ(posted.minor("posted_amount"), 250);
  EXPECT_EQ(api.balance(a), 750);
  EXPECT_EQ(api.available(a), 750);
  EXPECT_EQ(api.balance(b), 250);
  EXPECT_EQ(api.post(at + "/post", "{}").code(), "hold_already_posted");
  EXPECT_EQ(api.post(at + "/void", "{}").code(), "hold_already_posted");
  EXPECT_EQ(api.post(at + "/cancel", "").code(), "transfer_not_cancellable");
}

TEST_F(Money, what_was_moved_is_given_back_in_parts_by_linked_transfers) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 1'000);
  const auto paid = api.pay(a, b, 600);
  const std::string at = "/v1/transfers/" + paid.text("id");
  EXPECT_EQ(api.post(at + "/reverse", R"({"amount":"0"})").code(), "amount_invalid");
  EXPECT_EQ(api.post(at + "/reverse", R"({"amounts":"1"})").code(), "unknown_member");
  const auto part = api.post(at + "/reverse", R"({"amount":"250"})", "give-back");
  EXPECT_EQ(part.status(), 201) << part.http.body;
  EXPECT_EQ(part.text("kind"), "reversal");
  EXPECT_EQ(part.text("parent_id"), paid.text("id"));
  EXPECT_EQ(part.text("payer"), b);
  EXPECT_EQ(part.http.header("location"), "/v1/transfers/" + part.text("id"));
  EXPECT_EQ(api.balance(a), 650);
  EXPECT_EQ(api.get(at).minor("reversed_amount"), 250);
  const auto beyond = api.post(at + "/reverse", R"({"amount":"351"})", {}, {{"Accept-Language", "ko"}});
  EXPECT_EQ(beyond.status(), 422);
  EXPECT_EQ(beyond.code(), "reversal_exceeds_original");
  EXPECT_NE(beyond.text("title").find("초과"), std::string::npos);
  const auto rest = api.post(at + "/reverse", "{}");
  EXPECT_EQ(rest.minor("amount"), 350) << rest.http.body;
  EXPECT_EQ(api.balance(a), 1'000);
  EXPECT_EQ(api.balance(b), 0);
  const auto again = api.post(at + "/reverse", R"({"amount":"250"})", "give-back");
  EXPECT_EQ(again.text("id"), part.text("id"));
  EXPECT_EQ(again.http.header("idempotent-replayed"), "true");
  EXPECT_EQ(api.post("/v1/transfers/" + part.text("id") + "/reverse", "{}").code(), "not_reversible");
  EXPECT_EQ(api.post("/v1/transfers/01ARZ3NDEKTSV4RRFFQ69G5FAV/reverse", "{}").code(), "transfer_not_found");
}

TEST_F(Money, a_hundred_reversals_at_once_give_back_no_more_than_was_posted) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 1'000);
  const auto paid = api.pay(a, b, 1'000);
  std::atomic<int> given{0}, refused{0}, other{0};
  at_once(20, [&](int) {
    BankClient mine(port());
    for (int i = 0; i < 5; ++i) {
      const auto reply = mine.post("/v1/transfers/" + paid.text("id") + "/reverse", R"({"amount":"30"})");
      ++(reply.status() == 201 ? given : reply.code() == "reversal_exceeds_original" ? refused : other);
    }
  });
  EXPECT_EQ(given, 33);
  EXPECT_EQ(refused, 67);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(api.balance(b), 10);
  EXPECT_EQ(api.get("/v1/transfers/" + paid.text("id")).minor("reversed_amount"), 990);
}

TEST_F(Money, the_history_of_a_transfer_is_told_in_the_readers_language) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 100);
  const std::string at = "/v1/transfers/" + api.hold(a, b, 60).text("id");
  api.post(at + "/post", "{}");
  const auto english = api.get(at), korean = api.get(at, {{"Accept-Language", "ko"}});
  const auto& rows = english.body.at("history").as_array();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows.at(0).at("event").as_string(), "held");
  EXPECT_EQ(rows.at(0).at("text").as_string(), "The money was reserved.");
  EXPECT_EQ(rows.at(1).at("text").as_string(), "The money was moved.");
  EXPECT_EQ(korean.body.at("history").at(1).at("event").as_string(), "posted");
  EXPECT_EQ(korean.body.at("history").at(1).at("text").as_string(), "금액이 이체되었습니다.");
}

TEST_F(Money, a_voided_or_cancelled_hold_gives_the_money_back) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 500);
  const auto first = api.hold(a, b, 500);
  const auto voided = api.post("/v1/transfers/" + first.text("id") + "/void", "");
  EXPECT_EQ(voided.status(), 200) << voided.http.body;
  EXPECT_EQ(voided.text("state"), "voided");
  EXPECT_EQ(api.available(a), 500);
  EXPECT_EQ(api.post("/v1/transfers/" + first.text("id") + "/post", "").code(), "hold_already_voided");
  const auto second = api.hold(a, b, 500);
  EXPECT_EQ(api.post("/v1/transfers/" + second.text("id") + "/cancel", "").status(), 200);
  EXPECT_EQ(api.available(a), 500);
  EXPECT_EQ(api.balance(b), 0);
}

TEST_F(Money, a_frozen_account_neither_pays_nor_receives) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 500);
  EXPECT_EQ(api.post("/v1/accounts/" + a + "/freeze", R"({"side":"debit"})").text("status"), "frozen_debit");
  EXPECT_EQ(api.pay(a, b, 1).code(), "account_frozen");
  EXPECT_EQ(api.deposit(a, 1).status(), 201);
  EXPECT_EQ(api.post("/v1/accounts/" + a + "/freeze", "").text("status"), "frozen");
  EXPECT_EQ(api.deposit(a, 1).code(), "account_frozen");
  EXPECT_EQ(api.post("/v1/accounts/" + a + "/unfreeze", "").text("status"), "open");
  EXPECT_EQ(api.pay(a, b, 1).status(), 201);
}

TEST_F(Money, only_an_empty_account_is_closed_and_its_history_stays) {
  const auto a = api.open();
  api.deposit(a, 5);
  EXPECT_EQ(api.post("/v1/accounts/" + a + "/close", "").code(), "account_not_empty");
  EXPECT_EQ(api.withdraw(a, 5).status(), 201);
  EXPECT_EQ(api.post("/v1/accounts/" + a + "/close", "").text("status"), "closed");
  EXPECT_EQ(api.deposit(a, 5).code(), "account_closed");
  const auto postings = api.get("/v1/accounts/" + a + "/postings");
  EXPECT_EQ(postings.status(), 200);
  EXPECT_EQ(postings.body.at("postings").as_array().size(), 2u);
}

TEST_F(Money, max_balance_is_a_rule) {
  const auto opened = api.post("/v1/accounts", R"({"currency":"KRW","max_balance":"1000"})");
  ASSERT_EQ(opened.status(), 201) << opened.http.body;
  EXPECT_EQ(api.deposit(opened.text("number"), 1'000).status(), 201);
  EXPECT_EQ(api.deposit(opened.text("number"), 1).code(), "max_balance_exceeded");
}

TEST_F(Money, postings_are_paged_by_cursors_that_belong_to_their_filter) {
  const auto a = api.open();
  for (int i = 1; i <= 7; ++i) api.deposit(a, i);
  std::string target = "/v1/accounts/" + a + "/postings?limit=3", cursor;
  std::size_t rows = 0, pages = 0;
  std::int64_t sum = 0;
  do {
    const auto page = api.get(target + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(page.status(), 200) << page.http.body;
    for (const auto& row : page.body.at("postings").as_array()) sum += std::atoll(row.at("amount").as_string().c_str());
    rows += page.body.at("postings").as_array().size();
    cursor = page.text("next");
    if (++pages == 1) {
      ASSERT_FALSE(cursor.empty());
      EXPECT_EQ(api.get("/v1/accounts/" + api.open() + "/postings?cursor=" + cursor).code(), "cursor_invalid");
      EXPECT_EQ(api.get(target + "&cursor=" + cursor.substr(1)).code(), "cursor_invalid");
    }
  } while (!cursor.empty() && pages < 10);
  EXPECT_EQ(rows, 7u);
  EXPECT_EQ(sum, 28);
}

TEST_F(Money, transfers_are_found_by_reference_and_by_state) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 100);
  const auto made = api.post("/v1/transfers", R"({"payer":")" + a + R"(","payee":")" + b + R"(","amount":"9","currency":"KRW","reference":"주문 #17","metadata":{"order":17,"gift":true}})");
  ASSERT_EQ(made.status(), 201) << made.http.body;
  const auto found = api.get("/v1/transfers?reference=%EC%A3%BC%EB%AC%B8%20%2317");
  ASSERT_EQ(found.status(), 200) << found.http.body;
  ASSERT_EQ(found.body.at("transfers").as_array().size(), 1u) << found.http.body;
  EXPECT_EQ(found.body.at("transfers").as_array()[0].at("id").as_string(), made.text("id"));
  const auto held = api.hold(a, b, 1);
  bool seen = false;
  const auto list = api.get("/v1/transfers?state=held,in_doubt");
  for (const auto& t : list.body.at("transfers").as_array()) {
    EXPECT_EQ(t.at("state").as_string(), "held");
    seen = seen || t.at("id").as_string() == held.text("id");
  }
  EXPECT_TRUE(seen);
  EXPECT_EQ(api.get("/v1/transfers?state=gone").code(), "malformed_request");
}

TEST_F(Money, an_account_is_listed_read_and_never_opened_twice) {
  const auto opened = api.post("/v1/accounts", R"({"currency":"USD","number":"mj-listed","metadata":{"name":"savings"}})", "open-listed");
  ASSERT_EQ(opened.status(), 201) << opened.http.body;
  const auto again = api.post("/v1/accounts", R"({"currency":"USD","number":"mj-listed","metadata":{"name":"savings"}})", "open-listed");
  EXPECT_EQ(again.status(), 201);
  EXPECT_EQ(again.http.header("Idempotent-Replayed"), "true");
  EXPECT_EQ(api.post("/v1/accounts", R"({"currency":"USD","number":"mj-listed"})").code(), "account_exists");
  EXPECT_EQ(api.get("/v1/accounts/mj-listed").text("owner"), "dev");
  bool seen = false;
  const auto list = api.get("/v1/accounts?limit=500");
  for (const auto& account : list.body.at("accounts").as_array()) seen = seen || account.at("number").as_string() == "mj-listed";
  EXPECT_TRUE(seen);
}

TEST_F(Money, an_answer_carries_the_trace_and_a_position) {
  const auto a = api.open();
  const auto made = api.post("/v1/deposits", R"({"account":")" + a + R"(","amount":1,"currency":"KRW"})", {}, {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}});
  EXPECT_TRUE(made.http.header("traceparent").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")) << made.http.header("traceparent");
  const std::string position = made.http.header("Payswitch-Position");
  EXPECT_FALSE(position.empty());
  EXPECT_EQ(api.get("/v1/accounts/" + a, {{"Payswitch-Position", position}}).status(), 200);
}

}  // namespace
}  // namespace payswitch::test
