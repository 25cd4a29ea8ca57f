#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/money_checker/money_checker.h"

namespace payswitch::test {
namespace {

using ::testing::HasSubstr;

// Two banks: each took a deposit of 100; mj paid 30 to jh, jh refused another 5 of mj, jh paid 10 to mj. Each test falsifies one place.
class BetweenBanks : public ::testing::Test {
 protected:
  struct Bank {
    History history;
    Books books;
    std::map<std::string, std::int64_t> balance;
    std::map<std::string, std::uint64_t> rows;
    std::uint64_t sequence = 0;

    void post(const std::string& id, const std::string& debit, const std::string& credit, std::int64_t amount) {
      balance[debit] -= amount;
      balance[credit] += amount;
      books.postings.push_back({debit, credit, id, sequence, ++rows[debit], 1, 1, amount, balance[debit], balance[debit]});
      books.postings.push_back({credit, debit, id, sequence, ++rows[credit], 2, 1, amount, balance[credit], balance[credit]});
    }
    void told(OperationKind kind, const std::string& key, const std::string& payer, const std::string& payee, std::int64_t amount, Outcome outcome) {
      history.operations.push_back({1, kind, key, payer, payee, amount, 10 * sequence, 10 * sequence + 5, outcome, "", "t" + key, sequence, 0, {}, key});
    }
    void deposit(const std::string& key, std::int64_t amount) {
      ++sequence;
      const std::string account = books.customers.front();
      books.transfers.push_back({"t" + key, key, "cash:KRW", account, "completed", "", OperationKind::deposit, amount, sequence});
      post("t" + key, "cash:KRW", account, amount);
      told(OperationKind::deposit, key, "cash:KRW", account, amount, Outcome::ok);
    }
  };

  BetweenBanks() {
    mj.books.bank = "mj";
    jh.books.bank = "jh";
    mj.books.customers = {"mj-1"};
    jh.books.customers = {"jh-1"};
    mj.deposit("m1", 100);
    jh.deposit("j1", 100);
    pay(mj, jh, "m2", "op-m2", 30, true);
    pay(mj, jh, "m3", "op-m3", 5, false);
    pay(jh, mj, "j2", "op-j2", 10, true);
  }

  static void pay(Bank& from, Bank& to, const std::string& key, const std::string& op, std::int64_t amount, bool applied) {
    const std::string payer = from.books.customers.front(), payee = to.books.customers.front();
    ++from.sequence;
    from.books.transfers.push_back({"t" + key, key, payer, payee, applied ? "completed" : "voided", "", OperationKind::transfer, amount, from.sequence, 0, 0, to.books.bank, op});
    from.told(OperationKind::transfer, key, payer, payee, amount, applied ? Outcome::ok : Outcome::fail);
    ++to.sequence;
    to.books.transfers.push_back({"i" + key, "", payer, payee, applied ? "completed" : "rejected", "", OperationKind::incoming, amount, to.sequence, 0, 0, from.books.bank, op});
    if (!applied) return;
    from.post("t" + key, payer, "clearing:" + to.books.bank + ":KRW", amount);
    to.post("i" + key, "clearing:" + from.books.bank + ":KRW", payee, amount);
  }
  Report check() {
    const BankRun runs[] = {{mj.history, mj.books}, {jh.history, jh.books}};
    return check_banks(runs);
  }
  void expect_violation(const std::string& rule, const std::string& text) {
    const Report report = check();
    ASSERT_EQ(report.verdict, Verdict::failed) << report.to_string();
    bool found = false;
    for (const auto& violation : report.violations) found = found || (violation.rule == rule && violation.text.find(text) != std::string::npos);
    EXPECT_TRUE(found) << report.to_string();
  }
  BookTransfer& find(Bank& bank, const std::string& id) {
    for (auto& transfer : bank.books.transfers)
      if (transfer.id == id) return transfer;
    throw std::runtime_error("no transfer " + id);
  }

