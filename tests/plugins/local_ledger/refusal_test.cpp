// Refusals have names, and their order is part of the contract: each row of the table breaks everything that later rows break too, so
// only the order of checks can explain which name comes back.
#include <gtest/gtest.h>

#include <functional>

#include "ledger_fixture.h"

namespace payswitch::local_ledger::test {
namespace {

constexpr std::int64_t two_to_62 = std::int64_t{1} << 62;

struct Books : Ledger {
  Books() {
    open_account("a", "alice", 1000);
    open_account("b", "bob", 10);
    Entry more;
    more.step(1).account("dollars", "bob", usd(0)).account("tight", "bob").account("closed", "bob").account("nodebit", "bob").account("nocredit", "bob").account("full", "bob");
    EXPECT_EQ(write(more).code, PSW_OK);
    set("tight", [](psw_account& a) { a.max_balance = 100; });
    set("closed", [](psw_account& a) { a.status = PSW_STATUS_CLOSED; });
    set("nodebit", [](psw_account& a) { a.status = PSW_STATUS_NO_DEBIT; });
    set("nocredit", [](psw_account& a) { a.status = PSW_STATUS_NO_CREDIT; });
    Entry record;
    record.step(2).unique("key/alice", "used", 1, "r").record(900);
    EXPECT_EQ(write(record).code, PSW_OK);
  }
  template <class F>
  void set(std::string_view number, F change) {
    Entry entry;
    change(entry.step(next++).change(account(number)));
    EXPECT_EQ(write(entry).code, PSW_OK);
  }
  std::uint64_t next = 5000;
};

struct Row {
  const char* name;
  std::int32_t code;
  const char* reason;
  std::int32_t failed;
  std::function<void(Entry&)> build;
};

void every_posting_error(Entry& e) { e.posting(PSW_P_POST, "nobody", "nobody either", usd(5000)); }

TEST(Refusals, come_in_the_documented_order) {
  const Row rows[] = {
      {"malformed before everything", PSW_INVALID, "amount_invalid", -1,
       [](Entry& e) { e.unique("key/alice", "used", 2).posting(PSW_P_POST, "a", "b", krw(0)); e.record(900, 7); }},
      {"a unique with another hash before a version", PSW_CONFLICT, "unique_conflict", -1, [](Entry& e) { e.unique("key/alice", "used", 2).record(900, 7); every_posting_error(e); }},
      {"a unique seen before a version", PSW_EXISTS, "unique_exists", -1, [](Entry& e) { e.unique("key/alice", "used", 1).record(900, 7); every_posting_error(e); }},
      {"a record's version before an account's", PSW_CONFLICT, "version_conflict", -1, [](Entry& e) { e.account("a").record(900, 7); every_posting_error(e); }},
      {"an account's version before a kv's", PSW_CONFLICT, "account_exists", -1, [](Entry& e) { e.account("a").kv("k", "v", 3).record(901); every_posting_error(e); }},
      {"a kv's version before a guard", PSW_CONFLICT, "version_conflict", -1,
       [](Entry& e) { e.kv("k", "v", 3).record(901); e.guard(PSW_G_EPOCH, PSW_RULE, "epoch").a = 99; every_posting_error(e); }},
      {"the first guard before the second", PSW_RULE, "first", 0,
       [](Entry& e) { e.record(901); e.guard(PSW_G_EPOCH, PSW_RULE, "first").a = 99; e.guard(PSW_G_EPOCH, PSW_RULE, "second").a = 98; every_posting_error(e); }},
      {"a guard before a posting", PSW_UNAVAILABLE, "second", 1,
       [](Entry& e) { e.record(901); e.guard(PSW_G_EPOCH).a = 1; e.guard(PSW_G_EPOCH, PSW_UNAVAILABLE, "second").a = 98; every_posting_error(e); }},
      {"the debit side's account first", PSW_ABSENT, "account_not_found", 0, [](Entry& e) { e.record(901); every_posting_error(e); }},
      {"then the credit side's", PSW_RULE, "payee_not_found", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "closed", "nobody", usd(5000)); }},
      {"same account", PSW_RULE, "same_account", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "closed", "closed", usd(5000)); }},
      {"status of the debit side", PSW_RULE, "account_closed", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "closed", "nocredit", usd(5000)); }},
      {"frozen for debits", PSW_RULE, "account_frozen", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "nodebit", "closed", usd(5000)); }},
      {"status of the credit side", PSW_RULE, "account_closed", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "a", "closed", usd(5000)); }},
      {"frozen for credits", PSW_RULE, "account_frozen", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "a", "nocredit", usd(5000)); }},
      {"currency", PSW_RULE, "currency_mismatch", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "a", "tight", usd(5000)); }},
      {"currency of the credit side", PSW_RULE, "currency_mismatch", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "a", "dollars", krw(5000)); }},
      {"funds", PSW_RULE, "insufficient_funds", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "a", "tight", krw(5000)); }},
      {"max_balance", PSW_RULE, "max_balance_exceeded", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "cash:KRW", "tight", krw(two_to_62)); }},
      {"overflow", PSW_RULE, "limit_exceeded", 0, [](Entry& e) { e.record(901); e.posting(PSW_P_POST, "cash:KRW", "a", krw(two_to_62)); }},
      {"the second posting sees the first", PSW_RULE, "insufficient_funds", 1, [](Entry& e) { e.record(901); e.post("a", "b", 800).post("a", "b", 201); }},
      {"applied", PSW_OK, "", -1, [](Entry& e) { e.record(901); e.post("a", "b", 800).post("a", "b", 200).post("b", "a", 1010); }},
  };
  for (const Row& row : rows) {
    Books books;
    Entry entry;
    entry.step(3);
    row.build(entry);
    const std::string before = books.dump();
    const Answer answer = books.write(entry);
    EXPECT_EQ(answer.code, row.code) << row.name << ": " << answer.reason;
    EXPECT_EQ(answer.reason, row.reason) << row.name;
    EXPECT_EQ(answer.failed, row.failed) << row.name;
    if (row.code != PSW_OK) {
      EXPECT_EQ(books.dump(), before) << row.name;
    }
  }
}

