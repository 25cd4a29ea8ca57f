// What happens rarely: a first request that is still running, an entry that the ledger calls wrong, a closing with an open repair,
// many transfers of a bank that comes back, a cancel that races a post.
#include <algorithm>
#include <cstdlib>

#include "sim_bank_gateway.h"

namespace payswitch::simulation {
namespace {

std::string close_now(Bank& bank, std::string_view number) {
  AccountCommand command;
  command.action = AccountAction::close;
  command.caller = Caller("operator", auth::scopes_all);
  command.number = number;
  std::string out = "no answer";
  bank.daemon().change_account(command, {[](void* context, const AccountAnswer& answer) { *static_cast<std::string*>(context) = name(answer.code); }, &out});
  bank.world.settle();
  return out;
}

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace

// The key is in the ledger, its transfer cannot be read yet: a replica behind its primary.
TEST(Edges, a_repeat_while_the_first_is_running_waits_and_then_says_so) {
  ThreeBanks b;
  auto command = b.mj.transfer("mj-alice", "mj-anna", 100, "k");
  const auto first = b.mj.pay_now(command);
  b.mj.ledger.hide = [](const psw_read& read) { return read.what == PSW_ROWS_RECORDS; };
  command.wait_ms = 1'000;
  const auto waits = b.mj.pay(command, 1);
  b.world.advance(900);
  EXPECT_FALSE(waits->answered) << "it waits as long as the client wants to";
  b.world.advance(200);
  ASSERT_TRUE(waits->answered);
  EXPECT_EQ(waits->code, ErrorCode::idempotency_in_progress);
  const auto comes = b.mj.pay(command, 1);
  b.world.advance(500);
  b.mj.ledger.hide = nullptr;
  b.world.advance(100);
  ASSERT_TRUE(comes->answered);
  EXPECT_EQ(comes->body, first.body);
  EXPECT_EQ(b.alice(), 99'900);
}

TEST(Edges, an_entry_that_the_ledger_calls_invalid_is_internal_and_changes_nothing) {
  ThreeBanks b;
  psw_reply wrong{};
  wrong.size = sizeof wrong;
  wrong.code = PSW_INVALID;
  wrong.failed = -1;
  wrong.reason = str("posting_malformed");
  wrong.text = str("posting 0");
  b.mj.ledger.instead_of_write = wrong;
  const auto command = b.mj.transfer("mj-alice", "mj-anna", 100, "k");
  const auto answer = b.mj.pay_now(command);
  EXPECT_EQ(answer.code, ErrorCode::internal);
  EXPECT_TRUE(is_zero(answer.id));
  b.mj.ledger.instead_of_write.reset();
  EXPECT_EQ(b.alice(), 100'000);
  const auto again = b.mj.pay_now(command);
  EXPECT_EQ(again.code, ErrorCode::none) << "nothing was recorded, the key is free";
  EXPECT_FALSE(again.replayed);
}

// A bank that is dead for half a day: asked about more often than an answer can show.
TEST(Edges, a_long_history_shows_its_newest_changes_in_order_and_how_many_are_left_off) {
  SimBanks b;
  const auto paid = b.mj.pay(b.pay_bob(5'207, "k"));
  struct Seen {
    std::vector<std::uint64_t> versions;
    std::uint64_t left_off = 0, version = 0;
  };
  const auto look = [&] {
    Seen seen;
    TransferQuery query;
    query.caller = Caller("operator", auth::scopes_all);
    query.transfer = paid->id;
    b.mj.daemon().transfer(query, {[](void* context, const TransferAnswer& answer) {
                                     Seen& out = *static_cast<Seen*>(context);
                                     for (const auto& change : answer.history) out.versions.push_back(change.version);
                                     out.left_off = answer.history_left_off;
                                     out.version = answer.transfer->version;
                                   }, &seen});
    b.world.settle();
    return seen;
  };
  b.world.advance(60'000, 500);
  Seen early = look();
  ASSERT_FALSE(early.versions.empty());
  EXPECT_EQ(early.left_off, 0u);
  EXPECT_EQ(early.versions.size(), early.version);
  b.world.advance(12 * 3'600'000, 5'000);
  const Seen late = look();
  ASSERT_GT(late.version, 600u);
  ASSERT_EQ(late.versions.size(), 500u);
  EXPECT_EQ(late.versions.back(), late.version) << "the newest is there";
  EXPECT_EQ(late.versions.front(), late.left_off + 1);
  EXPECT_TRUE(std::is_sorted(late.versions.begin(), late.versions.end()));
}

TEST(Edges, an_account_with_an_open_repair_is_not_closed) {
  SimBanks b;
  const auto paid = b.mj.pay(b.pay_bob(5'403, "k"));  // applied, but they said refused
  ASSERT_TRUE(b.world.quiesce());
  b.world.advance(3'000);
  ASSERT_EQ(b.mj.look(paid->id).attention, Attention::contradiction);
  auto empty = b.mj.transfer("mj-alice", "mj-anna", 0, "all");
  empty.all = true;
  b.mj.open_account("mj-anna");
  EXPECT_EQ(b.mj.pay_now(empty).code, ErrorCode::none);
  EXPECT_EQ(b.mj.balance("mj-alice"), 0);
  EXPECT_EQ(close_now(b.mj, "mj-alice"), "account_not_empty");
  b.mj.open_account("mj-berta");
  EXPECT_EQ(close_now(b.mj, "mj-berta"), "none");
}

TEST(Edges, a_waiter_of_another_loop_is_woken_by_the_feed_and_need_not_look) {
  for (const bool with_feed : {true, false}) {
    World world;
    Bank& mj = world.bank("mj", "mj-");
    mj.with_feed = with_feed;
    SimBankGateway jh(world, "jh-1", "jh", mj, {{"store", with_feed ? "feed" : "no feed"}, {"delay", "1s"}});
    auto config = base_config(mj);
    config.banks.push_back(counterparty("jh", {"jh-"}));
    add_connector(config, "jh-1", "jh");
    config::Route route;
    route.bank = "jh";
    route.targets = {"jh-1"};
    config.routes.push_back(route);
    world.add(mj, jh);
    mj.start(std::move(config));
    mj.open_account("mj-alice");
    mj.deposit("mj-alice", 100'000);
    // Pending, then a report after a second; its loop is that of the op_id: a key is chosen that leads it to loop 0.
    int key = 0;
    while (plugin_host::loop_of(derive_op_id("mj", "alice", std::to_string(key), "credit", "jh"), 2) != 0) ++key;
    auto command = mj.transfer("mj-alice", "jh-bob", 7'501, std::to_string(key));
    mj.pay(command, 0);
    world.advance(120);
    command.wait_ms = 10'000;
    const auto waiter = mj.pay(command, 1);
    const auto completed = [&] { return mj.daemon(0).counters().completed + mj.daemon(1).counters().completed; };
    for (const auto before = completed(); !waiter->answered && completed() == before;) world.advance(20);
    world.settle();
    EXPECT_EQ(waiter->answered, with_feed) << "without the feed it finds out at its next look";
    world.advance(600);
    EXPECT_EQ(waiter->state, TransferState::completed);
  }
}

// The bank is gone for long enough that every poll is a minute away; then one message comes.
TEST(Edges, the_first_message_of_a_bank_makes_all_its_open_transfers_due_within_a_second) {
  SimBanks b({.jh = {{"timeout", "50ms"}}});
  constexpr int many = 300;  // more than recovery takes at once
  for (int i = 0; i != many; ++i) b.mj.pay(b.pay_bob(1'000 + 803, "k" + std::to_string(i)), static_cast<unsigned>(i % 2));  // no credit arrives, cancels get no answer
  b.world.advance(400'000, 200);
  const auto asked = [&] { return b.jh_1.calls_of_kind[PSW_OP_CANCEL]; };
  std::uint32_t before = asked();
  b.world.advance(1'200, 20);
  EXPECT_LT(asked() - before, many / 3) << "at the cap, they are spread over a minute";
  before = asked();
  b.jh_1.command("credit", R"({"payer":"jh-carol","payee":"mj-alice","amount":"1","currency":"KRW","op_id":"00000000000000000000000000000001"})");
  const auto at_once = asked() - before;
  EXPECT_LT(at_once, many / 3) << "not all in one moment";
  b.world.advance(1'300, 20);
  EXPECT_GE(asked() - before, static_cast<std::uint32_t>(many * 95 / 100)) << "all, not only as many as recovery takes at once";
  EXPECT_LT(asked() - before, static_cast<std::uint32_t>(2 * many)) << "each about once";
}

TEST(Edges, a_bank_that_flaps_is_not_asked_about_everything_all_the_time) {
  SimBanks b({.jh = {{"timeout", "50ms"}}});
  b.mj.pay(b.pay_bob(1'803, "k"));
  b.world.advance(400'000, 200);
  const auto before = b.jh_1.calls_of_kind[PSW_OP_CANCEL];
  for (int i = 0; i != 20; ++i) {
    b.jh_1.command("query", R"({"op_id":"00000000000000000000000000000001","payee":"mj-alice","amount":"1"})");
    b.world.advance(200, 20);
  }
  EXPECT_LE(b.jh_1.calls_of_kind[PSW_OP_CANCEL] - before, 6u);
}

// X28 in one process. SIMULATION_RACES=10000 is what `./dev prove` runs.
TEST(Edges, cancel_against_post_of_a_hold_has_one_outcome_in_every_race) {
  const std::uint64_t races = from_environment("SIMULATION_RACES", 300);
  constexpr std::uint64_t per_world = 50;
  std::uint64_t posted = 0, cancelled = 0;
  for (std::uint64_t race = 0; race < races;) {
    ThreeBanks b(race + 1, false);
    auto& random = b.world.random;
    b.jh_1.fate = [&random](std::int32_t, std::uint32_t) {
      Fate fate;
      if (random() % 4 == 0) fate.response = Fate::Response::lost;
      if (random() % 8 == 0) fate.request = Fate::Request::late, fate.late_ms = 1 + static_cast<std::int64_t>(random() % 2'000);
      return fate;
    };
    struct Race {
      std::shared_ptr<Bank::Result> hold;
      std::string post_key;
    };
    std::deque<Race> all;
    for (std::uint64_t i = 0; i != per_world && race < races; ++i, ++race) {
      auto hold = b.pay_bob(100, "h" + std::to_string(i));
      hold.mode = Mode::hold;
      auto& one = all.emplace_back(Race{b.mj.pay(hold, random() % 2), "p" + std::to_string(i)});
      b.world.settle();
      HoldCommand post;
      post.action = HoldAction::post;
      post.caller = Caller("alice", auth::scope_pay);
      post.idempotency_key = one.post_key;
      post.transfer = one.hold->id;
      HoldCommand cancel = post;
      cancel.action = HoldAction::cancel;
      const auto first = static_cast<unsigned>(random() % 2);
      const bool post_first = random() % 2 == 0;
      const auto nobody = Reply<TransferAnswer>{[](void*, const TransferAnswer&) {}, nullptr};
      b.mj.daemon(first).resolve_hold(post_first ? post : cancel, nobody);
      for (auto steps = random() % 4; steps != 0; --steps) b.mj.run();
      b.mj.daemon(1 - first).resolve_hold(post_first ? cancel : post, nobody);
      if (random() % 2 == 0) b.world.settle();
    }
    ASSERT_TRUE(b.world.quiesce());
    b.world.advance(5'000, 100);
    ASSERT_EQ(b.violation(), "") << "world of race " << race;
    for (const auto& one : all) {
      const auto now = b.mj.look(one.hold->id);
      ASSERT_TRUE(now.state == TransferState::completed || now.state == TransferState::voided) << now.path;
      ++(now.state == TransferState::completed ? posted : cancelled);
    }
  }
  EXPECT_EQ(posted + cancelled, races);
  EXPECT_GT(posted, races / 20) << "both must happen, or nothing raced";
  EXPECT_GT(cancelled, races / 20);
}

}  // namespace payswitch::simulation
