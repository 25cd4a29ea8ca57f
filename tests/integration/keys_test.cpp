// API keys through the control socket: what each may do, and that their text is seen nowhere.
#include "integration/api_suite.h"

#include <boost/json/parse.hpp>

#include <filesystem>

namespace payswitch::test {
namespace {

class Keys : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (const char* path = std::getenv("PSW_RECORD")) HttpClient::record_to(path);
    daemon_ = std::make_unique<DaemonProcess>(DaemonOptions{.auth_mode = "required", .cash_allow = "service", .extra = "", .environment = "", .wrapper = ""});
    started_ = daemon_->start();  // asserted in SetUp: a suite whose own set-up fails is *skipped*, and that would pass
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    HttpClient::record_to("");
  }
  void SetUp() override { ASSERT_TRUE(started_); }

  static boost::json::value control(const std::string& command, const std::string& args) {
    const std::string answer = daemon_->control(R"({"command":")" + command + R"(","args":)" + args + "}");
    boost::json::error_code error;
    auto value = boost::json::parse(answer, error);
    return value;
  }
  static std::string make_key(const std::string& principal, const std::string& scopes, const std::string& more = "") {
    const auto answer = control("key create", R"({"principal":")" + principal + R"(","scopes":")" + scopes + "\"" + more + "}");
    if (!answer.is_object() || !answer.at("ok").as_bool()) {
      ADD_FAILURE() << answer;
      return {};
    }
    return std::string(answer.at("result").at("key").as_string());
  }
  // The table of keys is at most a second old.
  static Reply eventually(BankClient& client, int status) {
    Reply reply;
    for (int i = 0; i < 150; ++i) {
      reply = client.get("/v1/me");
      if (reply.status() == status) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(reply.status(), status) << reply.http.body;
    return reply;
  }

  static inline bool started_ = false;
  static inline std::unique_ptr<DaemonProcess> daemon_;
};

TEST_F(Keys, without_a_credential_nothing_is_answered) {
  BankClient nobody(daemon_->port());
  const auto refused = nobody.get("/v1/me");
  EXPECT_EQ(refused.status(), 401);
  EXPECT_EQ(refused.code(), "unauthenticated");
  EXPECT_EQ(refused.http.header("WWW-Authenticate"), "Bearer");
  BankClient wrong(daemon_->port(), "psk_aaaaaaaaaaaa_" + std::string(52, 'a'));
  EXPECT_EQ(wrong.get("/v1/me").status(), 401);
}

