// Work that crosses threads: order, batches, wake-ups.
#include "base/event_fd.h"
#include "base/mpsc.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace payswitch::daemon {
namespace {

struct Item : MpscNode {
  int producer = 0;
  int number = 0;
};

TEST(Mpsc, batches_come_out_in_the_order_in_which_they_went_in) {
  MpscList<Item> list;
  std::vector<Item> items(7);
  for (int i = 0; i < 7; ++i) items[static_cast<std::size_t>(i)].number = i;
  MpscBatch<Item> batch;
  EXPECT_FALSE(list.push(batch)) << "an empty batch is nothing";
  for (std::size_t i = 0; i < 3; ++i) batch.append(&items[i]);
  EXPECT_TRUE(list.push(batch)) << "the list was empty: wake the consumer";
  EXPECT_TRUE(batch.empty());
  for (std::size_t i = 3; i < 6; ++i) batch.append(&items[i]);
  EXPECT_FALSE(list.push(batch)) << "somebody has woken the consumer already";
  EXPECT_FALSE(list.push(&items[6]));
  auto taken = list.take_all();
  for (int i = 0; i < 7; ++i) EXPECT_EQ(taken.next()->number, i);
  EXPECT_EQ(taken.next(), nullptr);
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.take_all().empty());
}

TEST(Mpsc, an_item_may_be_pushed_again_while_its_batch_is_read) {
  MpscList<Item> list;
  Item a, b;
  MpscBatch<Item> batch;
  batch.append(&a);
  batch.append(&b);
  list.push(batch);
  auto taken = list.take_all();
  EXPECT_EQ(taken.next(), &a);
  list.push(&a);
  EXPECT_EQ(taken.next(), &b);
  EXPECT_EQ(taken.next(), nullptr);
  EXPECT_EQ(list.take_all().next(), &a);
}

TEST(Mpsc, many_producers_lose_nothing_keep_their_order_and_wake_a_sleeping_consumer) {
  constexpr int producers = 4;
  constexpr int items_each = 20'000;
  MpscList<Item> list;
  EventFd event;
  std::vector<std::vector<Item>> items(producers);
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    auto& mine = items[static_cast<std::size_t>(p)];
    mine.resize(items_each);
    threads.emplace_back([&list, &event, &mine, p] {
      MpscBatch<Item> batch;
      for (int i = 0; i < items_each; ++i) {
        Item& item = mine[static_cast<std::size_t>(i)];
        item.producer = p;
        item.number = i;
        batch.append(&item);
        if (i % (p + 1) == 0 || i + 1 == items_each) {
          list.push(batch);
          event.notify();
        }
      }
    });
  }
  int next[producers] = {};
  int seen = 0;
  int timeouts = 0;
  bool ordered = true;
  while (seen < producers * items_each && timeouts == 0) {
    auto taken = list.take_all();
    if (taken.empty()) {
      if (!event.announce_sleep([&] { return list.empty(); })) continue;
      const auto start = std::chrono::steady_clock::now();
      event.wait(5'000);
      if (std::chrono::steady_clock::now() - start > std::chrono::seconds(4)) ++timeouts;
    }
    while (Item* item = taken.next()) {
      ordered = ordered && item->number == next[item->producer]++;
      ++seen;
    }
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(timeouts, 0) << "a wake-up was lost";
  EXPECT_EQ(seen, producers * items_each);
  EXPECT_TRUE(ordered);
}

TEST(EventFd, nobody_writes_to_a_consumer_that_does_not_sleep) {
  EventFd event;
  event.notify();
  std::uint64_t count = 0;
  EXPECT_LT(::read(event.fd(), &count, sizeof count), 0);
  ASSERT_TRUE(event.announce_sleep([] { return true; }));
  event.notify();
  event.notify();  // once is enough
  ASSERT_EQ(::read(event.fd(), &count, sizeof count), static_cast<ssize_t>(sizeof count));
  EXPECT_EQ(count, 1U);
  EXPECT_FALSE(event.announce_sleep([] { return false; })) << "there was work after all";
}

}  // namespace
}  // namespace payswitch::daemon
