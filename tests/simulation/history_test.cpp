// What two switches remember of each other: a bank whose books go back is noticed at its first word and closed, and nothing that merely
// comes late or twice is taken for that.
#include <memory>
#include <random>

#include "ledger/account_names.h"
#include "planted.h"
#include "world.h"

namespace payswitch::simulation {
namespace {

using What = PeerCommand::What;

// mj and jh, each with the other as a customer of its connectors, mj with two daemons.
struct BothWays {
  World world;
  Bank &mj, &jh;
  Link &to_jh, &to_mj;
  explicit BothWays(std::uint64_t seed = 1)
      : world(seed), mj(world.bank("mj", "mj-", 2)), jh(world.bank("jh", "jh-", 1)), to_jh(world.link("jh-1", mj, jh)), to_mj(world.link("mj-1", jh, mj)) {
    start(mj, "jh", "jh-1");
    start(jh, "mj", "mj-1");
    EXPECT_EQ(mj.open_account("mj-alice"), "none");
    EXPECT_EQ(jh.open_account("jh-alice"), "none");
    EXPECT_EQ(mj.deposit("mj-alice", 100'000).code, ErrorCode::none);
    EXPECT_EQ(jh.deposit("jh-alice", 100'000).code, ErrorCode::none);
  }
  static void start(Bank& bank, const char* other, const char* connector) {
    auto config = base_config(bank);
    config.banks.push_back(counterparty(other, {std::string(other) + "-"}));
    add_connector(config, connector, other);
    config::Route route;
    route.bank = other;
    route.targets = {connector};
    config.routes.push_back(route);
    bank.start(std::move(config));
  }
  Bank::Result pay(std::int64_t minor, std::string_view key, unsigned daemon = 0) {
    auto command = mj.transfer("mj-alice", "jh-alice", minor, key);
    command.wait_ms = 2'000;
    return mj.pay_now(command, daemon);
  }
  Bank::Result pay_back(std::int64_t minor, std::string_view key) {
    auto command = jh.transfer("jh-alice", "mj-alice", minor, key);
    command.wait_ms = 2'000;
    return jh.pay_now(command);
  }
  // Payments that a backup made before them does not know: more than the bank can make up for with what it writes until it speaks again.
  bool forgotten(std::string_view which) {
    for (int i = 0; i != 10; ++i)
      if (pay(200, std::string(which) + std::to_string(i)).state != TransferState::completed) return false;
    return true;
  }
  bool books_agree() { return mj.balance(ledger::clearing_account("jh", "KRW").view()) == -jh.balance(ledger::clearing_account("mj", "KRW").view()); }
};

// jh acknowledges a payment, comes back from a backup that does not know it, and is paid again. Either the books of both agree, or mj has
// closed jh and a person was told.
std::string restored_peer() {
  BothWays b;
  if (b.pay(1'000, "a").state != TransferState::completed) return "the first payment";
  const auto backup = b.jh.ledger.backup();
  if (!b.forgotten("b")) return "the payments that will be forgotten";
  b.jh.restore(backup);
  const auto paid = b.pay(4'000, "c");
  b.world.advance(30'000, 100);
  if (b.books_agree()) return "the restore was none";
  if (!b.mj.noticed(Notice::peer_history_changed, "jh")) return "nobody was told that jh has lost history";
  if (!b.mj.peer(What::test, "jh").gate.closed) return "jh is open";
  if (paid.state == TransferState::completed) return "a payment was decided by the word of a bank that has lost history";
  if (b.pay(8'000, "d").code != ErrorCode::peer_closed) return "new money was sent to it";
  return {};
}

}  // namespace

TEST(History, N14_a_peer_restored_from_a_backup_without_a_fence_is_caught) { expect_caught("no_history_fence", restored_peer); }

TEST(History, first_contact_pins_the_ledger_of_both_sides_in_the_same_write) {
  BothWays b;
  const auto before = b.mj.ledger.engine().identity();
  ASSERT_EQ(b.pay(1'000, "a").state, TransferState::completed);
  const auto of_jh = b.mj.peer(What::test, "jh"), of_mj = b.jh.peer(What::test, "mj");
  EXPECT_TRUE(same(of_jh.gate.ledger, of_jh.shown.ledger));
  EXPECT_TRUE(same(of_mj.gate.ledger, before.id));
  EXPECT_EQ(of_jh.gate.version, 1u);
  EXPECT_EQ(of_mj.gate.version, 1u);
  EXPECT_FALSE(of_jh.gate.closed || of_mj.gate.closed);
}

TEST(History, a_restored_peer_repeats_what_is_stored_and_everything_goes_on_after_an_operator_has_looked) {
  BothWays b;
  ASSERT_EQ(b.pay(1'000, "a").state, TransferState::completed);
  const auto backup = b.jh.ledger.backup();
  ASSERT_TRUE(b.forgotten("b"));
  b.jh.restore(backup);
  const auto doubted = b.pay(4'000, "c");
  EXPECT_EQ(doubted.state, TransferState::in_doubt);
  EXPECT_EQ(b.mj.look(doubted.id).attention, Attention::peer_history_changed);
  // The other daemon over the same ledger obeys the closing, whatever it knew before.
  EXPECT_EQ(b.pay(1, "x", 1).code, ErrorCode::peer_closed);
  // The key of a payment that was made is answered as it was.
  const auto again = b.pay(1'000, "a");
  EXPECT_EQ(again.state, TransferState::completed);
  EXPECT_TRUE(again.replayed);
  // What jh sends is not decided, and not lost: it is open there until mj is open again.
  const auto back = b.pay_back(500, "back");
  EXPECT_TRUE(is_open(back.state)) << name(back.state);
  EXPECT_EQ(b.mj.balance("mj-alice"), 97'000);
  EXPECT_EQ(b.mj.peer(What::accept_ledger, "jh").why, "already");

  const auto opened = b.mj.peer(What::open, "jh");
  ASSERT_TRUE(opened.ok) << opened.why;
  EXPECT_FALSE(opened.gate.closed);
  b.world.advance(40'000, 100);
  EXPECT_EQ(b.mj.look(doubted.id).state, TransferState::completed);
  EXPECT_EQ(b.jh.look(back.id).state, TransferState::completed);
  EXPECT_EQ(b.pay(8'000, "d").state, TransferState::completed);
  EXPECT_EQ(b.pay(16'000, "e", 1).state, TransferState::completed);
  EXPECT_FALSE(b.mj.peer(What::test, "jh").gate.closed) << "opened, and closed again by what was stored before";
}

TEST(History, a_restored_bank_that_speaks_first_is_asked_and_closed) {
  BothWays b;
  ASSERT_EQ(b.pay_back(1'000, "a").state, TransferState::completed);
  const auto backup = b.jh.ledger.backup();
  ASSERT_TRUE(b.forgotten("b"));
  b.world.advance(2'000, 100);
  b.jh.restore(backup);
  // Only jh sends.
  b.pay_back(100, "d");
  b.world.advance(2'000, 100);
  EXPECT_TRUE(b.mj.noticed(Notice::peer_history_changed, "jh"));
  EXPECT_TRUE(b.mj.peer(What::test, "jh").gate.closed);
}

TEST(History, a_bank_that_lost_history_while_we_were_down_is_known_by_what_was_stored) {
  BothWays b;
  ASSERT_EQ(b.pay(1'000, "a").state, TransferState::completed);
  const auto backup = b.jh.ledger.backup();
  ASSERT_TRUE(b.forgotten("b"));
  b.world.advance(2'000, 100);
  for (unsigned i : {0u, 1u}) b.mj.crash(i);
  b.jh.restore(backup);
  for (unsigned i : {0u, 1u}) b.mj.restart(i);
  b.world.advance(1'000, 100);
  EXPECT_NE(b.pay(4'000, "c").state, TransferState::completed);
  EXPECT_TRUE(b.mj.peer(What::test, "jh").gate.closed);
}

TEST(History, another_ledger_under_the_same_name_decides_nothing_until_it_is_accepted) {
  BothWays b, other(7);
  ASSERT_EQ(b.pay(1'000, "a").state, TransferState::completed);
  // The disk of quite another bank jh: new id, same accounts.
  const auto theirs = other.jh.ledger.backup();
  b.jh.restore(theirs);
  const auto paid = b.pay(2'000, "b");
  EXPECT_TRUE(is_open(paid.state)) << name(paid.state);
  b.world.advance(5'000, 100);
  EXPECT_TRUE(b.mj.noticed(Notice::wrong_ledger, "jh"));
  EXPECT_TRUE(b.jh.noticed(Notice::wrong_ledger, "mj")) << "another ledger than theirs was meant";
  EXPECT_EQ(b.jh.balance("jh-alice"), 100'000) << "nothing was decided";
  EXPECT_FALSE(b.mj.peer(What::test, "jh").gate.closed);
  const auto accepted = b.mj.peer(What::accept_ledger, "jh");
  ASSERT_TRUE(accepted.ok) << accepted.why;
  EXPECT_TRUE(same(accepted.gate.ledger, accepted.shown.ledger));
  EXPECT_EQ(b.pay(4'000, "c").state, TransferState::completed);
}

TEST(History, a_bank_closed_by_hand_gets_nothing_and_is_opened_by_hand) {
  BothWays b;
  ASSERT_EQ(b.pay(1'000, "a").state, TransferState::completed);
  ASSERT_TRUE(b.mj.peer(What::close, "jh").ok);
  EXPECT_EQ(b.pay(2'000, "b").code, ErrorCode::peer_closed);
  EXPECT_EQ(b.pay(2'000, "b", 1).code, ErrorCode::peer_closed);
  EXPECT_EQ(b.mj.peer(What::close, "jh").why, "already");
  ASSERT_TRUE(b.mj.peer(What::open, "jh").ok);
  EXPECT_EQ(b.pay(2'000, "b").state, TransferState::completed) << "a refusal about us has recorded nothing";
  EXPECT_EQ(b.mj.peer(What::open, "jh").why, "already");
  EXPECT_EQ(b.mj.peer(What::open, "nobody").why, "bank_unknown");
}

// 32 payments each way under way at once, answers late, lost, doubled and out of order, two daemons that know different things.
TEST(History, thirty_two_exchanges_each_way_at_once_are_never_taken_for_lost_history) {
  for (std::uint64_t seed = 1; seed != 41; ++seed) {
    BothWays b(seed);
    auto& random = b.world.random;
    for (auto* link : {&b.to_jh, &b.to_mj})
      link->fate = [&random](std::int32_t, std::uint32_t) {
        Fate fate;
        const auto roll = random() % 10;
        if (roll < 3) fate.request = Fate::Request::late;
        else if (roll < 5) fate.request = Fate::Request::twice;
        if (roll > 6) fate.response = Fate::Response::late;
        fate.late_ms = static_cast<std::int64_t>(random() % 4'000);
        return fate;
      };
    std::vector<std::shared_ptr<Bank::Result>> out, back;
    for (int round = 0; round != 3; ++round) {
      for (int i = 0; i != 32; ++i) {
        const auto key = std::to_string(round) + "-" + std::to_string(i);
        out.push_back(b.mj.pay(b.mj.transfer("mj-alice", "jh-alice", 10, key), static_cast<unsigned>(i % 2)));
        back.push_back(b.jh.pay(b.jh.transfer("jh-alice", "mj-alice", 10, key)));
      }
      b.world.advance(1'500, 50);
    }
    b.to_jh.fate = b.to_mj.fate = nullptr;
    ASSERT_TRUE(b.world.quiesce()) << "seed " << seed;
    for (const auto* bank : {&b.mj, &b.jh})
      for (const auto what : {Notice::peer_history_changed, Notice::wrong_ledger})
        ASSERT_FALSE(bank->noticed(what, bank == &b.mj ? "jh" : "mj")) << "seed " << seed;
    ASSERT_TRUE(b.books_agree()) << "seed " << seed;
    ASSERT_EQ(b.mj.balance("mj-alice") + b.jh.balance("jh-alice"), 200'000) << "seed " << seed;
  }
}

}  // namespace payswitch::simulation
