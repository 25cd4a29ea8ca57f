// Every guard of the contract, holding and not holding.
#include <gtest/gtest.h>

#include "ledger_fixture.h"

namespace payswitch::local_ledger::test {
namespace {

struct Guards : Ledger {
  Guards() {
    open_account("a", "alice", 1000);
    open_account("b", "bob", 10);
    Entry entry;
    entry.step(1).kv("setting", "on").kv("brief", "soon gone", 0, clock.ms + 50).account("clearing:jh:KRW", "system", krw(0), PSW_ACCOUNT_SYSTEM);
    psw_record& r = entry.record(500, 0, 2);
    r.next_action_ms = clock.ms;
    r.lease_owner = entry.keep("d1");
    r.lease_epoch = 3;
    r.lease_ms = 100;
    EXPECT_EQ(write(entry).code, PSW_OK);
  }
  // Does a guard hold? What it wants is set by `set`; a fresh record carries the entry.
  template <class F>
  bool holds(std::int32_t kind, F set) {
    Entry entry;
    entry.step(next).record(next);
    ++next;
    psw_guard& guard = entry.guard(kind, PSW_TIMEOUT, "no");
    set(guard, entry);
    const Answer answer = write(entry);
    if (answer.code != PSW_OK) {
      EXPECT_EQ(answer.code, PSW_TIMEOUT) << "the guard's own code comes back";
      EXPECT_EQ(answer.reason, "no");
      EXPECT_EQ(answer.failed, 0);
    }
    return answer.code == PSW_OK;
  }
  std::uint64_t next = 10'000;
};

TEST(Guard, version_looks_at_a_record) {
  Guards g;
  EXPECT_TRUE(g.holds(PSW_G_VERSION, [](psw_guard& x, Entry&) { x.id = id_of(500); x.a = 1; }));
  EXPECT_FALSE(g.holds(PSW_G_VERSION, [](psw_guard& x, Entry&) { x.id = id_of(500); x.a = 2; }));
  EXPECT_TRUE(g.holds(PSW_G_VERSION, [](psw_guard& x, Entry&) { x.id = id_of(501); x.a = 0; }));
}

TEST(Guard, lease_holds_until_it_ends_by_the_ledgers_clock) {
  Guards g;
  const auto epoch = [](std::int64_t a) { return [a](psw_guard& x, Entry&) { x.id = id_of(500); x.a = a; }; };
  EXPECT_TRUE(g.holds(PSW_G_LEASE, epoch(3)));
  EXPECT_FALSE(g.holds(PSW_G_LEASE, epoch(2)));
  g.clock.ms += 99;
  EXPECT_TRUE(g.holds(PSW_G_LEASE, epoch(3)));
  g.clock.ms += 1;
  EXPECT_FALSE(g.holds(PSW_G_LEASE, epoch(3)));
}

// Else nothing that waits for a time would be done until the wall clock has caught up: no expiry, no poll, no end of a lease.
TEST(Guard, the_ledgers_clock_runs_on_although_the_wall_clock_stepped_back) {
  Guards g;
  g.clock.ms += 3'600'000;
  Entry late;
  late.step(2).record(600);
  const std::int64_t ahead = g.write(late).clock_ms;
  g.clock.ms -= 3'600'000;
  g.clock.monotonic += 250;
  EXPECT_TRUE(g.holds(PSW_G_CLOCK, [&](psw_guard& x, Entry&) { x.b = ahead + 250; }));
  EXPECT_FALSE(g.holds(PSW_G_CLOCK, [&](psw_guard& x, Entry&) { x.b = ahead + 251; }));
  EXPECT_EQ(g.reads->now_ms(), ahead + 250);
  EXPECT_EQ(g.restart(), "");
  EXPECT_GE(g.reads->now_ms(), ahead + 250) << "nor does it go back with a restart";
  g.clock.monotonic += 100;
  EXPECT_GE(g.reads->now_ms(), ahead + 350);
}

TEST(Guard, kv_has_a_version_and_zero_is_absent_or_expired) {
  Guards g;
  const auto key = [](const char* name, std::int64_t a) { return [=](psw_guard& x, Entry& e) { x.key = e.keep(name); x.a = a; }; };
  EXPECT_TRUE(g.holds(PSW_G_KV, key("setting", 1)));
  EXPECT_FALSE(g.holds(PSW_G_KV, key("setting", 0)));
  EXPECT_TRUE(g.holds(PSW_G_KV, key("nothing", 0)));
  EXPECT_TRUE(g.holds(PSW_G_KV, key("brief", 1)));
  g.clock.ms += 50;
  EXPECT_FALSE(g.holds(PSW_G_KV, key("brief", 1)));
  EXPECT_TRUE(g.holds(PSW_G_KV, key("brief", 0)));
}

TEST(Guard, owner_is_a_principal_or_anybody) {
  Guards g;
  const auto owner = [](const char* account, const char* who) { return [=](psw_guard& x, Entry& e) { x.key = e.keep(account); x.text = e.keep(who); }; };
  EXPECT_TRUE(g.holds(PSW_G_OWNER, owner("a", "alice")));
  EXPECT_FALSE(g.holds(PSW_G_OWNER, owner("a", "bob")));
  EXPECT_TRUE(g.holds(PSW_G_OWNER, owner("a", "")));
  EXPECT_FALSE(g.holds(PSW_G_OWNER, owner("nobody", "")));
}

TEST(Guard, counter_adds_up_to_a_limit_and_gives_back) {
  Guards g;
  const std::int64_t end = g.clock.ms + 1000;
  const auto take = [end](std::int64_t a, std::int64_t b) { return [=](psw_guard& x, Entry& e) { x.key = e.keep("day/alice"); x.a = a; x.b = b; x.until_ms = end; }; };
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(60, 100)));
  EXPECT_FALSE(g.holds(PSW_G_COUNTER, take(41, 100)));
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(40, 100)));
  EXPECT_FALSE(g.holds(PSW_G_COUNTER, take(INT64_MAX, INT64_MAX))) << "no wrap";
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(-60, 0))) << "giving back is never refused";
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(0, 40)));
  EXPECT_FALSE(g.holds(PSW_G_COUNTER, take(0, 39)));
  ASSERT_EQ(g.restart(), "");
  EXPECT_FALSE(g.holds(PSW_G_COUNTER, take(0, 39))) << "and is remembered";
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(-500, 0)));
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(100, 100))) << "below zero there is nothing";
  g.clock.ms = end;
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(-100, 0))) << "forgotten: giving back does nothing";
  EXPECT_TRUE(g.holds(PSW_G_COUNTER, take(0, 0)));
}

