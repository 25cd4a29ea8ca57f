// Failure points that need two daemons over one ledger, or a commit whose answer is lost. The embedded ledger belongs to one process, so
// only a simulated bank can have two daemons over it; the plugins, the coordinators and the messages between the banks are the real ones.
#include <gtest/gtest.h>

#include "storm.h"

namespace payswitch::simulation::peers {
namespace {

class Calm : public ::testing::Test {
 protected:
  explicit Calm(std::int64_t not_after_ms = 60'000) : storm(1, calm(not_after_ms), true) {
    storm.build();
    storm.fund();
  }
  ~Calm() override {
    if (!HasFailure()) return;
    for (const auto& line : storm.timeline().trace()) std::cout << line << "\n";
  }
  static Troubles calm(std::int64_t not_after_ms) {
    Troubles out;
    out.not_after_ms = not_after_ms;
    return out;
  }
  Ticket& payment(std::int64_t minor, bool hold = false) { return storm.ticket(storm.jh(), TransferKind::transfer, "jh-alice", "mj-bob", minor, hold); }
  Int128 bob() { return storm.mj().balance("mj-bob") - 100'000; }

  Storm storm;
};

using Numbered = Calm;

}  // namespace

// The answer of the first write never comes, however often the step is repeated, for two seconds. Meanwhile nothing is sent, and a look at
// the other daemon that finds the transfer or finds nothing decides nothing.
TEST_F(Numbered, X2_a_commit_whose_answer_is_lost_is_repeated_until_it_is_known) {
  unsigned lost = 0;
  const auto until = storm.timeline().now_ns() + 2 * second;
  storm.jh().lose_commit = [&](unsigned daemon) { return daemon == 0 && storm.timeline().now_ns() < until && ++lost != 0; };
  Ticket& one = payment(700);
  const auto requests = storm.network().requests;
  storm.pay(one, storm.jh().daemon(0));
  storm.timeline().run_for(1'500 * ms);
  EXPECT_GE(lost, 3u) << "the same step again and again";
  EXPECT_EQ(storm.network().requests, requests) << "nothing leaves before it is known to be durable";
  EXPECT_FALSE(one.answered && one.code == transfer::ErrorCode::none);
  storm.timeline().run_for(5 * second);
  storm.jh().lose_commit = nullptr;
  EXPECT_EQ(storm.end(), "");
  EXPECT_EQ(one.state, TransferState::completed);
  EXPECT_EQ(bob(), 700);
}

// The owner of the lease is stopped with the news that its first send never left. Another daemon takes over, its resend is credited, the
// answer is lost: the transfer is still open when the first owner wakes, and by what it knows it would give the money back.
TEST_F(Numbered, X13_a_stalled_owner_that_wakes_cannot_undo_what_another_daemon_did) {
  storm.jh().offers_query = false;
  Weather no_line;
  no_line.no_connection = 1'000;
  storm.network().weather = no_line;
  bool stalled = false;
  storm.network().leaves = [&](std::string_view from, unsigned daemon, const HttpSeen&) {
    if (from != "jh" || std::exchange(stalled, true)) return;
    EXPECT_EQ(daemon, 0u);
    storm.timeline().in(0, [&] {
      storm.stall(storm.jh(), *storm.jh().daemon(0), 22 * second);
      Weather no_answers;
      no_answers.answer_lost = 1'000;
      storm.network().weather = no_answers;
    });
  };
  Ticket& one = payment(900);
  storm.pay(one, storm.jh().daemon(0));
  storm.timeline().run_for(21 * second);
  ASSERT_TRUE(stalled);
  EXPECT_EQ(bob(), 900) << "the other daemon has taken over and sent it";
  EXPECT_TRUE(storm.jh().any_open()) << "and has heard nothing";
  storm.timeline().run_for(5 * second);  // the first owner wakes
  EXPECT_TRUE(storm.jh().any_open());
  EXPECT_EQ(storm.end(), "");
  EXPECT_EQ(one.state, TransferState::completed);
}

// A daemon does not hear that its step (that the transfer is to be cancelled) was durable, and stops; the other one takes over and ends
// the transfer; the first one wakes and repeats its step: it is told its first outcome, and what it does then finds a newer version.
TEST(TakeOver, X32_a_step_repeated_after_another_daemon_took_over_changes_nothing) {
  Troubles troubles;
  troubles.not_after_ms = 8'000;
  Storm storm(1, troubles);
  storm.build();
  storm.fund();
  auto& timeline = storm.timeline();
  storm.network().weather.answer_lost = 1'000;
  Ticket& one = storm.ticket(storm.jh(), TransferKind::transfer, "jh-alice", "mj-bob", 500, false);
  const auto paid_ns = timeline.now_ns();
  storm.pay(one, storm.jh().daemon(0));
  timeline.run_for(2 * second);
  ASSERT_EQ(storm.mj().balance("mj-bob"), 100'500);
  // From now on every question ends at once, so that the next thing written after not_after and its margin is that step.
  storm.network().weather = Weather::calm();
  storm.network().weather.no_connection = 1'000;
  std::optional<unsigned> stopped;
  storm.jh().lose_commit = [&](unsigned daemon) {
    if (stopped || timeline.now_ns() < paid_ns + 10 * second) return false;
    stopped = daemon;
    timeline.in(0, [&storm, daemon] {
      storm.stall(storm.jh(), *storm.jh().daemon(daemon), 40 * second);
      storm.network().weather = Weather::calm();
    });
    return true;
  };
  timeline.run_for(45 * second);
  ASSERT_TRUE(stopped.has_value());
  EXPECT_FALSE(storm.jh().any_open()) << "the other daemon has brought it to its end";
  unsigned sent = 0;
  storm.network().leaves = [&](std::string_view from, unsigned daemon, const HttpSeen& request) { sent += from == "jh" && daemon == *stopped && request.method == "DELETE" ? 1 : 0; };
  timeline.run_for(20 * second);
  EXPECT_EQ(sent, 1u) << "it was told that its step is durable, went on from there, and found the end";
  storm.network().leaves = nullptr;
  EXPECT_EQ(storm.end(), "");
  EXPECT_EQ(one.state, TransferState::completed);
  EXPECT_EQ(storm.mj().balance("mj-bob"), 100'500);
}

// The other bank answers with a refusal of some other operation; before the daemon that asked hears it, another daemon has learnt the truth
// and completed the transfer. The late answer is about something else: it contradicts nothing. (Found by seed 2290.)
TEST_F(Numbered, X9_an_answer_about_another_operation_that_comes_too_late_opens_no_repair) {
  bool lied = false;
  storm.mj().lie = [&](psw_decision& told) {
    if (std::exchange(lied, true)) return false;
    told.outcome = PSW_REFUSED;
    told.op_id.b[0] ^= 1;
    told.code = str(std::string_view("account_frozen"));
    return true;
  };
  bool stalled = false;
  storm.network().leaves = [&](std::string_view from, unsigned daemon, const HttpSeen&) {
    if (from != "jh" || std::exchange(stalled, true)) return;
    storm.timeline().in(0, [&, daemon] { storm.stall(storm.jh(), *storm.jh().daemon(daemon), 22 * second); });
  };
  Ticket& one = payment(900);
  storm.pay(one, storm.jh().daemon(0));
  storm.timeline().run_for(21 * second);
  ASSERT_TRUE(lied && stalled);
  EXPECT_FALSE(storm.jh().any_open()) << "completed by the other daemon";
  storm.timeline().run_for(5 * second);
  EXPECT_EQ(storm.end(), "");
  EXPECT_EQ(one.state, TransferState::completed);
}

// A hold is posted at one daemon, which sends it to the other bank, and cancelled at the other daemon, at the same moment.
TEST(Races, X28_cancel_against_a_post_that_is_sent_has_one_outcome_ten_thousand_times) {
  constexpr unsigned races = 10'000, per_world = 100;
  unsigned posted = 0, cancelled = 0;
  for (unsigned world = 0; world != races / per_world; ++world) {
    Troubles troubles;
    troubles.not_after_ms = 5'000;
    Storm storm(world + 1, troubles);
    storm.build();
    storm.fund();
    auto& timeline = storm.timeline();
    storm.network().weather.answer_lost = 200;
    storm.network().weather.request_late = 100;
    std::vector<Ticket*> holds;
    for (unsigned i = 0; i != per_world; ++i) {
      holds.push_back(&storm.ticket(storm.mj(), TransferKind::transfer, "mj-alice", "jh-bob", 10, true));
      timeline.in(i * 10 * ms, [&storm, hold = holds.back()] { storm.pay(*hold); });
      const auto at = i * 10 * ms + 200 * ms;
      const auto first = static_cast<unsigned>(timeline.below(2));
      timeline.in(at, [&storm, hold = holds.back(), first] { storm.act_on(*hold, transfer::HoldAction::post, 0, storm.mj().daemon(first)); });
      // From before the post is written until after its credit is decided.
      timeline.in(at + timeline.below(20'000) * us - 2 * ms, [&storm, hold = holds.back(), first] { storm.act_on(*hold, transfer::HoldAction::cancel, 0, storm.mj().daemon(1 - first)); });
    }
    timeline.run_for(per_world * 10 * ms + 2 * second);
    ASSERT_EQ(storm.end(), "") << "world " << world;
    for (const auto* hold : holds) {
      ASSERT_TRUE(hold->state == TransferState::completed || hold->state == TransferState::voided) << "world " << world;
      ++(hold->state == TransferState::completed ? posted : cancelled);
    }
  }
  std::cout << posted << " posted, " << cancelled << " cancelled\n";
  EXPECT_EQ(posted + cancelled, races);
  EXPECT_GT(posted, races / 20) << "both must happen, or nothing raced";
  EXPECT_GT(cancelled, races / 20);
}

}  // namespace payswitch::simulation::peers
