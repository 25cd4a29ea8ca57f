// Two banks that really talk to each other, and a network that does what networks do. Whatever it does, each credit is applied once.
#include "banks.h"

#include <random>

namespace payswitch::peer_http::test {
namespace {

TEST(Loop, money_goes_both_ways) {
  TwoBanks two;
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(100)).outcome, Outcome::applied);
  EXPECT_EQ(two.jh.drive.credit(two.jh.drive.credit_of(40)).outcome, Outcome::applied);
  EXPECT_EQ(two.jh.credited(), 100);
  EXPECT_EQ(two.mj.credited(), 40);
}

TEST(Loop, X7_every_request_twice_is_one_credit_each) {
  TwoBanks two;
  two.bend = [&](const HttpSeen& seen) {
    two.jh.serve(seen);
    return two.jh.serve(seen);
  };
  Crowd crowd(two.mj);
  for (int i = 0; i != 100; ++i) crowd.add(10, i);
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::applied), 100u);
  EXPECT_EQ(two.jh.credited(), 1000);
}

TEST(Loop, X5_after_lost_answers_the_resend_brings_the_stored_decisions) {
  TwoBanks two;
  bool lose = true;
  two.bend = [&](const HttpSeen& seen) {
    HttpReply answer = two.jh.serve(seen);
    return lose ? TwoBanks::lost() : answer;
  };
  Crowd crowd(two.mj);
  for (int i = 0; i != 100; ++i) crowd.add(10, i);
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::unknown), 100u);
  lose = false;
  crowd.send_again();
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::applied), 100u);
  EXPECT_EQ(two.jh.credited(), 1000);
}

TEST(Loop, X5_a_network_that_loses_doubles_and_delays_settles_every_credit_once) {
  for (unsigned seed = 1; seed != 9; ++seed) {
    TwoBanks two;
    std::mt19937 chance(seed);
    std::vector<HttpSeen> on_their_way;  // requests that arrive later
    bool calm = false;
    two.bend = [&](const HttpSeen& seen) {
      if (calm) return two.jh.serve(seen);
      switch (chance() % 6) {
        case 0: return TwoBanks::lost();
        case 1: two.jh.serve(seen); return TwoBanks::lost();
        case 2: on_their_way.push_back(seen); return TwoBanks::lost();
        case 3: two.jh.serve(seen); break;
        case 4: {
          HttpReply garbage = two.jh.serve(seen);
          garbage.body = "<html>";
          return garbage;
        }
        default: break;
      }
      return two.jh.serve(seen);
    };
    Crowd crowd(two.mj);
    for (int i = 0; i != 40; ++i) {
      crowd.add(10, i);
      if (chance() % 3 == 0) crowd.run();
    }
    crowd.run();
    for (const HttpSeen& late : on_their_way) two.jh.serve(late);
    calm = true;
    crowd.send_again();
    crowd.run();
    EXPECT_EQ(crowd.count(Outcome::applied), 40u) << "seed " << seed;
    EXPECT_EQ(two.jh.credited(), 400) << "seed " << seed;
  }
}

TEST(Loop, A17_credits_of_both_directions_pass_each_other) {
  TwoBanks two;
  Crowd there(two.mj), back(two.jh);
  for (int i = 0; i != 40; ++i) {
    there.add(5, i);
    back.add(3, i);
    if (i % 3 == 0) there.run();
    if (i % 4 == 0) back.run();
  }
  there.run();
  back.run();
  EXPECT_EQ(there.count(Outcome::applied), 40u);
  EXPECT_EQ(back.count(Outcome::applied), 40u);
  EXPECT_EQ(two.jh.credited(), 200);
  EXPECT_EQ(two.mj.credited(), 120);
}

TEST(Loop, the_position_a_bank_tells_never_goes_back) {
  TwoBanks two;
  two.mj.drive.credit(two.mj.drive.credit_of(1));
  two.mj.host.own_inbound.history.position = 50;
  two.jh.drive.credit(two.jh.drive.credit_of(1));  // mj's core tells 50
  two.mj.host.own_inbound.history.position = 40;   // an answer that was overtaken
  two.jh.drive.credit(two.jh.drive.credit_of(2));
  two.mj.drive.credit(two.mj.drive.credit_of(2));
  EXPECT_NE(find_header(two.mj.host.requests.back().headers, "Payswitch-History")->find("position=50"), std::string::npos);
}

}  // namespace
}  // namespace payswitch::peer_http::test
