// What an operator relies on: the service manager's protocol, drain under load, the check of a configuration, payswitchctl over a
// daemon with data, traces, idle crowds and overload.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "integration/api_suite.h"

namespace payswitch::test {
namespace {

DaemonOptions plain(std::string extra = "", std::string wrapper = "") {
  return {.auth_mode = "development", .cash_allow = "owner", .extra = std::move(extra), .environment = "", .wrapper = std::move(wrapper)};
}

// ---- the service manager -------------------------------------------------------------------------------------------------------------

TEST(Operations, the_service_manager_hears_ready_watchdog_and_stopping_in_this_order) {
  const std::string path = "/tmp/payswitch-notify-" + std::to_string(getpid());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", path.c_str());
  unlink(path.c_str());
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const auto next = [&] {
    char text[512];
    const ssize_t n = recv(fd, text, sizeof text, 0);
    return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
  };
  DaemonProcess daemon(plain(), {.environment = {"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=1000000"}});
  ASSERT_TRUE(daemon.start());
  EXPECT_EQ(next().substr(0, 7), "READY=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(next(), "WATCHDOG=1");
  EXPECT_EQ(daemon.terminate(), 0);
  std::string last = next();
  while (last == "WATCHDOG=1") last = next();
  EXPECT_EQ(last.substr(0, 10), "STOPPING=1");
  close(fd);
  unlink(path.c_str());
}

TEST(Operations, drain_under_load_loses_and_doubles_nothing) {
  DaemonProcess daemon(plain());
  ASSERT_TRUE(daemon.start());
  std::string account;
  {
    BankClient api(daemon.port());
    account = api.open();
  }
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::vector<std::string> acknowledged, unknown;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      BankClient api(daemon.port());
      while (!stop) {
        const std::string key = BankClient::new_key();
        const int status = api.deposit(account, 1, key).status();
        const std::lock_guard guard(mutex);
        (status == 201 ? acknowledged : unknown).push_back(key);
        if (status == 0) break;
      }
    });
  usleep(400'000);
  EXPECT_EQ(daemon.terminate(), 0) << daemon.log();
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_GT(acknowledged.size(), 8u);
  EXPECT_EQ(daemon.log().find("PSW-APP-010"), std::string::npos) << "everything was finished in time";
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const auto before = static_cast<std::size_t>(api.balance(account));
  EXPECT_GE(before, acknowledged.size());
  EXPECT_LE(before, acknowledged.size() + unknown.size());
  for (const auto& key : acknowledged) EXPECT_EQ(api.deposit(account, 1, key).http.header("idempotent-replayed"), "true");
  for (const auto& key : unknown) EXPECT_EQ(api.deposit(account, 1, key).status(), 201);
  EXPECT_EQ(static_cast<std::size_t>(api.balance(account)), acknowledged.size() + unknown.size());
}

TEST(Operations, A40_a_crash_writes_no_core_and_other_users_cannot_look_into_the_process) {
  DaemonProcess daemon(plain("", "prlimit --core=unlimited:unlimited"));
  ASSERT_TRUE(daemon.start());
  const pid_t pid = daemon.pid();
  // A process that may not be dumped belongs to root in /proc, whoever runs it; as root, the core is what shows it.
  ::kill(pid, SIGABRT);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_FALSE(WCOREDUMP(status));
}

// ---- the configuration ---------------------------------------------------------------------------------------------------------------

TEST(Operations, check_config_in_json_has_every_problem_with_its_place) {
  DaemonProcess good(plain());
  std::string out;
  EXPECT_EQ(good.check_config("--json", out), 0) << out;
  EXPECT_EQ(boost::json::parse(out).at("ok").as_bool(), true);
  DaemonProcess bad(plain("[limits.requests]\nper_secnd = 5\n[listen.public.tls]\ncertificate = \"/nowhere.pem\"\nkey = \"/nowhere.key\"\n"));
  EXPECT_EQ(bad.check_config("--json", out), 78) << out;
  const auto report = boost::json::parse(out);
  EXPECT_EQ(report.at("ok").as_bool(), false);
  const auto& problem = report.at("problems").as_array().at(0);
  EXPECT_EQ(problem.at("kind").as_string(), "error");
  EXPECT_EQ(problem.at("key").as_string(), "limits.requests.per_secnd");
  EXPECT_NE(problem.at("text").as_string().find("per_second"), std::string::npos);
  EXPECT_GT(problem.at("line").as_int64(), 1);
}

TEST(Operations, a_key_without_effect_is_said_so_and_strict_refuses_it) {
  DaemonProcess daemon(plain("[paths]\n"));
  std::string config = DaemonProcess::read_file(daemon.config_file());
  config.erase(config.rfind("[paths]\n"), 8);
  config.replace(config.find("[listen.admin]"), 0, "public_url = \"https://pay.example\"\n");
  std::ofstream(daemon.config_file()) << config;
  std::string out;
  EXPECT_EQ(daemon.check_config("", out), 0) << out;
  EXPECT_NE(out.find("listen.public.public_url: warning: has no effect in this version"), std::string::npos) << out;
  EXPECT_EQ(daemon.check_config("--strict", out), 78);
}

// ---- payswitchctl over a daemon with data -----------------------------------------------------------------------------------------------

struct Ctl : ApiSuite {
  std::string out;
  // As people read it.
  int run(const std::string& arguments) { return daemon_->ctl(arguments, out); }
  // The result as JSON; null when it failed.
  boost::json::value json(const std::string& arguments) {
    boost::json::error_code error;
    EXPECT_EQ(daemon_->ctl("--json " + arguments, out), 0) << arguments << "\n" << out;
    const auto value = boost::json::parse(out, error);
    return error || !value.is_object() || !value.at("ok").as_bool() ? boost::json::value() : value.at("result");
  }
};

TEST_F(Ctl, accounts_are_listed_shown_frozen_unfrozen_and_closed_with_their_postings) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 100);
  api.pay(a, b, 30);
  EXPECT_EQ(run("account list"), 0);
  EXPECT_NE(out.find(a), std::string::npos) << out;
  EXPECT_GE(json("account list --owner dev").at("accounts").as_array().size(), 2u);
  EXPECT_EQ(json("account show " + a).at("balance").at("minor").as_string(), "70");
  const auto postings = json("account postings " + a);
  EXPECT_EQ(postings.at("postings").as_array().size(), 2u);
  EXPECT_EQ(run("account postings " + a), 0);
  EXPECT_NE(out.find(b), std::string::npos) << out;
  EXPECT_EQ(run("account freeze " + a), 2) << "dangerous: asks for --yes";
  EXPECT_EQ(json("--yes account freeze " + a).at("status").as_string(), "frozen");
  EXPECT_EQ(api.pay(a, b, 1).code(), "account_frozen");
  EXPECT_EQ(json("--yes account unfreeze " + a).at("status").as_string(), "open");
  EXPECT_EQ(api.pay(a, b, 70).status(), 201);
  EXPECT_EQ(json("--yes account close " + a).at("status").as_string(), "closed");
  EXPECT_EQ(run("account show mj-none"), 6);
}

