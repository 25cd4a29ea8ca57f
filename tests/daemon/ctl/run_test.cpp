#include "ctl/run.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <sstream>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "control/server.h"

namespace payswitch::daemon::ctl {
namespace {

class Run : public testing::Test {
 protected:
  Run() {
    char name[] = "/tmp/psw_ctl_XXXXXX";
    folder_ = ::mkdtemp(name);
    options_.socket = folder_ + "/s";
    options_.mode = 0600;
    logger_.emplace(clock_, std::make_unique<MemorySink>());
    server_.emplace(options_, clock_, *logger_);
  }
  ~Run() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  int ctl(const std::string& text) {
    std::vector<std::string> words{"--socket", options_.socket};
    std::istringstream in(text);
    for (std::string word; in >> word;) words.push_back(word);
    std::ostringstream out, err;
    const int status = run(words, out, err);
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  std::string folder_;
  config::Control options_;
  SystemClock clock_;
  std::optional<Logger> logger_;
  std::optional<control::Server> server_;
  std::string out_, err_;
};

}  // namespace

TEST_F(Run, shows_a_result_to_people_and_to_programs) {
  server_->on("account show", [](const control::Request& request, control::Answer answer) {
    answer.ok("{\"number\":\"" + std::string(request.argument("number")) + "\",\"balance\":{\"minor\":\"15025\",\"currency\":\"USD\",\"exponent\":2}}");
  });
  ASSERT_TRUE(server_->start().ok());
  EXPECT_EQ(ctl("account show mj-1"), 0);
  EXPECT_EQ(out_, "number:  mj-1\nbalance: 150.25 USD\n");
  EXPECT_EQ(ctl("account show mj-1 --json"), 0);
  EXPECT_EQ(out_, R"({"ok":true,"result":{"number":"mj-1","balance":{"minor":"15025","currency":"USD","exponent":2}}})" "\n");
}

TEST_F(Run, a_refusal_ends_with_the_status_of_its_code) {
  server_->on("transfer show", [](const control::Request&, control::Answer answer) { answer.fail("not_found", "there is no transfer 01X"); });
  server_->on("health", [](const control::Request&, control::Answer answer) { answer.fail("unhealthy", "ledger: down"); });
  ASSERT_TRUE(server_->start().ok());
  EXPECT_EQ(ctl("transfer show 01X"), 6);
  EXPECT_EQ(err_, "payswitchctl: there is no transfer 01X (not_found)\n");
  EXPECT_EQ(out_, "");
  EXPECT_EQ(ctl("transfer show 01X --json"), 6);
  EXPECT_EQ(out_, "{\"ok\":false,\"error\":{\"code\":\"not_found\",\"message\":\"there is no transfer 01X\"}}\n");
  EXPECT_EQ(ctl("health"), 5);
  EXPECT_EQ(ctl("status"), 9);
}

TEST_F(Run, without_a_daemon_it_says_so) {
  EXPECT_EQ(ctl("status"), 3);
  EXPECT_NE(err_.find("is payswitchd running?"), std::string::npos) << err_;
}

TEST_F(Run, a_dangerous_command_needs_yes_and_asks_nobody_without_it) {
  int asked = 0;
  server_->on("account close", [&](const control::Request&, control::Answer answer) { ++asked; answer.ok("{}"); });
  ASSERT_TRUE(server_->start().ok());
  EXPECT_EQ(ctl("account close mj-1"), 2);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(ctl("account close mj-1 --yes"), 0);
  EXPECT_EQ(asked, 1);
}

TEST_F(Run, a_wrong_command_line_is_status_2) {
  EXPECT_EQ(ctl("acount show"), 2);
  EXPECT_EQ(ctl("account show --json"), 2);
  EXPECT_EQ(out_, "{\"ok\":false,\"error\":{\"code\":\"usage\",\"message\":\"number is missing: account number\"}}\n");
}

TEST_F(Run, a_plugin_file_that_is_none_is_refused_with_its_name) {
  EXPECT_EQ(ctl("plugin inspect /etc/passwd --no-load"), 7);
  EXPECT_NE(err_.find("/etc/passwd"), std::string::npos) << err_;
  EXPECT_EQ(ctl("plugin help /nowhere/x.so"), 7);
}

TEST_F(Run, a_plugin_is_inspected_and_explained_without_a_daemon) {
  const std::string plugin = std::string(PSW_PLUGIN_DIR) + "/sim_bank.so";
  EXPECT_EQ(ctl("plugin inspect " + plugin + " --no-load"), 0) << err_;
  EXPECT_NE(out_.find("sim"), std::string::npos) << out_;
  EXPECT_EQ(ctl("plugin inspect " + plugin + " --json"), 0) << err_;
  EXPECT_EQ(ctl("--plugins " PSW_PLUGIN_DIR " plugin help sim_bank"), 0) << err_;
  EXPECT_NE(out_.find("role gateway"), std::string::npos) << out_;
  EXPECT_EQ(ctl("plugin sample " + plugin), 0) << err_;
  EXPECT_NE(out_.find("[[connector]]\nname = \"sim_bank\"\n"), std::string::npos) << out_;
}

TEST_F(Run, ledger_verify_of_a_directory_that_is_none_is_not_found) {
  EXPECT_EQ(ctl("ledger verify " + folder_ + "/nothing"), 6);
}

}  // namespace payswitch::daemon::ctl
