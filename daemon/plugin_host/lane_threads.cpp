#include "plugin_host/lane_threads.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "plugin_host/connector.h"

namespace payswitch::daemon::plugin_host {

struct LaneThreads::Worker {
  std::thread thread;
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

namespace {

// A loop lane whose turn() comes back at once, again and again, without taking anything would burn a core: from the eighth time on the
// host waits for it.
constexpr std::uint32_t idle_turns_max = 8;
constexpr std::uint64_t idle_turn_ns = 100'000;
constexpr std::uint64_t idle_wait_ns = 10'000'000;

void run_loop_lane(Connector& connector, Lane& lane) {
  const auto turn = std::make_unique<Turn>(lane);
  turn->may_wait = true;
  const Clock& clock = connector.core().clock();
  std::uint32_t idle = 0;
  while (!connector.stopping()) {
    const std::uint64_t before_ns = clock.monotonic_ns();
    const std::uint64_t due_ns = lane.next_due_ns();
    const std::uint64_t wait_ns = due_ns <= before_ns ? 0 : std::min(due_ns - before_ns, lane_wait_ns_max);
    connector.turn(*turn, wait_ns);
    const bool idled = turn->taken == 0 && clock.monotonic_ns() - before_ns < idle_turn_ns;
    idle = idled ? idle + 1 : 0;
    if (idle >= idle_turns_max) lane.wait(idle_wait_ns);
  }
}

void run_blocking_lane(Connector& connector, Lane& lane) {
  const auto turn = std::make_unique<Turn>(lane);
  const Clock& clock = connector.core().clock();
  while (!connector.stopping()) {
    if (lane.has_work(clock.monotonic_ns())) {
      connector.turn(*turn, 0);
      if (turn->taken > 0) continue;
    }
    lane.wait(lane_wait_ns_max);
  }
}

}  // namespace

LaneThreads::LaneThreads() = default;
LaneThreads::~LaneThreads() = default;

void LaneThreads::start(Connector& connector) {
  for (auto& owned : connector.lanes()) {
    Lane* const lane = owned.get();
    if (lane->mode() == PSW_LANE_SHARED) continue;
    const std::uint32_t threads = lane->mode() == PSW_LANE_BLOCKING ? lane->threads() : 1;
    for (std::uint32_t i = 0; i < threads; ++i) {
      auto worker = std::make_shared<Worker>();
      worker->thread = std::thread([&connector, lane, worker] {
        if (lane->mode() == PSW_LANE_LOOP) {
          run_loop_lane(connector, *lane);
        } else {
          run_blocking_lane(connector, *lane);
        }
        const std::lock_guard guard(worker->mutex);
        worker->done = true;
        worker->changed.notify_all();
      });
      std::string name = "l" + std::to_string(lane->index()) + "-" + std::string(connector.name());
      pthread_setname_np(worker->thread.native_handle(), name.substr(0, 15).c_str());
      workers_.push_back(std::move(worker));
    }
  }
}

bool LaneThreads::join(std::uint64_t limit_ms) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  bool all = true;
  for (auto& worker : workers_) {
    bool done = false;
    {
      std::unique_lock lock(worker->mutex);
      done = worker->changed.wait_until(lock, until, [&] { return worker->done; });
    }
    if (done) {
      worker->thread.join();
    } else {
      worker->thread.detach();
      all = false;
    }
  }
  workers_.clear();
  return all;
}

}  // namespace payswitch::daemon::plugin_host
