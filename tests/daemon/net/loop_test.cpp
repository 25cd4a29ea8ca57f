// One thread, one batch at a time.
#include "net/loop.h"

#include <thread>

#include <gtest/gtest.h>

#include "base/mpsc.h"

namespace payswitch::daemon::net {
namespace {

TEST(Loop, hooks_run_once_after_a_batch_in_the_order_of_their_adding) {
  Loop loop(3);
  EXPECT_EQ(loop.index(), 3U);
  struct State {
    Loop& loop;
    std::string order;
  } state{loop, {}};
  loop.after_batch({[](void* context) { static_cast<State*>(context)->order += 'a'; }, &state});
  loop.after_batch({[](void* context) {
    auto& seen = *static_cast<State*>(context);
    seen.order += 'b';
    seen.loop.stop();
  }, &state});
  for (int i = 0; i < 3; ++i) loop.post({[](void* context) { static_cast<State*>(context)->order += 'w'; }, &state});
  loop.run();
  EXPECT_EQ(state.order, "wwwab");
}

TEST(Loop, again_turns_without_sleeping) {
  Loop loop(0);
  struct State {
    Loop& loop;
    int turns = 0;
  } state{loop};
  loop.after_batch({[](void* context) {
    auto& seen = *static_cast<State*>(context);
    if (++seen.turns == 100) seen.loop.stop();
    else seen.loop.again();
  }, &state});
  const auto start = std::chrono::steady_clock::now();
  loop.run();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(500));
  EXPECT_GE(loop.turns(), 100U);
}

TEST(Loop, it_turns_at_least_once_a_second_when_nothing_happens) {
  Loop loop(0);
  std::thread thread([&] { loop.run(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::uint64_t before = loop.turns();
  std::this_thread::sleep_for(std::chrono::milliseconds(1'200));
  EXPECT_GT(loop.turns(), before);
  EXPECT_LT(loop.turns(), before + 10) << "an idle loop must sleep";
  loop.stop();
  thread.join();
}

struct Item : MpscNode {
  int producer = 0;
  int number = 0;
};

TEST(Loop, no_wake_up_from_other_threads_is_lost) {
  constexpr int producers = 3;
  constexpr int items_each = 20'000;
  Loop loop(0);
  struct State {
    Loop& loop;
    MpscList<Item> list;
    int next[producers] = {};
    int seen = 0;
    bool ordered = true;
  } state{loop, {}, {}, 0, true};
  loop.on_wake({[](void* context) {
    auto& s = *static_cast<State*>(context);
    auto taken = s.list.take_all();
    while (Item* item = taken.next()) {
      s.ordered = s.ordered && item->number == s.next[item->producer]++;
      if (++s.seen == producers * items_each) s.loop.stop();
    }
  }, &state});
  std::vector<std::vector<Item>> items(producers);
  std::vector<std::thread> threads;
  for (int p = 0; p < producers; ++p) {
    items[static_cast<std::size_t>(p)].resize(items_each);
    threads.emplace_back([&, p] {
      for (int i = 0; i < items_each; ++i) {
        Item& item = items[static_cast<std::size_t>(p)][static_cast<std::size_t>(i)];
        item.producer = p;
        item.number = i;
        state.list.push(&item);
        loop.wake();
        if (i % 64 == 0) std::this_thread::yield();
      }
    });
  }
  loop.run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(state.seen, producers * items_each);
  EXPECT_TRUE(state.ordered);
}

TEST(Loop, a_forgotten_context_is_not_called_again) {
  Loop loop(0);
  struct State {
    Loop& loop;
    int calls = 0;
    int turns = 0;
  } state{loop};
  int doomed = 0;
  loop.after_batch({[](void* context) { ++*static_cast<int*>(context); }, &doomed});
  loop.after_batch({[](void* context) {
    auto& s = *static_cast<State*>(context);
    if (++s.turns == 5) s.loop.stop();
    s.loop.again();
  }, &state});
  loop.forget(&doomed);
  loop.run();
  EXPECT_EQ(doomed, 0);
  EXPECT_EQ(state.turns, 5);
}

}  // namespace
}  // namespace payswitch::daemon::net
