// Concurrent clients against the real daemon, without faults and with kill -9, judged by the money checker.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "support/daemon_process.h"
#include "support/money_checker/money_checker.h"
#include "support/storm/ledger_books.h"
#include "support/storm/storm.h"

namespace payswitch::test {
namespace {

using namespace std::chrono_literals;

TEST(Storm, C1_C3_C4_C5_C6_hold_for_concurrent_clients_without_faults) {
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  Storm storm({.port = daemon.port(), .clients = 12, .accounts = 6, .seed = 11});
  storm.start();
  std::this_thread::sleep_for(3s);
  storm.stop();
  EXPECT_EQ(daemon.terminate(), 0);
  const Report report = check_money(storm.history(), read_books(daemon.folder() + "/books", "mj"));
  EXPECT_EQ(report.verdict, Verdict::passed) << report.to_string();
  EXPECT_GT(report.fail, 0u) << "no refusal in the whole run: it proves less than it should";
}

// 100 kills under load; every fifth also kills the daemon while it recovers.
TEST(Storm, A15_every_acknowledged_transfer_survives_a_hundred_kills_under_load_and_during_recovery) {
  constexpr int kills_max = 100;
  constexpr std::uint64_t seed = 7;
  DaemonProcess daemon;
  ASSERT_TRUE(daemon.start());
  Storm storm({.port = daemon.port(), .clients = 8, .accounts = 6, .seed = seed, .faults = true});
  storm.start();
  std::mt19937_64 random(seed);
  for (int kills = 0; kills < kills_max; ++kills) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1 + random() % 300));
    daemon.kill();
    if (kills % 5 == 4) {
      daemon.launch();
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + random() % 60));
      daemon.kill();
      ++kills;
    }
    ASSERT_TRUE(daemon.start()) << "after kill " << kills << ", seed " << seed;
  }
  storm.stop();
  EXPECT_EQ(daemon.terminate(), 0);
  const Report report = check_money(storm.history(), read_books(daemon.folder() + "/books", "mj"));
  EXPECT_EQ(report.verdict, Verdict::passed) << report.to_string();
}

}  // namespace
}  // namespace payswitch::test
