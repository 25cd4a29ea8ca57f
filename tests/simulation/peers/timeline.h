// Virtual time: one queue of events, one source of chance, one trace. Nothing happens but what is in the queue, in the order of its
// time, so a seed says everything. Never waits, never asks the machine what time it is.
#pragma once

#include <payswitch/testing/manual_clock.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace payswitch::simulation::peers {

inline constexpr std::uint64_t us = 1'000, ms = 1'000'000, second = 1'000'000'000;  // nanoseconds

// What is still in the queue holds it weakly: gone with the process, gone with its events.
using Alive = std::weak_ptr<const int>;
class Life {
 public:
  Alive watch() const noexcept { return token_; }

 private:
  std::shared_ptr<const int> token_ = std::make_shared<const int>(0);
};

class Timeline {
 public:
  explicit Timeline(std::uint64_t seed, bool traced = false) : random(seed), traced_(traced) {}
  Timeline(const Timeline&) = delete;
  Timeline& operator=(const Timeline&) = delete;

  std::uint64_t now_ns() const noexcept { return now_ns_; }
  void at(std::uint64_t at_ns, std::function<void()> what) { events_.emplace(std::max(at_ns, now_ns_), std::move(what)); }
  void in(std::uint64_t ns, std::function<void()> what) { at(now_ns_ + ns, std::move(what)); }
  void in(std::uint64_t ns, Alive whose, std::function<void()> what) {
    in(ns, [whose = std::move(whose), what = std::move(what)] {
      if (!whose.expired()) what();
    });
  }
  void run_until(std::uint64_t end_ns) {
    while (!events_.empty() && events_.begin()->first <= end_ns) step();
    go_to(end_ns);
  }
  void run_for(std::uint64_t ns) { run_until(now_ns_ + ns); }
  // One event. False: there is none.
  bool step() {
    if (events_.empty()) return false;
    go_to(events_.begin()->first);
    const auto what = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    ++steps_;
    what();
    return true;
  }

  // Clocks that go with this time; their wall clocks may be apart.
  void add(testing::ManualClock& clock) { clocks_.push_back(&clock); }

  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random() % n; }
  std::uint64_t between(std::uint64_t from, std::uint64_t to) { return from + below(to - from + 1); }
  bool chance(unsigned per_mille) { return per_mille != 0 && random() % 1000 < per_mille; }

  // `text()` is asked only when there is somebody to read it.
  template <class Text>
  void say(Text text) {
    if (!traced_) return;
    char at[32];
    std::snprintf(at, sizeof at, "%12.6f ", static_cast<double>(now_ns_) / 1e9);
    trace_.push_back(std::string(at) + text());
    if (trace_.size() > trace_lines_max) trace_.erase(trace_.begin(), trace_.begin() + trace_lines_max / 2);
  }
  const std::vector<std::string>& trace() const noexcept { return trace_; }
  std::uint64_t steps() const noexcept { return steps_; }

  std::mt19937_64 random;

 private:
  static constexpr std::size_t trace_lines_max = 20'000;
  void go_to(std::uint64_t ns) {
    if (ns <= now_ns_) return;
    now_ns_ = ns;
    for (auto* clock : clocks_) clock->advance_to_ns(ns);
  }

  std::uint64_t now_ns_ = second, steps_ = 0;
  std::multimap<std::uint64_t, std::function<void()>> events_;  // of one time: in the order they came
  std::vector<testing::ManualClock*> clocks_;
  bool traced_;
  std::vector<std::string> trace_;
};

}  // namespace payswitch::simulation::peers
