// Money that comes back between two real banks: reversals over peer_http, and what a person decides while the other bank is silent.
#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

#include <boost/json/parse.hpp>

#include <fstream>
#include <functional>

#include "integration/two_banks/peer_banks.h"
#include "support/bank_client.h"

namespace payswitch::test {
namespace {

bool within(int seconds, const std::function<bool()>& done) {
  for (int i = 0; i != seconds * 20; ++i) {
    if (done()) return true;
    usleep(50'000);
  }
  return done();
}

struct Pair {
  explicit Pair(const std::string& control = "two_persons = false\n")
      : banks([&] {
          PeerBanksOptions options;
          options.adjust = [control](const std::string&, DaemonOptions& daemon) { daemon.control = control; };
          return options;
        }()) {}
  bool start() {
    if (!banks.start_all()) return false;
    mj = std::make_unique<BankClient>(banks.daemon(0).port());
    jh = std::make_unique<BankClient>(banks.daemon(1).port());
    return mj->post("/v1/accounts", R"({"currency":"KRW","number":"mj-1"})").status() == 201 && jh->post("/v1/accounts", R"({"currency":"KRW","number":"jh-1"})").status() == 201 &&
           mj->deposit("mj-1", 10'000).status() == 201;
  }
  Reply pay(std::int64_t minor, int wait) {
    return mj->post("/v1/transfers", R"({"payer":"mj-1","payee":"jh-1","currency":"KRW","amount":")" + std::to_string(minor) + R"("})", "", {{"Prefer", "wait=" + std::to_string(wait)}});
  }
  // What came in at jh, newest first.
  std::string incoming() {
    const auto page = jh->get("/v1/accounts/jh-1/postings");
    for (const auto& row : page.body.at("postings").as_array())
      if (row.at("side").as_string() == "credit") return std::string(row.at("transfer_id").as_string());
    return "";
  }
  static std::string state(BankClient& api, const std::string& id) { return api.get("/v1/transfers/" + id).text("state"); }

  PeerBanks banks;
  std::unique_ptr<BankClient> mj, jh;
};

TEST(GivingBack, what_came_in_goes_back_to_its_bank_and_both_count_it) {
  Pair b;
  ASSERT_TRUE(b.start());
  const auto sent = b.pay(1'000, 10);
  ASSERT_EQ(sent.text("status"), "completed") << sent.http.body;
  const std::string at = "/v1/transfers/" + b.incoming() + "/reverse";
  const auto back = b.jh->post(at, R"({"amount":"400"})", "back", {{"Prefer", "wait=10"}});
  EXPECT_EQ(back.status(), 201) << back.http.body;
  EXPECT_EQ(back.text("kind"), "reversal");
  EXPECT_EQ(back.text("bank"), "mj");
  EXPECT_EQ(b.mj->balance("mj-1"), 9'400);
  EXPECT_EQ(b.jh->balance("jh-1"), 600);
  EXPECT_EQ(b.mj->get("/v1/transfers/" + sent.text("id")).minor("reversed_amount"), 400);
  EXPECT_EQ(b.jh->post(at, R"({"amount":"601"})").code(), "reversal_exceeds_original");
  // While the first bank is away it is under way, and counts.
  b.banks.daemon(0).kill();
  const auto waiting = b.jh->post(at, R"({"amount":"500"})", "away", {{"Prefer", "wait=0"}});
  // Whether the first byte left before the connection was found dead is a matter of moments: under way, not taken, or given up at once.
  EXPECT_TRUE(waiting.status() == 202 || waiting.status() == 503 || waiting.code() == "peer_refused") << waiting.http.body;
  ASSERT_TRUE(b.banks.daemon(0).start());
  if (waiting.status() == 202) {
    EXPECT_TRUE(within(40, [&] { const auto now = Pair::state(*b.jh, waiting.text("id")); return now == "completed" || now == "voided"; }));
  }
  EXPECT_TRUE(within(20, [&] { return b.jh->post(at, R"({"amount":"100"})", "rest", {{"Prefer", "wait=5"}}).text("status") == "completed"; }));
  const std::int64_t given = b.mj->get("/v1/transfers/" + sent.text("id")).minor("reversed_amount");
  EXPECT_EQ(b.mj->balance("mj-1"), 9'000 + given);
  EXPECT_EQ(b.jh->balance("jh-1"), 1'000 - given);
  EXPECT_EQ(b.banks.terminate_all(), 0);
  std::string text;
  for (std::size_t i = 0; i != 2; ++i) EXPECT_EQ(b.banks.daemon(i).ctl("ledger verify " + b.banks.daemon(i).folder() + "/books", text), 0) << text;
}

// A person decides "voided" while the bank is silent; the bank has the credit in its hands and makes it. It says so when it is asked again:
// one repair, which the customer, who has spent the money, cannot finish.
TEST(GivingBack, A32_a_banks_later_word_against_a_person_opens_a_repair_that_is_listed_counted_and_written_off) {
  Pair b;
  ASSERT_TRUE(b.start());
  ASSERT_EQ(b.pay(1'000, 10).text("status"), "completed");  // a connection is open now, and takes what is sent next
  ::kill(b.banks.daemon(1).pid(), SIGSTOP);
  const auto sent = b.pay(2'000, 0);
  ASSERT_EQ(sent.status(), 202) << sent.http.body;
  const std::string id = sent.text("id");
  EXPECT_TRUE(within(10, [&] { return Pair::state(*b.mj, id) == "in_doubt"; }));
  const std::string evidence = b.banks.papers() + "/telephone.txt";
  std::ofstream(evidence) << "they say on the telephone that they have nothing\n";
  std::string text;
  EXPECT_EQ(b.banks.daemon(0).ctl("transfer resolve " + id + " --voided --yes --evidence " + evidence, text), 0) << text;
  EXPECT_EQ(Pair::state(*b.mj, id), "voided");
  EXPECT_EQ(b.mj->withdraw("mj-1", 9'000).status(), 201);
  ::kill(b.banks.daemon(1).pid(), SIGCONT);
  EXPECT_TRUE(within(30, [&] {
    b.banks.daemon(0).ctl("repair list", text);
    return text.find("they credited, we gave it back") != std::string::npos;
  })) << text << b.banks.daemon(0).log();
  EXPECT_EQ(b.jh->balance("jh-1"), 3'000);
  EXPECT_NE(b.mj->get("/v1/transfers/" + id).http.body.find("\"contradiction\""), std::string::npos);
  HttpClient admin(b.banks.daemon(0).admin_port());
  EXPECT_TRUE(within(10, [&] { return admin.request("GET", "/metrics", {}, {}).body.find("\npayswitch_repairs_open 1\n") != std::string::npos; }));
  EXPECT_EQ(b.banks.daemon(0).ctl("repair list --json", text), 0);
  const std::string repair(boost::json::parse(text).at("result").at("repairs").at(0).at("id").as_string());
  EXPECT_EQ(b.banks.daemon(0).ctl("repair collect " + repair + " --yes --evidence " + evidence, text), 7);
  EXPECT_NE(text.find("insufficient_funds"), std::string::npos) << text;
  EXPECT_EQ(b.banks.daemon(0).ctl("repair write-off " + repair + " --yes --evidence " + evidence, text), 0) << text;
  EXPECT_TRUE(within(10, [&] { return admin.request("GET", "/metrics", {}, {}).body.find("\npayswitch_repairs_open 0\n") != std::string::npos; }));
  // What each bank says of the other agrees again.
  EXPECT_EQ(b.mj->balance("clearing:jh:KRW"), 3'000);
  EXPECT_EQ(b.jh->balance("clearing:mj:KRW"), -3'000);
  EXPECT_EQ(b.banks.terminate_all(), 0);
  for (std::size_t i = 0; i != 2; ++i) EXPECT_EQ(b.banks.daemon(i).ctl("ledger verify " + b.banks.daemon(i).folder() + "/books", text), 0) << text;
}

}  // namespace
}  // namespace payswitch::test
