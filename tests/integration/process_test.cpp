// The process itself: start, refusal to start, drain, health, control.
#include "integration/api_suite.h"

#include <fstream>

namespace payswitch::test {
namespace {

TEST(Process, drains_on_sigterm_and_ends_with_0) {
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const auto a = api.open();
  EXPECT_EQ(api.deposit(a, 5).status(), 201);
  EXPECT_EQ(daemon.terminate(), 0) << daemon.log();
  ASSERT_TRUE(daemon.start());
  BankClient again(daemon.port());
  EXPECT_EQ(again.balance(a), 5);
}

TEST(Process, A21_a_second_daemon_on_the_same_ledger_is_refused) {
  DaemonProcess first;
  ASSERT_TRUE(first.start());
  DaemonProcess second;
  std::string config = DaemonProcess::read_file(second.config_file());
  config.replace(config.find(second.folder() + "/books"), second.folder().size(), first.folder());
  std::ofstream(second.config_file()) << config;
  EXPECT_FALSE(second.start());
  EXPECT_NE(second.log().find("PSW-APP-005"), std::string::npos) << second.log();
  BankClient api(first.port());
  EXPECT_EQ(api.get("/v1/me").status(), 200);
}

TEST(Process, a_configuration_that_contradicts_the_ledger_is_refused_with_both_names) {
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  EXPECT_EQ(daemon.terminate(), 0);
  std::string config = DaemonProcess::read_file(daemon.config_file());
  config.replace(config.find("bank = \"mj\""), 11, "bank = \"zz\"");
  std::ofstream(daemon.config_file()) << config;
  EXPECT_FALSE(daemon.start());
  EXPECT_NE(daemon.log().find("PSW-APP-006"), std::string::npos) << daemon.log();
  EXPECT_NE(daemon.log().find("mj"), std::string::npos);
  EXPECT_NE(daemon.log().find("zz"), std::string::npos);
}

TEST(Process, a_wrong_configuration_ends_with_78_and_all_its_errors) {
  DaemonProcess daemon({.auth_mode = "none", .cash_allow = "everybody", .extra = "", .environment = "", .wrapper = ""});
  EXPECT_FALSE(daemon.start());
  EXPECT_NE(daemon.log().find("auth.mode"), std::string::npos) << daemon.log();
  EXPECT_NE(daemon.log().find("cash.allow"), std::string::npos) << daemon.log();
}

TEST(Process, development_mode_listens_on_loopback_only_and_says_so) {
  DaemonProcess daemon;
  std::string config = DaemonProcess::read_file(daemon.config_file());
  const std::string address = "127.0.0.1:" + std::to_string(daemon.port());
  config.replace(config.find(address), address.size(), "0.0.0.0:" + std::to_string(daemon.port()));
  std::ofstream(daemon.config_file()) << config;
  EXPECT_FALSE(daemon.start());
  DaemonProcess allowed;
  ASSERT_TRUE(allowed.start());
  EXPECT_NE(allowed.log().find("PSW-APP-002"), std::string::npos);
}

TEST(Process, health_metrics_and_control_answer) {
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const auto a = api.open();
  api.deposit(a, 5);
  HttpClient admin(daemon.admin_port());
  EXPECT_EQ(admin.get("/livez").status, 200);
  EXPECT_NE(admin.get("/readyz?verbose").body.find("[+] ledger ok"), std::string::npos);
  const auto metrics = admin.get("/metrics").body;
  EXPECT_NE(metrics.find("payswitch_payments_total{kind=\"deposit\",outcome=\"completed\"} 1"), std::string::npos) << metrics;
  EXPECT_NE(metrics.find("payswitch_payment_duration_seconds_count{kind=\"deposit\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find("payswitch_build_info"), std::string::npos);
  EXPECT_NE(metrics.find("payswitch_transfers_running"), std::string::npos);
  const auto status = daemon.control(R"({"command":"status","args":{}})");
  EXPECT_NE(status.find("\"ok\":true"), std::string::npos) << status;
  EXPECT_NE(daemon.control(R"({"command":"health","args":{}})").find("\"ok\":true"), std::string::npos);
  EXPECT_NE(daemon.control(R"({"command":"account show","args":{"number":")" + a + "\"}}").find("\"minor\":\"5\""), std::string::npos);
  EXPECT_NE(daemon.control(R"({"command":"ledger verify","args":{}})").find("\"balanced\":true"), std::string::npos);
  EXPECT_NE(daemon.control(R"({"command":"explain","args":{"id":"PSW-APP-007"}})").find("74"), std::string::npos);
  EXPECT_NE(daemon.control(R"({"command":"routes explain","args":{"to":")" + a + R"(","amount":"5","currency":"KRW"}})").find("\"here\""), std::string::npos);
}

}  // namespace
}  // namespace payswitch::test
