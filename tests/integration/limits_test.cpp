// Limits per transfer, account and owner, rates per principal.
#include "integration/api_suite.h"

namespace payswitch::test {
namespace {

TEST(Limits, per_transfer_and_per_day_are_refused_by_name) {
  DaemonProcess daemon({.auth_mode = "development", .cash_allow = "owner",
                        .extra = "[limits.transfer]\nKRW = { min = \"10\", max = \"1000\", per_account_day = \"1500\", per_owner_day = \"2500\" }\n", .environment = "", .wrapper = ""});
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const auto a = api.open(), b = api.open(), c = api.open();
  api.deposit(a, 1'000);
  api.deposit(a, 1'000);
  api.deposit(b, 1'000);
  api.deposit(b, 1'000);
  EXPECT_EQ(api.pay(a, c, 9).code(), "limit_exceeded");
  const auto over = api.pay(a, c, 1'001);
  EXPECT_EQ(over.code(), "limit_exceeded");
  EXPECT_NE(over.text("detail").find("1000"), std::string::npos) << over.http.body;
  EXPECT_EQ(api.pay(a, c, 1'000).status(), 201);
  const auto day = api.pay(a, c, 600);
  EXPECT_EQ(day.code(), "limit_exceeded") << day.http.body;
  EXPECT_NE(day.text("detail").find("1500"), std::string::npos) << day.http.body;
  EXPECT_EQ(api.pay(a, c, 500).status(), 201);
  EXPECT_EQ(api.pay(b, c, 1'000).status(), 201);
  EXPECT_EQ(api.pay(b, c, 10).code(), "limit_exceeded") << "the owner's day is used up";
}

TEST(Limits, a_principal_above_its_rate_is_asked_to_wait) {
  DaemonProcess daemon({.auth_mode = "development", .cash_allow = "owner", .extra = "[limits.requests]\nper_second = 20\nburst = 10\n", .environment = "", .wrapper = ""});
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  int limited = 0;
  Reply last;
  for (int i = 0; i < 60; ++i) {
    const auto reply = api.get("/v1/me");
    if (reply.status() != 429) continue;
    ++limited;
    last = reply;
  }
  EXPECT_GT(limited, 10);
  EXPECT_EQ(last.code(), "rate_limited");
  EXPECT_EQ(last.text("class"), "retry");
  EXPECT_GT(last.minor("retry_after_ms"), 0);
  EXPECT_FALSE(last.http.header("Retry-After").empty());
}

}  // namespace
}  // namespace payswitch::test
