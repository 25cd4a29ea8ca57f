// Every amount of the simulated bank's table, as the coordinator lives through it: the states it goes through, where it ends, who has
// the money then, and whether a person has something to do.
#include "sim_bank_gateway.h"

#include <algorithm>
#include <cctype>

namespace payswitch::simulation {
namespace {

using State = TransferState;

struct Row {
  std::int64_t amount;
  const char* path;           // states in order, repeats left out
  State ends = State::completed;
  std::int64_t credited = 1;  // 1: the bank has the money, 0: it has not
  Attention attention = Attention::none;
  std::uint64_t repairs = 0;
  const char* reason = "";
  friend void PrintTo(const Row& row, std::ostream* out) { *out << row.amount; }
};

// "submitted submitted in_doubt" → "submitted in_doubt"
std::string shortened(const std::string& path) {
  std::string out, last;
  for (std::size_t at = 0; at < path.size();) {
    const auto space = std::min(path.find(' ', at), path.size());
    const auto word = path.substr(at, space - at);
    if (word != last) out += (out.empty() ? "" : " ") + word;
    last = word;
    at = space + 1;
  }
  return out;
}

class EachAmount : public ::testing::TestWithParam<Row> {};

TEST_P(EachAmount, takes_its_way_through_the_state_machine) {
  const Row row = GetParam();
  SimBanks b;
  const auto paid = b.mj.pay(b.pay_bob(7'000 + row.amount, "k"));
  if (is_open(row.ends)) b.world.advance(400'000, 200);
  else EXPECT_TRUE(b.world.quiesce());
  b.world.advance(10'000, 50);  // reports and late copies
  const auto now = b.mj.look(paid->id);
  EXPECT_EQ(shortened(now.path), row.path);
  EXPECT_EQ(now.state, row.ends);
  EXPECT_EQ(now.attention, row.attention);
  EXPECT_EQ(now.reason + (now.detail.empty() ? "" : ":" + now.detail), row.reason);  // our code, and the peer's own
  EXPECT_EQ(b.credited(b.jh_1), row.credited * (7'000 + row.amount));
  EXPECT_EQ(b.mj.daemon(0).counters().repairs_opened + b.mj.daemon(1).counters().repairs_opened, row.repairs);
  if (is_final(row.ends)) EXPECT_EQ(b.violation(row.repairs != 0), "");
  else EXPECT_EQ(b.mj.available("mj-alice"), SimBanks::alices_minor - 7'000 - row.amount) << "nothing open is ever given back";
}

constexpr const char* straight = "submitted completed";
constexpr const char* refused = "submitted voided";
constexpr const char* doubted = "submitted in_doubt completed";
constexpr const char* doubted_void = "submitted in_doubt voided";

INSTANTIATE_TEST_SUITE_P(Table, EachAmount,
    ::testing::Values(
        Row{0, straight}, Row{101, refused, State::voided, 0, Attention::none, 0, "peer_refused:payee_not_found"},
        Row{102, refused, State::voided, 0, Attention::none, 0, "peer_refused:account_frozen"},
        Row{103, refused, State::voided, 0, Attention::none, 0, "peer_refused:account_closed"},
        Row{104, refused, State::voided, 0, Attention::none, 0, "peer_refused:currency_mismatch"},
        Row{105, refused, State::voided, 0, Attention::none, 0, "peer_refused:scale_mismatch"},
        Row{106, refused, State::voided, 0, Attention::none, 0, "peer_refused:max_balance_exceeded"},
        Row{107, refused, State::voided, 0, Attention::none, 0, "peer_refused:receive_limit_exceeded"},
        Row{108, refused, State::voided, 0, Attention::none, 0, "peer_refused:reversal_exceeds_original"},
        Row{109, refused, State::voided, 0, Attention::none, 0, "peer_refused:expired"},
        Row{110, refused, State::voided, 0, Attention::none, 0, "peer_refused:cancelled"},
        Row{199, refused, State::voided, 0, Attention::none, 0, "peer_refused:sim_unheard_of"},
        Row{201, doubted}, Row{202, doubted}, Row{203, doubted}, Row{204, doubted},
        Row{205, doubted_void, State::voided, 0, Attention::none, 0, "peer_refused:cancelled"},
        Row{206, doubted_void, State::voided, 0, Attention::none, 0, "peer_refused:payee_not_found"},
        Row{207, "submitted in_doubt", State::in_doubt, 0, Attention::overdue},
        Row{208, straight}, Row{209, doubted}, Row{210, doubted_void, State::voided, 0, Attention::none, 0, "peer_refused:account_closed"},
        Row{211, doubted}, Row{212, straight}, Row{301, doubted, State::completed, 1, Attention::echo_mismatch},
        Row{302, doubted, State::completed, 1, Attention::echo_mismatch}, Row{303, doubted, State::completed, 1, Attention::echo_mismatch},
        Row{304, doubted, State::completed, 1, Attention::echo_mismatch}, Row{305, doubted, State::completed, 1, Attention::echo_mismatch},
        Row{306, doubted, State::completed, 1, Attention::echo_mismatch}, Row{307, doubted, State::completed, 1, Attention::echo_mismatch},
        Row{308, doubted}, Row{309, doubted}, Row{311, doubted, State::completed, 1, Attention::echo_mismatch}, Row{401, doubted}, Row{402, doubted},
        Row{403, refused, State::voided, 1, Attention::contradiction, 1, "peer_refused:account_closed"},
        Row{404, straight, State::completed, 0, Attention::contradiction, 1},
        Row{405, refused, State::voided, 1, Attention::contradiction, 1, "peer_refused:account_closed"}, Row{501, straight},
        Row{502, refused, State::voided, 0, Attention::none, 0, "peer_refused:account_closed"}, Row{503, doubted}, Row{504, straight}, Row{505, straight},
        Row{506, straight}, Row{507, straight}, Row{509, doubted_void, State::voided, 0, Attention::none, 0, "peer_refused:cancelled"},
        Row{601, refused, State::voided, 0, Attention::none, 0, "peer_unreachable"},
        Row{602, refused, State::voided, 0, Attention::none, 0, "peer_unreachable"}, Row{603, doubted},
        Row{604, doubted_void, State::voided, 0, Attention::none, 0, "peer_refused:cancelled"}, Row{605, doubted}, Row{606, doubted}, Row{607, doubted}, Row{608, doubted},
        Row{701, refused, State::voided, 0, Attention::none, 0, "peer_unreachable"},
        Row{702, refused, State::voided, 1, Attention::contradiction, 1, "peer_unreachable"},
        Row{801, doubted_void, State::voided, 0, Attention::none, 0, "peer_refused:cancelled"}, Row{802, doubted},
        Row{803, "submitted in_doubt", State::in_doubt, 0, Attention::overdue}, Row{804, doubted}),
    [](const auto& row) { return "amount_" + std::to_string(row.param.amount); });

}  // namespace

TEST(SimBankRows, every_row_of_the_table_is_driven) {
  SimBanks b;
  const std::string all = b.jh_1.command("behaviours");
  std::size_t rows = 0, driven = 0;
  for (std::size_t at = 0; (at = all.find("amount_ends_in", at)) != std::string::npos; ++at) ++rows;
  const auto* suites = ::testing::UnitTest::GetInstance();
  for (int i = 0; i != suites->total_test_suite_count(); ++i)
    if (std::string_view(suites->GetTestSuite(i)->name()) == "Table/EachAmount") driven = static_cast<std::size_t>(suites->GetTestSuite(i)->total_test_count());
  EXPECT_GT(rows, 50u);
  EXPECT_EQ(driven, rows);
}

// ---- rows of the state machine that need more than an amount ----

TEST(SimBankRows, a_refusal_goes_on_to_another_bank) {
  SimBanks b({.cc = {{"always", "0"}}, .with_cc = true});
  const auto paid = b.mj.pay(b.pay_bob(5'102, "k"));
  ASSERT_TRUE(b.world.quiesce());
  const auto now = b.mj.look(paid->id);
  EXPECT_EQ(now.state, State::completed);
  EXPECT_EQ(now.bank, "cc");
  EXPECT_EQ(now.attempt, 2u);
  EXPECT_EQ(b.credited(b.cc_1), 5'102);
  EXPECT_EQ(b.violation(), "");
}

TEST(SimBankRows, a_refusal_after_doubt_goes_nowhere_else) {
  SimBanks b({.cc = {{"always", "0"}}, .with_cc = true});
  const auto paid = b.mj.pay(b.pay_bob(5'206, "k"));
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(paid->id).state, State::voided);
  EXPECT_EQ(b.credited(b.cc_1), 0);
  EXPECT_EQ(b.violation(), "");
}

TEST(SimBankRows, not_sent_takes_the_next_connector_of_the_bank_and_then_another_bank) {
  for (const std::int64_t amount : {5'602, 5'601}) {
    SimBanks b({.cc = {{"always", "0"}}, .with_cc = true, .second_connector = true});
    const auto paid = b.mj.pay(b.pay_bob(amount, "k"));
    ASSERT_TRUE(b.world.quiesce());
    const auto now = b.mj.look(paid->id);
    EXPECT_EQ(now.state, State::completed);
    EXPECT_EQ(now.bank, amount == 5'602 ? "jh" : "cc");
    EXPECT_EQ(now.attempt, amount == 5'602 ? 2u : 3u);
    EXPECT_EQ(b.jh_2.calls_of_kind[PSW_OP_CREDIT], 1u);
    EXPECT_EQ(b.violation(), "");
  }
}

TEST(SimBankRows, an_attempt_that_was_given_up_and_applied_all_the_same_opens_a_repair) {
  SimBanks b({.cc = {{"always", "0"}}, .with_cc = true});
  const auto paid = b.mj.pay(b.pay_bob(5'702, "k"));  // "cannot be reached", says the connector; but it could
  ASSERT_TRUE(b.world.quiesce());
  b.world.advance(5'000);
  const auto now = b.mj.look(paid->id);
  EXPECT_EQ(now.bank, "cc");
  EXPECT_EQ(now.attention, Attention::contradiction);
  EXPECT_EQ(b.suspense("jh"), -5'702);
  EXPECT_EQ(b.violation(true), "");
}

TEST(SimBankRows, a_client_cancels_while_submitted_and_in_doubt_and_the_counterparty_decides) {
  struct Case {
    std::int64_t amount;
    std::int64_t after_ms;
    State ends;
  };
  for (const Case c : {Case{5'205, 100, State::voided}, Case{5'205, 8'000, State::voided}, Case{5'804, 100, State::completed}, Case{5'804, 8'000, State::completed},
                       Case{5'509, 100, State::voided}}) {
    SimBanks b;
    const auto paid = b.mj.pay(b.pay_bob(c.amount, "k"));
    b.world.advance(c.after_ms);
    EXPECT_EQ(b.mj.resolve_hold(b.hold_command(HoldAction::cancel, paid->id)).code, ErrorCode::none);
    const auto credits = b.jh_1.calls_of_kind[PSW_OP_CREDIT];
    ASSERT_TRUE(b.world.quiesce());
    const auto now = b.mj.look(paid->id);
    EXPECT_EQ(now.state, c.ends) << c.amount << " " << now.path;
    EXPECT_EQ(b.jh_1.calls_of_kind[PSW_OP_CREDIT], credits) << "after a cancel no credit is sent";
    EXPECT_EQ(b.mj.resolve_hold(b.hold_command(HoldAction::cancel, paid->id, "again")).code, ErrorCode::transfer_not_cancellable);
    EXPECT_EQ(b.violation(), "");
  }
}

TEST(SimBankRows, a_hold_is_posted_in_part_voided_or_expires) {
  for (const auto action : {HoldAction::post, HoldAction::void_hold, HoldAction::cancel}) {
    SimBanks b;
    auto command = b.pay_bob(9'000, "k");
    command.mode = Mode::hold;
    const auto held = b.mj.pay_now(command);
    ASSERT_EQ(held.state, State::held) << held.body;
    EXPECT_EQ(b.credited(b.jh_1), 0);
    auto resolve = b.hold_command(action, held.id);
    if (action == HoldAction::post) resolve.amount_minor = 4'201;
    b.mj.resolve_hold(resolve);
    ASSERT_TRUE(b.world.quiesce());
    const auto now = b.mj.look(held.id);
    EXPECT_EQ(shortened(now.path), action == HoldAction::post ? "held submitted in_doubt completed" : "held voided");
    EXPECT_EQ(b.credited(b.jh_1), action == HoldAction::post ? 4'201 : 0);
    EXPECT_EQ(b.violation(), "");
  }
  SimBanks::Options options;
  options.times.hold_default_ms = 5'000;
  SimBanks b(options);
  auto command = b.pay_bob(9'000, "k");
  command.mode = Mode::hold;
  const auto held = b.mj.pay_now(command);
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(shortened(b.mj.look(held.id).path), "held expired");
  EXPECT_EQ(b.violation(), "");
}

TEST(SimBankRows, a_connector_that_is_down_gives_not_sent_and_records_nothing_while_it_says_so) {
  SimBanks b;
  b.jh_1.up = false;
  EXPECT_EQ(b.mj.pay_now(b.pay_bob(5'000, "k")).code, ErrorCode::connector_down);
  b.jh_1.up = true;
  EXPECT_EQ(b.mj.pay_now(b.pay_bob(5'000, "k")).code, ErrorCode::none);
}

TEST(SimBankRows, both_daemons_die_while_the_answer_is_on_its_way) {
  SimBanks b;
  const auto paid = b.mj.pay(b.pay_bob(5'201, "k"));
  b.world.settle();
  b.mj.crash(0);
  b.mj.crash(1);
  b.world.advance(10'000, 100);
  b.mj.restart(0);
  b.mj.restart(1);
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(shortened(b.mj.look(paid->id).path), doubted);
  EXPECT_EQ(b.jh_1.calls_of_kind[PSW_OP_CREDIT], 1u);
  EXPECT_EQ(b.violation(), "");
}

// ---- money that comes in ----

TEST(SimBankRows, an_incoming_credit_is_completed_rejected_or_meets_its_tombstone_once_for_ever) {
  SimBanks b;
  const auto ask = [&](const char* what, char id, const char* payee, const char* amount) {
    return b.jh_1.command(what, std::string(R"({"payer":"jh-carol","payee":")") + payee + R"(","amount":")" + amount + R"(","currency":"KRW","op_id":")" + std::string(32, id) + "\"}");
  };
  const auto has = [](const std::string& text, const char* part) { return text.find(part) != std::string::npos; };
  const auto first = ask("credit", 'a', "mj-alice", "700");
  EXPECT_TRUE(has(first, R"("decision":"applied")")) << first;
  EXPECT_EQ(ask("credit", 'a', "mj-alice", "700"), first) << "the stored decision, for ever";
  EXPECT_EQ(b.mj.balance("mj-alice"), SimBanks::alices_minor + 700);
  EXPECT_TRUE(has(ask("credit", 'a', "mj-alice", "701"), "op_id_reused")) << "another hash";
  EXPECT_TRUE(has(ask("cancel", 'a', "mj-alice", "700"), R"("decision":"applied")")) << "too late to cancel";

  const auto nobody = ask("credit", 'b', "mj-nobody", "700");
  EXPECT_TRUE(has(nobody, R"("decision":"refused","decision_code":"payee_not_found")")) << nobody;
  EXPECT_TRUE(has(ask("credit", 'c', "clearing:jh:KRW", "700"), R"("decision_code":"payee_not_found")")) << "a peer credits customers only";

  EXPECT_TRUE(has(ask("query", 'd', "mj-alice", "5"), R"("outcome":"not_found")"));
  EXPECT_TRUE(has(ask("cancel", 'd', "mj-alice", "5"), R"("decision_code":"cancelled")"));
  EXPECT_TRUE(has(ask("credit", 'd', "mj-alice", "5"), R"("decision_code":"cancelled")")) << "the tombstone refuses it, whatever its hash";
  EXPECT_EQ(b.mj.balance("mj-alice"), SimBanks::alices_minor + 700);
  EXPECT_TRUE(b.mj.balanced());
}

}  // namespace payswitch::simulation
