// The same key has one effect and one answer, whatever happens in between.
#include "integration/api_suite.h"

#include <atomic>
#include <mutex>
#include <set>

namespace payswitch::test {
namespace {

struct Idempotency : ApiSuite {};

TEST_F(Idempotency, A13_the_same_key_a_hundred_times_at_once_has_one_effect) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 1'000);
  std::mutex mutex;
  std::set<std::string> bodies, ids;
  std::atomic<int> others{0};
  at_once(100, [&](int) {
    BankClient client(port());
    for (int attempt = 0; attempt < 50; ++attempt) {
      const auto reply = client.pay(a, b, 10, "same-key");
      if (reply.code() == "idempotency_in_progress") continue;
      const std::lock_guard lock(mutex);
      if (reply.status() != 201) ++others;
      bodies.insert(reply.http.body);
      ids.insert(reply.text("id"));
      return;
    }
    ++others;
  });
  EXPECT_EQ(others, 0);
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(bodies.size(), 1u) << *bodies.begin() << "\n" << *bodies.rbegin();
  EXPECT_EQ(api.balance(a), 990);
  EXPECT_EQ(api.balance(b), 10);
}

TEST_F(Idempotency, A14_the_same_key_for_another_request_is_refused) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 1'000);
  EXPECT_EQ(api.pay(a, b, 10, "used").status(), 201);
  const auto other = api.pay(a, b, 11, "used");
  EXPECT_EQ(other.status(), 422);
  EXPECT_EQ(other.code(), "idempotency_key_reused");
  EXPECT_EQ(api.withdraw(a, 10, "used").code(), "idempotency_key_reused");
  EXPECT_EQ(api.balance(a), 990);
}

TEST_F(Idempotency, a_repeat_is_answered_with_the_same_bytes_even_after_later_payments) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 1'000);
  const auto first = api.pay(a, b, 10, "bytes");
  const auto refused = api.pay(a, b, 5'000, "bytes-refused");
  api.pay(a, b, 500);
  api.deposit(b, 1);
  const auto again = api.pay(a, b, 10, "bytes");
  EXPECT_EQ(again.status(), first.status());
  EXPECT_EQ(again.http.body, first.http.body);
  EXPECT_EQ(again.http.header("Idempotent-Replayed"), "true");
  const auto refused_again = api.pay(a, b, 5'000, "bytes-refused");
  EXPECT_EQ(refused_again.status(), 422);
  EXPECT_EQ(refused_again.http.body, refused.http.body);
}

TEST_F(Idempotency, spacing_and_order_of_members_do_not_matter) {
  const auto a = api.open();
  const auto first = api.post("/v1/deposits", R"({"account":")" + a + R"(","amount":"5","currency":"KRW"})", "spacing");
  const auto again = api.post("/v1/deposits", "{ \"currency\" : \"KRW\",\n \"amount\": 5, \"account\":\"" + a + "\"}", "spacing");
  EXPECT_EQ(again.status(), 201) << again.http.body;
  EXPECT_EQ(again.http.body, first.http.body);
  EXPECT_EQ(api.balance(a), 5);
}

TEST_F(Idempotency, nor_does_the_order_within_metadata) {
  const auto a = api.open();
  const auto body = [&](std::string_view metadata) { return R"({"account":")" + a + R"(","amount":"5","currency":"KRW","metadata":)" + std::string(metadata) + "}"; };
  const auto first = api.post("/v1/deposits", body(R"({"order":7,"shop":"x"})"), "metadata-order");
  const auto again = api.post("/v1/deposits", body(R"({ "shop":"x", "order":7 })"), "metadata-order");
  EXPECT_EQ(first.status(), 201);
  EXPECT_EQ(again.status(), 201) << again.http.body;
  EXPECT_EQ(first.text("id"), again.text("id"));
  EXPECT_EQ(api.post("/v1/deposits", body(R"({"shop":"y","order":7})"), "metadata-order").code(), "idempotency_key_reused");
}

TEST_F(Idempotency, a_refusal_uses_the_key_up_and_the_money_does_not_move_later) {
  const auto a = api.open(), b = api.open();
  EXPECT_EQ(api.pay(a, b, 10, "poor").code(), "insufficient_funds");
  api.deposit(a, 1'000);
  EXPECT_EQ(api.pay(a, b, 10, "poor").code(), "insufficient_funds");
  EXPECT_EQ(api.balance(a), 1'000);
}

TEST_F(Idempotency, what_was_malformed_does_not_use_the_key_up) {
  const auto a = api.open();
  EXPECT_EQ(api.post("/v1/deposits", R"({"account":")" + a + R"(","amount":"0","currency":"KRW"})", "typo").code(), "amount_invalid");
  EXPECT_EQ(api.deposit(a, 7, "typo").status(), 201);
}

TEST(IdempotencyAcrossCrashes, A15_a_kill_between_commit_and_answer_gives_the_same_answer_to_the_retry) {
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  std::string a, b;
  {
    BankClient api(daemon.port());
    a = api.open();
    b = api.open();
    ASSERT_EQ(api.deposit(a, 1'000'000).status(), 201);
  }
  std::int64_t expected = 0;
  int key = 0;
  for (int round = 0; round < 8; ++round) {
    struct Sent {
      std::string key;
      Reply reply;
    };
    std::vector<Sent> sent;
    std::thread killer([&daemon, round] {
      std::this_thread::sleep_for(std::chrono::milliseconds(3 + 9 * round));
      daemon.kill();
    });
    {
      BankClient client(daemon.port());
      for (;;) {
        sent.push_back({"crash-" + std::to_string(key++), {}});
        sent.back().reply = client.pay(a, b, 1, sent.back().key);
        if (sent.back().reply.status() == 0) break;
      }
    }
    killer.join();
    ASSERT_TRUE(daemon.start());
    BankClient client(daemon.port());
    for (const auto& s : sent) {
      const auto again = client.pay(a, b, 1, s.key);
      ASSERT_EQ(again.status(), 201) << again.http.body;
      if (s.reply.status() == 201) {
        EXPECT_EQ(again.http.body, s.reply.http.body) << "an acknowledged answer has changed";
        EXPECT_EQ(again.http.header("Idempotent-Replayed"), "true");
      }
    }
    expected += static_cast<std::int64_t>(sent.size());
    EXPECT_EQ(client.balance(b), expected) << "round " << round;
    EXPECT_EQ(client.balance(a), 1'000'000 - expected);
  }
}

}  // namespace
}  // namespace payswitch::test
