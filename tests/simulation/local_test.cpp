// Money inside one bank, through the real coordinator and the real engine.
#include "world.h"

namespace payswitch::simulation {
namespace {

HoldCommand on(HoldAction action, const psw_id& id, std::string_view key, std::int64_t minor = 0) {
  HoldCommand command;
  command.action = action;
  command.caller = Caller("alice", auth::scope_pay);
  command.idempotency_key = key;
  command.transfer = id;
  command.amount_minor = minor;
  return command;
}

AccountCommand change(AccountAction action, std::string_view number) {
  AccountCommand command;
  command.action = action;
  command.caller = Caller("operator", auth::scopes_all);
  command.number = number;
  return command;
}
std::string change_now(Bank& bank, AccountAction action, std::string_view number) {
  std::string out = "no answer";
  bank.daemon().change_account(change(action, number), {[](void* context, const AccountAnswer& answer) { *static_cast<std::string*>(context) = name(answer.code); }, &out});
  bank.world.settle();
  return out;
}

}  // namespace

TEST(Local, a_deposit_travels_to_the_ledger_and_back) {
  ThreeBanks b;
  const auto more = b.mj.deposit("mj-alice", 500);
  EXPECT_EQ(more.code, ErrorCode::none);
  EXPECT_EQ(more.state, TransferState::completed);
  EXPECT_EQ(b.alice(), 100'500);
  EXPECT_TRUE(b.mj.balanced());
}

TEST(Local, a_transfer_moves_money_and_shows_the_payers_balance) {
  ThreeBanks b;
  const auto paid = b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 30'000, "t"));
  EXPECT_EQ(paid.code, ErrorCode::none) << paid.body;
  EXPECT_EQ(b.alice(), 70'000);
  EXPECT_EQ(b.mj.balance("mj-anna"), 30'000);
  EXPECT_NE(paid.body.find("mj-alice=70000/70000"), std::string::npos) << paid.body;
}

TEST(Local, a_replay_gives_the_body_of_the_first_answer_although_balances_moved_on) {
  ThreeBanks b;
  const auto command = b.mj.transfer("mj-alice", "mj-anna", 100, "t");
  const auto first = b.mj.pay_now(command);
  b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 200, "u"));
  const auto again = b.mj.pay_now(command, 1);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(b.alice(), 99'700);
}

TEST(Local, A13_the_same_key_a_hundred_times_at_once_has_one_effect) {
  ThreeBanks b;
  const auto command = b.mj.transfer("mj-alice", "mj-anna", 100, "once");
  std::vector<std::shared_ptr<Bank::Result>> all;
  for (unsigned i = 0; i != 100; ++i) all.push_back(b.mj.pay(command, i % 2));
  b.world.settle();
  b.world.advance(1'000);
  int first = 0;
  for (const auto& one : all) {
    EXPECT_TRUE(one->answered);
    EXPECT_EQ(one->code, ErrorCode::none);
    first += one->replayed ? 0 : 1;
    EXPECT_EQ(one->body, all[0]->body);
  }
  EXPECT_EQ(first, 1);
  EXPECT_EQ(b.alice(), 99'900);
}

TEST(Local, A14_the_same_key_with_another_wish_is_refused_and_changes_nothing) {
  ThreeBanks b;
  b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 100, "k"));
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 101, "k")).code, ErrorCode::idempotency_key_reused);
  EXPECT_EQ(b.alice(), 99'900);
}

TEST(Local, a_recorded_refusal_uses_the_key_up) {
  ThreeBanks b;
  const auto command = b.mj.transfer("mj-alice", "mj-anna", 200'000, "k");
  const auto first = b.mj.pay_now(command);
  EXPECT_EQ(first.code, ErrorCode::insufficient_funds);
  EXPECT_EQ(first.state, TransferState::rejected);
  b.mj.deposit("mj-alice", 500'000);
  const auto again = b.mj.pay_now(command);
  EXPECT_EQ(again.code, ErrorCode::insufficient_funds);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.body, first.body);
}

TEST(Local, A16_of_many_withdrawals_of_the_last_unit_one_succeeds) {
  ThreeBanks b;
  std::vector<std::shared_ptr<Bank::Result>> all;
  for (unsigned i = 0; i != 200; ++i) all.push_back(b.mj.pay(b.mj.transfer("mj-alice", "mj-anna", 100'000, "w" + std::to_string(i)), i % 2));
  b.world.settle();
  int succeeded = 0;
  for (const auto& one : all) {
    succeeded += one->code == ErrorCode::none ? 1 : 0;
    if (one->code != ErrorCode::none) {
      EXPECT_EQ(one->code, ErrorCode::insufficient_funds);
    }
  }
  EXPECT_EQ(succeeded, 1);
  EXPECT_EQ(b.alice(), 0);
}

// Each case breaks its own rule and every rule below it.
TEST(Local, refusals_come_in_the_documented_order) {
  ThreeBanks b;
  auto config = *b.mj.config;
  config.limits.transfer["KRW"].max = 1'000'000;
  config.limits.transfer["KRW"].per_owner_day = 500'000;
  const auto limited = std::make_shared<const config::Config>(config);
  for (unsigned i = 0; i != 2; ++i) b.mj.daemon(i).adopt(make_settings(limited, b.mj.settings->reference_key));
  b.mj.open_account("mj-frozen");
  b.mj.open_account("mj-gone");
  b.mj.deposit("mj-frozen", 10);
  change_now(b.mj, AccountAction::freeze, "mj-frozen");
  change_now(b.mj, AccountAction::close, "mj-gone");
  struct Case {
    ErrorCode expected;
    const char *payer, *payee, *key;
    std::int64_t minor;
    const char* currency;
    auth::Scopes scopes;
    bool recorded;
  };
  const std::string long_key(129, 'k');
  const Case cases[] = {
      {ErrorCode::malformed_request, "mj alice", "mj-anna", "", -1, "XXX", 0, false},
      {ErrorCode::malformed_request, "mj-alice", "cash:KRW", "", -1, "XXX", 0, false},
      {ErrorCode::idempotency_key_required, "mj-alice", "mj-anna", "", -1, "XXX", 0, false},
      {ErrorCode::idempotency_key_required, "mj-alice", "mj-anna", long_key.c_str(), -1, "XXX", 0, false},
      {ErrorCode::amount_invalid, "mj-alice", "mj-anna", "o1", -1, "XXX", 0, false},
      {ErrorCode::amount_invalid, "mj-alice", "mj-anna", "o1", 0, "XXX", 0, false},
      {ErrorCode::amount_invalid, "mj-alice", "mj-anna", "o1", 1'000'000'000'000'001, "XXX", 0, false},
      {ErrorCode::currency_unknown, "mj-alice", "mj-anna", "o1", 2'000'000, "XXX", 0, false},
      {ErrorCode::forbidden, "mj-nobody", "mj-nobody", "o1", 2'000'000, "KRW", 0, false},
      {ErrorCode::account_not_found, "mj-nobody", "mj-nobody", "o1", 2'000'000, "KRW", auth::scope_pay, false},
      {ErrorCode::same_account, "mj-frozen", "mj-frozen", "o2", 2'000'000, "KRW", auth::scope_pay, true},
      {ErrorCode::limit_exceeded, "mj-frozen", "mj-nobody", "o3", 2'000'000, "KRW", auth::scope_pay, true},
      {ErrorCode::limit_exceeded, "mj-frozen", "mj-nobody", "o4", 600'000, "KRW", auth::scope_pay, true},
      {ErrorCode::payee_not_found, "mj-frozen", "mj-nobody", "o5", 100, "KRW", auth::scope_pay, true},
      {ErrorCode::account_frozen, "mj-frozen", "mj-anna", "o6", 100, "KRW", auth::scope_pay, true},
      {ErrorCode::account_closed, "mj-alice", "mj-gone", "o7", 200'000, "KRW", auth::scope_pay, true},
      {ErrorCode::insufficient_funds, "mj-alice", "mj-anna", "o8", 200'000, "KRW", auth::scope_pay, true},
  };
  for (const auto& one : cases) {
    auto command = b.mj.transfer(one.payer, one.payee, one.minor, one.key);
    command.currency = one.currency;
    command.caller.scopes = one.scopes;
    const auto result = b.mj.pay_now(command);
    EXPECT_EQ(name(result.code), name(one.expected)) << one.payer << " → " << one.payee << " " << one.minor;
    EXPECT_EQ(!is_zero(result.id), one.recorded) << name(one.expected);
    if (!one.recorded) continue;
    const auto again = b.mj.pay_now(command);
    EXPECT_TRUE(again.replayed) << name(one.expected);
    EXPECT_EQ(again.body, result.body);
  }
  EXPECT_EQ(b.alice(), 100'000);
}

TEST(Local, an_owners_day_is_limited_over_all_accounts_and_given_back_by_a_release) {
  ThreeBanks b;
  auto config = *b.mj.config;
  config.limits.transfer["KRW"].per_owner_day = 1'000;
  b.mj.daemon().adopt(make_settings(std::make_shared<const config::Config>(config), b.mj.settings->reference_key));
  auto hold = b.mj.transfer("mj-alice", "mj-anna", 900, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  EXPECT_EQ(held.state, TransferState::held) << held.body;
  const auto refused = b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 101, "a"));
  EXPECT_EQ(refused.code, ErrorCode::limit_exceeded);
  EXPECT_EQ(refused.detail, "per_owner_day");
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::void_hold, held.id, "v")).state, TransferState::voided);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 1'000, "b")).code, ErrorCode::none);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 1, "c")).code, ErrorCode::limit_exceeded);
  b.world.advance(25 * 3'600'000, 60'000);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 1'000, "d")).code, ErrorCode::none) << "another day";
}

// A refusal that writes nothing tells the ledger's clock of now, not of its last entry: the payment after it stands in today's window.
TEST(Local, after_an_idle_night_a_refusal_does_not_send_the_next_payment_into_yesterdays_window) {
  ThreeBanks b;
  auto config = *b.mj.config;
  config.limits.transfer["KRW"].per_owner_day = 1'000;
  b.mj.daemon().adopt(make_settings(std::make_shared<const config::Config>(config), b.mj.settings->reference_key));
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 1'000, "a")).code, ErrorCode::none);
  b.world.advance(25 * 3'600'000, 60'000);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-nobody", "mj-anna", 1, "b")).code, ErrorCode::account_not_found);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 1'000, "c")).code, ErrorCode::none);
}

TEST(Local, amount_all_is_what_is_available_and_nothing_of_it_is_refused) {
  ThreeBanks b;
  auto all = b.mj.transfer("mj-alice", "mj-anna", 0, "all");
  all.all = true;
  EXPECT_EQ(b.mj.pay_now(all).code, ErrorCode::none);
  EXPECT_EQ(b.alice(), 0);
  EXPECT_EQ(b.mj.balance("mj-anna"), 100'000);
  EXPECT_TRUE(b.mj.pay_now(all).replayed);
  auto again = b.mj.transfer("mj-alice", "mj-anna", 0, "all-2");
  again.all = true;
  EXPECT_EQ(b.mj.pay_now(again).code, ErrorCode::insufficient_funds);
}

TEST(Holds, a_part_is_posted_and_the_rest_released) {
  ThreeBanks b;
  auto hold = b.mj.transfer("mj-alice", "mj-anna", 900, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  EXPECT_EQ(b.mj.available("mj-alice"), 99'100);
  EXPECT_EQ(b.alice(), 100'000);
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::post, held.id, "p0", 901)).code, ErrorCode::amount_exceeds_hold);
  const auto posted = b.mj.resolve_hold(on(HoldAction::post, held.id, "p", 400));
  EXPECT_EQ(posted.state, TransferState::completed) << posted.body;
  EXPECT_EQ(b.alice(), 99'600);
  EXPECT_EQ(b.mj.available("mj-alice"), 99'600);
  const auto repeat = b.mj.resolve_hold(on(HoldAction::post, held.id, "p", 400));
  EXPECT_TRUE(repeat.replayed);
  EXPECT_EQ(repeat.body, posted.body);
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::post, held.id, "p2", 1)).code, ErrorCode::hold_already_posted);
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::void_hold, held.id, "v")).code, ErrorCode::hold_already_posted);
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::cancel, held.id, "c")).code, ErrorCode::transfer_not_cancellable);
}

