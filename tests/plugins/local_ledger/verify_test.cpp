// What `verify` must notice although every checksum is right: each invariant of the books broken once, in a forged journal.
#include <gtest/gtest.h>

#include <functional>

#include "forge.h"
#include "ledger_fixture.h"
#include "local_ledger/verify.h"

namespace payswitch::local_ledger::test {
namespace {

const std::string first_segment = "journal-0000000000";

class Verify : public ::testing::Test {
 protected:
  // Something of everything: money, holds open and resolved, a lease, a repair with money in suspense, uniques.
  void SetUp() override {
    ledger_.open_account("a", "alice", 1000);
    ledger_.open_account("b", "bob");
    Entry accounts, first, second, open, more, repair, paid;
    accounts.step(1)
        .account("clearing:jh:KRW", "", krw(0), PSW_ACCOUNT_SYSTEM)
        .account("suspense:jh:KRW", "", krw(0), PSW_ACCOUNT_SYSTEM)
        .account("c", "", krw(0), PSW_ACCOUNT_SYSTEM);
    ASSERT_EQ(ledger_.write(accounts).code, PSW_OK);
    first.step(2).unique("key/x", "k1").post("a", "b", 10);
    second.step(3).unique("key/x", "k2").post("c", "b", 50);
    ASSERT_EQ(ledger_.write(first).code, PSW_OK);
    ASSERT_EQ(ledger_.write(second).code, PSW_OK);
    open.step(4);
    open.posting(PSW_P_HOLD, "a", "clearing:jh:KRW", krw(100), 7).record = id_of(31);
    open.record(31, 0, 1).next_action_ms = ledger_.clock.ms;
    ASSERT_EQ(ledger_.write(open).code, PSW_OK);
    ASSERT_EQ(ledger_.lease("me").rows<psw_record>().size(), 1u);
    paid.step(5).post_hold(7, 60);
    paid.postings.back().record = id_of(31);
    paid.record(31, 2, 4);
    ASSERT_EQ(ledger_.write(paid).code, PSW_OK);
    more.step(6);
    more.posting(PSW_P_HOLD, "a", "clearing:jh:KRW", krw(100), 8).record = id_of(32);
    more.record(32, 0, 1).next_action_ms = ledger_.clock.ms + 1'000'000;
    ASSERT_EQ(ledger_.write(more).code, PSW_OK);
    repair.step(7);
    repair.posting(PSW_P_POST, "clearing:jh:KRW", "suspense:jh:KRW", krw(30), 9).record = id_of(33);
    psw_record& row = repair.record(33, 0, 4);
    row.kind = 6;
    row.attention = 7;
    ASSERT_EQ(ledger_.write(repair).code, PSW_OK);
    salt_ = ledger_.engine->identity().salt;
    ledger_.crash();
    good_ = ledger_.disk.bytes(first_segment);
  }
  std::string violation() {
    auto storage = ledger_.disk.storage();
    VerifyReport report;
    EXPECT_EQ(verify(*storage, report).error, "");
    return report.violation;
  }
  // Changes the nth item of this kind (1 = the first), reseals, and asks.
  template <class Item>
  std::string forged(ItemKind kind, int nth, const std::function<void(Item&, std::uint8_t* item, std::uint8_t* entry)>& change) {
    auto& bytes = ledger_.disk.bytes(first_segment);
    bytes = good_;
    int seen = 0;
    each_item(bytes, [&](std::uint8_t* entry, std::uint8_t* item) {
      if (load<ItemHeader>(item).kind != static_cast<std::uint16_t>(kind) || ++seen != nth) return;
      Item fixed = load<Item>(item);
      change(fixed, item, entry);
      std::memcpy(item, &fixed, sizeof fixed);
    });
    EXPECT_GE(seen, nth);
    EXPECT_NE(bytes, good_);
    reseal(bytes, salt_);
    std::string found = violation();
    bytes = good_;
    return found;
  }
  static ::testing::AssertionResult says(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos ? ::testing::AssertionSuccess()
                                                : ::testing::AssertionFailure() << '"' << text << "\" does not say \"" << part << '"';
  }
  // Postings in order: 1 deposit, 2 a to b, 3 c to b, 4 hold, 5 its posting, 6 hold, 7 repair. Records: 1 held, 2 leased, 3 completed, 4 held, 5 repair.