TEST(Refusals, A8_amounts_that_are_not_positive_are_refused) {
  Books books;
  for (const std::int64_t minor : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN, INT64_MAX, two_to_62 + 1}) {
    for (const std::int32_t kind : {PSW_P_POST, PSW_P_HOLD, PSW_P_POST_HOLD}) {
      Entry entry;
      entry.step(4).posting(kind, "cash:KRW", "a", krw(minor), 5).hold = id_of(5);
      entry.record(901);
      EXPECT_EQ(books.write(entry).reason, "amount_invalid") << minor;
    }
  }
  EXPECT_EQ(books.balance("a"), 1000);
}

TEST(Refusals, a_hold_counts_for_funds_and_for_max_balance) {
  Books books;
  Entry hold;
  hold.step(10).hold("a", "tight", 90, 55).record(901);
  ASSERT_EQ(books.write(hold).code, PSW_OK);
  EXPECT_EQ(books.balance("a"), 1000);
  EXPECT_EQ(books.available("a"), 910);
  Entry funds, room;
  funds.step(11).post("a", "b", 911).record(902);
  EXPECT_EQ(books.write(funds).reason, "insufficient_funds");
  room.step(12).post("a", "tight", 11).record(902);
  EXPECT_EQ(books.write(room).reason, "max_balance_exceeded");
}

TEST(Refusals, pending_credits_are_not_spendable) {
  Books books;
  Entry hold, spend;
  hold.step(10).hold("a", "b", 500, 55).record(901);
  ASSERT_EQ(books.write(hold).code, PSW_OK);
  spend.step(11).post("b", "a", 11).record(902);
  EXPECT_EQ(books.write(spend).reason, "insufficient_funds");
}

TEST(Refusals, counters_stop_at_two_to_the_62_with_what_is_pending) {
  Books books;
  Entry rich;
  rich.step(10).post("cash:KRW", "full", two_to_62 - 10).hold("cash:KRW", "full", 6, 55).record(901);
  ASSERT_EQ(books.write(rich).code, PSW_OK);
  Entry over, exact;
  over.step(11).post("cash:KRW", "full", 5).record(902);
  EXPECT_EQ(books.write(over).reason, "limit_exceeded");
  exact.step(12).post("cash:KRW", "full", 4).record(902);
  EXPECT_EQ(books.write(exact).code, PSW_OK);
  // System accounts go beyond 64 bits and survive a restart there.
  for (std::uint64_t i = 0; i != 4; ++i) {
    const std::string number = "rich" + std::to_string(i);
    books.open_account(number);
    Entry more;
    more.step(20 + i).post("cash:KRW", number, two_to_62).record(910 + i);
    ASSERT_EQ(books.write(more).code, PSW_OK);
  }
  EXPECT_EQ(books.account("cash:KRW").debits_posted.hi, 1);
  const std::string before = books.dump();
  ASSERT_EQ(books.restart(), "");
  EXPECT_EQ(books.dump(), before);
}