TEST(Holds, a_hold_expires_by_the_ledgers_clock) {
  ThreeBanks b;
  auto hold = b.mj.transfer("mj-alice", "mj-anna", 900, "h");
  hold.mode = Mode::hold;
  hold.hold_until_ms = b.world.clock.wall_ms() + 60'000;
  const auto held = b.mj.pay_now(hold);
  b.world.advance(59'000, 100);
  EXPECT_EQ(b.mj.look(held.id).state, TransferState::held);
  b.world.advance(2'000, 100);
  EXPECT_EQ(b.mj.look(held.id).state, TransferState::expired);
  EXPECT_EQ(b.mj.available("mj-alice"), 100'000);
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::post, held.id, "p")).code, ErrorCode::hold_expired);
}

TEST(Holds, post_and_void_at_once_have_one_winner) {
  ThreeBanks b;
  for (int i = 0; i != 20; ++i) {
    auto hold = b.mj.transfer("mj-alice", "mj-anna", 10, "h" + std::to_string(i));
    hold.mode = Mode::hold;
    const auto held = b.mj.pay_now(hold);
    int winners = 0;
    const std::string post_key = "p" + std::to_string(i), void_key = "v" + std::to_string(i);
    const auto count = [](void* context, const TransferAnswer& answer) { *static_cast<int*>(context) += answer.code == ErrorCode::none ? 1 : 0; };
    b.mj.daemon(0).resolve_hold(on(HoldAction::post, held.id, post_key), {count, &winners});
    b.mj.daemon(1).resolve_hold(on(HoldAction::void_hold, held.id, void_key), {count, &winners});
    b.world.settle();
    EXPECT_EQ(winners, 1);
  }
  EXPECT_TRUE(b.mj.balanced());
}

