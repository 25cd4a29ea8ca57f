#include "support/money_checker/money_checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace payswitch::test {
namespace {

using ::testing::HasSubstr;

// A small honest run that each test then falsifies in one place: a deposit of 100, a transfer of 30, a refused withdrawal of 1,000.
class MoneyChecker : public ::testing::Test {
 protected:
  MoneyChecker() {
    books.customers = {"a", "b"};
    post(1, "t1", "cash", "a", 100, OperationKind::deposit);
    post(2, "t2", "a", "b", 30, OperationKind::transfer);
    books.transfers.push_back({"t3", "k3", "a", "cash", "rejected", "insufficient_funds", OperationKind::withdraw, 1000, 3});
    answer(OperationKind::deposit, "k1", "cash", "a", 100, 10, 20, 1, {{"a", 100, 100}});
    answer(OperationKind::transfer, "k2", "a", "b", 30, 30, 40, 2, {{"a", 70, 70}});
    answer(OperationKind::withdraw, "k3", "a", "cash", 1000, 50, 60, 3, {});
    history.operations.back().outcome = Outcome::fail;
    history.operations.back().code = "insufficient_funds";
    answer(OperationKind::transfer, "k2", "a", "b", 30, 70, 80, 2, {{"a", 70, 70}});  // a repeat
    read(1, 90, 100, 3, 3);
    read(1, 110, 120, 3, 0);
  }

  void post(std::uint64_t sequence, const std::string& id, const std::string& payer, const std::string& payee, std::int64_t amount, OperationKind kind) {
    balance[payer] -= amount;
    balance[payee] += amount;
    books.transfers.push_back({id, "k" + id.substr(1), payer, payee, "completed", "", kind, amount, sequence});
    books.postings.push_back({payer, payee, id, sequence, ++rows[payer], 1, 1, amount, balance[payer], balance[payer]});
    books.postings.push_back({payee, payer, id, sequence, ++rows[payee], 2, 1, amount, balance[payee], balance[payee]});
  }
  void answer(OperationKind kind, const std::string& key, const std::string& payer, const std::string& payee, std::int64_t amount, std::uint64_t t0,
              std::uint64_t t1, std::uint64_t sequence, std::vector<AccountAfter> after) {
    history.operations.push_back({1, kind, key, payer, payee, amount, t0, t1, Outcome::ok, "", "t" + key.substr(1), sequence, 0, std::move(after), key});
  }
  void read(int process, std::uint64_t t0, std::uint64_t t1, std::uint64_t sequence, std::uint64_t asked) {
    history.operations.push_back({process, OperationKind::read, "", "", "", 0, t0, t1, Outcome::ok, "", "", sequence, asked, {}, ""});
  }
  void expect_violation(const std::string& rule) {
    const Report report = check_money(history, books);
    ASSERT_EQ(report.verdict, Verdict::failed) << report.to_string();
    EXPECT_THAT(report.to_string(), HasSubstr(rule + ": "));
  }

