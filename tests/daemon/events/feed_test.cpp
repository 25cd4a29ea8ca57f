#include "events/feed.h"

#include <gtest/gtest.h>

namespace payswitch::daemon::events {

TEST(Feed, a_loop_where_nobody_waits_is_not_woken) {
  int woken = 0;
  Feed feed(2, [](void* context, unsigned) { ++*static_cast<int*>(context); }, &woken);
  feed.changed(0, {});
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(feed.lost(), 0u);
}

}  // namespace payswitch::daemon::events
