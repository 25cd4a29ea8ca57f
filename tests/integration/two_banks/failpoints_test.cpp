// Every failpoint, killed at and failed at, one after the other on one pair of banks: after each, every transfer becomes final and no
// money is made or lost. Needs a build with failpoints.
#include <unistd.h>

#include <chrono>

#include "integration/two_banks/two_banks.h"

namespace payswitch::test {
namespace {

enum class Work { pay, refuse, post, cancel, stop, start };

struct Site {
  const char* name;
  char victim;             // m: the payer mj, j: the payee jh
  Work work = Work::pay;
  const char* with = "";   // armed at the payer beside it, to get there
  bool fails = true;       // `error` means something there
  bool fresh = false;      // only on a new connection between the banks
  bool ends = false;       // an error ends the daemon, with status 74
};

constexpr char lost_answer[] = "saga.replied=error*1";
constexpr char nobody_sends[] = "pay.before_send=error*1";

constexpr Site sites[] = {
    {"pay.before_write", 'm'},
    {"pay.written", 'm'},
    {"pay.before_send", 'm'},
    {"pay.before_answer", 'm', Work::pay, "", false},
    {"hold.before_write", 'm', Work::post},
    {"hold.written", 'm', Work::post},
    {"hold.before_send", 'm', Work::post},
    {"saga.before_send", 'm'},
    {"saga.sent", 'm', Work::pay, "", false},
    {"saga.replied", 'm'},
    {"saga.before_resend", 'm', Work::pay, nobody_sends},
    {"saga.before_write", 'm'},
    {"saga.written", 'm'},
    {"saga.judged", 'm', Work::refuse, "", false},
    {"saga.before_due_write", 'm', Work::pay, nobody_sends},
    {"saga.due_written", 'm', Work::pay, nobody_sends},
    {"saga.resumed", 'm', Work::pay, nobody_sends},
    {"recovery.before_lease", 'm'},
    {"recovery.leased", 'm', Work::pay, nobody_sends},
    {"recovery.bank_alive", 'm', Work::pay, lost_answer},
    {"inbound.taken", 'j'},
    {"inbound.before_credit", 'j'},
    {"inbound.before_tombstone", 'j', Work::cancel, nobody_sends},
    {"inbound.written", 'j'},
    {"inbound.before_read", 'j', Work::pay, lost_answer},
    {"inbound.decided", 'j', Work::refuse},
    {"peer.queued", 'm'},
    {"peer.before_request", 'm'},
    {"peer.answered", 'm'},
    {"peer.credit_answered", 'm'},
    {"peer.before_asking", 'm', Work::pay, lost_answer, false},
    {"peer.asked", 'm', Work::pay, lost_answer},
    {"peer.request", 'j'},
    {"peer.before_inbound", 'j', Work::pay, "", false},
    {"peer.served", 'j'},
    {"peer.before_signing", 'j'},
    {"peer.before_answer", 'j', Work::pay, "", false},
    {"client.connect", 'm', Work::pay, "", true, true},
    {"client.handshake", 'm', Work::pay, "", true, true},
    {"client.before_first_byte", 'm', Work::pay, "", false},
    {"client.split", 'm'},
    {"client.half_sent", 'm', Work::pay, "client.split=error"},
    {"client.sent", 'm'},
    {"client.got_head", 'm'},
    {"client.before_delivery", 'm', Work::pay, "", false},
    {"host.submit", 'm'},
    {"ledger.refuses", 'm'},
    {"ledger.refuses", 'j'},
    {"ledger.before_lease", 'm', Work::pay, "", false},
    {"ledger.after_append", 'm', Work::pay, "", false},
    {"ledger.after_append", 'j', Work::pay, "", false},
    {"ledger.before_write", 'm', Work::pay, "", true, false, true},
    {"ledger.before_write", 'j', Work::pay, "", true, false, true},
    {"ledger.before_sync", 'm', Work::pay, "", true, false, true},
    {"ledger.before_sync", 'j', Work::pay, "", true, false, true},
    {"ledger.synced", 'm', Work::pay, "", false},
    {"ledger.synced", 'j', Work::pay, "", false},
    {"ledger.before_publish", 'm', Work::pay, "", false},
    {"ledger.published", 'j', Work::pay, "", false},
    {"ledger.before_complete", 'm'},
    {"ledger.before_complete", 'j'},
    {"ledger.read", 'm'},
    {"ledger.opened", 'm', Work::start, "", false},
    {"ledger.before_close", 'm', Work::stop, "", false},
};
constexpr int shards = 4;  // in parallel, each on banks of its own

class Failpoints : public ::testing::TestWithParam<int> {
 protected:
  static TwoBanksOptions options() {
    TwoBanksOptions out;
    out.not_after = "30s";
    out.recovery = "poll_first = \"100ms\"\npoll_cap = \"500ms\"\nlease = \"600ms\"\nmargin = \"500ms\"\n";
    out.banks.connector = "call_deadline = \"600ms\"\n";
    out.banks.extra = "[daemon]\nloops = 1\n";  // a bank is silent, and heard again, on one loop
    return out;
  }