TEST_F(Keys, money_is_given_back_by_whoever_got_it_or_a_service_that_keeps_the_consent) {
  BankClient payer(daemon_->port(), make_key("payer", "read,pay")), payee(daemon_->port(), make_key("payee", "read,pay")), stranger(daemon_->port(), make_key("stranger", "read,pay")),
      refunds(daemon_->port(), make_key("refunds", "read,reverse")), till(daemon_->port(), make_key("till", "cash"));
  for (auto* client : {&payer, &payee, &stranger, &refunds}) eventually(*client, 200);
  eventually(till, 200);
  const auto a = payer.open(), b = payee.open();
  const auto cash = till.deposit(a, 1'000);
  const auto paid = payer.pay(a, b, 500);
  const std::string at = "/v1/transfers/" + paid.text("id") + "/reverse";
  const auto unasked = payer.post(at, "{}");
  EXPECT_EQ(unasked.status(), 422);
  EXPECT_EQ(unasked.code(), "reversal_needs_consent");
  EXPECT_EQ(unasked.text("transfer_id"), "") << "nothing is recorded";
  EXPECT_EQ(stranger.post(at, "{}").code(), "transfer_not_found");
  EXPECT_EQ(till.post(at, "{}").code(), "transfer_not_found");
  EXPECT_EQ(payee.post(at, R"({"amount":"100"})").status(), 201);
  EXPECT_EQ(refunds.post(at, R"({"amount":"100"})").status(), 201);
  EXPECT_EQ(payer.balance(a), 700);
  const std::string at_cash = "/v1/transfers/" + cash.text("id") + "/reverse";
  EXPECT_EQ(payer.post(at_cash, R"({"amount":"1"})").code(), "transfer_not_found");
  EXPECT_EQ(refunds.post(at_cash, R"({"amount":"1"})").code(), "forbidden");
  EXPECT_EQ(till.post(at_cash, R"({"amount":"200"})").status(), 201);
  EXPECT_EQ(payer.balance(a), 500);
}

TEST_F(Keys, scopes_say_what_a_key_may_do) {
  BankClient teller(daemon_->port(), make_key("teller", "read,cash,accounts,operate")), shop(daemon_->port(), make_key("shop", "read,pay")), reader(daemon_->port(), make_key("reader", "read"));
  EXPECT_EQ(eventually(shop, 200).text("principal"), "svc:shop");
  eventually(teller, 200);
  eventually(reader, 200);
  const auto a = shop.open(), b = shop.open();
  ASSERT_FALSE(a.empty());
  EXPECT_EQ(shop.deposit(a, 100).status(), 403) << "a key without the scope cash made money";
  EXPECT_EQ(teller.deposit(a, 100).status(), 201);
  EXPECT_EQ(reader.pay(a, b, 1).code(), "forbidden");
  EXPECT_EQ(reader.open(), "");
  EXPECT_EQ(shop.pay(a, b, 10).status(), 201);
  EXPECT_EQ(shop.post("/v1/accounts/" + a + "/freeze", "").code(), "forbidden");
  EXPECT_EQ(teller.post("/v1/accounts/" + a + "/freeze", "").status(), 200);
  EXPECT_EQ(teller.post("/v1/accounts/" + a + "/unfreeze", "").status(), 200);
}

TEST_F(Keys, absent_and_foreign_accounts_and_transfers_look_the_same) {
  BankClient owner(daemon_->port(), make_key("owner", "read,pay")), other(daemon_->port(), make_key("other", "read,pay")), cash(daemon_->port(), make_key("till", "cash"));
  eventually(owner, 200);
  eventually(other, 200);
  eventually(cash, 200);
  const auto mine = owner.open(), theirs = other.open();
  ASSERT_EQ(cash.deposit(mine, 100).status(), 201);
  const auto strip = [](std::string body, const std::string& number) {
    for (auto at = body.find(number); at != std::string::npos; at = body.find(number)) body.replace(at, number.size(), "X");
    return body;
  };
  for (const char* tail : {"", "/balance", "/postings"}) {
    const auto foreign = other.get("/v1/accounts/" + mine + tail), absent = other.get(std::string("/v1/accounts/mj-absent") + tail);
    EXPECT_EQ(foreign.status(), 404);
    EXPECT_EQ(strip(foreign.http.body, mine), strip(absent.http.body, "mj-absent"));
  }
  const auto foreign = other.pay(mine, theirs, 1), absent = other.pay("mj-absent", theirs, 1);
  EXPECT_EQ(foreign.status(), 404) << foreign.http.body;
  EXPECT_EQ(foreign.http.body, absent.http.body);
  const auto paid = owner.pay(mine, theirs, 1);
  ASSERT_EQ(paid.status(), 201) << paid.http.body;
  BankClient third(daemon_->port(), make_key("third", "read,pay"));
  eventually(third, 200);
  EXPECT_EQ(third.get("/v1/transfers/" + paid.text("id")).code(), "transfer_not_found");
}

TEST_F(Keys, two_keys_of_one_account_share_their_idempotency_space_and_a_third_is_refused) {
  BankClient one(daemon_->port(), make_key("twin", "read,pay")), two(daemon_->port(), make_key("twin", "read,pay")), cash(daemon_->port(), make_key("till2", "cash"));
  eventually(one, 200);
  eventually(two, 200);
  eventually(cash, 200);
  const auto a = one.open(), b = one.open();
  cash.deposit(a, 100);
  const auto first = one.pay(a, b, 10, "shared"), again = two.pay(a, b, 10, "shared");
  EXPECT_EQ(first.text("id"), again.text("id"));
  EXPECT_EQ(one.balance(b), 10);
  const auto third = control("key create", R"({"principal":"twin","scopes":"read"})");
  EXPECT_FALSE(third.at("ok").as_bool());
}

TEST_F(Keys, a_revoked_key_ends_within_a_second) {
  const auto text = make_key("gone", "read");
  BankClient client(daemon_->port(), text);
  eventually(client, 200);
  const auto revoked = control("key revoke", R"({"id":")" + text.substr(4, 12) + "\"}");
  ASSERT_TRUE(revoked.at("ok").as_bool());
  eventually(client, 401);
}

TEST_F(Keys, A40_the_text_of_a_key_is_in_no_log_metric_file_or_environment) {
  const auto text = make_key("canary", "read,pay");
  const auto secret = text.substr(17);
  BankClient client(daemon_->port(), text);
  eventually(client, 200);
  client.get("/v1/transfers");
  client.post("/v1/transfers", R"({"payer":")" + text + R"("})");
  HttpClient admin(daemon_->admin_port());
  const std::string pid = std::to_string(daemon_->pid());
  EXPECT_EQ(admin.get("/metrics").body.find(secret), std::string::npos);
  EXPECT_EQ(daemon_->log().find(secret), std::string::npos);
  EXPECT_NE(daemon_->log().find("PSW-"), std::string::npos);
  for (const char* file : {"/environ", "/cmdline"}) EXPECT_EQ(DaemonProcess::read_file("/proc/" + pid + file).find(secret), std::string::npos);
  const auto listed = daemon_->control(R"({"command":"key list","args":{}})");
  EXPECT_NE(listed.find("svc:canary"), std::string::npos) << listed;
  EXPECT_EQ(listed.find(secret), std::string::npos);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon_->folder())) {
    if (entry.is_regular_file()) {
      EXPECT_EQ(DaemonProcess::read_file(entry.path()).find(secret), std::string::npos) << entry.path();
    }
  }
}

}  // namespace
}  // namespace payswitch::test
