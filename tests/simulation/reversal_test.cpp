// Giving back: inside one ledger, of cash, and to the bank it came from.
#include "two_banks.h"

namespace payswitch::simulation {
namespace {

Fate lost_answer() {
  Fate fate;
  fate.response = Fate::Response::lost;
  return fate;
}

// alice has paid anna, both here.
psw_id paid_anna(TwoBanks& b, std::int64_t minor = 1'000, std::string_view key = "local") {
  const auto paid = b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", minor, key));
  EXPECT_EQ(paid.state, TransferState::completed) << paid.body;
  return paid.id;
}

}  // namespace

TEST(Reversal, a_local_transfer_is_given_back_by_its_payee_in_parts_and_never_beyond_what_was_posted) {
  TwoBanks b;
  const auto parent = paid_anna(b);
  const auto first = b.mj.reverse_now(b.reverse(parent, "r1", 300, "anna"));
  EXPECT_EQ(first.code, ErrorCode::none) << first.body;
  EXPECT_EQ(first.kind, TransferKind::reversal);
  EXPECT_EQ(first.state, TransferState::completed);
  EXPECT_TRUE(same(first.parent, parent));
  EXPECT_EQ(b.mj.look(parent).reversed_posted, 300);
  const auto beyond = b.mj.reverse_now(b.reverse(parent, "r2", 701, "anna"));
  EXPECT_EQ(beyond.code, ErrorCode::reversal_exceeds_original);
  EXPECT_EQ(beyond.state, TransferState::rejected);
  const auto rest = b.mj.reverse_now(b.reverse(parent, "r3", 0, "anna"));
  EXPECT_EQ(rest.minor, 700) << rest.body;
  EXPECT_EQ(b.mj.look(parent).reversed_posted, 1'000);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(parent, "r4", 0, "anna")).code, ErrorCode::reversal_exceeds_original);
  EXPECT_EQ(b.mj.balance("mj-alice"), 100'000);
  EXPECT_EQ(b.violation(), "");
  // Every key is answered for ever as it was.
  for (const auto& [key, minor, before] : {std::tuple{"r1", 300, first}, std::tuple{"r2", 701, beyond}, std::tuple{"r3", 0, rest}}) {
    const auto again = b.mj.reverse_now(b.reverse(parent, key, minor, "anna"), 1);
    EXPECT_TRUE(again.replayed);
    EXPECT_EQ(again.body, before.body);
  }
  EXPECT_EQ(b.mj.reverse_now(b.reverse(parent, "r1", 301, "anna")).code, ErrorCode::idempotency_key_reused);
  EXPECT_EQ(b.mj.look(parent).reversed_posted, 1'000);
}

TEST(Reversal, who_pays_back_must_consent_and_a_stranger_sees_nothing) {
  TwoBanks b;
  const auto parent = paid_anna(b);
  const auto payer = b.mj.reverse_now(b.reverse(parent, "r", 0, "alice"));
  EXPECT_EQ(payer.code, ErrorCode::reversal_needs_consent);
  EXPECT_TRUE(is_zero(payer.id)) << "nothing is recorded";
  EXPECT_EQ(b.mj.reverse_now(b.reverse(parent, "r", 0, "mallory")).code, ErrorCode::transfer_not_found);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(parent, "r", 0, "anna", auth::scope_read)).code, ErrorCode::forbidden);
  EXPECT_EQ(b.mj.balance("mj-anna"), 1'000);
  const auto service = b.mj.reverse_now(b.reverse(parent, "r", 400, "svc:refunds", auth::scope_reverse));
  EXPECT_EQ(service.state, TransferState::completed) << service.body;
  EXPECT_EQ(b.mj.balance("mj-anna"), 600);
}

TEST(Reversal, only_what_was_completed_here_or_came_in_is_reversible) {
  TwoBanks b;
  const auto parent = paid_anna(b);
  const auto given_back = b.mj.reverse_now(b.reverse(parent, "r", 100, "anna"));
  EXPECT_EQ(b.mj.reverse_now(b.reverse(given_back.id, "rr", 0, "alice")).code, ErrorCode::not_reversible) << "a reversal of a reversal";
  const auto outgoing = b.pay_bob(500, "out");
  const auto refused = b.mj.reverse_now(b.reverse(outgoing.id, "ro", 0, "ops", auth::scopes_all));
  EXPECT_EQ(refused.code, ErrorCode::not_reversible) << refused.body;
  EXPECT_EQ(b.mj.reverse_now(b.reverse(outgoing.id, "rp", 0, "alice")).code, ErrorCode::not_reversible);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(outgoing.id, "rs", 0, "mallory")).code, ErrorCode::transfer_not_found);
  auto hold = b.mj.transfer("mj-alice", "mj-anna", 10, "h");
  hold.mode = Mode::hold;
  const auto held = b.mj.pay_now(hold);
  const auto not_yet = b.mj.reverse_now(b.reverse(held.id, "rh", 0, "anna"));
  EXPECT_EQ(not_yet.code, ErrorCode::not_reversible);
  EXPECT_EQ(not_yet.state, TransferState::rejected) << "recorded";
}

TEST(Reversal, money_that_is_gone_cannot_be_given_back) {
  TwoBanks b;
  const auto parent = paid_anna(b);
  auto command = b.mj.transfer("mj-anna", "mj-alice", 600, "spend");
  command.caller = Caller("anna", auth::scope_pay);
  EXPECT_EQ(b.mj.pay_now(command).state, TransferState::completed);
  const auto refused = b.mj.reverse_now(b.reverse(parent, "r", 500, "anna"));
  EXPECT_EQ(refused.code, ErrorCode::insufficient_funds);
  EXPECT_EQ(b.mj.look(parent).reversed_posted, 0);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(parent, "r2", 400, "anna")).code, ErrorCode::none);
}