  // As any client: again with the same key until somebody says what became of it.
  std::string pay(const std::string& key, const std::string& payee = {}) {
    std::string id;
    within(15, [&] {
      const Reply reply = banks_.mj().pay(100, key, 0, payee);
      id = id_of(reply);
      return !id.empty() || struck();
    });
    return id;
  }

  void work(const Site& site, const std::string& key) {
    auto& api = banks_.mj().api();
    switch (site.work) {
      case Work::pay: pay(key); return;
      case Work::refuse: pay(key, "jh-nobody"); return;
      case Work::post: {
        held_ = id_of(banks_.mj().pay(100, key, 0, {}, R"(,"mode":"hold")"));
        within(10, [&] { return post_held(key) || struck(); });
        return;
      }
      case Work::cancel: {
        const auto id = pay(key);
        api.post("/v1/transfers/" + id + "/cancel", "{}");
        return;
      }
      case Work::stop:
      case Work::start: return;
    }
  }
  bool post_held(const std::string& key) {
    const int status = banks_.mj().api().post("/v1/transfers/" + held_ + "/post", R"({"amount":"60"})", key + "-post").status();
    return status == 200 || status == 201 || status == 202;
  }
  bool struck() const { return victim_->hits(name_, action_) != 0; }

  void strike(const Site& site, const std::string& action) {
    SCOPED_TRACE(std::string(site.name) + "=" + action + " at " + site.victim);
    victim_ = site.victim == 'm' ? &banks_.mj() : &banks_.jh();
    TestBank& other = site.victim == 'm' ? banks_.jh() : banks_.mj();
    name_ = site.name;
    action_ = action;
    victim_->forget_hits();
    if (site.fresh) {
      other.kill();
      ASSERT_TRUE(other.start());
    }
    const std::string rule = std::string(site.name) + "=" + action + (action == "error" ? "*2" : "");
    if (site.work == Work::start) victim_->kill();
    banks_.mj().arm(site.with + std::string("\n") + (site.victim == 'm' ? rule : ""));
    if (site.victim == 'j') victim_->arm(rule);
    if (site.work == Work::start) victim_->daemon().launch();
    if (site.work == Work::stop) ::kill(victim_->daemon().pid(), SIGTERM);
    const std::string key = std::string(site.name) + "-" + action + "-" + site.victim;
    work(site, key);
    for (int again = 0; again < 5 && !within(3, [&] { return struck(); }); ++again) {  // a sign of life counts once in five seconds
      banks_.mj().arm(site.with + std::string("\n") + (site.victim == 'm' ? rule : ""));
      work(site, key + "-" + std::to_string(again));
    }
    EXPECT_TRUE(struck()) << "never got there";
    const bool dies = action == "kill";
    if (dies || site.ends) {
      if (dies) EXPECT_TRUE(victim_->died());
      else EXPECT_EQ(victim_->daemon().wait_for_exit(15), 74);
    }
    for (auto* bank : {&banks_.mj(), &banks_.jh()}) bank->arm("");
    if (dies || site.ends) ASSERT_TRUE(victim_->start());
    if (site.work == Work::post) EXPECT_TRUE(within(10, [&] { return post_held(key); })) << "the same key again";
    for (auto* bank : {&banks_.mj(), &banks_.jh()})
      EXPECT_TRUE(within(20, [&] { return bank->open_transfers() == 0; })) << bank->api().get("/v1/transfers?state=submitted,in_doubt").http.body;
    EXPECT_EQ(banks_.mj().clearing(), -banks_.jh().clearing());
    EXPECT_EQ(banks_.mj().balance() + banks_.mj().clearing(), start_minor);
    EXPECT_EQ(banks_.jh().balance() + banks_.jh().clearing(), start_minor);
  }

  TwoBanks banks_{options()};
  TestBank* victim_ = nullptr;
  std::string name_, action_, held_;
};

TEST_P(Failpoints, killed_and_failed_at_each_named_place_both_banks_keep_every_unit) {
  ASSERT_TRUE(banks_.start());
  ASSERT_EQ(banks_.mj().pay(10, "first", 10).text("status"), "completed");
  int n = 0;
  for (const Site& site : sites) {
    if (n++ % shards != GetParam()) continue;
    for (const char* action : {"kill", "error"}) {
      if (std::string_view(action) == "error" && !site.fails) continue;
      strike(site, action);
      if (HasFatalFailure()) return;
    }
  }
  banks_.settle();
}
INSTANTIATE_TEST_SUITE_P(Shard, Failpoints, ::testing::Range(0, shards));

}  // namespace
}  // namespace payswitch::test
