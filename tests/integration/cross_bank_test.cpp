// Another bank, through the real daemon and over HTTP: sim_bank's amounts choose what it does, and every open state is left by the
// same recovery, also after a kill.
#include "integration/api_suite.h"

#include <fstream>

namespace payswitch::test {
namespace {

constexpr char two_banks[] = R"(
[bank.jh]
prefix = ["jh-"]
receive_limit = { KRW = "1000000" }
exposure = { KRW = "100000000" }
[[connector]]
name = "jh-sim"
plugin = "sim_bank"
bank = "jh"
wait = "3s"
call_deadline = "500ms"
options = { delay = "300ms", timeout = "200ms" }
[[route]]
bank = "jh"
targets = ["jh-sim"]
[bank.kb]
prefix = ["kb-"]
receive_limit = { KRW = "1000000" }
exposure = { KRW = "100000" }
in_doubt = { KRW = "100000000", count = 2 }
[[connector]]
name = "kb-sim"
plugin = "sim_bank"
bank = "kb"
call_deadline = "500ms"
queue = true
options = { delay = "300ms", timeout = "200ms" }
[[route]]
bank = "kb"
targets = ["kb-sim"]
)";

DaemonOptions options() { return {.auth_mode = "development", .cash_allow = "owner", .extra = two_banks, .environment = "", .wrapper = ""}; }

class CrossBank : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (const char* path = std::getenv("PSW_RECORD")) HttpClient::record_to(path);
    daemon_ = std::make_unique<DaemonProcess>(options());
    started_ = daemon_->start();  // asserted in SetUp: a suite whose own set-up fails is *skipped*, and that would pass
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    HttpClient::record_to("");
  }
  void SetUp() override {
    ASSERT_TRUE(started_);
    payer_ = api_.open();
    ASSERT_EQ(api_.deposit(payer_, 1'000'000).status(), 201);
  }

  // `more`: further members of the body. Waits for a final state up to `wait` seconds.
  Reply send(std::int64_t minor, int wait = 0, const std::string& payee = "jh-7", const std::string& more = "", const std::string& key = "") {
    return api_.post("/v1/transfers", R"({"payer":")" + payer_ + R"(","payee":")" + payee + R"(","amount":")" + std::to_string(minor) + R"(","currency":"KRW")" + more + "}", key,
                     {{"Prefer", "wait=" + std::to_string(wait)}});
  }
  Reply show(const std::string& id, int wait = 0) { return api_.get("/v1/transfers/" + id, {{"Prefer", "wait=" + std::to_string(wait)}}); }
  // The state after at most `seconds`.
  std::string state_of(const std::string& id, std::string_view wanted, int seconds = 15) {
    std::string state;
    for (int i = 0; i < seconds * 20; ++i) {
      state = show(id).text("state");
      if (state == wanted) break;
      usleep(50'000);
    }
    return state;
  }
  std::string sim(const std::string& bank, const std::string& command, const std::string& args = "") {
    std::string escaped;
    for (const char c : args) escaped += c == '"' ? "\\\"" : std::string(1, c);
    return daemon_->control(R"({"command":"connector","args":{"name":")" + bank + R"(-sim","command":")" + command + "\"" + (args.empty() ? "" : ",\"args\":\"" + escaped + "\"") + ",\"confirm\":true}}");
  }

  static inline bool started_ = false;
  static inline std::unique_ptr<DaemonProcess> daemon_;
  BankClient api_{daemon_ ? daemon_->port() : std::uint16_t{0}};
  std::string payer_;
};

