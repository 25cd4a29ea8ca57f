// Money between banks: every state of the saga, over the real coordinators at both ends.
#include "world.h"

namespace payswitch::simulation {
namespace {

using Request = Fate::Request;
using Response = Fate::Response;

HoldCommand cancel(const psw_id& id) {
  HoldCommand command;
  command.action = HoldAction::cancel;
  command.caller = Caller("alice", auth::scope_pay);
  command.transfer = id;
  return command;
}
Fate with(Request request) {
  Fate fate;
  fate.request = request;
  return fate;
}
Fate with(Response response) {
  Fate fate;
  fate.response = response;
  return fate;
}
void freeze(Bank& bank, std::string_view number) {
  AccountCommand command;
  command.action = AccountAction::freeze;
  command.caller = Caller("operator", auth::scopes_all);
  command.number = number;
  bank.daemon().change_account(command, {[](void*, const AccountAnswer&) {}, nullptr});
  bank.world.settle();
}

}  // namespace

TEST(BetweenBanks, a_payment_is_held_credited_and_posted) {
  ThreeBanks b;
  auto command = b.pay_bob(1'000, "k");
  command.wait_ms = 5'000;
  const auto paid = b.mj.pay_now(command);
  EXPECT_EQ(paid.state, TransferState::completed) << paid.body;
  EXPECT_NE(paid.body.find("mj-alice=99000/99000"), std::string::npos) << paid.body;
  EXPECT_EQ(b.bob(), 1'000);
  EXPECT_EQ(b.violation(), "");
  EXPECT_EQ(b.mj.pay_now(command, 1).body, paid.body);
}

// X14: the clock was an hour fast and is set right. What is open is polled all the same, not in an hour.
TEST(BetweenBanks, X14_polls_go_on_after_the_wall_clock_stepped_back) {
  ThreeBanks b;
  b.mj.ledger.set_clock_offset_ms(3'600'000);
  b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 1, "ahead"));
  b.mj.ledger.set_clock_offset_ms(0);
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? with(Response::lost) : Fate{}; };
  const auto paid = b.mj.pay_now(b.pay_bob(1'000, "k"));
  b.world.advance(60'000);
  EXPECT_EQ(b.mj.look(paid.id).state, TransferState::completed);
  EXPECT_EQ(b.bob(), 1'000);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, a_receiver_that_lost_its_own_commits_answer_does_not_say_not_recorded) {
  ThreeBanks b;
  psw_reply full{};
  full.size = sizeof full;
  full.code = PSW_OVERLOADED;
  full.failed = -1;
  int lost = 1;
  b.jh.ledger.lose_answer = [&] {
    b.jh.ledger.instead_of_write = full;
    return lost-- > 0;
  };
  const auto paid = b.mj.pay_now(b.pay_bob(1'000, "k"));
  b.world.advance(200);
  EXPECT_EQ(b.mj.look(paid.id).state, TransferState::in_doubt) << "it may be recorded there, and it is";
  EXPECT_EQ(b.bob(), 1'000);
  b.jh.ledger.lose_answer = nullptr;
  b.jh.ledger.instead_of_write.reset();
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(paid.id).state, TransferState::completed);
  EXPECT_EQ(b.bob(), 1'000);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, without_wait_the_answer_is_that_it_is_under_way) {
  ThreeBanks b;
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.settle();
  EXPECT_EQ(result->state, TransferState::submitted);
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::completed);
}

TEST(BetweenBanks, a_waiter_at_another_daemon_hears_of_the_end) {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t, std::uint32_t) {
    Fate fate;
    fate.response = Response::late;
    fate.late_ms = 1'000;
    return fate;
  };
  auto command = b.pay_bob(1'000, "k");
  b.mj.pay(command, 0);
  b.world.settle();
  command.wait_ms = 10'000;
  const auto waited = b.mj.pay_now(command, 1);
  EXPECT_TRUE(waited.replayed);
  EXPECT_EQ(waited.state, TransferState::completed);
}

TEST(BetweenBanks, a_refusal_goes_to_another_bank_and_never_back) {
  ThreeBanks b;
  freeze(b.jh, "jh-bob");
  auto command = b.pay_bob(1'000, "k");
  command.wait_ms = 5'000;
  const auto paid = b.mj.pay_now(command);
  EXPECT_EQ(paid.state, TransferState::completed) << paid.body;
  EXPECT_EQ(paid.bank, "cc");
  EXPECT_EQ(paid.attempt, 2u);
  EXPECT_EQ(b.cc.balance("jh-bob"), 1'000);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, refused_everywhere_is_voided_with_the_peers_code) {
  ThreeBanks b;
  freeze(b.jh, "jh-bob");
  freeze(b.cc, "jh-bob");
  auto command = b.pay_bob(1'000, "k");
  command.wait_ms = 5'000;
  const auto paid = b.mj.pay_now(command);
  EXPECT_EQ(paid.code, ErrorCode::peer_refused);
  EXPECT_EQ(paid.detail, "account_frozen");
  EXPECT_EQ(paid.state, TransferState::voided);
  EXPECT_EQ(b.mj.available("mj-alice"), 100'000);
  EXPECT_EQ(b.mj.pay_now(command).body, paid.body);
}

TEST(BetweenBanks, a_first_send_that_never_left_takes_the_next_connector_with_the_same_op_id) {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t, std::uint32_t) { return with(Request::not_sent); };
  auto command = b.pay_bob(1'000, "k");
  command.wait_ms = 5'000;
  const auto paid = b.mj.pay_now(command);
  EXPECT_EQ(paid.state, TransferState::completed);
  EXPECT_EQ(paid.bank, "jh");
  EXPECT_EQ(b.jh_2.calls_of_kind[PSW_OP_CREDIT], 1u);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, after_a_crash_the_transfer_is_in_doubt_and_is_asked_about) {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? with(Response::lost) : Fate{}; };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.settle();
  b.mj.crash(0);
  b.mj.crash(1);
  b.world.advance(30'000, 100);
  b.mj.restart(0);
  b.mj.restart(1);
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::completed);
  EXPECT_EQ(b.jh_1.calls_of_kind[PSW_OP_CREDIT], 1u) << "asked, not sent again";
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, a_wrong_echo_decides_nothing_and_raises_attention) {
  for (const auto wrong : {Response::wrong_amount, Response::wrong_op}) {
    ThreeBanks b;
    b.jh_1.fate = [=](std::int32_t, std::uint32_t nth) { return nth == 0 ? with(wrong) : Fate{}; };
    const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
    b.world.settle();
    const auto now = b.mj.look(result->id);
    EXPECT_EQ(now.state, TransferState::in_doubt);
    EXPECT_EQ(now.attention, Attention::echo_mismatch);
    ASSERT_TRUE(b.world.quiesce());
    EXPECT_EQ(b.violation(), "");
  }
}

TEST(BetweenBanks, a_request_that_comes_after_our_cancel_meets_the_tombstone) {
  ThreeBanks b(1, false);
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t) {
    Fate fate;
    if (kind != PSW_OP_CREDIT) return fate;
    fate.request = Request::late;
    fate.late_ms = 10'000;
    return fate;
  };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.advance(1'000);
  EXPECT_EQ(b.mj.resolve_hold(cancel(result->id)).code, ErrorCode::none);
  ASSERT_TRUE(b.world.quiesce());
  b.world.advance(20'000, 100);
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::voided);
  EXPECT_EQ(b.mj.look(result->id).reason, "cancelled");
  EXPECT_EQ(b.bob(), 0);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, a_cancel_that_comes_too_late_completes) {
  ThreeBanks b(1, false);
  b.jh_1.fate = [](std::int32_t kind, std::uint32_t) { return kind == PSW_OP_CREDIT ? with(Response::lost) : Fate{}; };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.advance(500);
  b.mj.resolve_hold(cancel(result->id));
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::completed);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, silence_is_cancelled_after_not_after_and_never_released_by_a_timer) {
  ThreeBanks b(1, false);
  for (auto* link : {&b.jh_1, &b.jh_2}) link->fate = [](std::int32_t, std::uint32_t) { return with(Request::lost); };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.advance(600'000, 200);
  const auto now = b.mj.look(result->id);
  EXPECT_EQ(now.state, TransferState::in_doubt);
  EXPECT_EQ(now.attention, Attention::overdue);
  EXPECT_EQ(b.mj.available("mj-alice"), 99'000);
  EXPECT_GT(b.jh_1.calls_of_kind[PSW_OP_CANCEL] + b.jh_2.calls_of_kind[PSW_OP_CANCEL], 2u);
  for (auto* link : {&b.jh_1, &b.jh_2}) link->fate = nullptr;
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::voided);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, the_first_sign_of_life_makes_open_transfers_due) {
  ThreeBanks b(1, false);
  for (auto* link : {&b.jh_1, &b.jh_2}) link->fate = [](std::int32_t, std::uint32_t) { return with(Request::lost); };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.advance(300'000, 200);  // its next look is up to a minute away
  for (auto* link : {&b.jh_1, &b.jh_2}) link->fate = nullptr;
  b.world.advance(6'000, 50);     // a call that was under way ends
  b.mj.daemon().bank_alive("jh");
  b.world.advance(1'100, 20);
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::voided);
}

TEST(BetweenBanks, a_partial_post_to_another_bank_is_the_amount_everywhere) {
  ThreeBanks b;
  auto hold = b.pay_bob(900, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  EXPECT_EQ(held.state, TransferState::held) << held.body;
  EXPECT_EQ(b.mj.available("mj-alice"), 99'100);
  HoldCommand post;
  post.action = HoldAction::post;
  post.caller = Caller("alice", auth::scope_pay);
  post.idempotency_key = "p";
  post.transfer = held.id;
  post.amount_minor = 400;
  post.wait_ms = 5'000;
  const auto posted = b.mj.resolve_hold(post);
  EXPECT_EQ(posted.state, TransferState::completed) << posted.body;
  EXPECT_EQ(b.bob(), 400);
  EXPECT_EQ(b.mj.available("mj-alice"), 99'600);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, no_connector_is_a_503_that_records_nothing) {
  ThreeBanks b(1, false);
  b.jh_1.up = b.jh_2.up = false;
  const auto command = b.pay_bob(1'000, "k");
  EXPECT_EQ(b.mj.pay_now(command).code, ErrorCode::connector_down);
  b.jh_1.up = true;
  EXPECT_EQ(b.mj.pay_now(command).code, ErrorCode::none);
  ASSERT_TRUE(b.world.quiesce());
  b.jh_1.up = false;
  EXPECT_EQ(b.mj.pay_now(command).state, TransferState::completed) << "a known key is answered whatever route there is today";
}

TEST(BetweenBanks, a_queued_transfer_is_sent_when_a_connector_is_back_and_expires_with_its_not_after) {
  for (const bool comes_back : {true, false}) {
    ThreeBanks b(1, false);
    auto config = *b.mj.config;
    for (auto& connector : config.connectors) connector.queue = true;
    for (unsigned i = 0; i != 2; ++i) b.mj.daemon(i).adopt(make_settings(std::make_shared<const config::Config>(config), b.mj.settings->reference_key));
    b.jh_1.up = b.jh_2.up = false;
    const auto queued = b.mj.pay_now(b.pay_bob(1'000, "k"));
    EXPECT_EQ(queued.state, TransferState::held) << queued.body;
    b.world.advance(10'000, 50);
    b.jh_2.up = comes_back;
    ASSERT_TRUE(b.world.quiesce());
    EXPECT_EQ(b.mj.look(queued.id).state, comes_back ? TransferState::completed : TransferState::expired);
    EXPECT_EQ(b.violation(), "");
  }
}

TEST(BetweenBanks, exposure_is_a_503_that_records_nothing) {
  ThreeBanks b(1, false);
  auto config = *b.mj.config;
  config.banks[0].exposure["KRW"] = 1'500;
  b.mj.daemon().adopt(make_settings(std::make_shared<const config::Config>(config), b.mj.settings->reference_key));
  EXPECT_EQ(b.mj.pay_now(b.pay_bob(1'000, "a")).code, ErrorCode::none);
  const auto over = b.mj.pay_now(b.pay_bob(501, "b"));
  EXPECT_EQ(over.code, ErrorCode::peer_exposure_exceeded);
  EXPECT_TRUE(is_zero(over.id));
}

TEST(BetweenBanks, the_in_doubt_budget_closes_the_road_and_opens_it_again) {
  ThreeBanks b(1, false);
  auto config = *b.mj.config;
  config.banks[0].in_doubt["KRW"] = 1'200;
  for (unsigned i = 0; i != 2; ++i) b.mj.daemon(i).adopt(make_settings(std::make_shared<const config::Config>(config), b.mj.settings->reference_key));
  for (auto* link : {&b.jh_1, &b.jh_2}) link->fate = [](std::int32_t, std::uint32_t) { return with(Request::lost); };
  b.mj.pay_now(b.pay_bob(1'000, "a"));
  b.world.advance(15'000, 100);
  EXPECT_EQ(b.mj.pay_now(b.pay_bob(500, "b")).code, ErrorCode::in_doubt_budget);
  for (auto* link : {&b.jh_1, &b.jh_2}) link->fate = nullptr;
  ASSERT_TRUE(b.world.quiesce());
  b.world.advance(2'000, 100);
  EXPECT_EQ(b.mj.pay_now(b.pay_bob(500, "b")).code, ErrorCode::none);
}

TEST(BetweenBanks, the_receive_limit_holds_in_the_crediting_write) {
  ThreeBanks b(1, false);
  auto config = *b.jh.config;
  config.banks[0].receive_limit["KRW"] = 1'000;
  b.jh.daemon().adopt(make_settings(std::make_shared<const config::Config>(config), b.jh.settings->reference_key));
  for (int i = 0; i != 64; ++i) b.mj.pay(b.pay_bob(100, "k" + std::to_string(i)), static_cast<unsigned>(i % 2));
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.bob(), 1'000);
  EXPECT_EQ(b.alice(), 99'000);
  EXPECT_EQ(b.violation(), "");
}

TEST(BetweenBanks, a_peer_credits_customers_and_nothing_else) {
  ThreeBanks b(1, false);
  auto config = *b.mj.config;
  config.banks[0].prefixes.push_back("mj-");  // a payer's bank that would send us anything
  for (const auto* payee : {"jh-nobody", "jh-bob-x"}) {
    auto command = b.mj.transfer("mj-alice", payee, 10, std::string("k") + payee);
    command.wait_ms = 5'000;
    const auto paid = b.mj.pay_now(command);
    EXPECT_EQ(paid.code, ErrorCode::peer_refused);
    EXPECT_EQ(paid.detail, "payee_not_found");
  }
}

TEST(BetweenBanks, a_contradiction_told_a_hundred_times_opens_one_repair) {
  for (const bool they_applied : {true, false}) {
    ThreeBanks b(1, false);
    if (they_applied) freeze(b.jh, "jh-bob");
    auto command = b.pay_bob(1'000, "k");
    command.wait_ms = 5'000;
    const auto paid = b.mj.pay_now(command);
    EXPECT_EQ(paid.state, they_applied ? TransferState::voided : TransferState::completed);
    psw_decision decision{};
    decision.size = sizeof decision;
    decision.outcome = they_applied ? PSW_APPLIED : PSW_REFUSED;
    decision.op_id = derive_op_id("mj", "alice", "k", "credit", "jh");
    for (int i = 0; i != 100; ++i) {
      b.jh_1.report_again(decision, "jh");
      if (i % 10 == 0) b.world.settle();
    }
    b.world.settle();
    EXPECT_EQ(b.mj.balance("suspense:jh:KRW"), they_applied ? -1'000 : 1'000);
    EXPECT_EQ(b.mj.look(paid.id).attention, Attention::contradiction);
    EXPECT_EQ(b.mj.look(paid.id).state, paid.state) << "a final state never changes";
    EXPECT_EQ(b.mj.daemon().counters().repairs_opened, 1u);
    EXPECT_TRUE(b.mj.balanced());
  }
}

TEST(BetweenBanks, another_banks_word_decides_nothing) {
  ThreeBanks b(1, false);
  b.jh_1.fate = [](std::int32_t, std::uint32_t) { return with(Request::lost); };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.settle();
  psw_decision forged{};
  forged.size = sizeof forged;
  forged.outcome = PSW_REFUSED;
  forged.op_id = derive_op_id("mj", "alice", "k", "credit", "jh");
  b.by_cc.report_again(forged, "cc");
  b.world.settle();
  EXPECT_EQ(b.mj.look(result->id).state, TransferState::submitted);
}

TEST(BetweenBanks, cancel_against_everything_else_has_one_outcome) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    ThreeBanks b(seed, false);
    b.jh_1.fate = [&](std::int32_t, std::uint32_t) { return b.world.random() % 3 == 0 ? with(Response::lost) : Fate{}; };
    const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
    for (std::uint64_t i = 0; i != seed % 5; ++i) b.mj.run();
    if (!result->answered) b.world.settle();
    b.mj.daemon(1).resolve_hold(cancel(result->id), {[](void*, const TransferAnswer&) {}, nullptr});
    b.world.settle();
    ASSERT_TRUE(b.world.quiesce());
    EXPECT_EQ(b.violation(), "") << seed;
  }
}

}  // namespace payswitch::simulation

namespace payswitch::simulation {

TEST(BetweenBanks, the_same_refusal_told_twice_at_once_makes_one_next_attempt) {
  ThreeBanks b;
  b.jh_1.fate = [](std::int32_t, std::uint32_t) { return with(Request::lost); };
  const auto result = b.mj.pay(b.pay_bob(1'000, "k"));
  b.world.settle();
  psw_decision refused{};
  refused.size = sizeof refused;
  refused.outcome = PSW_REFUSED;
  refused.op_id = derive_op_id("mj", "alice", "k", "credit", "jh");
  refused.code = str("account_frozen");
  for (int i = 0; i != 5; ++i) b.jh_1.report_again(refused, "jh");
  b.world.settle();
  EXPECT_EQ(b.by_cc.calls_of_kind[PSW_OP_CREDIT], 1u);
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(result->id).bank, "cc");
  EXPECT_EQ(b.violation(), "");
}

}  // namespace payswitch::simulation
