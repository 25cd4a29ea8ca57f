// What persons decide: transfers in doubt, repairs; two of them, on evidence, and never against a bank's word.
#include <payswitch/credit_hash.h>

#include "local_ledger/verify.h"
#include "two_banks.h"

namespace payswitch::simulation {
namespace {

using What = DecideAnswer::What;

void alone(config::Config& config) { config.control.two_persons = false; }

psw_decision word(std::int32_t outcome, const psw_id& op_id) {
  psw_decision decision{};
  decision.size = sizeof decision;
  decision.outcome = outcome;
  decision.op_id = op_id;
  decision.payer = str("mj-alice");
  decision.payee = str("jh-bob");
  decision.money.minor = 1'000;
  set_currency(decision.money.currency, "KRW");
  const auto hash = credit_hash(op_id, decision.payer, decision.payee, decision.money, psw_id{});
  std::copy(hash.begin(), hash.end(), decision.hash);
  return decision;
}
psw_id op_of(std::string_view key) { return derive_op_id("mj", "alice", key, "credit", "jh"); }

// alice has paid bob, and nobody here knows what became of it. `arrives`: bob has the money.
psw_id in_doubt(TwoBanks& b, bool arrives, std::string_view key = "k") {
  b.there.fate = [arrives](std::int32_t kind, std::uint32_t nth) {
    Fate fate;
    if (arrives && kind == PSW_OP_CREDIT && nth == 0) fate.response = Fate::Response::lost;
    else fate.request = Fate::Request::lost;
    return fate;
  };
  const auto sent = b.mj.pay_now(b.mj.transfer("mj-alice", "jh-bob", 1'000, key));
  b.world.advance(8'000, 100);
  EXPECT_EQ(b.mj.look(sent.id).state, TransferState::in_doubt);
  return sent.id;
}

// An open repair of one direction: the bank says afterwards the opposite of what was decided.
psw_id contradicted(TwoBanks& b, bool they_have_it) {
  const auto id = in_doubt(b, they_have_it);
  EXPECT_EQ(b.decide(b.mj, they_have_it ? Decision::give_back : Decision::complete, id, "uid:1").what, What::done);
  b.there.report_again(word(they_have_it ? PSW_APPLIED : PSW_REFUSED, op_of("k")), "jh");
  b.world.settle();
  return id;
}

std::string verified(Bank& bank) {
  local_ledger::VerifyReport report;
  const auto status = local_ledger::verify(bank.ledger.storage(), report);
  return status.ok() ? report.violation : status.error;
}

}  // namespace

TEST(Decisions, a_transfer_in_doubt_is_resolved_by_two_persons_and_never_by_one) {
  for (const auto decision : {Decision::complete, Decision::give_back}) {
    TwoBanks b;
    const auto id = in_doubt(b, decision == Decision::complete);
    EXPECT_EQ(b.decide(b.mj, decision, id, "uid:1", true).refusal.substr(0, 8), "there is");
    const auto first = b.decide(b.mj, decision, id, "uid:1");
    EXPECT_EQ(first.what, What::proposed) << first.refusal;
    EXPECT_NE(first.heard.find("bank jh was asked"), std::string::npos) << first.heard;
    EXPECT_EQ(b.mj.look(id).state, TransferState::in_doubt);
    EXPECT_NE(b.decide(b.mj, decision, id, "uid:1", true).refusal.find("two persons"), std::string::npos);
    EXPECT_NE(b.decide(b.mj, decision, id, "uid:2").refusal.find("--confirm"), std::string::npos) << "a second proposal is no confirmation";
    const auto other = decision == Decision::complete ? Decision::give_back : Decision::complete;
    EXPECT_NE(b.decide(b.mj, other, id, "uid:2", true).refusal.find("has proposed"), std::string::npos);
    b.world.advance(180'000, 200);  // polls go on meanwhile, and decide nothing
    EXPECT_EQ(b.mj.look(id).state, TransferState::in_doubt);
    // By now it is not_after + margin, and only cancel is sent: another state of affairs than was proposed on.
    EXPECT_NE(b.decide(b.mj, decision, id, "uid:2", true).refusal.find("void"), std::string::npos);
    EXPECT_EQ(b.decide(b.mj, decision, id, "uid:1").what, What::proposed);
    b.world.advance(30'000, 200);  // not until the attention of 5 minutes after not_after: that would be another state of affairs again
    const auto second = b.decide(b.mj, decision, id, "uid:2", true);
    EXPECT_EQ(second.what, What::done);
    EXPECT_EQ(second.refusal, "");
    EXPECT_EQ(second.state, decision == Decision::complete ? TransferState::completed : TransferState::voided);
    EXPECT_EQ(b.mj.available("mj-alice"), decision == Decision::complete ? 99'000 : 100'000);
    EXPECT_EQ(b.mj.balance("mj-alice"), b.mj.available("mj-alice"));
    EXPECT_EQ(b.violation(), "");
    EXPECT_EQ(verified(b.mj), "");
    EXPECT_NE(b.decide(b.mj, decision, id, "uid:3").refusal.find("only a transfer in doubt"), std::string::npos);
  }
}

TEST(Decisions, a_proposal_is_forgotten_after_a_day) {
  TwoBanks b;
  const auto id = in_doubt(b, false);
  b.world.advance(180'000, 200);
  EXPECT_EQ(b.decide(b.mj, Decision::give_back, id, "uid:1").what, What::proposed);
  b.world.advance(proposal_ms_max + 1'000, 60'000);
  EXPECT_NE(b.decide(b.mj, Decision::give_back, id, "uid:2", true).refusal.find("has expired"), std::string::npos);
  EXPECT_EQ(b.mj.look(id).state, TransferState::in_doubt) << "and nothing else did anything about it either";
}

TEST(Decisions, the_bank_is_asked_first_and_its_word_counts_instead) {
  TwoBanks b(1, alone);
  const auto id = in_doubt(b, true);
  b.there.fate = nullptr;  // it can be reached again
  const auto tried = b.decide(b.mj, Decision::give_back, id, "uid:1");
  EXPECT_EQ(tried.what, What::decided_by_bank) << tried.refusal;
  EXPECT_EQ(tried.state, TransferState::completed);
  EXPECT_NE(tried.heard.find("applied"), std::string::npos) << tried.heard;
  EXPECT_EQ(b.mj.balance("mj-alice"), 99'000);
  EXPECT_TRUE(b.open_repairs(b.mj).empty());
  EXPECT_EQ(b.violation(), "");
}

TEST(Decisions, a_banks_later_word_against_a_resolution_opens_one_repair_and_one_that_agrees_none) {
  for (const bool they_have_it : {true, false}) {
    TwoBanks b(1, alone);
    const auto id = contradicted(b, they_have_it);
    for (int i = 0; i != 100; ++i) b.there.report_again(word(they_have_it ? PSW_APPLIED : PSW_REFUSED, op_of("k")), "jh");
    b.world.settle();
    const auto open = b.open_repairs(b.mj);
    ASSERT_EQ(open.size(), 1u);
    EXPECT_EQ(open[0].they_have_it, they_have_it);
    EXPECT_EQ(open[0].money.minor, 1'000);
    EXPECT_EQ(open[0].customer, "mj-alice");
    EXPECT_TRUE(same(open[0].parent, id));
    EXPECT_EQ(b.mj.look(id).attention, Attention::contradiction);
    EXPECT_EQ(b.mj.balance("suspense:jh:KRW"), they_have_it ? -1'000 : 1'000);
    EXPECT_EQ(verified(b.mj), "");
  }
  TwoBanks b(1, alone);
  const auto id = in_doubt(b, true);
  b.decide(b.mj, Decision::complete, id, "uid:1");
  for (int i = 0; i != 100; ++i) b.there.report_again(word(PSW_APPLIED, op_of("k")), "jh");
  b.world.settle();
  EXPECT_TRUE(b.open_repairs(b.mj).empty());
  EXPECT_EQ(b.violation(), "");
}

TEST(Decisions, a_repair_ends_by_one_of_its_ways_and_leaves_suspense_empty_and_the_account_closable) {
  struct Way {
    bool they_have_it;
    Decision decision;
    std::int64_t alice, writeoff;
  };
  for (const auto& way : {Way{true, Decision::collect, 99'000, 0}, Way{true, Decision::write_off, 100'000, -1'000}, Way{false, Decision::refund, 100'000, 0},
                          Way{false, Decision::write_off, 99'000, 1'000}}) {
    TwoBanks b;
    b.mj.daemon().adopt(make_settings([&] {
      auto config = *b.mj.config;
      config.control.two_persons = false;
      return std::make_shared<const config::Config>(config);
    }(), b.mj.settings->reference_key));
    const auto id = contradicted(b, way.they_have_it);
    const auto repair = b.open_repairs(b.mj).at(0).id;
    b.mj.daemon().adopt(b.mj.settings);  // from here on two persons
    EXPECT_NE(b.decide(b.mj, way.they_have_it ? Decision::refund : Decision::collect, repair, "uid:1").refusal, "") << "the wrong way";
    EXPECT_EQ(b.decide(b.mj, way.decision, repair, "uid:1").what, What::proposed);
    EXPECT_NE(b.decide(b.mj, way.decision, repair, "uid:1", true).refusal, "");
    const auto ended = b.decide(b.mj, way.decision, repair, "uid:2", true);
    EXPECT_EQ(ended.what, What::done) << ended.refusal;
    const auto made = b.mj.look(ended.made);
    EXPECT_EQ(made.kind, TransferKind::repair);
    EXPECT_TRUE(same(made.parent, repair));
    EXPECT_EQ(b.mj.balance("mj-alice"), way.alice);
    EXPECT_EQ(b.mj.balance("writeoff:KRW"), way.writeoff);
    EXPECT_EQ(b.mj.balance("suspense:jh:KRW"), 0);
    EXPECT_TRUE(b.open_repairs(b.mj).empty());
    EXPECT_EQ(b.mj.look(repair).attention, Attention::none);
    EXPECT_EQ(b.mj.look(id).attention, Attention::none);
    EXPECT_EQ(b.decide(b.mj, way.decision, repair, "uid:1").refusal, "this is no open repair");
    EXPECT_EQ(verified(b.mj), "");
    EXPECT_EQ(b.mj.balance("clearing:jh:KRW"), -b.jh.balance("clearing:mj:KRW"));
    // A word that comes yet again opens nothing anew.
    b.there.report_again(word(way.they_have_it ? PSW_APPLIED : PSW_REFUSED, op_of("k")), "jh");
    b.world.settle();
    EXPECT_TRUE(b.open_repairs(b.mj).empty());
    EXPECT_EQ(b.mj.balance("suspense:jh:KRW"), 0);
  }
}

TEST(Decisions, an_account_with_an_open_repair_is_not_closed_and_one_without_is) {
  TwoBanks b(1, alone);
  contradicted(b, false);
  const auto spend = b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 99'000, "all"));
  EXPECT_EQ(spend.state, TransferState::completed) << spend.body;
  EXPECT_EQ(b.close_account(b.mj, "mj-alice"), "account_not_empty");
  EXPECT_EQ(b.decide(b.mj, Decision::write_off, b.open_repairs(b.mj).at(0).id, "uid:1").what, What::done);
  EXPECT_EQ(b.close_account(b.mj, "mj-alice"), "none");
}

// A32: nobody can finish it: the customer has spent the money. It stays in the list, with attention, until somebody bears it.
TEST(Decisions, A32_a_repair_that_nobody_can_finish_stays_in_the_list_until_it_is_written_off) {
  TwoBanks b(1, alone);
  contradicted(b, true);
  b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 100'000, "all"));
  const auto repair = b.open_repairs(b.mj).at(0).id;
  const auto refused = b.decide(b.mj, Decision::collect, repair, "uid:1");
  EXPECT_NE(refused.refusal.find("insufficient_funds"), std::string::npos) << refused.refusal;
  b.world.advance(86'400'000, 600'000);
  EXPECT_EQ(b.open_repairs(b.mj).size(), 1u);
  EXPECT_EQ(b.mj.look(repair).attention, Attention::repair_open);
  EXPECT_EQ(b.mj.balance("suspense:jh:KRW"), -1'000);
  EXPECT_EQ(verified(b.mj), "");
  EXPECT_EQ(b.decide(b.mj, Decision::write_off, repair, "uid:1").what, What::done);
  EXPECT_EQ(b.mj.balance("suspense:jh:KRW"), 0);
  EXPECT_EQ(verified(b.mj), "");
}

TEST(Decisions, a_reversal_in_doubt_is_resolved_with_the_transfer_that_it_gives_back_from) {
  for (const auto decision : {Decision::complete, Decision::give_back}) {
    TwoBanks b(1, alone);
    b.pay_bob(1'000, "k");
    const auto incoming = b.incoming("k");
    b.cut(true);
    const auto back = b.jh.reverse_now(b.reverse(incoming, "r", 400));
    b.world.advance(8'000, 100);
    EXPECT_EQ(b.jh.look(incoming).reversed_pending, 400);
    EXPECT_EQ(b.decide(b.jh, decision, back.id, "uid:1").what, What::done);
    EXPECT_EQ(b.jh.look(incoming).reversed_pending, 0);
    EXPECT_EQ(b.jh.look(incoming).reversed_posted, decision == Decision::complete ? 400 : 0);
    EXPECT_EQ(b.jh.available("jh-bob"), decision == Decision::complete ? 600 : 1'000);
    EXPECT_EQ(verified(b.jh), "");
  }
}

TEST(Decisions, a_lost_commit_of_a_decision_is_repeated_and_carried_out_once) {
  TwoBanks b(1, alone);
  const auto id = contradicted(b, true);
  const auto repair = b.open_repairs(b.mj).at(0).id;
  int lost = 3;
  b.mj.ledger.lose_answer = [&] { return lost-- > 0; };
  const auto ended = b.decide(b.mj, Decision::collect, repair, "uid:1");
  EXPECT_EQ(ended.what, What::done) << ended.refusal;
  EXPECT_EQ(ended.code, ErrorCode::none);
  EXPECT_EQ(b.mj.balance("mj-alice"), 99'000);
  EXPECT_EQ(b.mj.look(id).attention, Attention::none);
  EXPECT_EQ(verified(b.mj), "");
}

// Nobody tells: the bank is asked for as long as it has not spoken, also after a restart, and a word against the person's opens a repair.
TEST(Decisions, a_resolved_transfer_is_asked_about_until_its_bank_has_spoken) {
  for (const bool arrives : {true, false}) {
    for (const auto decision : {Decision::complete, Decision::give_back}) {
      TwoBanks b(1, alone);
      const auto id = in_doubt(b, arrives);
      EXPECT_EQ(b.decide(b.mj, decision, id, "uid:1").what, What::done);
      b.world.advance(600'000, 1'000);
      EXPECT_TRUE(b.open_repairs(b.mj).empty()) << "silence opens nothing";
      b.mj.crash(0);
      b.mj.crash(1);
      b.mj.restart(0);
      b.mj.restart(1);
      b.there.fate = nullptr;
      b.world.advance(8'000'000, 5'000);
      const bool agrees = (decision == Decision::complete) == arrives;
      EXPECT_EQ(b.open_repairs(b.mj).size(), agrees ? 0u : 1u) << arrives << static_cast<int>(decision);
      const auto asked = b.there.calls;
      b.world.advance(8'000'000, 5'000);
      EXPECT_EQ(b.there.calls, asked) << "it has spoken";
      EXPECT_EQ(verified(b.mj), "");
      EXPECT_EQ(b.jh.balance("jh-bob"), arrives ? 1'000 : 0);
    }
  }
}

// What was given back by a person is cancelled at the bank: the credit that comes late meets a tombstone.
TEST(Decisions, what_was_given_back_is_not_credited_after_all) {
  TwoBanks b(1, alone);
  b.there.fate = [](std::int32_t kind, std::uint32_t) {
    Fate fate;
    if (kind == PSW_OP_CREDIT) {
      fate.request = Fate::Request::late;
      fate.late_ms = 25'000;
    } else if (kind == PSW_OP_QUERY) {
      fate.request = Fate::Request::lost;
    }
    return fate;
  };
  const auto sent = b.mj.pay_now(b.mj.transfer("mj-alice", "jh-bob", 1'000, "k"));
  b.world.advance(6'000, 100);
  EXPECT_EQ(b.decide(b.mj, Decision::give_back, sent.id, "uid:1").what, What::done);
  b.world.advance(60'000, 100);
  EXPECT_EQ(b.jh.balance("jh-bob"), 0);
  EXPECT_EQ(b.mj.available("mj-alice"), 100'000);
  EXPECT_TRUE(b.open_repairs(b.mj).empty());
  EXPECT_EQ(b.violation(), "");
}

// Operators, polls and the bank's late word at once, in all orders: one outcome, and what differs stands in a repair.
TEST(Decisions, a_resolution_against_a_late_word_has_one_outcome) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    TwoBanks b(seed, alone);
    const bool applied = seed % 2 == 0;
    const auto id = in_doubt(b, applied);
    const auto decision = seed % 3 == 0 ? Decision::complete : Decision::give_back;
    std::vector<std::function<void()>> acts = {[&] { b.there.report_again(word(applied ? PSW_APPLIED : PSW_REFUSED, op_of("k")), "jh"); },
                                               [&] { b.decide(b.mj, decision, id, "uid:1"); }, [&] { b.world.advance(600, 20); },
                                               [&] { b.there.report_again(word(applied ? PSW_APPLIED : PSW_REFUSED, op_of("k")), "jh"); }};
    std::shuffle(acts.begin(), acts.end(), b.world.random);
    for (const auto& act : acts) act();
    b.there.fate = nullptr;
    ASSERT_TRUE(b.world.quiesce()) << seed;
    const auto state = b.mj.look(id).state;
    const Int128 bob = b.jh.balance("jh-bob");
    EXPECT_EQ(b.open_repairs(b.mj).size(), (state == TransferState::completed) == (applied) ? 0u : 1u) << seed;
    EXPECT_EQ(bob, applied ? 1'000 : 0) << seed;
    EXPECT_EQ(verified(b.mj), "") << seed;
    EXPECT_TRUE(b.mj.balanced()) << seed;
  }
}

}  // namespace payswitch::simulation