TEST_F(CrossBank, a_transfer_that_the_other_bank_applies_is_completed_in_the_first_answer) {
  const Reply paid = send(15'000, 3);
  EXPECT_EQ(paid.status(), 201) << paid.http.body;
  EXPECT_EQ(paid.text("status"), "completed");
  EXPECT_EQ(paid.text("bank"), "jh");
  EXPECT_EQ(api_.balance(payer_), 985'000);
  EXPECT_EQ(api_.available(payer_), 985'000);
}

TEST_F(CrossBank, each_recorded_refusal_gives_the_money_back_and_names_the_other_banks_reason) {
  const std::pair<int, const char*> refusals[] = {{101, "payee_not_found"}, {102, "account_frozen"}, {103, "account_closed"}, {104, "currency_mismatch"}, {105, "scale_mismatch"},
                                                  {106, "max_balance_exceeded"}, {107, "receive_limit_exceeded"}, {108, "reversal_exceeds_original"}, {109, "expired"}, {110, "cancelled"},
                                                  {199, "sim_unheard_of"}};
  for (const auto& [amount, reason] : refusals) {
    const Reply refused = send(2'000 + amount, 3);
    EXPECT_EQ(refused.status(), 422) << amount << refused.http.body;
    EXPECT_EQ(refused.http.header("content-type"), "application/problem+json");
    EXPECT_EQ(refused.code(), "peer_refused");
    const Reply shown = show(refused.text("transfer_id"));
    EXPECT_EQ(shown.text("state"), "voided") << shown.http.body;
    EXPECT_EQ(shown.text("status"), "failed");
    EXPECT_EQ(shown.text("reason_code"), "peer_refused");
    // The word of the other bank stands in the history.
    EXPECT_NE(shown.http.body.find("peer_refused:" + std::string(reason)), std::string::npos) << shown.http.body;
  }
  EXPECT_EQ(api_.available(payer_), 1'000'000);
}

TEST_F(CrossBank, a_bank_that_cannot_be_reached_is_not_said_to_have_refused) {
  const std::string key = BankClient::new_key();
  const Reply unreachable = send(2'601, 3, "jh-7", "", key);
  EXPECT_EQ(unreachable.status(), 422) << unreachable.http.body;
  EXPECT_EQ(unreachable.code(), "peer_unreachable");
  EXPECT_EQ(unreachable.text("class"), "final");
  const Reply shown = show(unreachable.text("transfer_id"));
  EXPECT_EQ(shown.text("state"), "voided") << shown.http.body;
  EXPECT_EQ(shown.text("reason_code"), "peer_unreachable");
  EXPECT_EQ(api_.available(payer_), 1'000'000);
  // Recorded: the key is used up.
  const Reply again = send(2'601, 3, "jh-7", "", key);
  EXPECT_EQ(again.code(), "peer_unreachable");
  EXPECT_EQ(again.http.header("idempotent-replayed"), "true");
}

TEST_F(CrossBank, a_lost_answer_is_202_in_doubt_with_the_money_reserved_and_completes_by_asking_again) {
  const Reply sent = send(15'201, 0, "jh-7", "", "lost");
  EXPECT_EQ(sent.status(), 202) << sent.http.body;
  EXPECT_NE(sent.http.header("location"), "");
  EXPECT_NE(sent.http.header("retry-after"), "");
  EXPECT_EQ(api_.balance(payer_), 1'000'000);
  EXPECT_EQ(api_.available(payer_), 1'000'000 - 15'201);
  EXPECT_EQ(state_of(sent.text("id"), "in_doubt", 5), "in_doubt");
  EXPECT_EQ(show(sent.text("id")).text("status"), "in_doubt");
  EXPECT_EQ(state_of(sent.text("id"), "completed"), "completed");
  EXPECT_EQ(api_.balance(payer_), 1'000'000 - 15'201);
  // The key is answered with the final state now, and nothing is sent again.
  const Reply repeated = send(15'201, 1, "jh-7", "", "lost");
  EXPECT_EQ(repeated.text("id"), sent.text("id"));
  EXPECT_EQ(repeated.text("status"), "completed");
  EXPECT_EQ(repeated.http.header("idempotent-replayed"), "true");
  EXPECT_EQ(api_.balance(payer_), 1'000'000 - 15'201);
}

TEST_F(CrossBank, prefer_wait_is_obeyed_to_the_second) {
  const auto seconds = [](const std::function<void()>& work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };
  Reply sent;
  EXPECT_LT(seconds([&] { sent = send(15'509, 0); }), 0.5);
  EXPECT_EQ(sent.status(), 202);
  EXPECT_EQ(sent.text("status"), "processing") << sent.http.body;
  const double waited = seconds([&] { show(sent.text("id"), 1); });
  EXPECT_GT(waited, 0.9);
  EXPECT_LT(waited, 2.5);
  EXPECT_EQ(api_.post("/v1/transfers/" + sent.text("id") + "/cancel", "{}", "", {{"Prefer", "wait=0"}}).status(), 202);
  EXPECT_EQ(state_of(sent.text("id"), "voided"), "voided");
}

// jh waits 3 seconds, kb 5.
TEST_F(CrossBank, a_request_that_names_no_time_waits_as_long_as_its_connector_says) {
  const auto began = std::chrono::steady_clock::now();
  const Reply sent = api_.post("/v1/transfers", R"({"payer":")" + payer_ + R"(","payee":"jh-7","amount":"15509","currency":"KRW"})");
  const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  EXPECT_EQ(sent.status(), 202) << sent.http.body;
  EXPECT_GT(waited, 2.9);
  EXPECT_LT(waited, 4.5);
  EXPECT_EQ(api_.post("/v1/transfers/" + sent.text("id") + "/cancel", "{}", "", {{"Prefer", "wait=0"}}).status(), 202);
}

TEST_F(CrossBank, what_never_arrives_is_cancelled_by_the_client_and_voided_by_the_tombstone) {
  const Reply sent = send(15'205, 1);
  EXPECT_EQ(sent.status(), 202) << sent.http.body;
  const Reply cancelled = api_.post("/v1/transfers/" + sent.text("id") + "/cancel", "{}", "", {{"Prefer", "wait=0"}});
  EXPECT_EQ(cancelled.status(), 202) << cancelled.http.body;
  EXPECT_EQ(state_of(sent.text("id"), "voided"), "voided");
  EXPECT_EQ(api_.available(payer_), 1'000'000);
  EXPECT_EQ(api_.post("/v1/transfers/" + sent.text("id") + "/cancel", "{}").status(), 409);
}

TEST_F(CrossBank, a_cancel_after_the_other_bank_has_acted_completes) {
  const Reply sent = send(15'804, 0);
  ASSERT_EQ(sent.status(), 202) << sent.http.body;
  usleep(400'000);
  EXPECT_EQ(api_.post("/v1/transfers/" + sent.text("id") + "/cancel", "{}", "", {{"Prefer", "wait=0"}}).status(), 202);
  EXPECT_EQ(state_of(sent.text("id"), "completed"), "completed");
  EXPECT_EQ(api_.balance(payer_), 1'000'000 - 15'804);
}

TEST_F(CrossBank, after_not_after_the_switch_cancels_by_itself) {
  const auto in = [](int ms) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const std::time_t at = now.tv_sec + ms / 1000;
    std::tm parts{};
    gmtime_r(&at, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return std::string(text);
  };
  const Reply sent = send(15'205, 0, "jh-7", R"(,"not_after":")" + in(3000) + "\"");
  ASSERT_EQ(sent.status(), 202) << sent.http.body;
  EXPECT_EQ(state_of(sent.text("id"), "voided", 25), "voided") << show(sent.text("id")).http.body;
  EXPECT_EQ(api_.available(payer_), 1'000'000);
  const Reply short_one = send(15'205, 0, "jh-7", R"(,"not_after":")" + in(0) + "\"");
  EXPECT_EQ(short_one.code(), "not_after_too_short") << short_one.http.body;
}

TEST_F(CrossBank, a_wrong_echo_moves_nothing_and_asks_for_a_person_until_the_truth_is_heard) {
  for (const int amount : {301, 302, 303, 304, 305, 306, 307, 308, 309}) {
    const Reply sent = send(30'000 + amount, 0);
    ASSERT_EQ(sent.status(), 202) << sent.http.body;
    // What is recorded over there is right, so the next question settles it.
    EXPECT_EQ(state_of(sent.text("id"), "completed"), "completed") << amount << show(sent.text("id")).http.body;
  }
  EXPECT_NE(daemon_->log().find("wrong_echo"), std::string::npos);
}

TEST_F(CrossBank, a_bank_that_forgot_is_sent_the_same_credit_again) {
  const Reply sent = send(15'204, 0);
  ASSERT_EQ(sent.status(), 202);
  usleep(250'000);
  ASSERT_NE(sim("jh", "reset").find("\"ok\":true"), std::string::npos);
  EXPECT_EQ(state_of(sent.text("id"), "completed"), "completed") << show(sent.text("id")).http.body;
  EXPECT_EQ(api_.balance(payer_), 1'000'000 - 15'204);
}

TEST_F(CrossBank, pending_stays_processing_and_a_report_ends_it) {
  for (const auto& [amount, end] : {std::pair{501, "completed"}, std::pair{502, "voided"}, std::pair{503, "completed"}, std::pair{505, "completed"}}) {
    const Reply sent = send(15'000 + amount, 0);
    EXPECT_EQ(sent.status(), 202) << sent.http.body;
    EXPECT_EQ(state_of(sent.text("id"), end), end) << amount << show(sent.text("id")).http.body;
  }
}

TEST_F(CrossBank, a_bank_that_cannot_be_reached_at_the_first_send_gives_the_money_back_at_once) {
  const Reply sent = send(15'601, 3);
  EXPECT_GE(sent.status(), 400) << sent.http.body;
  EXPECT_EQ(api_.available(payer_), 1'000'000);
}

TEST_F(CrossBank, a_transfer_is_held_in_the_queue_while_the_bank_is_down_and_goes_out_when_it_is_back) {
  ASSERT_NE(sim("kb", "down").find("\"ok\":true"), std::string::npos);
  const Reply queued = send(2'000, 0, "kb-7");
  EXPECT_EQ(queued.status(), 202) << queued.http.body;
  EXPECT_EQ(queued.text("state"), "held") << queued.http.body;
  ASSERT_NE(sim("jh", "down").find("\"ok\":true"), std::string::npos);
  const Reply refused = send(2'000, 0, "jh-7");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_EQ(refused.code(), "connector_down");
  sim("jh", "up");
  sim("kb", "up");
  EXPECT_EQ(state_of(queued.text("id"), "completed"), "completed") << show(queued.text("id")).http.body;
  EXPECT_EQ(api_.balance(payer_), 998'000);
}

TEST_F(CrossBank, incoming_money_is_credited_once_and_cancelled_before_it_came_it_is_refused) {
  const auto words = [&](const char* op, const char* amount) {
    return R"({"op_id":")" + std::string(op) + R"(","payer":"jh-7","payee":")" + payer_ + R"(","amount":")" + amount + R"(","currency":"KRW"})";
  };
  EXPECT_NE(sim("jh", "credit", words("00000000000000000000000000000a01", "700")).find("\"decision\":\"applied\""), std::string::npos);
  EXPECT_NE(sim("jh", "credit", words("00000000000000000000000000000a01", "700")).find("\"decision\":\"applied\""), std::string::npos);
  EXPECT_EQ(api_.balance(payer_), 1'000'700);
  const std::string tombstone = sim("jh", "cancel", words("00000000000000000000000000000a02", "800"));
  EXPECT_NE(tombstone.find("\"decision_code\":\"cancelled\""), std::string::npos) << tombstone;
  EXPECT_NE(sim("jh", "credit", words("00000000000000000000000000000a02", "800")).find("\"decision_code\":\"cancelled\""), std::string::npos);
  const std::string too_much = sim("jh", "credit", words("00000000000000000000000000000a03", "2000000000"));
  EXPECT_NE(too_much.find("receive_limit_exceeded"), std::string::npos) << too_much;
  EXPECT_EQ(api_.balance(payer_), 1'000'700);
}

TEST_F(CrossBank, more_than_the_exposure_is_refused_and_nothing_recorded) {
  const Reply refused = send(200'000, 0, "kb-7", "", "exposure");
  EXPECT_EQ(refused.status(), 503) << refused.http.body;
  EXPECT_EQ(refused.code(), "peer_exposure_exceeded");
  EXPECT_EQ(api_.available(payer_), 1'000'000);
  // Nothing was recorded, so the key is still free.
  const Reply paid = send(1'000, 3, "kb-7", "", "exposure");
  EXPECT_EQ(paid.status(), 201) << paid.http.body;
}

TEST_F(CrossBank, routes_explain_says_which_way_and_why) {
  std::string out;
  EXPECT_EQ(daemon_->ctl("routes explain --to jh-1 --amount 5000 --currency KRW", out), 0) << out;
  EXPECT_NE(out.find("jh-sim"), std::string::npos) << out;
  EXPECT_EQ(daemon_->ctl("--json routes explain --to zz-1 --amount 5000 --currency KRW", out), 0) << out;
  EXPECT_NE(out.find("\"kind\":\"none\""), std::string::npos) << out;
}

// ---- a daemon of its own -------------------------------------------------------------------------------------------------------------

// One transfer in each open state, then SIGKILL: the next start goes on with all of them. (The simulated bank forgets with the
// process, so what it had applied is sent again under the same id.)
TEST(CrossBankRestart, kill_in_each_open_state_is_recovered_by_the_same_code) {
  DaemonProcess daemon(options());
  ASSERT_TRUE(daemon.start());
  std::string payer;
  std::vector<std::pair<std::string, std::string>> expected;  // id, final state
  {
    BankClient api(daemon.port());
    payer = api.open();
    ASSERT_EQ(api.deposit(payer, 1'000'000).status(), 201);
    const auto send = [&](int amount, const std::string& more = "") {
      return api.post("/v1/transfers", R"({"payer":")" + payer + R"(","payee":"jh-7","amount":")" + std::to_string(amount) + R"(","currency":"KRW")" + more + "}", "", {{"Prefer", "wait=0"}}).text("id");
    };
    expected.emplace_back(send(1'201), "completed");   // submitted: its answer will be lost
    expected.emplace_back(send(1'501), "completed");   // pending
    const std::string held = send(1'000, R"(,"mode":"hold")");
    const std::string cancelled = send(1'803);         // a cancel that nobody answers
    usleep(600'000);
    EXPECT_EQ(api.post("/v1/transfers/" + cancelled + "/cancel", "{}", "", {{"Prefer", "wait=0"}}).status(), 202);
    expected.emplace_back(send(1'204), "completed");   // just out
    daemon.kill();
    ASSERT_TRUE(daemon.start());
    BankClient again(daemon.port());
    const auto state = [&](const std::string& id) { return again.get("/v1/transfers/" + id).text("state"); };
    for (const auto& [id, end] : expected) {
      std::string now;
      for (int i = 0; i < 400 && (now = state(id)) != end; ++i) usleep(50'000);
      EXPECT_EQ(now, end) << again.get("/v1/transfers/" + id).http.body;
    }
    EXPECT_EQ(state(held), "held");
    EXPECT_EQ(state(cancelled), "in_doubt");
    EXPECT_EQ(again.balance(payer), 1'000'000 - 1'201 - 1'501 - 1'204);
    EXPECT_EQ(again.available(payer), 1'000'000 - 1'201 - 1'501 - 1'204 - 1'000 - 1'803);
    std::string out;
    EXPECT_EQ(daemon.ctl("in-doubt list", out), 0);
    EXPECT_NE(out.find(cancelled), std::string::npos) << out;
    EXPECT_EQ(out.find(held), std::string::npos) << out;
    EXPECT_EQ(daemon.ctl("ledger verify", out), 0) << out;
    EXPECT_EQ(again.post("/v1/transfers/" + held + "/post", "{}", "", {{"Prefer", "wait=3"}}).text("status"), "completed");
  }
  EXPECT_EQ(daemon.terminate(), 0) << daemon.log();
}

TEST(CrossBankBudget, money_in_doubt_closes_the_road_and_opens_it_again) {
  DaemonProcess daemon(options());
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const std::string payer = api.open();
  ASSERT_EQ(api.deposit(payer, 1'000'000).status(), 201);
  const auto send = [&](int amount) {
    return api.post("/v1/transfers", R"({"payer":")" + payer + R"(","payee":"kb-7","amount":")" + std::to_string(amount) + R"(","currency":"KRW"})", "", {{"Prefer", "wait=0"}});
  };
  std::vector<std::string> ids{send(205).text("id"), send(205).text("id"), send(205).text("id")};
  // They count after the grace of five seconds.
  std::string code;
  for (int i = 0; i < 60 && code != "in_doubt_budget"; ++i) {
    usleep(200'000);
    code = send(1'000).code();
  }
  EXPECT_EQ(code, "in_doubt_budget");
  for (const auto& id : ids) EXPECT_EQ(api.post("/v1/transfers/" + id + "/cancel", "{}", "", {{"Prefer", "wait=0"}}).status(), 202);
  int status = 503;
  for (int i = 0; i < 60 && status == 503; ++i) {
    usleep(200'000);
    status = send(1'000).status();
  }
  EXPECT_NE(status, 503);
}

}  // namespace
}  // namespace payswitch::test