  History history;
  Books books;
  std::map<std::string, std::int64_t> balance;
  std::map<std::string, std::uint64_t> rows;
};

TEST_F(MoneyChecker, AnHonestRunPasses) {
  const Report report = check_money(history, books);
  EXPECT_EQ(report.verdict, Verdict::passed) << report.to_string();
  EXPECT_EQ(report.ok, 5u);
  EXPECT_EQ(report.fail, 1u);
}

TEST_F(MoneyChecker, C1_a_posting_without_its_other_side_is_found) {
  books.postings.pop_back();
  expect_violation("C1");
}
TEST_F(MoneyChecker, C3_money_that_appears_at_a_customer_is_found) {
  for (auto& posting : books.postings)
    if (posting.account == "b") posting.amount += 5;
  expect_violation("C3");
}
TEST_F(MoneyChecker, C3_an_available_below_zero_is_found) {
  books.postings[2].available_after = -1;
  expect_violation("C3");
}
TEST_F(MoneyChecker, C4_an_acknowledged_transfer_that_is_not_in_the_books_is_found) {
  answer(OperationKind::deposit, "k9", "cash", "a", 1, 200, 210, 9, {});
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_one_key_with_two_effects_is_found) {
  post(4, "t4", "a", "b", 30, OperationKind::transfer);
  books.transfers.back().key = "k2";
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_a_refused_transfer_that_moved_money_is_found) {
  history.operations[1].outcome = Outcome::fail;
  history.operations[3].outcome = Outcome::fail;
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_a_repeat_with_another_body_is_found) {
  history.operations[3].body = "other";
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_an_unknown_outcome_may_have_had_one_effect_or_none) {
  history.faults = true;
  history.operations[1].outcome = Outcome::info;
  history.operations[3].outcome = Outcome::info;
  answer(OperationKind::deposit, "k8", "cash", "a", 1, 200, 210, 0, {});
  history.operations.back().outcome = Outcome::info;
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
}
TEST_F(MoneyChecker, C4_a_hold_that_was_voided_had_its_effect) {
  books.transfers.push_back({"t4", "k4", "a", "b", "voided", "", OperationKind::hold, 10, 4});
  answer(OperationKind::hold, "k4", "a", "b", 10, 200, 210, 4, {});
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
  books.transfers.back().state = "rejected";
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_a_final_state_that_was_told_and_is_another_one_is_found) {
  history.operations[1].state = "completed";
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
  history.operations[1].state = "voided";
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_a_key_that_was_answered_with_another_transfer_is_found) {
  history.operations[1].transfer_id = "t1";
  expect_violation("C4");
}
TEST_F(MoneyChecker, C4_an_accepted_transfer_that_is_not_in_the_books_is_found) {
  history.operations[1].outcome = history.operations[3].outcome = Outcome::accepted;
  EXPECT_EQ(check_money(history, books).verdict, Verdict::invalid) << "too little of it is ok, but nothing is wrong";
  answer(OperationKind::transfer, "k9", "a", "b", 1, 200, 210, 9, {});
  history.operations.back().outcome = Outcome::accepted;
  expect_violation("C4");
}

// A hold of 20 of which 15 were posted, and what clients said about it.
class ActsOnAHold : public MoneyChecker {
 protected:
  ActsOnAHold() {
    post(4, "t4", "a", "b", 15, OperationKind::hold);
    hold().asked = 20;
    answer(OperationKind::hold, "k4", "a", "b", 20, 200, 210, 4, {});
    act(OperationKind::post, "p1", 15, Outcome::ok);
    act(OperationKind::void_hold, "v1", 0, Outcome::fail);
  }
  BookTransfer& hold() { return books.transfers.back(); }
  void act(OperationKind kind, const std::string& key, std::int64_t amount, Outcome outcome) {
    history.operations.push_back({2, kind, key, "a", "b", amount, 220, 230, outcome, "", outcome == Outcome::fail ? "" : "t4", 4, 0, {}, key, "t4"});
  }
  Operation& first_act() { return history.operations[history.operations.size() - 2]; }
};
TEST_F(ActsOnAHold, AnHonestPostPasses) { EXPECT_EQ(check_money(history, books).verdict, Verdict::passed) << check_money(history, books).to_string(); }
TEST_F(ActsOnAHold, C4_a_hold_that_two_keys_resolved_is_found) {
  act(OperationKind::post, "p2", 15, Outcome::ok);
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_a_hold_that_was_posted_although_every_post_was_refused_is_found) {
  first_act().outcome = Outcome::fail;
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_a_post_that_was_acknowledged_and_did_not_happen_is_found) {
  hold().state = "voided";
  books.postings.resize(books.postings.size() - 2);
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_a_post_of_another_amount_than_was_asked_is_found) {
  first_act().amount = 14;
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_an_acknowledged_void_of_a_hold_that_was_posted_is_found) {
  first_act().outcome = Outcome::info;
  history.operations.back().outcome = Outcome::ok;
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_a_repeated_post_with_another_body_is_found) {
  act(OperationKind::post, "p1", 15, Outcome::ok);
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
  history.operations.back().body = "other";
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_a_post_that_was_answered_ok_and_refused_is_found) {
  act(OperationKind::post, "p1", 15, Outcome::fail);
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C4_a_void_or_a_cancel_that_nobody_asked_for_is_found) {
  history.operations.resize(history.operations.size() - 2);
  hold().state = hold().reason = "voided";
  books.postings.resize(books.postings.size() - 2);
  expect_violation("C4");
  act(OperationKind::void_hold, "v1", 0, Outcome::info);
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
  hold().reason = "cancelled";
  expect_violation("C4");
}
TEST_F(ActsOnAHold, C5_a_hold_that_was_taken_without_the_money_is_found) {
  hold().asked = 71;
  expect_violation("C5");
}

TEST_F(MoneyChecker, C8_a_request_that_took_longer_than_twice_its_wait_is_found_unless_the_daemon_stood_still) {
  constexpr std::uint64_t second = 1'000'000'000;
  history.operations[5].t0 = 100 * second;
  history.operations[5].t1 = 102 * second;
  history.operations[5].wait_ms = 1'000;
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
  history.operations[5].t1 = 103 * second;
  expect_violation("C8");
  history.stopped.emplace_back(101 * second, 102 * second);
  EXPECT_EQ(check_money(history, books).verdict, Verdict::passed);
}
TEST_F(MoneyChecker, C5_an_answered_balance_that_the_order_does_not_give_is_found) {
  history.operations[1].after[0].balance = 71;
  expect_violation("C5");
}
TEST_F(MoneyChecker, C5_a_refusal_for_funds_that_were_there_is_found) {
  books.transfers[2].amount = 50;
  expect_violation("C5");
}
TEST_F(MoneyChecker, C5_a_write_ordered_before_one_that_was_acknowledged_earlier_is_found) {
  history.operations[1].sequence = 1;
  history.operations[0].sequence = 2;
  expect_violation("C5");
}
TEST_F(MoneyChecker, C6_a_read_older_than_its_token_is_found) {
  history.operations[4].sequence = 2;
  history.operations[5].sequence = 2;
  expect_violation("C6");
}
TEST_F(MoneyChecker, C6_a_session_that_goes_backwards_is_found) {
  history.operations[5].sequence = 2;
  expect_violation("C6");
}
TEST_F(MoneyChecker, ARunWithFaultsThatLeftNoUnknownOutcomeProvesNothing) {
  history.faults = true;
  EXPECT_EQ(check_money(history, books).verdict, Verdict::invalid);
}
TEST_F(MoneyChecker, AFaultFreeRunThatMostlyFailedProvesNothing) {
  for (int i = 0; i < 20; ++i) {
    answer(OperationKind::withdraw, "x" + std::to_string(i), "a", "cash", 1000, 300, 310, 0, {});
    history.operations.back().outcome = Outcome::fail;
    history.operations.back().transfer_id.clear();
  }
  EXPECT_EQ(check_money(history, books).verdict, Verdict::invalid);
}

}  // namespace
}  // namespace payswitch::test
