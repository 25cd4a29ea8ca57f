#include "app/loop_room.h"

#include <pthread.h>

#include <future>
#include <string>

namespace payswitch::daemon::app {

void SharedCounters::copy(const transfer::Counters& from) noexcept {
  const auto put = [](std::atomic<std::uint64_t>& to, std::uint64_t value) { to.store(value, std::memory_order_relaxed); };
  put(accepted, from.accepted);
  put(completed, from.completed);
  put(refused, from.refused);
  put(replayed, from.replayed);
  put(failed, from.failed);
  put(shed, from.shed);
  put(credits_sent, from.credits_sent);
  put(queries_sent, from.queries_sent);
  put(cancels_sent, from.cancels_sent);
  put(repairs_opened, from.repairs_opened);
  put(recovered, from.recovered);
  put(ledger_retries, from.ledger_retries);
  put(version_conflicts, from.version_conflicts);
  put(stale_replies, from.stale_replies);
  put(running, from.running);
  put(waiting, from.waiting);
}

void LoopRoom::attach(plugin_host::PluginHost& host, const Clock& clock) {
  host_ = &host;
  clock_ = &clock;
  loop_.after_batch({[](void* self) { static_cast<LoopRoom*>(self)->poll(); }, this});
}

// The tick wakes the loop often enough for call deadlines; only what is due now asks for another round at once.
void LoopRoom::poll() noexcept {
  if (feed_) feed_->deliver(loop_.index(), *coordinator_);
  const std::uint64_t next = host_->poll(loop_.index());
  if (next != UINT64_MAX && next <= clock_->monotonic_ns()) loop_.again();
}

void LoopRoom::start() {
  thread_ = std::thread([this] {
    const std::string name = "psw-loop-" + std::to_string(loop_.index());
    pthread_setname_np(pthread_self(), name.c_str());
    loop_.run();
  });
}

void LoopRoom::run(std::function<void()> work) {
  struct Job {
    std::function<void()> work;
    std::promise<void> done;
  } job{std::move(work), {}};
  loop_.post({[](void* context) {
                auto* self = static_cast<Job*>(context);
                self->work();
                self->done.set_value();
              },
              &job});
  job.done.get_future().wait();
}

void LoopRoom::stop() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

ledger::Client& LoopRoom::make_client(plugin_host::Participant& ledger, const Clock& clock) {
  client_ = std::make_unique<ledger::Client>(ledger, loop_.index(), clock);
  return *client_;
}

void LoopRoom::make_coordinator(const transfer::Parts& parts, std::shared_ptr<const transfer::Settings> settings) {
  coordinator_ = std::make_unique<transfer::Coordinator>(parts, std::move(settings));
  ticker_.emplace(loop_, std::chrono::milliseconds(20), net::Callback{[](void* self) { static_cast<LoopRoom*>(self)->tick(); }, this});
}

void LoopRoom::tick() {
  coordinator_->tick();
  counters_.copy(coordinator_->counters());
  idle_.store(coordinator_->idle(), std::memory_order_relaxed);
}

}  // namespace payswitch::daemon::app
