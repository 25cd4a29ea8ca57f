// What must be refused: clearly, without a record, and with the process alive.
#include "integration/api_suite.h"

namespace payswitch::test {
namespace {

struct Refusals : ApiSuite {
  Reply transfer(const std::string& amount_json, const std::string& more = "") {
    return api.post("/v1/transfers", R"({"payer":"mj-r1","payee":"mj-r2","amount":)" + amount_json + R"(,"currency":"KRW")" + more + "}");
  }
  void SetUp() override {
    ApiSuite::SetUp();
    api.post("/v1/accounts", R"({"currency":"KRW","number":"mj-r1"})", "open-r1");
    api.post("/v1/accounts", R"({"currency":"KRW","number":"mj-r2"})", "open-r2");
    api.post("/v1/deposits", R"({"account":"mj-r1","amount":"1000","currency":"KRW"})", "fill-r1");
  }
  void TearDown() override {
    EXPECT_EQ(api.balance("mj-r1"), 1000);
    EXPECT_EQ(api.balance("mj-r2"), 0);
  }
};

TEST_F(Refusals, A7_json_that_others_would_guess_at_is_refused) {
  EXPECT_EQ(api.post("/v1/transfers", std::string(60'000, '[')).code(), "malformed_request");
  EXPECT_EQ(api.post("/v1/transfers", std::string(100'000, '[')).status(), 413);
  const auto twice = transfer(R"("1","amount":"2")");
  EXPECT_EQ(twice.status(), 400);
  EXPECT_EQ(twice.code(), "unknown_member");
  EXPECT_NE(twice.text("detail").find("amount"), std::string::npos) << twice.http.body;
  EXPECT_EQ(transfer("1e400").status(), 400);
  EXPECT_EQ(transfer("1e400").code(), "amount_invalid");
  EXPECT_EQ(transfer("\"1\"", ",\"reference\":\"\xff\xfe\"").code(), "malformed_request");
  EXPECT_EQ(transfer("\"1\"", ",\"refrence\":\"x\"").code(), "unknown_member");
  for (const char* body : {"", "{", "[]", "null", "\"x\"", "{}", "{\"payer\":1}", "{\"payer\":\"mj-r1\"} x"}) EXPECT_EQ(api.post("/v1/transfers", body).status(), 400) << body;
}

TEST_F(Refusals, A8_amounts_that_are_not_positive_integers_are_refused) {
  for (const char* amount : {"-1", "\"-1\"", "0", "\"0\"", "0.001", "\"0.001\"", "\"1e3\"", "1e3", "1000000000000001", "\"1000000000000001\"", "9223372036854775808", "\"9223372036854775808\"",
                             "18446744073709551617", "\"01\"", "\"+1\"", "\" 1\"", "\"1 \"", "\"\"", "\"ALL\"", "true", "[1]", "{}", "null", "\"१\""}) {
    const auto refused = transfer(amount);
    EXPECT_EQ(refused.status(), 400) << amount << refused.http.body;
    EXPECT_EQ(refused.code(), "amount_invalid") << amount << refused.http.body;
  }
  EXPECT_EQ(api.post("/v1/deposits", R"({"account":"mj-r2","amount":"all","currency":"KRW"})").code(), "amount_invalid");
  EXPECT_EQ(api.post("/v1/transfers", R"({"payer":"mj-r1","payee":"mj-r2","amount":"1","currency":"XYZ"})").code(), "currency_unknown");
  EXPECT_EQ(api.post("/v1/transfers", R"({"payer":"mj-r1","payee":"mj-r2","amount":"1","currency":"krw"})").code(), "currency_unknown");
  EXPECT_EQ(api.post("/v1/transfers", R"({"payer":"mj-r1","payee":"mj-r2","amount":"1","currency":"USD"})").code(), "currency_mismatch");
}

TEST_F(Refusals, A9_payers_and_payees_that_cannot_be_are_refused) {
  const auto pay = [&](const std::string& payer, const std::string& payee) {
    return api.post("/v1/transfers", R"({"payer":")" + payer + R"(","payee":")" + payee + R"(","amount":"1","currency":"KRW"})");
  };
  EXPECT_EQ(pay("mj-r1", "mj-r1").code(), "same_account");
  EXPECT_EQ(pay("mj-absent", "mj-r2").code(), "account_not_found");
  EXPECT_EQ(pay("mj-r1", "mj-absent").code(), "payee_not_found");
  EXPECT_EQ(pay("mj-r1", "zz-nobody").code(), "no_route");
  const auto closed = api.open();
  api.post("/v1/accounts/" + closed + "/close", "");
  EXPECT_EQ(pay("mj-r1", closed).code(), "account_closed");
  EXPECT_EQ(pay(closed, "mj-r2").code(), "account_closed");
  EXPECT_GE(pay("cash:KRW", "mj-r2").status(), 400);
  EXPECT_GE(pay("mj-r1", "cash:KRW").status(), 400);
  EXPECT_GE(pay("mj-r1", "clearing:jh:KRW").status(), 400);
}

TEST_F(Refusals, A18_a_client_that_leaves_in_the_middle_harms_nobody) {
  for (int i = 0; i < 50; ++i) {
    HttpClient rude(port());
    rude.send_raw("POST /v1/transfers HTTP/1.1\r\nHost: x\r\nIdempotency-Key: rude-" + std::to_string(i) + "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"payer\":");
    rude.close();
  }
  EXPECT_EQ(api.get("/v1/me").status(), 200);
}

TEST_F(Refusals, a_body_must_say_that_it_is_json) {
  const std::string body = R"({"account":"mj-r2","amount":"1","currency":"KRW"})";
  for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=euc-kr", "application/jsonp"})
    EXPECT_EQ(api.post("/v1/deposits", body, {}, {{"Content-Type", type}}).status(), 415) << type;
  EXPECT_EQ(api.post("/v1/deposits", body, {}, {{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}}).status(), 415);
}

TEST_F(Refusals, a_key_is_required_and_must_be_visible_ascii) {
  const std::string body = R"({"account":"mj-r2","amount":"1","currency":"KRW"})";
  EXPECT_EQ(api.http().request("POST", "/v1/deposits", {}, body).status, 400);
  for (const std::string& key : {std::string("with space"), std::string(129, 'k'), std::string("키")}) {
    const auto refused = api.post("/v1/deposits", body, key);
    EXPECT_EQ(refused.status(), 400) << key;
    EXPECT_EQ(refused.code(), "idempotency_key_required") << key;
  }
  const auto doubled = api.post("/v1/deposits", body, "one", {{"Idempotency-Key", "two"}});
  EXPECT_EQ(doubled.status(), 400);
}

TEST_F(Refusals, unknown_paths_methods_and_parameters_are_told_apart) {
  EXPECT_EQ(api.get("/v1/nothing").code(), "endpoint_not_found");
  EXPECT_EQ(api.get("/v1/accounts/mj-r1%2Fbalance").code(), "endpoint_not_found");
  const auto wrong = api.post("/v1/me", "");
  EXPECT_EQ(wrong.status(), 405);
  EXPECT_EQ(wrong.http.header("Allow"), "GET");
  EXPECT_EQ(api.get("/v1/transfers?stat=held").code(), "unknown_member");
  EXPECT_EQ(api.get("/v1/transfers?limit=1&limit=2").code(), "unknown_member");
  for (const char* limit : {"0", "501", "-1", "x", "1.5"}) EXPECT_EQ(api.get(std::string("/v1/transfers?limit=") + limit).code(), "malformed_request") << limit;
  EXPECT_EQ(api.get("/v1/transfers/01J9ZZZZZZZZZZZZZZZZZZZZZZ").code(), "transfer_not_found");
  EXPECT_EQ(api.get("/v1/transfers/short").code(), "transfer_not_found");
  EXPECT_EQ(api.get("/v1/accounts/mj-absent").code(), "account_not_found");
}

TEST_F(Refusals, free_text_has_bounds) {
  EXPECT_EQ(transfer("\"1\"", R"(,"reference":")" + std::string(36, 'x') + "\"").code(), "malformed_request");
  EXPECT_EQ(transfer("\"1\"", R"(,"reference":"a\u0007b")").code(), "malformed_request");
  EXPECT_EQ(transfer("\"1\"", R"(,"metadata":{"deep":{"er":1}})").code(), "malformed_request");
  EXPECT_EQ(transfer("\"1\"", R"(,"metadata":{"long":")" + std::string(3000, 'x') + "\"}").code(), "malformed_request");
  EXPECT_EQ(transfer("\"1\"", R"(,"mode":"later")").code(), "malformed_request");
  EXPECT_EQ(transfer("\"1\"", R"(,"hold_until":"tomorrow")").code(), "malformed_request");
}

TEST_F(Refusals, a_hold_cannot_be_made_to_last_for_ever) {
  EXPECT_EQ(transfer("\"1\"", R"(,"mode":"hold","hold_until":"9999-12-31T00:00:00Z")").code(), "malformed_request");
}

TEST_F(Refusals, all_of_more_than_one_transfer_may_move_is_refused) {
  const auto rich = api.open(), other = api.open();
  for (int i = 0; i < 2; ++i) ASSERT_EQ(api.deposit(rich, 1'000'000'000'000'000).status(), 201);
  const auto refused = api.post("/v1/transfers", R"({"payer":")" + rich + R"(","payee":")" + other + R"(","amount":"all","currency":"KRW"})");
  EXPECT_EQ(refused.code(), "amount_invalid") << refused.http.body;
  EXPECT_EQ(api.balance(rich), 2'000'000'000'000'000);
}

}  // namespace
}  // namespace payswitch::test
