// A host with everything it stands on, driven by hand or by threads, and the plugins of fixtures/.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "plugin_host/host.h"

namespace payswitch::daemon::plugin_host {

inline const std::string& fixtures() {
  static const std::string directory = HOST_FIXTURES;
  return directory;
}

class FlagPort final : public LoopPort {
 public:
  void wake() noexcept override { woken.fetch_add(1); }
  std::atomic<unsigned> woken{0};
};

// What came back for one call.
struct Seen {
  int times = 0;
  psw_reply reply{};
  std::string reason, text;
  psw_decision decision{};
  bool has_decision = false;

  static void take(void* context, const psw_reply& reply) {
    Seen& seen = *static_cast<Seen*>(context);
    ++seen.times;
    seen.reply = reply;
    seen.reason.assign(reply.reason.data == nullptr ? "" : reply.reason.data, reply.reason.size);
    seen.text.assign(reply.text.data == nullptr ? "" : reply.text.data, reply.text.size);
    if (reply.body != nullptr) {
      std::memcpy(&seen.decision, reply.body, sizeof seen.decision);
      seen.has_decision = true;
    }
  }
};

// threads = false: a manual clock and one thread. threads = true: the real clock; the test's own thread polls the loops.
class World {
 public:
  explicit World(bool threads, unsigned loops = 1, std::uint64_t drain_limit_ms = 2000, const std::function<void(HostParts&)>& more = {}) : threads_(threads) {
    auto sink = std::make_unique<MemorySink>();
    log_lines = sink.get();
    logger = std::make_unique<Logger>(clock(), std::move(sink), Severity::debug);
    HostSettings settings;
    settings.plugin_directory = fixtures();
    settings.threads = threads;
    settings.drain_limit_ms = drain_limit_ms;
    HostParts parts;
    parts.clock = &clock();
    parts.log = logger.get();
    parts.metrics = &metrics;
    for (unsigned i = 0; i < loops; ++i) {
      ports.push_back(std::make_unique<FlagPort>());
      parts.loops.push_back(ports.back().get());
    }
    if (more) more(parts);
    host = std::make_unique<PluginHost>(settings, parts);
  }

  const Clock& clock() const { return threads_ ? static_cast<const Clock&>(system_) : static_cast<const Clock&>(manual); }

  static ConnectorSettings settings(std::string name, std::string plugin, std::string what = {}) {
    ConnectorSettings s;
    s.name = std::move(name);
    s.plugin = std::move(plugin);
    if (s.plugin != "scripted" && s.plugin.starts_with("scripted:")) s.bank = "jh";
    s.lifecycle_limit_ms = 300;
    auto options = std::make_shared<FlatOptions>();
    if (!what.empty()) options->text("do", std::move(what));
    s.options = std::move(options);
    return s;
  }

  Participant* up(const ConnectorSettings& s) {
    const auto added = host->add(s);
    EXPECT_TRUE(added.ok()) << (added.ok() ? "" : added.error().message);
    const auto started = host->start();
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message);
    return host->find(s.name);
  }

  // Everything that can happen now without time passing.
  void run() {
    for (int i = 0; i < 100; ++i) {
      bool busy = false;
      for (auto& port : ports) port->woken = 0;
      for (unsigned loop = 0; loop < ports.size(); ++loop) host->poll(loop);
      for (auto& port : ports) busy |= port->woken.load() > 0;
      busy |= !threads_ && host->turn_lanes();
      if (!busy) return;
    }
  }
  // drain() on a control thread while the loops are polled here.
  bool drain() {
    std::atomic<int> result{-1};
    std::thread control([&] { result = host->drain() ? 1 : 0; });
    EXPECT_TRUE(run_until([&] { return result.load() >= 0; }));
    control.join();
    return result == 1;
  }
  // Threads: polls until `done` or two seconds are over.
  template <class Done>
  bool run_until(Done done, int limit_ms = 3000) {
    for (int i = 0; i < limit_ms; ++i) {
      run();
      if (done()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  Call* credit(Participant& p, Seen& seen, std::uint64_t call_ms = 1000, unsigned loop = 0) {
    Call* const call = p.acquire(loop);
    if (call == nullptr) return nullptr;
    auto* const body = new (call->arena().allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
    body->size = sizeof(psw_credit);
    body->op_id.b[0] = 7;
    body->money = psw_money{1500, {'K', 'R', 'W', 0}, 0};
    call->op.kind = PSW_OP_CREDIT;
    call->op.body = body;
    call->op.call_deadline_ns = clock().monotonic_ns() + call_ms * 1'000'000;
    call->completion = {Seen::take, &seen};
    p.submit(loop, call);
    return call;
  }
  Call* write(Participant& p, Seen& seen, std::uint64_t call_ms = 1000, unsigned loop = 0, std::int32_t kind = PSW_OP_WRITE) {
    Call* const call = p.acquire(loop);
    if (call == nullptr) return nullptr;
    auto* const body = new (call->arena().allocate(sizeof(psw_entry), alignof(psw_entry))) psw_entry{};
    body->size = sizeof(psw_entry);
    call->op.kind = kind;
    call->op.body = body;
    call->op.call_deadline_ns = clock().monotonic_ns() + call_ms * 1'000'000;
    call->completion = {Seen::take, &seen};
    p.submit(loop, call);
    return call;
  }
  ConnectorStatus status(std::size_t i = 0) const { return host->status()[i]; }

  ManualClock manual;
  Registry metrics;
  MemorySink* log_lines = nullptr;
  std::unique_ptr<Logger> logger;
  std::vector<std::unique_ptr<FlagPort>> ports;
  std::unique_ptr<PluginHost> host;

 private:
  const bool threads_;
  SystemClock system_;
};

}  // namespace payswitch::daemon::plugin_host