TEST_F(Ctl, transfers_are_shown_listed_cancelled_and_voided) {
  const auto a = api.open(), b = api.open();
  api.deposit(a, 100);
  const auto paid = api.pay(a, b, 10).text("id"), first = api.hold(a, b, 20).text("id"), second = api.hold(a, b, 30).text("id");
  EXPECT_EQ(json("transfer show " + paid).at("status").as_string(), "completed");
  EXPECT_GE(json("transfer show " + paid).at("history").as_array().size(), 1u);
  EXPECT_EQ(json("transfer list --state held").at("transfers").as_array().size(), 2u) << out;
  EXPECT_EQ(run("transfer list --state held"), 0);
  EXPECT_NE(out.find(first), std::string::npos) << out;
  EXPECT_EQ(json("--yes transfer void " + first).at("state").as_string(), "voided");
  EXPECT_EQ(json("--yes transfer cancel " + second).at("state").as_string(), "voided");
  EXPECT_EQ(run("--yes transfer cancel " + paid), 7) << out;
  EXPECT_EQ(run("transfer show nonsense"), 10) << out;
  EXPECT_TRUE(json("in-doubt list").at("transfers").as_array().empty());
  EXPECT_EQ(api.available(a), 90);
}

TEST_F(Ctl, a_key_is_made_listed_and_revoked) {
  const auto made = json("key create --principal shop --scopes read,pay");
  const std::string id(made.at("id").as_string());
  EXPECT_NE(made.at("key").as_string().find(id), std::string::npos);
  EXPECT_EQ(run("key list"), 0);
  EXPECT_NE(out.find(id), std::string::npos) << out;
  EXPECT_EQ(out.find(std::string(made.at("key").as_string())), std::string::npos);
  EXPECT_EQ(json("--yes key revoke " + id).at("status").as_string(), "revoked");
  EXPECT_EQ(run("--yes key revoke nobody"), 6) << out;
}

TEST_F(Ctl, every_line_of_the_daemon_and_of_its_plugins_is_explained) {
  EXPECT_NE(json("explain PSW-APP-007").at("explanation").as_string().find("74"), std::string::npos);
  // Whatever the ledger plugin declares.
  std::string inspected;
  ASSERT_EQ(daemon_->ctl("--json plugin inspect " + daemon_->plugin_folder() + "/local_ledger.so", inspected), 0);
  const auto report = boost::json::parse(inspected);
  const auto& messages = report.at("result").at("types").as_array().at(0).at("messages").as_array();
  ASSERT_FALSE(messages.empty());
  for (const auto& message : messages) {
    const std::string id(message.at("id").as_string());
    EXPECT_EQ(json("explain " + id).at("id").as_string(), id);
  }
  EXPECT_EQ(run("explain PSW-NONE-999"), 6);
}