TEST(Refusals, a_rule_writes_uniques_and_if_refused_with_the_reason_on_the_record_it_speaks_for) {
  Books books;
  Entry entry;
  entry.step(10).unique("key/alice", "k1", 1, "901").post("a", "b", 5000);
  entry.postings[0].record = id_of(901);
  entry.record(901).payer = entry.keep("a");
  entry.if_refused(901);
  entry.if_refused(902).reason = entry.keep("batch_item_failed");
  const Answer answer = books.write(entry);
  EXPECT_EQ(answer.code, PSW_RULE);
  EXPECT_EQ(answer.reason, "insufficient_funds");
  psw_read read = books.question(PSW_ROWS_RECORDS);
  read.id = id_of(901);
  const Answer first = books.read(read);
  ASSERT_EQ(first.rows<psw_record>().size(), 1u);
  EXPECT_EQ(view(first.rows<psw_record>()[0].reason), "insufficient_funds");
  EXPECT_EQ(first.rows<psw_record>()[0].state, 5);
  read.id = id_of(902);
  EXPECT_EQ(view(books.read(read).rows<psw_record>()[0].reason), "batch_item_failed");
  // The key is used up: the same command finds it, another one under it is told so.
  Entry again, other;
  again.step(11).unique("key/alice", "k1", 1, "903").post("a", "b", 1).record(903);
  const Answer seen = books.write(again);
  EXPECT_EQ(seen.code, PSW_EXISTS);
  ASSERT_EQ(seen.rows<psw_unique>().size(), 1u);
  EXPECT_EQ(view(seen.rows<psw_unique>()[0].names), "901");
  other.step(12).unique("key/alice", "k1", 2, "904").post("a", "b", 1).record(904);
  const Answer conflict = books.write(other);
  EXPECT_EQ(conflict.code, PSW_CONFLICT);
  EXPECT_EQ(conflict.rows<psw_unique>().size(), 1u);
}

TEST(Refusals, without_if_refused_a_refusal_writes_nothing) {
  Books books;
  const std::string before = books.dump();
  Entry entry;
  entry.step(10).unique("key/alice", "k1").post("a", "b", 5000).record(901);
  EXPECT_EQ(books.write(entry).code, PSW_RULE);
  EXPECT_EQ(books.dump(), before);
  psw_read read = books.question(PSW_ROWS_UNIQUES, "k1");
  read.space = str("key/alice");
  EXPECT_EQ(books.read(read).code, PSW_ABSENT);
}

TEST(Refusals, what_is_not_a_rule_writes_nothing_even_with_if_refused) {
  Books books;
  const std::string before = books.dump();
  Entry absent, guarded;
  absent.step(10).unique("key/alice", "k1").post("nobody", "b", 5).record(901);
  absent.if_refused(901);
  EXPECT_EQ(books.write(absent).code, PSW_ABSENT);
  guarded.step(11).unique("key/alice", "k1").post("a", "b", 5).record(901);
  guarded.if_refused(901);
  guarded.guard(PSW_G_EPOCH, PSW_CONFLICT, "epoch").a = 9;
  EXPECT_EQ(books.write(guarded).code, PSW_CONFLICT);
  EXPECT_EQ(books.dump(), before);
}

