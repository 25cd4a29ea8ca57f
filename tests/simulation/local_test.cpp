// Money inside one bank, through the real coordinator and the real engine.
#include "world.h"

namespace payswitch::simulation {

TEST(Local, a_deposit_travels_to_the_ledger_and_back) {
  ThreeBanks b;
  EXPECT_EQ(b.alice(), 100'000);
  const auto again = b.mj.deposit("mj-alice", 500, "k1");
  EXPECT_EQ(again.code, ErrorCode::none);
  EXPECT_EQ(again.state, TransferState::completed);
  EXPECT_EQ(b.alice(), 100'500);
}

}  // namespace payswitch::simulation