  Ledger ledger_;
  std::vector<std::uint8_t> good_;
  std::uint32_t salt_ = 0;
};

TEST_F(Verify, finds_nothing_in_a_sound_ledger) { EXPECT_EQ(violation(), ""); }

TEST_F(Verify, resealing_alone_is_not_noticed_so_what_is_found_below_is_the_change) {
  reseal(ledger_.disk.bytes(first_segment), salt_);
  EXPECT_EQ(ledger_.disk.bytes(first_segment), good_);
  EXPECT_EQ(violation(), "");
}

TEST_F(Verify, I1_money_that_changes_its_currency_on_the_way) {
  EXPECT_TRUE(says(forged<AccountItem>(ItemKind::account, 2, [](AccountItem& a, auto*, auto*) { std::memcpy(a.currency, "USD", 4); }), "I1 "));
}
TEST_F(Verify, I2_a_customer_below_zero) {
  EXPECT_TRUE(says(forged<AccountItem>(ItemKind::account, 6, [](AccountItem& a, auto*, auto*) { a.kind = PSW_ACCOUNT_CUSTOMER; }), "I2 "));
}
TEST_F(Verify, I3_a_hold_that_was_never_made_is_resolved) {
  EXPECT_TRUE(says(forged<PostingItem>(ItemKind::posting, 5, [](PostingItem&, std::uint8_t* item, auto*) { item[sizeof(PostingItem) + 15] ^= 1; }), "I3 "));
}
TEST_F(Verify, I3_more_is_posted_than_was_held) {
  EXPECT_TRUE(says(forged<PostingItem>(ItemKind::posting, 5,
                                       [](PostingItem& p, auto*, auto*) {
                                         p.minor += 1;
                                         p.side[0].debits_posted += 1;
                                         p.side[1].credits_posted += 1;
                                       }),
                   "I4 "));
}
TEST_F(Verify, I4_counters_that_are_not_the_sum_of_the_postings) {
  EXPECT_TRUE(says(forged<PostingItem>(ItemKind::posting, 2, [](PostingItem& p, auto*, auto*) { ++p.side[1].credits_posted; }), "I4 "));
  EXPECT_TRUE(says(forged<PostingItem>(ItemKind::posting, 2, [](PostingItem& p, auto*, auto*) { ++p.side[0].account_sequence; }), "I4 "));
}
TEST_F(Verify, I5_an_operation_is_recorded_twice) {
  EXPECT_TRUE(says(forged<UniqueItem>(ItemKind::unique, 2, [](UniqueItem& u, std::uint8_t* item, auto*) { item[sizeof u + u.space_bytes + 1] = '1'; }), "I5 "));
}
TEST_F(Verify, I5_a_refusal_moves_money) {
  EXPECT_TRUE(says(
      forged<PostingItem>(ItemKind::posting, 2,
                          [](PostingItem&, auto*, std::uint8_t* entry) { entry[offsetof(EntryHeader, kind)] = static_cast<std::uint8_t>(EntryKind::refused); }),
      "I5 "));
}
TEST_F(Verify, I6_a_posting_of_less_than_nothing) {
  EXPECT_TRUE(says(forged<PostingItem>(ItemKind::posting, 2,
                                       [](PostingItem& p, auto*, auto*) {
                                         p.minor = -10;
                                         p.side[0].debits_posted -= 20;
                                         p.side[1].credits_posted -= 20;
                                       }),
                   "I6 "));
}
TEST_F(Verify, I7_a_finished_transfer_still_holds_money) {
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 4, [](RecordItem& r, auto*, auto*) { r.state = 4; }), "I7 "));
}
TEST_F(Verify, I7_money_in_suspense_without_an_open_repair) {
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 5, [](RecordItem& r, auto*, auto*) { r.attention = 0; }), "I7 suspense:jh:KRW"));
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 5, [](RecordItem& r, auto*, auto*) { r.kind = 3; }), "I7 suspense:jh:KRW"));
}
TEST_F(Verify, I8_an_open_transfer_that_nobody_will_look_at) {
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 4, [](RecordItem& r, auto*, auto*) { r.next_action_ms = 0; }), "I8 "));
}
TEST_F(Verify, I9_a_step_that_is_not_allowed) {
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 3, [](RecordItem& r, auto*, auto*) { r.state = 5; }), "I9 "));
}
TEST_F(Verify, I9_a_lease_that_changes_more_than_the_lease) {
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 2, [](RecordItem& r, auto*, auto*) { ++r.minor; }), "I9 "));
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 2, [](RecordItem& r, auto*, auto*) { r.state = 2; }), "I9 "));
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 2, [](RecordItem& r, auto*, auto*) { r.next_action_ms += 1; }), "I9 "));
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 2, [](RecordItem& r, std::uint8_t* item, auto*) { item[sizeof r + 8] += 1; }), "I9 ")) << "the epoch";
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 2, [](RecordItem& r, std::uint8_t* item, auto*) { std::memset(item + sizeof r, 0, 4); }), "I9 "))
      << "its end";
}
TEST_F(Verify, I9_a_version_that_does_not_follow) {
  EXPECT_TRUE(says(forged<RecordItem>(ItemKind::record, 3, [](RecordItem& r, auto*, auto*) { ++r.version; }), "record version does not follow"));
}
TEST_F(Verify, names_file_and_offset_of_the_first_violation) {
  const std::string text = forged<PostingItem>(ItemKind::posting, 2, [](PostingItem& p, auto*, auto*) { ++p.side[1].credits_posted; });
  EXPECT_TRUE(says(text, first_segment + ": damaged at offset "));
}

}  // namespace
}  // namespace payswitch::local_ledger::test