TEST(Refusals, a_known_step_is_answered_with_its_first_outcome) {
  Books books;
  Entry pay, late, refused;
  pay.step(10).unique("key/alice", "k1").post("a", "b", 300).record(901, 0, 2).next_action_ms = 1;
  const Answer first = books.write(pay);
  ASSERT_EQ(first.code, PSW_OK);
  late.step(11).post("b", "a", 100).record(901, 1, 4);
  ASSERT_EQ(books.write(late).code, PSW_OK);
  const std::string before = books.dump();
  const Answer again = books.write(pay);
  EXPECT_EQ(again.code, PSW_OK);
  EXPECT_EQ(again.sequence, first.sequence);
  ASSERT_EQ(again.rows<psw_account>().size(), 2u);
  EXPECT_EQ(small(again.rows<psw_account>()[0].debits_posted), 300);
  EXPECT_EQ(small(again.rows<psw_account>()[0].credits_posted), 1000) << "as after that entry, not as now";
  EXPECT_EQ(books.dump(), before);
  // The same for a step without uniques, for a refused one, and after a restart.
  EXPECT_EQ(books.write(late).code, PSW_OK);
  refused.step(12).post("a", "b", 5000).record(905);
  refused.if_refused(905);
  ASSERT_EQ(books.write(refused).code, PSW_RULE);
  ASSERT_EQ(books.restart(), "");
  const Answer told = books.write(refused);
  EXPECT_EQ(told.code, PSW_RULE);
  EXPECT_EQ(told.reason, "insufficient_funds");
  EXPECT_EQ(told.failed, 0);
  EXPECT_EQ(books.write(late).code, PSW_OK);
  EXPECT_EQ(books.balance("a"), 800);
}

TEST(Refusals, a_step_that_only_changes_keys_or_accounts_is_known_too) {
  Books books;
  Entry kv, remove, account;
  kv.step(10).kv("k", "v");
  ASSERT_EQ(books.write(kv).code, PSW_OK);
  EXPECT_EQ(books.write(kv).code, PSW_OK);
  remove.step(11).kv("k", "", 1);
  ASSERT_EQ(books.write(remove).code, PSW_OK);
  EXPECT_EQ(books.write(remove).code, PSW_OK);
  account.step(12).account("fresh");
  ASSERT_EQ(books.write(account).code, PSW_OK);
  EXPECT_EQ(books.write(account).code, PSW_OK);
  Entry other;
  other.step(13).account("fresh");
  EXPECT_EQ(books.write(other).reason, "account_exists");
}

TEST(Refusals, another_step_on_an_old_version_is_a_conflict) {
  Books books;
  Entry one, two;
  one.step(10).record(901);
  ASSERT_EQ(books.write(one).code, PSW_OK);
  two.step(11).record(901);
  const Answer answer = books.write(two);
  EXPECT_EQ(answer.code, PSW_CONFLICT);
  EXPECT_EQ(answer.rows<psw_unique>().size(), 0u);
}

TEST(Refusals, an_exponent_other_than_the_ledgers_is_refused) {
  Books books;
  psw_money three = krw(0);
  three.exponent = 3;
  Entry entry;
  entry.step(10).account("odd", "alice", three);
  EXPECT_EQ(books.write(entry).reason, "exponent_mismatch");
}

TEST(Refusals, an_overdraft_limit_below_what_is_in_use_is_refused) {
  Books books;
  books.set("a", [](psw_account& a) { a.overdraft_limit = 500; });
  Entry spend, lower;
  spend.step(10).post("a", "b", 1400).record(901);
  ASSERT_EQ(books.write(spend).code, PSW_OK);
  lower.step(11).change(books.account("a")).overdraft_limit = 399;
  EXPECT_EQ(books.write(lower).code, PSW_RULE);
  Entry exact;
  exact.step(12).change(books.account("a")).overdraft_limit = 400;
  EXPECT_EQ(books.write(exact).code, PSW_OK);
}

TEST(Refusals, tell_the_ledgers_clock_of_now_although_nothing_was_written) {
  Books g;
  g.clock.ms += 3'600'000;
  Entry absent;
  absent.record(901);
  absent.post("nobody", "b", 1);
  const Answer refused = g.write(absent);
  EXPECT_EQ(refused.code, PSW_ABSENT);
  EXPECT_EQ(refused.clock_ms, g.clock.ms);
  Entry seen;
  seen.unique("key/alice", "used", 1);
  const Answer exists = g.write(seen);
  EXPECT_EQ(exists.code, PSW_EXISTS);
  EXPECT_EQ(exists.clock_ms, g.clock.ms);
  g.clock.ms -= 7'200'000;
  EXPECT_GE(g.write(seen).clock_ms, g.clock.ms + 3'600'000) << "it never goes behind the last entry";
}

}  // namespace
}  // namespace payswitch::local_ledger::test