TEST(Guard, counters_of_one_entry_add_up_and_a_refused_entry_takes_nothing) {
  Guards g;
  const auto twice = [&](std::int64_t second) {
    Entry entry;
    entry.step(g.next).record(g.next);
    ++g.next;
    for (const std::int64_t a : {std::int64_t{60}, second}) {
      psw_guard& x = entry.guard(PSW_G_COUNTER);
      x.key = entry.keep("c");
      x.a = a;
      x.b = 100;
    }
    return g.write(entry).code;
  };
  EXPECT_EQ(twice(41), PSW_RULE);
  EXPECT_EQ(twice(40), PSW_OK);
  EXPECT_EQ(twice(0), PSW_RULE);
}

TEST(Guard, net_position_is_the_one_after_the_entry) {
  Guards g;
  // What we may owe the other bank: credits posted + pending - debits posted on its clearing account.
  const auto exposure = [&](std::int64_t minor, std::int64_t limit, bool hold) {
    const std::uint64_t id = g.next;
    return g.holds(PSW_G_NET, [=](psw_guard& x, Entry& e) {
      x.key = e.keep("clearing:jh:KRW");
      x.a = 1;
      x.b = limit;
      e.posting(hold ? PSW_P_HOLD : PSW_P_POST, "a", "clearing:jh:KRW", krw(minor), id);
    });
  };
  EXPECT_TRUE(exposure(100, 100, true));
  EXPECT_FALSE(exposure(1, 100, true));
  EXPECT_FALSE(exposure(1, 100, false));
  EXPECT_TRUE(exposure(50, 150, false));
  // Resolving a hold in the same entry counts.
  const std::uint64_t held = 10'000;
  EXPECT_TRUE(g.holds(PSW_G_NET, [=](psw_guard& x, Entry& e) {
    x.key = e.keep("clearing:jh:KRW");
    x.a = 1;
    x.b = 100;
    e.void_hold(held).hold("a", "clearing:jh:KRW", 50, 99);
  }));
  // What they may owe us, the other way round: 50 posted to them so far, so 60 back leaves them 10 in debt.
  const auto receive = [&](std::int64_t minor, std::int64_t limit) {
    return g.holds(PSW_G_NET, [=](psw_guard& x, Entry& e) {
      x.key = e.keep("clearing:jh:KRW");
      x.a = -1;
      x.b = limit;
      e.post("clearing:jh:KRW", "b", minor);
    });
  };
  EXPECT_FALSE(receive(61, 10));
  EXPECT_TRUE(receive(60, 10));
}