TEST(Reversal, cash_is_given_back_by_whoever_may_move_cash) {
  TwoBanks b;
  const auto deposit = b.mj.deposit("mj-anna", 500);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(deposit.id, "r", 0, "anna")).code, ErrorCode::transfer_not_found) << "her word makes no cash";
  const auto undone = b.mj.reverse_now(b.reverse(deposit.id, "r", 200, "teller", auth::scope_cash));
  EXPECT_EQ(undone.state, TransferState::completed) << undone.body;
  EXPECT_EQ(b.mj.balance("mj-anna"), 300);
  MoneyCommand withdraw;
  withdraw.kind = TransferKind::withdraw;
  withdraw.caller = Caller("teller", auth::scopes_all);
  withdraw.idempotency_key = "w";
  withdraw.payer = "mj-anna";
  withdraw.amount_minor = 300;
  withdraw.currency = "KRW";
  const auto withdrawn = b.mj.pay_now(withdraw);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(withdrawn.id, "rw", 0, "teller", auth::scope_cash)).state, TransferState::completed);
  EXPECT_EQ(b.mj.balance("mj-anna"), 300);
  EXPECT_TRUE(b.mj.balanced());
}

TEST(Reversal, a_hundred_at_once_never_give_back_more_than_was_posted) {
  for (const bool abroad : {false, true}) {
    TwoBanks b;
    psw_id parent;
    if (abroad) {
      b.pay_bob(1'000, "k");
      parent = b.incoming("k");
    } else {
      parent = paid_anna(b);
    }
    Bank& bank = abroad ? b.jh : b.mj;
    std::vector<std::shared_ptr<Bank::Result>> all;
    for (int i = 0; i != 100; ++i) all.push_back(bank.reverse(b.reverse(parent, "r" + std::to_string(i), 30, abroad ? "bob" : "anna"), static_cast<unsigned>(i % 2)));
    b.world.settle();
    ASSERT_TRUE(b.world.quiesce());
    int given = 0, refused = 0;
    for (const auto& each : all) {
      ASSERT_TRUE(each->answered);
      given += each->code == ErrorCode::none ? 1 : 0;
      refused += each->code == ErrorCode::reversal_exceeds_original ? 1 : 0;
    }
    EXPECT_EQ(given, 33);
    EXPECT_EQ(refused, 67);
    const auto now = bank.look(parent);
    EXPECT_EQ(now.reversed_posted, 990);
    EXPECT_EQ(now.reversed_pending, 0);
    EXPECT_EQ(b.mj.balance("mj-alice"), 100'000 - 10);
    EXPECT_EQ(b.violation(), "");
  }
}

TEST(Reversal, the_limits_of_the_day_get_back_what_was_given_back) {
  TwoBanks b(1, [](config::Config& config) { config.limits.transfer["KRW"].per_owner_day = 1'000; });
  const auto parent = paid_anna(b, 800);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 300, "over")).code, ErrorCode::limit_exceeded);
  EXPECT_EQ(b.mj.reverse_now(b.reverse(parent, "r", 500, "anna")).code, ErrorCode::none);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 701, "over2")).code, ErrorCode::limit_exceeded);
  EXPECT_EQ(b.mj.pay_now(b.mj.transfer("mj-alice", "mj-anna", 700, "fits")).code, ErrorCode::none);
  // What the other bank gives back frees as much.
  TwoBanks c(1, [](config::Config& config) { config.limits.transfer["KRW"].per_owner_day = 1'000; });
  c.pay_bob(800, "k");
  EXPECT_EQ(c.mj.pay_now(c.mj.transfer("mj-alice", "mj-anna", 300, "over")).code, ErrorCode::limit_exceeded);
  EXPECT_EQ(c.jh.reverse_now(c.reverse(c.incoming("k"), "r", 500)).code, ErrorCode::none);
  ASSERT_TRUE(c.world.quiesce());
  EXPECT_EQ(c.mj.pay_now(c.mj.transfer("mj-alice", "mj-anna", 700, "fits")).code, ErrorCode::none);
}

// ---- back to the bank it came from ----

TEST(Reversal, an_incoming_transfer_goes_back_to_its_bank_and_is_counted_at_both) {
  TwoBanks b;
  const auto sent = b.pay_bob(1'000, "k");
  const auto incoming = b.incoming("k");
  EXPECT_EQ(b.jh.reverse_now(b.reverse(incoming, "x", 0, "mallory")).code, ErrorCode::transfer_not_found);
  auto command = b.reverse(incoming, "r", 400);
  command.wait_ms = 5'000;
  const auto back = b.jh.reverse_now(command);
  EXPECT_EQ(back.state, TransferState::completed) << back.body;
  EXPECT_EQ(back.bank, "mj");
  EXPECT_EQ(b.jh.look(incoming).reversed_posted, 400);
  EXPECT_EQ(b.jh.look(incoming).reversed_pending, 0);
  EXPECT_EQ(b.mj.look(sent.id).reversed_posted, 400) << "counted where it started";
  EXPECT_EQ(b.mj.balance("mj-alice"), 99'400);
  EXPECT_EQ(b.violation(), "");
  // What came back is not sent there again.
  char op[id_hex_size];
  write_hex(derive_op_id("jh", "bob", "r", "credit", "mj"), op);
  const auto returned = TwoBanks::named(b.mj, "in/jh", {op, sizeof op});
  EXPECT_TRUE(same(b.mj.look(returned).parent, sent.id));
  EXPECT_EQ(b.mj.reverse_now(b.reverse(returned, "rr", 0, "alice")).code, ErrorCode::not_reversible);
}

TEST(Reversal, while_it_is_open_it_counts_as_pending_and_a_refusal_lets_it_go) {
  TwoBanks b;
  b.pay_bob(1'000, "k");
  const auto incoming = b.incoming("k");
  AccountCommand freeze;
  freeze.action = AccountAction::freeze;
  freeze.caller = Caller("operator", auth::scopes_all);
  freeze.number = "mj-alice";
  b.mj.daemon().change_account(freeze, {[](void*, const AccountAnswer&) {}, nullptr});
  b.world.settle();
  b.back.fate = [](std::int32_t kind, std::uint32_t nth) { return kind == PSW_OP_CREDIT && nth == 0 ? lost_answer() : Fate{}; };
  const auto back = b.jh.reverse_now(b.reverse(incoming, "r", 600));
  EXPECT_EQ(back.state, TransferState::submitted);
  EXPECT_EQ(b.jh.look(incoming).reversed_pending, 600);
  EXPECT_EQ(b.jh.reverse_now(b.reverse(incoming, "r2", 401)).code, ErrorCode::reversal_exceeds_original) << "what is on its way counts";
  EXPECT_EQ(b.jh.available("jh-bob"), 400);
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.jh.look(back.id).state, TransferState::voided);
  EXPECT_EQ(b.jh.look(incoming).reversed_pending, 0);
  EXPECT_EQ(b.jh.look(incoming).reversed_posted, 0);
  EXPECT_EQ(b.jh.available("jh-bob"), 1'000);
  EXPECT_EQ(b.violation(), "");
}

TEST(Reversal, a_bank_that_would_give_back_more_than_it_got_is_refused_and_the_refusal_is_recorded) {
  TwoBanks b;
  const auto sent = b.pay_bob(1'000, "k");
  const auto credit = [&](const psw_id& reverses, std::string_view key, std::int64_t minor, std::string_view payee = "mj-alice") {
    // As another implementation would send it: the link's own wire, past our own checks at jh.
    auto& call = *b.back.acquire(0);
    auto& body = *new (call.arena().allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
    body.size = sizeof body;
    body.op_id = derive_op_id("jh", "forger", key, "credit", "mj");
    body.reverses = reverses;
    body.payer = str("jh-bob");
    body.payee = str(payee);
    body.money.minor = minor;
    set_currency(body.money.currency, "KRW");
    call.op.kind = PSW_OP_CREDIT;
    call.op.body = &body;
    call.op.call_deadline_ns = b.world.clock.monotonic_ns() + 5'000'000'000;
    static std::string code;
    code = "no answer";
    call.completion = {[](void*, const psw_reply& reply) {
      const auto* decision = static_cast<const psw_decision*>(reply.body);
      code = decision == nullptr ? "not recorded" : decision->outcome == PSW_APPLIED ? "applied" : std::string(view(decision->code));
    }, nullptr};
    b.back.submit(0, &call);
    b.world.settle();
    return code;
  };
  const auto original = derive_op_id("mj", "alice", "k", "credit", "jh");
  psw_id unknown{};
  unknown.b[0] = 7;
  EXPECT_EQ(credit(original, "a", 1'001), "reversal_exceeds_original");
  EXPECT_EQ(credit(original, "a", 1'001), "reversal_exceeds_original") << "for ever";
  EXPECT_EQ(credit(unknown, "b", 1), "reversal_exceeds_original") << "nothing of ours";
  EXPECT_EQ(credit(original, "c", 1, "mj-anna"), "payee_not_found") << "to its payer only";
  EXPECT_EQ(credit(original, "d", 700), "applied");
  EXPECT_EQ(credit(original, "e", 301), "reversal_exceeds_original");
  EXPECT_EQ(credit(original, "f", 300), "applied");
  EXPECT_EQ(credit(original, "d", 700), "applied") << "a repeat is answered as it was";
  EXPECT_EQ(b.mj.look(sent.id).reversed_posted, 1'000);
  EXPECT_EQ(b.mj.balance("mj-alice"), 100'000);
}

// Their customer gives back before we have heard that it was credited: nothing is decided until we know.
TEST(Reversal, a_transfer_still_in_doubt_is_not_judged_as_an_original) {
  TwoBanks b;
  b.there.fate = [](std::int32_t, std::uint32_t) { return lost_answer(); };
  const auto sent = b.mj.pay_now(b.mj.transfer("mj-alice", "jh-bob", 1'000, "k"));
  b.world.advance(6'000, 100);
  EXPECT_EQ(b.mj.look(sent.id).state, TransferState::in_doubt);
  const auto back = b.jh.reverse_now(b.reverse(b.incoming("k"), "r"));
  b.world.advance(1'000, 50);
  EXPECT_TRUE(is_open(b.jh.look(back.id).state));
  b.there.fate = nullptr;
  ASSERT_TRUE(b.world.quiesce());
  EXPECT_EQ(b.mj.look(sent.id).state, TransferState::completed);
  EXPECT_EQ(b.jh.look(back.id).state, TransferState::completed);
  EXPECT_EQ(b.mj.balance("mj-alice"), 100'000);
  EXPECT_EQ(b.violation(), "");
}

TEST(Reversal, in_all_weathers_what_is_counted_is_what_was_moved) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    TwoBanks b(seed);
    const auto sent = b.pay_bob(1'000, "k");
    const auto incoming = b.incoming("k");
    const auto weather = [&](std::int32_t, std::uint32_t) {
      Fate fate;
      switch (b.world.random() % 8) {
        case 0: fate.request = Fate::Request::lost; break;
        case 1: fate.response = Fate::Response::lost; break;
        case 2: fate.request = Fate::Request::late; fate.late_ms = static_cast<std::int64_t>(b.world.random() % 40'000); break;
        case 3: fate.request = Fate::Request::twice; fate.late_ms = static_cast<std::int64_t>(b.world.random() % 5'000); break;
        case 4: fate.request = Fate::Request::not_sent; break;
        default: break;
      }
      return fate;
    };
    b.back.fate = weather;
    std::vector<std::shared_ptr<Bank::Result>> all;
    for (int i = 0; i != 12; ++i) {
      all.push_back(b.jh.reverse(b.reverse(incoming, "r" + std::to_string(i), 100 + i * 10), static_cast<unsigned>(i % 2)));
      if (i == 5) {
        b.world.settle();
        b.jh.crash(0);
        b.jh.restart(0);
      }
    }
    b.world.settle();
    b.world.advance(20'000, 100);
    b.back.fate = nullptr;
    ASSERT_TRUE(b.world.quiesce()) << seed;
    const auto there = b.jh.look(incoming), here = b.mj.look(sent.id);
    EXPECT_EQ(there.reversed_pending, 0) << seed;
    EXPECT_LE(there.reversed_posted, 1'000) << seed;
    EXPECT_EQ(there.reversed_posted, here.reversed_posted) << seed;
    EXPECT_EQ(b.jh.balance("jh-bob"), 1'000 - there.reversed_posted) << seed;
    EXPECT_EQ(b.jh.available("jh-bob"), 1'000 - there.reversed_posted) << seed;
    EXPECT_EQ(b.violation(), "") << seed;
  }
}

}  // namespace payswitch::simulation