TEST_F(Ctl, a_trace_goes_on_in_the_answer_and_in_the_log) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  EXPECT_EQ(run("log level debug"), 0);
  const auto a = api.open();
  const auto paid = api.post("/v1/deposits", R"({"account":")" + a + R"(","amount":"5","currency":"KRW"})", "", {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}});
  EXPECT_EQ(paid.http.header("traceparent").substr(3, 32), trace);
  EXPECT_EQ(run("log level info"), 0);
  bool found = false;
  for (int i = 0; i < 100 && !found; ++i) {
    usleep(20'000);
    found = daemon_->log().find(trace) != std::string::npos;
  }
  EXPECT_TRUE(found);
}

// ---- crowds --------------------------------------------------------------------------------------------------------------------------------

// Twenty thousand, or as many as this system lets a process open.
TEST(Crowd, A5_twenty_thousand_idle_connections_hold_nobody_up) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit files{before.rlim_max, before.rlim_max};
  const int crowd = static_cast<int>(std::min<rlim_t>(20'000, before.rlim_max - 300));
  if (setrlimit(RLIMIT_NOFILE, &files) != 0 || crowd < 5'000) GTEST_SKIP() << "this user may not open so many files";
  DaemonProcess daemon(plain());
  std::string config = DaemonProcess::read_file(daemon.config_file());
  config.replace(config.find("[listen.admin]"), 0, "max_connections = 21000\n");
  std::ofstream(daemon.config_file()) << config;
  ASSERT_TRUE(daemon.start());
  std::vector<int> idle;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(daemon.port());
  for (int i = 0; i < crowd; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      close(fd);
      break;
    }
    idle.push_back(fd);
  }
  EXPECT_EQ(idle.size(), static_cast<std::size_t>(crowd));
  BankClient api(daemon.port());
  const auto a = api.open();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(api.deposit(a, 1).status(), 201);
  HttpClient admin(daemon.admin_port());
  EXPECT_EQ(admin.get("/livez").status, 200);
  const auto open_now = [&] {
    const std::string metrics = admin.get("/metrics").body, row = "payswitch_http_connections{listener=\"public\"} ";
    const auto at = metrics.find(row);
    return at == std::string::npos ? -1L : std::strtol(metrics.c_str() + at + row.size(), nullptr, 10);
  };
  EXPECT_GE(open_now(), crowd);
  for (const int fd : idle) close(fd);
  // The gauge follows without a new connection.
  long left = crowd;
  for (int i = 0; i < 200 && left > 10; ++i) {
    usleep(50'000);
    left = open_now();
  }
  EXPECT_LE(left, 10);
  EXPECT_EQ(daemon.terminate(), 0);
  setrlimit(RLIMIT_NOFILE, &before);
}

// The ledger takes eight operations at once; eighty clients come. What is taken is done, what is not is said at once and recorded nowhere.
TEST(Crowd, above_capacity_the_answer_is_503_at_once_and_what_was_admitted_is_done) {
  DaemonProcess daemon(plain("in_flight = 8\n"));
  ASSERT_TRUE(daemon.start());
  std::string account;
  {
    BankClient api(daemon.port());
    account = api.open();
  }
  std::atomic<int> done{0}, shed{0}, other{0};
  std::mutex mutex;
  std::vector<std::string> refused;
  at_once(80, [&](int) {
    BankClient api(daemon.port());
    for (int i = 0; i < 25; ++i) {
      const std::string key = BankClient::new_key();
      const auto answer = api.deposit(account, 1, key);
      if (answer.status() == 201) ++done;
      else if (answer.status() == 503 && answer.code() == "overloaded" && answer.text("class") == "retry" && !answer.http.header("retry-after").empty()) {
        ++shed;
        const std::lock_guard guard(mutex);
        refused.push_back(key);
      } else {
        ++other;
      }
    }
  });
  EXPECT_EQ(other.load(), 0);
  EXPECT_GT(done.load(), 100);
  EXPECT_GT(shed.load(), 0);
  BankClient api(daemon.port());
  EXPECT_EQ(api.balance(account), done.load());
  // Refused for lack of room: the same keys work now.
  for (const auto& key : refused) EXPECT_EQ(api.deposit(account, 1, key).status(), 201);
  EXPECT_EQ(api.balance(account), 2'000);
}

}  // namespace
}  // namespace payswitch::test