TEST(Holds, a_clients_own_post_is_refused_on_a_frozen_account_and_records_nothing) {
  ThreeBanks b;
  auto hold = b.mj.transfer("mj-alice", "mj-anna", 900, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  change_now(b.mj, AccountAction::freeze, "mj-alice");
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::post, held.id, "p")).code, ErrorCode::account_frozen);
  change_now(b.mj, AccountAction::unfreeze, "mj-alice");
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::post, held.id, "p")).state, TransferState::completed);
}

TEST(Holds, a_foreign_transfer_looks_absent) {
  ThreeBanks b;
  auto hold = b.mj.transfer("mj-alice", "mj-anna", 900, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  auto command = on(HoldAction::void_hold, held.id, "v");
  command.caller = Caller("mallory", auth::scope_pay);
  EXPECT_EQ(b.mj.resolve_hold(command).code, ErrorCode::transfer_not_found);
}

TEST(Accounts, closing_needs_an_empty_account) {
  ThreeBanks b;
  EXPECT_EQ(change_now(b.mj, AccountAction::close, "mj-alice"), "account_not_empty");
  auto all = b.mj.transfer("mj-alice", "mj-anna", 0, "all");
  all.all = true;
  b.mj.pay_now(all);
  EXPECT_EQ(change_now(b.mj, AccountAction::close, "mj-alice"), "none");
  EXPECT_EQ(change_now(b.mj, AccountAction::unfreeze, "mj-alice"), "account_closed");
}

TEST(Ledger, a_commit_whose_answer_is_lost_is_repeated_under_the_same_step) {
  ThreeBanks b;
  int lost = 3;
  b.mj.ledger.lose_answer = [&] { return lost-- > 0; };
  const auto paid = b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 100, "k"));
  EXPECT_EQ(paid.code, ErrorCode::none);
  EXPECT_EQ(b.alice(), 99'900);
}

