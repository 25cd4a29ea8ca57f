// A daemon that dies, or whose parts fail, at a named place of a payment between two banks. Needs a build with failpoints.
#include "integration/two_banks/two_banks.h"

namespace payswitch::test {
namespace {

struct Place {
  const char* rules;     // armed at the bank that dies
  bool payer;            // which
  const char* expected;  // final state at the payer
};

// The bank dies there while a payment is under way, comes back, and everything is as if it had not died, or had not been asked.
void dies_and_comes_back(const Place& place) {
  TwoBanksOptions options;
  options.not_after = "20s";
  options.banks.connector = "call_deadline = \"700ms\"\n";
  TwoBanks banks(options);
  ASSERT_TRUE(banks.start());
  ASSERT_EQ(banks.mj().pay(10, "first", 10).text("status"), "completed");
  TestBank& victim = place.payer ? banks.mj() : banks.jh();
  victim.arm(place.rules);
  std::string id = id_of(banks.mj().pay(500, "dies"));
  ASSERT_TRUE(victim.died()) << place.rules;
  victim.arm("");
  ASSERT_TRUE(victim.start());
  if (id.empty()) {  // the answer was lost: the same key again, as any client
    const Reply again = banks.mj().pay(500, "dies");
    id = id_of(again);
    ASSERT_FALSE(id.empty()) << again.http.body;
  }
  EXPECT_EQ(banks.mj().final_state(id), place.expected);
  const std::int64_t moved = std::string_view(place.expected) == "completed" ? 510 : 10;
  EXPECT_EQ(banks.mj().balance(), start_minor - moved);
  EXPECT_EQ(banks.jh().balance(), start_minor + moved);
  EXPECT_EQ(id_of(banks.mj().pay(500, "dies", 5)), id) << "the key is answered with the same transfer for ever";
  banks.settle();
}

TEST(Crash, X3_after_the_write_and_before_the_first_byte) { dies_and_comes_back({"pay.before_send=kill", true, "completed"}); }
TEST(Crash, X3_when_half_of_the_bytes_have_left) { dies_and_comes_back({"client.split=error\nclient.half_sent=kill", true, "completed"}); }
TEST(Crash, X3_after_the_last_byte) { dies_and_comes_back({"client.sent=kill", true, "completed"}); }
TEST(Crash, X10_between_the_peers_yes_and_our_post) { dies_and_comes_back({"saga.before_write=kill", true, "completed"}); }

}  // namespace
}  // namespace payswitch::test
