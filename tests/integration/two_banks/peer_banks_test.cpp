// The fixture itself: banks that know each other, and a payment each way.
#include <gtest/gtest.h>

#include "integration/two_banks/peer_banks.h"
#include "support/bank_client.h"

namespace payswitch::test {
namespace {

TEST(PeerBanksFixture, three_banks_pay_each_other_and_one_of_them_comes_back_with_its_money_after_a_kill) {
  PeerBanksOptions options;
  options.codes = {"mj", "jh", "kb"};
  PeerBanks banks(options);
  ASSERT_TRUE(banks.start_all());
  for (std::size_t i = 0; i < banks.size(); ++i) {
    BankClient api(banks.daemon(i).port());
    ASSERT_EQ(api.post("/v1/accounts", R"({"currency":"KRW","number":")" + banks.code(i) + R"(-1"})").status(), 201);
    ASSERT_EQ(api.deposit(banks.code(i) + "-1", 1000).status(), 201);
  }
  const auto pay_next = [&](const std::string& key) {
    for (std::size_t i = 0; i < banks.size(); ++i) {
      BankClient api(banks.daemon(i).port());
      const auto body = R"({"payer":")" + banks.code(i) + R"(-1","payee":")" + banks.code((i + 1) % banks.size()) + R"(-1","currency":"KRW","amount":")" + std::to_string(10 * (i + 1)) + R"("})";
      const Reply paid = api.post("/v1/transfers", body, key, {{"Prefer", "wait=10"}});
      EXPECT_EQ(paid.text("status"), "completed") << paid.http.body << banks.daemon(i).log();
    }
  };
  pay_next("first");
  banks.daemon(2).kill();
  ASSERT_TRUE(banks.daemon(2).start());
  pay_next("second");
  const std::int64_t expected[] = {1000 + 2 * 20, 1000 - 2 * 10, 1000 - 2 * 10};
  for (std::size_t i = 0; i < banks.size(); ++i) EXPECT_EQ(BankClient(banks.daemon(i).port()).balance(banks.code(i) + "-1"), expected[i]) << banks.code(i);
  EXPECT_EQ(banks.terminate_all(), 0);
}

}  // namespace
}  // namespace payswitch::test
