// The exposition is what Prometheus reads.
#include "base/metrics.h"

#include <thread>

#include <gtest/gtest.h>

namespace payswitch::daemon {
namespace {

TEST(Metrics, the_text_has_help_type_and_every_sample) {
  Registry registry;
  registry.counter("payswitch_transfers_total", "Transfers by outcome.", {{"outcome", "completed"}}).add(3);
  registry.counter("payswitch_transfers_total", "Transfers by outcome.", {{"outcome", "rejected"}}).add();
  registry.gauge("payswitch_open", "Open\nones, with \\.").set(-7);
  registry.gauge_read("payswitch_age_seconds", "Age.", {}, [](void*) { return 1.5; }, nullptr);
  std::string text;
  registry.write_text(text);
  EXPECT_EQ(text,
            "# HELP payswitch_transfers_total Transfers by outcome.\n"
            "# TYPE payswitch_transfers_total counter\n"
            "payswitch_transfers_total{outcome=\"completed\"} 3\n"
            "payswitch_transfers_total{outcome=\"rejected\"} 1\n"
            "# HELP payswitch_open Open\\nones, with \\\\.\n"
            "# TYPE payswitch_open gauge\n"
            "payswitch_open -7\n"
            "# HELP payswitch_age_seconds Age.\n"
            "# TYPE payswitch_age_seconds gauge\n"
            "payswitch_age_seconds 1.5\n");
}

TEST(Metrics, a_histogram_counts_cumulatively_and_prints_base_units) {
  Registry registry;
  const std::uint64_t bounds[] = {1'000'000, 2'500'000'000};
  Histogram& histogram = registry.duration("payswitch_sync_seconds", "Sync.", {{"kind", "a"}}, bounds);
  histogram.observe(1'000'000);
  histogram.observe(1'000'001);
  histogram.observe(10'000'000'000);
  std::string text;
  registry.write_text(text);
  EXPECT_EQ(text,
            "# HELP payswitch_sync_seconds Sync.\n"
            "# TYPE payswitch_sync_seconds histogram\n"
            "payswitch_sync_seconds_bucket{kind=\"a\",le=\"0.001\"} 1\n"
            "payswitch_sync_seconds_bucket{kind=\"a\",le=\"2.5\"} 2\n"
            "payswitch_sync_seconds_bucket{kind=\"a\",le=\"+Inf\"} 3\n"
            "payswitch_sync_seconds_sum{kind=\"a\"} 10.002000001\n"
            "payswitch_sync_seconds_count{kind=\"a\"} 3\n");
}

TEST(Metrics, label_values_are_escaped) {
  Registry registry;
  registry.counter("x_total", "X.", {{"l", "a\"b\\c\nd"}});
  std::string text;
  registry.write_text(text);
  EXPECT_NE(text.find("x_total{l=\"a\\\"b\\\\c\\nd\"} 0\n"), std::string::npos);
}

TEST(Metrics, the_same_name_and_labels_are_the_same_instrument) {
  Registry registry;
  EXPECT_EQ(&registry.counter("a_total", "A."), &registry.counter("a_total", "A."));
  EXPECT_NE(&registry.counter("a_total", "A."), &registry.counter("a_total", "A.", {{"l", "1"}}));
  EXPECT_DEATH(registry.gauge("a_total", "A."), "kind");
  EXPECT_DEATH(registry.counter("a-b", "A."), "is_name");
}

TEST(Metrics, counts_of_many_threads_add_up) {
  Registry registry;
  Counter& counter = registry.counter("a_total", "A.");
  Histogram& histogram = registry.duration("b_seconds", "B.");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        counter.add();
        histogram.observe(static_cast<std::uint64_t>(i) * 1'000'000);
      }
    });
  }
  std::string text;
  registry.write_text(text);  // while they count
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 40'000U);
  EXPECT_EQ(histogram.count(), 40'000U);
}

}  // namespace
}  // namespace payswitch::daemon