  Bank mj, jh;
};

TEST_F(BetweenBanks, AnHonestRunPasses) {
  const Report report = check();
  EXPECT_EQ(report.verdict, Verdict::passed) << report.to_string();
  EXPECT_EQ(report.ok, 4u);
  EXPECT_EQ(report.fail, 1u);
}

TEST_F(BetweenBanks, C2_money_that_only_one_of_two_banks_knows_is_found) {
  jh.books.postings.erase(jh.books.postings.begin() + 2, jh.books.postings.begin() + 4);  // the credit of m2, both legs
  expect_violation("C2", "customers of all banks, and suspense, hold 170, paid in was 200");
  expect_violation("C2", "owes mj 10, which says that it is owed -20");
}
TEST_F(BetweenBanks, C2_what_one_owes_and_the_other_is_owed_must_be_equal) {
  ++jh.sequence;
  jh.post("x", "clearing:mj:KRW", "clearing:kb:KRW", 7);  // customers agree, the banks do not
  expect_violation("C2", "owes jh 20, which says that it is owed 27");
}
TEST_F(BetweenBanks, C2_money_in_suspense_without_a_repair_is_found_and_with_one_it_is_not) {
  ++mj.sequence;
  mj.post("r", "suspense:jh:KRW", "clearing:jh:KRW", 5);
  ++jh.sequence;
  jh.post("x", "clearing:mj:KRW", "jh-1", 5);  // jh did credit the 5 that mj voided
  mj.history.operations.pop_back();
  find(jh, "im3").state = "completed";
  find(mj, "tm3").state = "voided";
  expect_violation("C2", "suspense of jh is -5, its repairs make 0");
  mj.books.transfers.push_back({"r", "", "suspense:jh:KRW", "clearing:jh:KRW", "completed", "", OperationKind::repair, 5, mj.sequence, 0, 0, "jh", "op-m3"});
  EXPECT_THAT(check().to_string(), ::testing::Not(HasSubstr("suspense of jh")));
}
TEST_F(BetweenBanks, C7_a_transfer_that_has_not_ended_is_found) {
  find(mj, "tm3").state = "in_doubt";
  expect_violation("C7", "tm3 has not ended: in_doubt");
}
TEST_F(BetweenBanks, C7_credited_there_and_given_back_here_is_found) {
  find(jh, "im3").state = "completed";
  expect_violation("C7", "ended differently");
}
TEST_F(BetweenBanks, C7_taken_here_and_never_credited_is_found) {
  for (auto& transfer : jh.books.transfers)
    if (transfer.id == "im2") transfer.op_id = "op-other";
  expect_violation("C7", "ended differently");
}
TEST_F(BetweenBanks, C7_a_credit_that_nobody_sent_is_found) {
  jh.books.transfers.push_back({"ix", "", "mj-1", "jh-1", "rejected", "", OperationKind::incoming, 1, 9, 0, 0, "mj", "op-x"});
  expect_violation("C7", "is unknown to the bank that is said to have asked for it");
}
TEST_F(BetweenBanks, C7_one_operation_credited_twice_is_found) {
  jh.books.transfers.push_back(find(jh, "im2"));
  jh.books.transfers.back().id = "again";
  expect_violation("C7", "is in the books more than once");
}
TEST_F(BetweenBanks, C7_another_amount_or_payee_there_is_found) {
  find(jh, "im2").amount = 31;
  expect_violation("C7", "is not the same on both sides");
  find(jh, "im2").amount = 30;
  find(jh, "im2").payee = "jh-2";
  expect_violation("C7", "is not the same on both sides");
}
TEST_F(BetweenBanks, C7_a_refused_transfer_that_the_other_bank_never_saw_is_none) {
  jh.books.transfers.erase(jh.books.transfers.begin() + 2);  // not sent: nothing there
  EXPECT_EQ(check().verdict, Verdict::passed) << check().to_string();
}

}  // namespace
}  // namespace payswitch::test
