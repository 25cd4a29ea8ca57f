// What lives on one HTTP loop: the thread, its ledger client, its coordinator and the API's services. Nothing of it is shared.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>

#include "api/services.h"
#include "app/plugin_bridge.h"
#include "app/random.h"
#include "app/ticker.h"
#include "base/clock.h"
#include "events/feed.h"
#include "ledger/client.h"
#include "net/loop.h"
#include "plugin_host/host.h"
#include "transfer/coordinator.h"

namespace payswitch::daemon::app {

// What a coordinator counts, copied out on its loop so that any thread may read it.
struct SharedCounters {
  std::atomic<std::uint64_t> accepted{0}, completed{0}, refused{0}, replayed{0}, failed{0}, shed{0}, credits_sent{0}, queries_sent{0}, cancels_sent{0},
      repairs_opened{0}, recovered{0}, ledger_retries{0}, version_conflicts{0}, stale_replies{0}, running{0}, waiting{0};
  void copy(const transfer::Counters& from) noexcept;
};

class LoopRoom {
 public:
  explicit LoopRoom(unsigned index) : loop_(index), waker_(loop_) {}
  ~LoopRoom() { stop(); }

  net::Loop& loop() noexcept { return loop_; }
  LoopWaker& waker() noexcept { return waker_; }
  RandomBits& random() noexcept { return random_; }

  // Before start(): the host is polled after each batch, ahead of the listeners' own hooks.
  void attach(plugin_host::PluginHost& host, const Clock& clock);
  // Starts the thread; what runs on it is a loop without work at first.
  void start();
  // Runs a function on the loop and waits for it. Not from the loop itself.
  void run(std::function<void()> work);
  void stop();

  // On the loop. From here on changes of the other loops' transfers are told to this one's coordinator.
  void listen(events::Feed& feed) noexcept { feed_ = &feed; }
  ledger::Client& make_client(plugin_host::Participant& ledger, const Clock& clock);
  void make_coordinator(const transfer::Parts& parts, std::shared_ptr<const transfer::Settings> settings);

  ledger::Client& client() noexcept { return *client_; }
  transfer::Coordinator& coordinator() noexcept { return *coordinator_; }
  bool has_coordinator() const noexcept { return coordinator_ != nullptr; }
  api::Services& services() noexcept { return services_; }
  const SharedCounters& counters() const noexcept { return counters_; }
  bool idle() const noexcept { return idle_.load(std::memory_order_relaxed); }

 private:
  void poll() noexcept;
  void tick();

  net::Loop loop_;
  LoopWaker waker_;
  RandomBits random_;
  plugin_host::PluginHost* host_ = nullptr;
  const Clock* clock_ = nullptr;
  events::Feed* feed_ = nullptr;
  std::unique_ptr<ledger::Client> client_;
  std::unique_ptr<transfer::Coordinator> coordinator_;
  api::Services services_;
  std::optional<Ticker> ticker_;
  SharedCounters counters_;
  std::atomic<bool> idle_{false};
  std::thread thread_;
};

}  // namespace payswitch::daemon::app
