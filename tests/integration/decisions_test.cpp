// What persons decide about money, through the real daemon and its control socket, as Unix users: transfers in doubt, repairs, reversals.
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>

#include <filesystem>
#include <fstream>

#include "integration/api_suite.h"

namespace payswitch::test {
namespace {

constexpr char bank[] = R"(
[bank.jh]
prefix = ["jh-"]
receive_limit = { KRW = "1000000" }
exposure = { KRW = "100000000" }
[[connector]]
name = "jh-sim"
plugin = "sim_bank"
bank = "jh"
call_deadline = "500ms"
options = { delay = "300ms", timeout = "200ms" }
[[route]]
bank = "jh"
targets = ["jh-sim"]
)";
// Any numbers will do: the kernel tells them, no file of users is asked.
constexpr char roles[] = "mode = \"0666\"\nviewer = [\"user:54320\"]\nresolver = [\"user:54321\", \"user:54322\"]\n";

class Decisions : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    daemon_ = std::make_unique<DaemonProcess>(DaemonOptions{.auth_mode = "development", .cash_allow = "owner", .extra = bank, .environment = "", .wrapper = "", .control = roles});
    chmod(daemon_->folder().c_str(), 0755);
    started_ = daemon_->start();
    tool_ = std::filesystem::path(daemon_->folder()) / "payswitchctl";
    std::filesystem::copy_file(PSW_CTL, tool_);  // where another user can reach it
  }
  static void TearDownTestSuite() { daemon_.reset(); }
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "becoming another user needs root";
    ASSERT_TRUE(started_);
    payer_ = api_.open();
    ASSERT_EQ(api_.deposit(payer_, 1'000'000).status(), 201);
    evidence_ = daemon_->folder() + "/statement.txt";
    std::ofstream(evidence_) << "their statement of today: 1 credit of 15,207\n";
    chmod(evidence_.c_str(), 0644);
  }

  // payswitchctl as that user: exit status and what it printed.
  struct Ran {
    int status = -1;
    std::string text;
  };
  static Ran as(int uid, const std::string& arguments) {
    const std::string user = std::to_string(uid);
    const std::string command = "setpriv --reuid=" + user + " --regid=" + user + " --clear-groups " + tool_.string() + " --socket " + daemon_->control_socket() + " " + arguments + " 2>&1";
    Ran out;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return out;
    char part[4096];
    for (std::size_t n = 0; (n = fread(part, 1, sizeof part, pipe)) != 0;) out.text.append(part, n);
    const int status = pclose(pipe);
    out.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return out;
  }
  Reply send(std::int64_t minor) {
    return api_.post("/v1/transfers", R"({"payer":")" + payer_ + R"(","payee":"jh-7","amount":")" + std::to_string(minor) + R"(","currency":"KRW"})", "", {{"Prefer", "wait=0"}});
  }
  Reply show(const std::string& id) { return api_.get("/v1/transfers/" + id); }
  bool becomes(const std::string& id, std::string_view state) {
    for (int i = 0; i != 300; ++i) {
      if (show(id).text("state") == state) return true;
      usleep(50'000);
    }
    return false;
  }
  std::string open_repair() {
    for (int i = 0; i != 100; ++i) {
      std::string text;
      EXPECT_EQ(daemon_->ctl("repair list --json", text), 0) << text;
      const auto value = boost::json::parse(text);
      const auto& rows = value.at("result").at("repairs").as_array();
      if (!rows.empty()) return std::string(rows.front().at("id").as_string());
      usleep(50'000);
    }
    return "";
  }
  bool metric_becomes(const std::string& line) {
    HttpClient admin(daemon_->admin_port());
    for (int i = 0; i != 200; ++i) {
      if (("\n" + admin.request("GET", "/metrics", {}, {}).body).find("\n" + line + "\n") != std::string::npos) return true;
      usleep(50'000);
    }
    return false;
  }

  static inline bool started_ = false;
  static inline std::unique_ptr<DaemonProcess> daemon_;
  static inline std::filesystem::path tool_;
  BankClient api_{daemon_ ? daemon_->port() : std::uint16_t{0}};
  std::string payer_, evidence_;
};

TEST_F(Decisions, a_transfer_in_doubt_is_resolved_by_two_unix_users_and_the_history_says_so) {
  const std::string id = send(15'207).text("id");  // a dead bank
  ASSERT_TRUE(becomes(id, "in_doubt"));
  EXPECT_TRUE(metric_becomes("payswitch_transfers_in_doubt 1"));
  HttpClient admin(daemon_->admin_port());
  const std::string waiting = admin.request("GET", "/admin/v1/transfers?state=in_doubt", {}, {}).body;
  EXPECT_NE(waiting.find("\"id\":\"" + id + "\",\"amount\":\"15207\",\"currency\":\"KRW\",\"bank\":\"jh\""), std::string::npos) << waiting;
  const std::string command = "transfer resolve " + id + " --voided --yes";
  EXPECT_EQ(as(54320, command + " --evidence " + evidence_).status, 4) << "a viewer may look";
  EXPECT_EQ(as(54323, command + " --evidence " + evidence_).status, 4) << "no role at all";
  EXPECT_EQ(as(54321, "transfer resolve " + id + " --voided --evidence " + evidence_).status, 2) << "dangerous: needs --yes";
  EXPECT_EQ(as(54321, command).status, 10) << "needs evidence";
  EXPECT_EQ(as(54321, command + " --evidence /nowhere").status, 2);
  EXPECT_EQ(as(54321, command + " --completed --evidence " + evidence_).status, 10);
  const auto first = as(54321, command + " --evidence " + evidence_);
  EXPECT_EQ(first.status, 0) << first.text;
  EXPECT_NE(first.text.find("proposed by uid:54321"), std::string::npos) << first.text;
  EXPECT_NE(first.text.find("bank jh was asked by jh-sim"), std::string::npos) << first.text;
  EXPECT_EQ(show(id).text("state"), "in_doubt");
  const auto same = as(54321, command + " --confirm");
  EXPECT_EQ(same.status, 7);
  EXPECT_NE(same.text.find("two persons decide"), std::string::npos) << same.text;
  const auto second = as(54322, command + " --confirm");
  EXPECT_EQ(second.status, 0) << second.text;
  const auto resolved = show(id);
  EXPECT_EQ(resolved.text("state"), "voided");
  EXPECT_EQ(resolved.text("reason_code"), "resolved_by_operator");
  EXPECT_TRUE(metric_becomes("payswitch_transfers_in_doubt 0"));
  EXPECT_EQ(resolved.http.body.find("their statement"), std::string::npos) << "evidence is not for the customer";
  EXPECT_EQ(resolved.http.body.find("uid:5"), std::string::npos);
  EXPECT_EQ(api_.available(payer_), 1'000'000);
  std::string shown;
  daemon_->ctl("transfer show " + id, shown);
  for (const char* part : {"resolved by a person: voided", "by uid:54322, proposed by uid:54321", "bank jh was asked", "statement.txt, 45 bytes, sha256 ", "1 credit of 15,207"})
    EXPECT_NE(shown.find(part), std::string::npos) << part << "\n" << shown;
  const std::string log = daemon_->log();
  EXPECT_NE(log.find("transfer resolve"), std::string::npos);
  EXPECT_EQ(log.find("1 credit of"), std::string::npos) << "the audit line names the file, not what it says";
}

TEST_F(Decisions, the_list_of_what_is_in_doubt_says_amount_age_bank_and_what_is_asked_next) {
  const std::string id = send(16'207).text("id");
  ASSERT_TRUE(becomes(id, "in_doubt"));
  const auto listed = as(54320, "in-doubt list");
  EXPECT_EQ(listed.status, 0);
  const auto at = listed.text.find(id);
  ASSERT_NE(at, std::string::npos) << listed.text;
  const std::string line = listed.text.substr(at, listed.text.find('\n', at) - at);
  for (const char* part : {"16207 KRW", "jh", " s ", "asks the bank what became of it"}) EXPECT_NE(line.find(part), std::string::npos) << part << "\n" << listed.text;
  EXPECT_EQ(api_.post("/v1/transfers/" + id + "/cancel", "{}", "", {{"Prefer", "wait=0"}}).status(), 202);
  EXPECT_NE(as(54320, "in-doubt list").text.find("the client cancelled"), std::string::npos);
}

TEST_F(Decisions, a_bank_that_contradicts_itself_leaves_one_repair_that_is_collected_with_consent) {
  const std::string id = send(15'405).text("id");  // answers refused, and then reports a hundred times that it has credited
  ASSERT_TRUE(becomes(id, "voided"));
  const std::string repair = open_repair();
  ASSERT_NE(repair, "");
  EXPECT_TRUE(metric_becomes("payswitch_repairs_open 1"));
  EXPECT_TRUE(metric_becomes("payswitch_repairs_open_minor_units{currency=\"KRW\"} 15405"));
  HttpClient admin(daemon_->admin_port());
  const std::string at_admin = admin.request("GET", "/admin/v1/repairs", {}, {}).body;
  EXPECT_NE(at_admin.find("\"id\":\"" + repair + "\",\"transfer_id\":\"" + id + "\",\"amount\":\"15405\""), std::string::npos) << at_admin;
  EXPECT_EQ(admin.request("GET", "/admin/v1/transfers?state=completed", {}, {}).status, 404);
  const auto listed = as(54320, "repair list");
  for (const char* part : {"15405 KRW", "they credited, we gave it back", "collect, write-off"}) EXPECT_NE(listed.text.find(part), std::string::npos) << listed.text;
  EXPECT_EQ(as(54321, "repair refund " + repair + " --yes --evidence " + evidence_).status, 7) << "the wrong way";
  EXPECT_EQ(as(54321, "repair collect " + repair + " --yes --evidence " + evidence_).status, 0);
  const auto done = as(54322, "repair collect " + repair + " --yes --confirm");
  EXPECT_EQ(done.status, 0) << done.text;
  EXPECT_NE(done.text.find("the customer has paid"), std::string::npos) << done.text;
  EXPECT_EQ(api_.balance(payer_), 1'000'000 - 15'405);
  EXPECT_TRUE(metric_becomes("payswitch_repairs_open 0"));
  std::string text;
  EXPECT_EQ(daemon_->ctl("repair list", text), 0);
  EXPECT_EQ(text, "(none)\n");
  EXPECT_EQ(daemon_->ctl("ledger verify", text), 0) << text;
}

TEST_F(Decisions, a_repair_that_nobody_can_finish_is_counted_until_it_is_written_off) {
  const std::string id = send(15'405).text("id");
  ASSERT_TRUE(becomes(id, "voided"));
  const std::string repair = open_repair();
  ASSERT_NE(repair, "");
  EXPECT_EQ(api_.withdraw(payer_, 1'000'000).status(), 201);  // spent
  EXPECT_EQ(as(54321, "repair collect " + repair + " --yes --evidence " + evidence_).status, 0);
  const auto refused = as(54322, "repair collect " + repair + " --yes --confirm");
  EXPECT_EQ(refused.status, 7);
  EXPECT_NE(refused.text.find("insufficient_funds"), std::string::npos) << refused.text;
  EXPECT_TRUE(metric_becomes("payswitch_repairs_open 1"));
  EXPECT_NE(as(54320, "repair show " + repair).text.find("repair_open"), std::string::npos);
  EXPECT_EQ(api_.post("/v1/accounts/" + payer_ + "/close", "{}").code(), "account_not_empty");
  EXPECT_EQ(as(54321, "repair write-off " + repair + " --yes --evidence " + evidence_).status, 0);
  EXPECT_EQ(as(54322, "repair write-off " + repair + " --yes --confirm").status, 0);
  EXPECT_TRUE(metric_becomes("payswitch_repairs_open 0"));
  EXPECT_EQ(api_.post("/v1/accounts/" + payer_ + "/close", "{}").status(), 200);
  std::string text;
  EXPECT_EQ(daemon_->ctl("ledger verify", text), 0) << text;
}

TEST_F(Decisions, a_completed_transfer_is_given_back_by_an_operator_with_the_consent_on_record) {
  const auto payee = api_.open();
  const std::string id = api_.pay(payer_, payee, 500).text("id");
  EXPECT_EQ(as(54321, "transfer reverse " + id + " --yes").status, 2) << "needs consent";
  const auto given = as(54321, "transfer reverse " + id + " --amount 200 --yes --consent 'the payee wrote on 3 March'");
  EXPECT_EQ(given.status, 0) << given.text;
  EXPECT_NE(given.text.find("reversal"), std::string::npos);
  EXPECT_EQ(as(54321, "transfer reverse " + id + " --amount 200 --yes --consent 'the payee wrote on 3 March'").status, 0) << "a repeat gives nothing back twice";
  EXPECT_EQ(api_.balance(payee), 300);
  EXPECT_EQ(show(id).minor("reversed_amount"), 200);
  EXPECT_EQ(daemon_->log().find("3 March"), std::string::npos);
}

}  // namespace
}  // namespace payswitch::test
