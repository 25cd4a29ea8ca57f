// Many at once on the same accounts.
#include "integration/api_suite.h"

#include <atomic>

namespace payswitch::test {
namespace {

struct Concurrency : ApiSuite {};

TEST_F(Concurrency, A16_of_a_thousand_withdrawals_of_the_last_unit_one_succeeds) {
  const auto a = api.open();
  api.deposit(a, 1);
  std::atomic<int> done{0}, refused{0}, other{0};
  at_once(50, [&](int) {
    BankClient client(port());
    for (int i = 0; i < 20; ++i) {
      const auto reply = client.withdraw(a, 1);
      if (reply.status() == 201) ++done;
      else if (reply.code() == "insufficient_funds") ++refused;
      else ++other;
    }
  });
  EXPECT_EQ(done, 1);
  EXPECT_EQ(refused, 999);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(api.balance(a), 0);
}

TEST_F(Concurrency, two_hundred_deposits_withdrawals_and_transfers_on_one_account_add_up) {
  const auto hot = api.open(), other = api.open();
  api.deposit(hot, 100'000);
  std::atomic<int> failed{0};
  at_once(40, [&](int) {
    BankClient client(port());
    for (int i = 0; i < 5; ++i) {
      if (client.deposit(hot, 30).status() != 201) ++failed;
      if (client.withdraw(hot, 10).status() != 201) ++failed;
      if (client.pay(hot, other, 5).status() != 201) ++failed;
    }
  });
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(api.balance(hot), 100'000 + 200 * (30 - 10 - 5));
  EXPECT_EQ(api.balance(other), 1'000);
}

TEST_F(Concurrency, crossed_transfers_neither_deadlock_nor_lose_a_unit) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 50'000);
  api.deposit(b, 50'000);
  std::atomic<int> failed{0};
  at_once(40, [&](int index) {
    BankClient client(port());
    for (int i = 0; i < 10; ++i) {
      const auto reply = index % 2 == 0 ? client.pay(a, b, 200) : client.pay(b, a, 100);
      if (reply.status() != 201) ++failed;
    }
  });
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(api.balance(a), 30'000);
  EXPECT_EQ(api.balance(b), 70'000);
}

TEST_F(Concurrency, post_and_void_of_one_hold_have_one_winner) {
  for (int round = 0; round < 20; ++round) {
    const auto a = api.open(), b = api.open();
    api.deposit(a, 10);
    const auto held = api.hold(a, b, 10);
    const std::string at = "/v1/transfers/" + held.text("id");
    std::atomic<int> won{0}, lost{0};
    at_once(6, [&](int index) {
      BankClient client(port());
      const auto reply = client.post(at + (index % 2 ? "/post" : "/void"), "");
      if (reply.status() == 200) ++won;
      else if (reply.status() == 409) ++lost;
    });
    EXPECT_EQ(won + lost, 6);
    EXPECT_EQ(won, 1) << "round " << round;
    EXPECT_EQ(api.balance(a) + api.balance(b), 10);
    EXPECT_EQ(api.available(a), api.balance(a));
  }
}

}  // namespace
}  // namespace payswitch::test
