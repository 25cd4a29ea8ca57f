// Random entries against a model of a few lines, with restarts, power cuts and verify in between: what the ledger says is what the model
// says, and what it said before a restart it says after it.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ledger_fixture.h"
#include "local_ledger/verify.h"

namespace payswitch::local_ledger::test {
namespace {

struct Model {
  struct Side {
    std::int64_t posted = 0, pending_out = 0, pending_in = 0;
    bool customer = true;
  };
  struct Held {
    std::string from, to;
    std::int64_t minor;
  };
  std::map<std::string, Side> accounts;
  std::map<std::uint64_t, Held> holds;

  bool spend(const std::string& from, std::int64_t minor) const {
    const Side& side = accounts.at(from);
    return !side.customer || side.posted - side.pending_out >= minor;
  }
};

class Random {
 public:
  Random(Ledger& ledger, Model& model, std::uint64_t seed) : ledger_(ledger), model_(model), chance_(seed) {}

  void step() {
    Model next = model_;
    Entry entry;
    const std::uint64_t number = ++number_;
    entry.step(number).unique("key/x", std::to_string(number)).record(1'000'000 + number, 0, 4);
    if (below(4) == 0) entry.if_refused(1'000'000 + number, 0, 5);
    bool refused = false;
    const std::uint64_t postings = 1 + below(3);
    for (std::uint64_t i = 0; i != postings; ++i) refused = posting(entry, next, number * 10 + i) || refused;
    ledger_.clock.ms += static_cast<std::int64_t>(below(5)) - 1;
    const Answer answer = ledger_.write(entry);
    ASSERT_EQ(answer.code == PSW_OK, !refused) << answer.code << ' ' << answer.reason;
    if (!refused) model_ = std::move(next);
    if (below(10) == 0) {
      ASSERT_EQ(ledger_.write(entry).code, answer.code) << "the same step again";
    }
  }
  void compare() {
    for (const auto& [number, side] : model_.accounts) {
      const psw_account account = ledger_.account(number);
      ASSERT_EQ(small(account.credits_posted) - small(account.debits_posted), side.posted) << number;
      ASSERT_EQ(small(account.debits_pending), side.pending_out) << number;
      ASSERT_EQ(small(account.credits_pending), side.pending_in) << number;
    }
  }
  std::uint64_t below(std::uint64_t n) { return chance_() % n; }

 private:
  std::string any() {
    auto at = model_.accounts.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(below(model_.accounts.size())));
    return at->first;
  }
  // Adds one posting and does the same in the model; true: it must be refused.
  bool posting(Entry& entry, Model& next, std::uint64_t id) {
    const auto minor = static_cast<std::int64_t>(1 + below(300));
    if (!next.holds.empty() && below(3) == 0) {
      auto at = next.holds.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(below(next.holds.size())));
      const auto [hold, held] = *at;
      const bool post = below(2) == 0;
      if (post) {
        entry.post_hold(hold, minor);
        if (minor > held.minor) return true;
      } else {
        entry.void_hold(hold);
      }
      next.accounts[held.from].pending_out -= held.minor;
      next.accounts[held.to].pending_in -= held.minor;
      next.accounts[held.from].posted -= post ? minor : 0;
      next.accounts[held.to].posted += post ? minor : 0;
      next.holds.erase(at);
      return false;
    }
    const std::string from = any(), to = any();
    const bool hold = below(3) == 0;
    entry.posting(hold ? PSW_P_HOLD : PSW_P_POST, from, to, krw(minor), id);
    if (from == to || !next.spend(from, minor)) return true;
    if (hold) {
      next.holds[id] = {from, to, minor};
      next.accounts[from].pending_out += minor;
      next.accounts[to].pending_in += minor;
    } else {
      next.accounts[from].posted -= minor;
      next.accounts[to].posted += minor;
    }
    return false;
  }

  Ledger& ledger_;
  Model& model_;
  std::mt19937_64 chance_;
  std::uint64_t number_ = 0;
};

TEST(Model, random_entries_agree_with_it_across_restarts_and_power_cuts) {
  std::uint64_t steps = 0;
  for (std::uint64_t seed = 1; seed != 21; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Ledger ledger;
    Model model;
    for (const char* number : {"a", "b", "c", "d", "e"}) {
      ledger.open_account(number, "owner", 500);
      model.accounts[number].posted = 500;
    }
    model.accounts["cash:KRW"] = {-2500, 0, 0, false};
    Random random(ledger, model, seed);
    for (int round = 0; round != 10; ++round) {
      for (int i = 0; i != 30; ++i, ++steps) ASSERT_NO_FATAL_FAILURE(random.step());
      ASSERT_NO_FATAL_FAILURE(random.compare());
      const std::string before = ledger.dump();
      const std::uint64_t way = random.below(3);
      if (way == 0) ledger.close();
      if (way == 1) ledger.crash();
      if (way == 2) {
        ledger.crash();
        ledger.disk.power_cut(seed * 100 + static_cast<std::uint64_t>(round));
      }
      ASSERT_EQ(ledger.open(), "");
      ASSERT_EQ(ledger.dump(), before);
    }
    ledger.close();
    auto storage = ledger.disk.storage();
    VerifyReport report;
    ASSERT_EQ(verify(*storage, report).error, "");
    EXPECT_EQ(report.violation, "");
    EXPECT_GT(report.postings, 100u);
  }
  EXPECT_EQ(steps, 6000u);
}

}  // namespace
}  // namespace payswitch::local_ledger::test
