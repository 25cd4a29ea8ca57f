#include "events/feed.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace payswitch::daemon::events {

namespace {
transfer::Change change_number(std::uint64_t n) {
  transfer::Change change;
  change.version = n;
  return change;
}
}  // namespace

TEST(Feed, a_loop_where_nobody_waits_is_not_woken) {
  int woken = 0;
  Feed feed(2, [](void* context, unsigned) { ++*static_cast<int*>(context); }, &woken);
  feed.changed(0, {});
  EXPECT_EQ(woken, 0);
  EXPECT_EQ(feed.lost(), 0u);
}

TEST(Feed, a_change_is_told_to_every_other_loop_that_waits_and_not_to_its_own) {
  Feed feed(3, [](void*, unsigned) {}, nullptr);
  for (unsigned loop = 0; loop != 3; ++loop) feed.note_waiters(loop, loop != 2);
  feed.changed(0, change_number(7));
  EXPECT_TRUE(feed.take(0).empty());
  ASSERT_EQ(feed.take(1).size(), 1u);
  EXPECT_TRUE(feed.take(1).empty()) << "told once";
  EXPECT_TRUE(feed.take(2).empty());
}

TEST(Feed, one_wake_up_for_all_that_gathers_until_it_is_taken) {
  int woken = 0;
  Feed feed(2, [](void* context, unsigned) { ++*static_cast<int*>(context); }, &woken);
  feed.note_waiters(1, true);
  for (std::uint64_t n = 0; n != 10; ++n) feed.changed(0, change_number(n));
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(feed.take(1).size(), 10u);
  feed.changed(0, {});
  EXPECT_EQ(woken, 2);
}

TEST(Feed, what_does_not_fit_is_dropped_and_counted) {
  Feed feed(2, [](void*, unsigned) {}, nullptr);
  feed.note_waiters(1, true);
  for (std::uint64_t n = 0; n != Feed::changes_max + 5; ++n) feed.changed(0, change_number(n));
  EXPECT_EQ(feed.lost(), 5u);
  const auto taken = feed.take(1);
  ASSERT_EQ(taken.size(), Feed::changes_max);
  EXPECT_EQ(taken.back().version, Feed::changes_max - 1);
}

TEST(Feed, between_two_threads_each_change_arrives_once_in_order_or_is_counted_as_lost) {
  constexpr std::uint64_t changes = 200'000;
  std::atomic<std::uint64_t> wakes{0};
  Feed feed(2, [](void* context, unsigned) { static_cast<std::atomic<std::uint64_t>*>(context)->fetch_add(1); }, &wakes);
  feed.note_waiters(1, true);
  std::atomic<bool> done{false};
  std::uint64_t seen = 0, last = 0, batches = 0;
  bool in_order = true;
  std::thread listener([&] {
    for (bool over = false; !over;) {
      over = done.load();  // read first: what was told before it is taken below
      const auto taken = feed.take(1);
      if (!taken.empty()) ++batches;
      for (const auto& change : taken) {
        in_order = in_order && change.version > last;
        last = change.version;
        ++seen;
      }
      if (taken.empty()) std::this_thread::yield();
    }
  });
  for (std::uint64_t n = 1; n <= changes; ++n) feed.changed(0, change_number(n));
  done.store(true);
  listener.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(seen + feed.lost(), changes);
  EXPECT_EQ(wakes.load(), batches) << "no batch without a wake-up, no wake-up without a batch";
}

}  // namespace payswitch::daemon::events
