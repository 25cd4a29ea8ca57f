// Reads: from either end of a list, pages that hold little, positions that must have been reached.
#include <algorithm>
#include <filesystem>

#include "integration/api_suite.h"

namespace payswitch::test {
namespace {

struct Reads : ApiSuite {
  // All amounts of an account's postings, `limit` a page.
  std::string amounts(const std::string& account, const std::string& query, int& pages) {
    std::string out, cursor;
    for (pages = 1;; ++pages) {
      const Reply page = api.get("/v1/accounts/" + account + "/postings?limit=3" + query + (cursor.empty() ? "" : "&cursor=" + cursor));
      EXPECT_EQ(page.status(), 200) << page.http.body;
      for (const auto& row : page.body.as_object().at("postings").as_array()) out += std::string(row.as_object().at("amount").as_string()) + " ";
      cursor = page.text("next");
      if (cursor.empty() || pages == 100) return out;
    }
  }
};

TEST_F(Reads, postings_come_from_the_end_that_was_asked_for) {
  const std::string account = api.open();
  for (int i = 1; i <= 7; ++i) ASSERT_EQ(api.deposit(account, i).status(), 201);
  int pages = 0;
  EXPECT_EQ(amounts(account, "", pages), "7 6 5 4 3 2 1 ");
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(amounts(account, "&order=newest", pages), "7 6 5 4 3 2 1 ");
  EXPECT_EQ(amounts(account, "&order=oldest", pages), "1 2 3 4 5 6 7 ");
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(amounts(account, "&order=oldest&from=2020-01-01&to=2021-01-01", pages), "");
  EXPECT_EQ(amounts(account, "&order=oldest&from=2020-01-01", pages), "1 2 3 4 5 6 7 ");
  const Reply sideways = api.get("/v1/accounts/" + account + "/postings?order=sideways");
  EXPECT_EQ(sideways.status(), 400);
  EXPECT_EQ(sideways.code(), "malformed_request");
}

TEST_F(Reads, a_cursor_belongs_to_its_order_and_filter) {
  const std::string account = api.open(), other = api.open();
  for (int i = 1; i <= 4; ++i) ASSERT_EQ(api.deposit(account, i).status(), 201);
  const std::string target = "/v1/accounts/" + account + "/postings?limit=2";
  const std::string cursor = api.get(target + "&order=oldest").text("next");
  ASSERT_NE(cursor, "");
  EXPECT_EQ(api.get(target + "&order=oldest&cursor=" + cursor).status(), 200);
  for (const std::string& wrong : {target + "&order=newest", target, target + "&order=oldest&from=2020-01-01", "/v1/accounts/" + other + "/postings?limit=2&order=oldest"}) {
    const Reply refused = api.get(wrong + "&cursor=" + cursor);
    EXPECT_EQ(refused.status(), 400) << wrong;
    EXPECT_EQ(refused.code(), "cursor_invalid");
  }
}

TEST_F(Reads, a_position_that_was_reached_is_served_by_every_read_and_one_that_was_not_is_told) {
  const std::string account = api.open();
  const Reply made = api.deposit(account, 5);
  const std::string position(made.http.header("payswitch-position")), id = made.text("id");
  ASSERT_NE(position, "");
  const std::string ahead = position.substr(0, position.rfind('.')) + ".999999999";
  const std::string other = (position[0] == '0' ? "1" : "0") + position.substr(1);
  for (const std::string& target : {std::string("/v1/accounts"), std::string("/v1/transfers"), "/v1/transfers/" + id, "/v1/accounts/" + account, "/v1/accounts/" + account + "/balance",
                                    "/v1/accounts/" + account + "/postings"}) {
    const auto read = [&](const std::string& token) { return api.get(target, {{"Payswitch-Position", token}}); };
    EXPECT_EQ(read(position).status(), 200) << target;
    for (const std::string& garbage : {std::string("garbage"), other, position + "x", std::string(500, '9')}) {
      const Reply refused = read(garbage);
      EXPECT_EQ(refused.status(), 400) << target << ' ' << garbage << refused.http.body;
      EXPECT_EQ(refused.code(), "position_invalid") << target;
    }
    const Reply lost = read(ahead);
    EXPECT_EQ(lost.status(), 409) << target << lost.http.body;
    EXPECT_EQ(lost.code(), "position_lost") << target;
    EXPECT_EQ(lost.text("class"), "unknown") << "what that answer told may be gone: ask, and send it again with the same key";
  }
  // Its own answers are positions too.
  for (const std::string& target : {"/v1/transfers/" + id, "/v1/accounts/" + account}) {
    const Reply first = api.get(target);
    EXPECT_EQ(api.get(target, {{"Payswitch-Position", first.http.header("payswitch-position")}}).status(), 200) << target;
  }
}

TEST_F(Reads, a_filter_that_hardly_anything_passes_is_answered_page_by_page) {
  const std::string account = api.open(), payee = api.open();
  ASSERT_EQ(api.deposit(account, 1'000'000).status(), 201);
  const Reply held = api.hold(account, payee, 7);
  ASSERT_EQ(api.post("/v1/transfers/" + held.text("id") + "/void", "").status(), 200);
  constexpr int clients = 32, each = 640;  // together more than the ledger looks at for one page
  at_once(clients, [&](int) {
    BankClient one(port());
    for (int i = 0; i < each; ++i) one.deposit(account, 1);
  });
  std::string cursor, found;
  int empty_pages = 0;
  for (int page = 0; page < 100; ++page) {
    const Reply list = api.get("/v1/transfers?state=voided&limit=1" + (cursor.empty() ? std::string() : "&cursor=" + cursor));
    ASSERT_EQ(list.status(), 200) << list.http.body;
    const auto& rows = list.body.as_object().at("transfers").as_array();
    cursor = list.text("next");
    if (rows.empty() && !cursor.empty()) ++empty_pages;
    if (!rows.empty()) found = std::string(rows[0].as_object().at("id").as_string());
    if (cursor.empty() || !found.empty()) break;
  }
  EXPECT_EQ(found, held.text("id"));
  EXPECT_GE(empty_pages, 1);
}

// Restored from a copy: what was acknowledged since is gone, and a client that knows more than the ledger hears so.
TEST(LostHistory, a_ledger_put_back_to_an_older_state_says_that_it_does_not_reach_what_was_read_before) {
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  std::string account, before, after;
  {
    BankClient api(daemon.port());
    account = api.open();
    before = api.deposit(account, 5).http.header("payswitch-position");
  }
  ASSERT_EQ(daemon.terminate(), 0);
  namespace fs = std::filesystem;
  fs::path ledger;
  for (const auto& entry : fs::directory_iterator(daemon.folder()))
    if (entry.is_directory() && fs::exists(entry.path() / "lock")) ledger = entry.path();
  ASSERT_FALSE(ledger.empty());
  const fs::path copy = ledger.string() + ".copy";
  fs::copy(ledger, copy, fs::copy_options::recursive);
  ASSERT_TRUE(daemon.start());
  {
    BankClient api(daemon.port());
    for (int i = 0; i < 20; ++i) after = api.deposit(account, 7).http.header("payswitch-position");
    EXPECT_EQ(api.get("/v1/accounts/" + account, {{"Payswitch-Position", after}}).status(), 200);
  }
  ASSERT_EQ(daemon.terminate(), 0);
  fs::remove_all(ledger);
  fs::rename(copy, ledger);
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const std::string target = "/v1/accounts/" + account + "/balance";
  const Reply lost = api.get(target, {{"Payswitch-Position", after}});
  EXPECT_EQ(lost.status(), 409) << lost.http.body;
  EXPECT_EQ(lost.code(), "position_lost");
  EXPECT_EQ(api.get(target, {{"Payswitch-Position", before}}).minor("balance"), 5);
  EXPECT_EQ(api.get(target).minor("balance"), 5);
}

}  // namespace
}  // namespace payswitch::test