TEST(Ledger, an_answer_lost_for_too_long_is_told_as_outcome_unknown) {
  ThreeBanks b;
  b.mj.ledger.lose_answer = [] { return true; };
  const auto command = b.mj.transfer("mj-alice", "mj-anna", 100, "k");
  EXPECT_EQ(b.mj.pay_now(command).code, ErrorCode::outcome_unknown);
  b.mj.ledger.lose_answer = nullptr;
  EXPECT_EQ(b.mj.pay_now(command).code, ErrorCode::none);
  EXPECT_EQ(b.alice(), 99'900);
}

// Whoever hears that nothing was recorded pays another way.
TEST(Ledger, a_lost_answer_before_a_ledger_that_takes_nothing_any_more_is_never_called_not_recorded) {
  ThreeBanks b;
  psw_reply down{};
  down.size = sizeof down;
  down.code = PSW_UNAVAILABLE;
  down.failed = -1;
  down.reason = str("connector_down");
  int lost = 1;
  b.mj.ledger.lose_answer = [&] {
    b.mj.ledger.instead_of_write = down;
    return lost-- > 0;
  };
  const auto command = b.mj.transfer("mj-alice", "mj-anna", 100, "k");
  EXPECT_EQ(b.mj.pay_now(command).code, ErrorCode::outcome_unknown);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 100, "other")).code, ErrorCode::overloaded) << "this one was never taken";
  b.mj.ledger.lose_answer = nullptr;
  b.mj.ledger.instead_of_write.reset();
  EXPECT_TRUE(b.mj.pay_now(command).replayed);
  EXPECT_EQ(b.alice(), 99'900);

  auto hold = b.mj.transfer("mj-alice", "mj-anna", 500, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  lost = 1;
  b.mj.ledger.lose_answer = [&] {
    b.mj.ledger.instead_of_write = down;
    return lost-- > 0;
  };
  EXPECT_EQ(b.mj.resolve_hold(on(HoldAction::post, held.id, "p")).code, ErrorCode::outcome_unknown);
  b.mj.ledger.lose_answer = nullptr;
  b.mj.ledger.instead_of_write.reset();
  EXPECT_TRUE(b.mj.resolve_hold(on(HoldAction::post, held.id, "p")).replayed);
  EXPECT_EQ(b.alice(), 99'400);
}

}  // namespace payswitch::simulation