TEST(Guard, clock_bounds_the_ledgers_own_time) {
  Guards g;
  const std::int64_t now = g.clock.ms;
  const auto between = [](std::int64_t before, std::int64_t from) { return [=](psw_guard& x, Entry&) { x.a = before; x.b = from; }; };
  EXPECT_TRUE(g.holds(PSW_G_CLOCK, between(now + 1, 0)));
  EXPECT_FALSE(g.holds(PSW_G_CLOCK, between(now, 0)));
  EXPECT_TRUE(g.holds(PSW_G_CLOCK, between(0, now)));
  EXPECT_FALSE(g.holds(PSW_G_CLOCK, between(0, now + 1)));
  EXPECT_TRUE(g.holds(PSW_G_CLOCK, between(now + 1, now)));
  g.clock.ms -= 3'600'000;
  EXPECT_TRUE(g.holds(PSW_G_CLOCK, between(0, now))) << "the wall clock went back, the ledger's did not";
}

TEST(Guard, epoch_is_the_ledgers) {
  Guards g;
  EXPECT_TRUE(g.holds(PSW_G_EPOCH, [](psw_guard& x, Entry&) { x.a = 1; }));
  EXPECT_FALSE(g.holds(PSW_G_EPOCH, [](psw_guard& x, Entry&) { x.a = 2; }));
}

TEST(Guard, available_is_exact) {
  Guards g;
  const auto is = [](std::int64_t a) { return [=](psw_guard& x, Entry& e) { x.key = e.keep("a"); x.a = a; }; };
  EXPECT_TRUE(g.holds(PSW_G_AVAILABLE, is(1000)));
  EXPECT_FALSE(g.holds(PSW_G_AVAILABLE, is(999)));
}

TEST(Guard, empty_means_nothing_posted_and_nothing_pending) {
  Guards g;
  const auto is = [](psw_guard& x, Entry& e) { x.key = e.keep("b"); };
  EXPECT_FALSE(g.holds(PSW_G_EMPTY, is));
  Entry away, pending;
  away.step(5).post("b", "a", 10).record(600);
  ASSERT_EQ(g.write(away).code, PSW_OK);
  EXPECT_TRUE(g.holds(PSW_G_EMPTY, is));
  pending.step(6).hold("a", "b", 1, 42).record(601);
  ASSERT_EQ(g.write(pending).code, PSW_OK);
  EXPECT_FALSE(g.holds(PSW_G_EMPTY, is));
}

TEST(Guard, may_looks_at_the_status) {
  Guards g;
  const auto may = [](std::int64_t side) { return [=](psw_guard& x, Entry& e) { x.key = e.keep("a"); x.a = side; }; };
  EXPECT_TRUE(g.holds(PSW_G_MAY, may(1)));
  Entry freeze;
  freeze.step(5).change(g.account("a")).status = PSW_STATUS_NO_DEBIT;
  ASSERT_EQ(g.write(freeze).code, PSW_OK);
  EXPECT_FALSE(g.holds(PSW_G_MAY, may(1)));
  EXPECT_TRUE(g.holds(PSW_G_MAY, may(2)));
}

TEST(Guard, of_an_unknown_kind_is_not_supported) {
  Guards g;
  Entry entry;
  entry.step(5).record(600);
  entry.guard(99);
  EXPECT_EQ(g.write(entry).code, PSW_NOT_SUPPORTED);
}

}  // namespace
}  // namespace payswitch::local_ledger::test
