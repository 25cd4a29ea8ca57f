// One entry: applied whole or not at all.
#include <gtest/gtest.h>

#include "ledger_fixture.h"

namespace payswitch::local_ledger::test {
namespace {

TEST(Entry, a_transfer_moves_money_and_answers_with_the_accounts_after_it) {
  Ledger ledger;
  ledger.open_account("a", "alice", 1000);
  ledger.open_account("b", "bob");
  Entry entry;
  entry.step(1).unique("key/alice", "k1", 7, "t1").post("a", "b", 300).record(5).payer = entry.keep("a");
  const Answer answer = ledger.write(entry);
  ASSERT_EQ(answer.code, PSW_OK) << answer.reason;
  ASSERT_EQ(answer.rows<psw_account>().size(), 2u);
  EXPECT_EQ(small(answer.rows<psw_account>()[0].debits_posted), 300);
  EXPECT_EQ(ledger.balance("a"), 700);
  EXPECT_EQ(ledger.balance("b"), 300);
  EXPECT_EQ(answer.failed, -1);
}

TEST(Entry, everything_is_as_it_was_after_a_restart) {
  Ledger ledger;
  ledger.open_account("a", "alice", 1000);
  ledger.open_account("b", "bob");
  Entry entry;
  entry.step(1).unique("key/alice", "k1").hold("a", "b", 300, 77).kv("grant/1", "value").record(5, 0, 1).next_action_ms = 5;
  ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  const std::string before = ledger.dump();
  ASSERT_EQ(ledger.restart(), "");
  EXPECT_EQ(ledger.dump(), before);
  ledger.crash();
  ASSERT_EQ(ledger.open(), "");
  EXPECT_EQ(ledger.dump(), before);
  EXPECT_EQ(ledger.available("a"), 700);
}

}  // namespace
}  // namespace payswitch::local_ledger::test
