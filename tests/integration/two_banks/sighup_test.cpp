// Keys change while both daemons run: SIGHUP reads them again, and no payment is lost or made twice over it.
#include <gtest/gtest.h>

#include <unistd.h>

#include <csignal>
#include <fstream>

#include "integration/two_banks/peer_banks.h"
#include "support/bank_client.h"

namespace payswitch::test {
namespace {

// Replaces text in the configuration of a running daemon and has it read again.
void rewrite(DaemonProcess& daemon, const std::string& before, const std::string& after) {
  std::string text = DaemonProcess::read_file(daemon.config_file());
  const auto at = text.find(before);
  ASSERT_NE(at, std::string::npos) << before;
  text.replace(at, before.size(), after);
  std::ofstream(daemon.config_file()) << text;
  ::kill(daemon.pid(), SIGHUP);
  for (int i = 0; i < 200 && daemon.log().find("PSW-APP-017") == std::string::npos; ++i) usleep(25'000);
  ASSERT_NE(daemon.log().find("PSW-APP-017"), std::string::npos) << daemon.log();
}

TEST(KeysBySighup, a_signing_key_is_changed_without_a_restart_and_a_payment_in_between_is_credited_once) {
  PeerBanks banks;
  ASSERT_TRUE(banks.start_all());
  BankClient mj(banks.daemon(0).port()), jh(banks.daemon(1).port());
  ASSERT_EQ(mj.post("/v1/accounts", R"({"currency":"KRW","number":"mj-1"})").status(), 201);
  ASSERT_EQ(jh.post("/v1/accounts", R"({"currency":"KRW","number":"jh-1"})").status(), 201);
  ASSERT_EQ(mj.deposit("mj-1", 1000).status(), 201);
  const auto pay = [&](int wait) {
    return mj.post("/v1/transfers", R"({"payer":"mj-1","payee":"jh-1","currency":"KRW","amount":"10"})", {}, {{"Prefer", "wait=" + std::to_string(wait)}});
  };
  EXPECT_EQ(pay(10).text("status"), "completed");
  // jh no longer believes the old id; mj still signs with it: jh answers 401, which decides nothing.
  rewrite(banks.daemon(1), "keys = { \"mj-1\"", "keys = { \"mj-2\"");
  const Reply between = pay(2);
  EXPECT_EQ(between.status(), 202) << between.http.body;
  EXPECT_EQ(jh.balance("jh-1"), 10);
  rewrite(banks.daemon(0), "\"mj-1\" = \"${cred:sign.pem}\"", "\"mj-2\" = \"${cred:sign.pem}\"");
  EXPECT_EQ(mj.get("/v1/transfers/" + between.text("id"), {{"Prefer", "wait=30"}}).text("status"), "completed");
  EXPECT_EQ(pay(10).text("status"), "completed");
  EXPECT_EQ(jh.balance("jh-1"), 30);
  EXPECT_EQ(mj.balance("mj-1"), 970);
  EXPECT_EQ(banks.terminate_all(), 0);
}

}  // namespace
}  // namespace payswitch::test
