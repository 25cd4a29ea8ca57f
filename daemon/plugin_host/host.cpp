#include "plugin_host/host.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>

#include "base/assert.h"
#include "plugin_host/connector.h"
#include "plugin_host/lane_threads.h"
#include "plugin_host/library.h"
#include "plugin_host/loop_state.h"
#include "plugin_host/messages.h"

namespace payswitch::daemon::plugin_host {

LoopState*& polled_loop() noexcept {
  static thread_local LoopState* loop = nullptr;
  return loop;
}

namespace {
// A call that comes back: the other core wrote its reply, and what its completion belongs to has not been touched since it was sent.
void fetch_ahead(const CallSlot& slot) noexcept {
  const auto fetch = [](const void* from, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(from) + at, 1);
  };
  constexpr std::size_t flow_bytes = 1024;  // of an object of the core; a guess, and harmless
  fetch(&slot.reply, sizeof slot.reply);
  if (slot.completion.context != nullptr) fetch(slot.completion.context, flow_bytes);
}
}  // namespace

// One instance with the threads of its lanes.
struct Entry {
  std::unique_ptr<Connector> connector;
  LaneThreads threads;
  std::vector<std::unique_ptr<Turn>> turns;  // of lanes that poll() or turn_lanes() turns, by lane
  ConnectorSettings settings;
  std::string failure;  // of one that did not load
  std::atomic<bool> running{false};  // loops look at it while start() goes on
};

struct PluginHost::Impl {
  HostCore core;
  std::map<std::string, std::unique_ptr<Library>, std::less<>> libraries;  // by absolute path; never unloaded
  std::vector<std::unique_ptr<Entry>> entries;                             // in order of add()
  bool stopped = false;

  bool turn_shared(LoopState& loop) noexcept;
  void turn_lane(Lane& lane) noexcept;
  void watch_turns(LoopState& loop) noexcept;
  Entry* entry(std::string_view name) noexcept {
    for (auto& e : entries) {
      if (e->settings.name == name) return e.get();
    }
    return nullptr;
  }
  template <class Done>
  bool wait_until(std::uint64_t limit_ms, Done done);
};

PluginHost::PluginHost(HostSettings settings, HostParts parts) : impl_(std::make_unique<Impl>()) {
  PSW_ASSERT(parts.clock != nullptr && parts.log != nullptr && parts.metrics != nullptr && !parts.loops.empty() && parts.loops.size() <= loops_max);
  HostCore& core = impl_->core;
  core.settings = std::move(settings);
  core.parts = std::move(parts);
  core.control = std::make_unique<ControlThread>();
  core.watcher = std::make_unique<FdWatcher>(core.settings.threads);
  for (unsigned i = 0; i < core.parts.loops.size(); ++i) {
    core.loops.push_back(std::make_unique<LoopState>(i, *core.parts.loops[i], core.clock().monotonic_ns()));
  }
}

PluginHost::~PluginHost() {
  stop();
  // A thread that hangs in a plugin may come back at any time: all it could look at stays.
  if (impl_->core.given_up.load()) static_cast<void>(impl_.release());
}

// ---- building ----

Result<OpenPlugin> PluginHost::open(std::string_view plugin, std::string_view sha256) {
  const std::size_t colon = plugin.find(':');
  const std::string_view name = plugin.substr(0, colon);
  const std::string_view type_name = colon == std::string_view::npos ? name : plugin.substr(colon + 1);
  const std::string called = "plugin \"" + std::string(plugin) + "\"";
  if (name.empty() || name.find('/') != std::string_view::npos || name.starts_with('.')) {
    return Error{called + ": step file: a plugin is named by its file in the plugin directory, without path and .so"};
  }
  const std::string path = impl_->core.settings.plugin_directory + "/" + std::string(name) + ".so";
  auto at = impl_->libraries.find(path);
  if (at == impl_->libraries.end()) {
    auto loaded = Library::load(path, impl_->core.settings.plugin_directory, sha256, impl_->core.settings.allow_foreign_files);
    if (!loaded.ok()) return Error{called + ": " + loaded.error().message};
    const Descriptor& d = loaded.value()->descriptor();
    impl_->core.parts.log->write(messages::loaded, {{"plugin", d.id}, {"version", d.version}, {"build", d.build}, {"file", d.file}});
    at = impl_->libraries.emplace(path, std::move(loaded).value()).first;
  } else if (!sha256.empty() && at->second->descriptor().sha256 != sha256) {
    return Error{called + ": file " + path + ": step file: it was loaded with sha256 " + at->second->descriptor().sha256 + ", pinned is " + std::string(sha256) + "; restart with the pinned version"};
  }
  const Descriptor& descriptor = at->second->descriptor();
  const TypeDescriptor* const type = descriptor.type(type_name);
  if (type == nullptr) return Error{called + ": file " + path + ": step type: it has several types and none is \"" + std::string(type_name) + "\"; write plugin = \"file:type\""};
  return OpenPlugin{&descriptor, type};
}

Result<void> PluginHost::add(ConnectorSettings settings) {
  PSW_ASSERT(impl_->entries.size() < instances_max);
  auto entry = std::make_unique<Entry>();
  entry->settings = settings;
  const bool required = settings.required;
  const auto build = [&]() -> Result<void> {
    if (impl_->entry(settings.name) != nullptr) return Error{"step settings: there is another connector of this name; names are unique"};
    auto opened = open(settings.plugin, settings.sha256);
    if (!opened.ok()) return opened.error();
    if (opened->type->role == Role::gateway && settings.bank.empty()) return Error{"step settings: a gateway needs bank = the code of the bank it leads to"};
    entry->connector = std::make_unique<Connector>(impl_->core, settings, *opened->file, *opened->type, static_cast<std::uint32_t>(impl_->entries.size()) + 1);
    auto configured = entry->connector->create_and_configure();
    if (!configured.ok()) {
      entry->connector->stop_lanes();
      entry->connector->stop_and_destroy();
      return Error{"plugin \"" + settings.plugin + "\", file " + opened->file->file + ": " + configured.error().message};
    }
    return {};
  };
  const Result<void> built = build();
  if (!built.ok()) {
    const std::string why = "connector \"" + settings.name + "\": " + built.error().message;
    impl_->core.parts.log->write(messages::not_loaded, {{"connector", settings.name}, {"error", why}, {"required", required}});
    entry->failure = why;
    if (entry->connector && entry->connector->abandoned()) static_cast<void>(entry->connector.release());
    entry->connector.reset();
    if (required) return Error{why};
  } else {
    for (auto& lane : entry->connector->lanes()) {
      entry->turns.push_back(std::make_unique<Turn>(*lane));
      if (lane->mode() == PSW_LANE_SHARED) impl_->core.loops[lane->home_loop()]->shared_lanes.push_back(lane.get());
    }
  }
  impl_->entries.push_back(std::move(entry));
  for (auto& loop : impl_->core.loops) loop->dirty.reserve(impl_->entries.size() + 1);
  return {};
}

Result<void> PluginHost::start() {
  for (auto& entry : impl_->entries) {
    if (!entry->connector || entry->running) continue;
    Connector& connector = *entry->connector;
    if (auto started = connector.start(); !started.ok()) {
      entry->failure = "connector \"" + entry->settings.name + "\": plugin \"" + entry->settings.plugin + "\", file " + connector.file().file + ": " + started.error().message;
      impl_->core.parts.log->write(messages::not_loaded, {{"connector", entry->settings.name}, {"error", entry->failure}, {"required", entry->settings.required}});
      connector.fault("start", started.error().message.c_str());
      if (entry->settings.required) return Error{entry->failure};
      continue;
    }
    if (impl_->core.settings.threads) entry->threads.start(connector);
    entry->running.store(true, std::memory_order_release);
    connector.set_started();  // from here on loops turn its shared lanes
    for (auto& loop : impl_->core.loops) impl_->core.wake(loop->index);
  }
  return {};
}

template <class Done>
bool PluginHost::Impl::wait_until(std::uint64_t limit_ms, Done done) {
  std::unique_lock lock(core.state_mutex);
  return core.state_event.wait_for(lock, std::chrono::milliseconds(limit_ms), done);
}

Result<void> PluginHost::wait_ready(std::uint64_t limit_ms) {
  const auto settled = [this] {
    return std::all_of(impl_->entries.begin(), impl_->entries.end(), [](const auto& e) {
      return !e->settings.required || !e->connector || e->connector->state() != ConnectorState::starting;
    });
  };
  impl_->wait_until(limit_ms, settled);
  std::string missing;
  for (const auto& e : impl_->entries) {
    if (!e->settings.required) continue;
    const ConnectorState state = e->connector ? e->connector->state() : ConnectorState::faulted;
    if (state == ConnectorState::up || state == ConnectorState::degraded) continue;
    missing += (missing.empty() ? "" : "; ") + ("connector \"" + e->settings.name + "\" is " + std::string(connector_state_name(state)));
    const std::string text = e->connector ? e->connector->state_text() : e->failure;
    if (!text.empty()) missing += " (" + text + ")";
  }
  if (!missing.empty()) return Error{missing};
  return {};
}

Result<void> PluginHost::reconfigure(std::string_view name, std::shared_ptr<const Options> options) {
  Entry* const entry = impl_->entry(name);
  if (entry == nullptr || !entry->connector) return Error{"connector \"" + std::string(name) + "\" is not loaded"};
  return entry->connector->reconfigure(std::move(options));
}

Participant* PluginHost::find(std::string_view name) noexcept {
  Entry* const entry = impl_->entry(name);
  return entry == nullptr ? nullptr : entry->connector.get();
}

// ---- turning ----

void PluginHost::Impl::turn_lane(Lane& lane) noexcept {
  for (auto& entry : entries) {
    if (entry->connector.get() != &lane.connector()) continue;
    entry->connector->turn(*entry->turns[lane.index()], 0);
    return;
  }
}

bool PluginHost::Impl::turn_shared(LoopState& loop) noexcept {
  bool any = false;
  for (Lane* const lane : loop.shared_lanes) {
    Connector& connector = lane->connector();
    if (!connector.started()) continue;
    const bool scheduled = lane->clear_scheduled();
    // What the last turn left is nobody's news any more: no push says it again.
    if (connector.stopping() || (!scheduled && lane->queued() == 0 && lane->next_due_ns() > loop.now_ns)) continue;
    turn_lane(*lane);
    any = true;
    if (lane->queued() > 0) core.loops[loop.index]->port.wake();  // it did not take everything; come again, others first
  }
  return any;
}

void PluginHost::Impl::watch_turns(LoopState& loop) noexcept {
  for (auto& entry : entries) {
    if (!entry->connector || entry->connector->home_loop() != loop.index) continue;
    for (auto& lane : entry->connector->lanes()) {
      const std::uint64_t started_ns = lane->turn_started_ns.load(std::memory_order_relaxed);
      const std::uint64_t limit_ns = core.settings.turn_warn_ms * 1'000'000;
      // A loop lane may wait inside its turn for as long as the host told it to.
      const std::uint64_t allowed_ns = lane->mode() == PSW_LANE_LOOP ? limit_ns + lane_wait_ns_max : limit_ns;
      if (started_ns == 0 || loop.now_ns < started_ns + allowed_ns || lane->warned_turn_ns == started_ns) continue;
      lane->warned_turn_ns = started_ns;
      entry->connector->counters().long_turns->add();
      core.parts.log->write(messages::long_turn, {{"connector", entry->settings.name}, {"lane", lane->index()}, {"ms", (loop.now_ns - started_ns) / 1'000'000}});
    }
  }
}

std::uint64_t PluginHost::poll(unsigned index) noexcept {
  Impl& impl = *impl_;
  LoopState& loop = *impl.core.loops[index];
  LoopState* const outer = polled_loop();
  polled_loop() = &loop;
  loop.polling = true;
  constexpr int rounds_max = 4;  // then others on the loop get a chance
  bool more = true;
  for (int round = 0; more && round < rounds_max; ++round) {
    more = false;
    loop.now_ns = impl.core.clock().monotonic_ns();
    for (std::size_t i = 0; i < loop.dirty.size(); ++i) loop.dirty[i]->flush(loop);
    loop.dirty.clear();
    more |= impl.turn_shared(loop);
    for (MpscTaken<LoopWork> taken = loop.work.take_all(); LoopWork* work = taken.next();) {
      work->run(index);
      more = true;
    }
    if (!loop.returned.empty()) {
      for (MpscTaken<LaneNode> taken = loop.returned.take_all(); LaneNode* node = taken.next();) {
        if (const LaneNode* const next = taken.peek()) fetch_ahead(static_cast<const CallSlot&>(*next));
        CallSlot& slot = static_cast<CallSlot&>(*node);
        slot.connector().deliver(loop, slot);
      }
      more = true;
    }
    loop.wheel.advance(loop.now_ns, [&](CallSlot& slot) { slot.connector().expire(loop, slot); });
    if (loop.sweep.load(std::memory_order_relaxed) && loop.sweep.exchange(false, std::memory_order_acquire)) {
      for (auto& entry : impl.entries) {
        if (entry->connector) entry->connector->sweep(loop);
      }
    }
    more |= !loop.dirty.empty();
  }
  std::uint64_t due_ns = loop.wheel.next_due_ns();
  for (auto& entry : impl.entries) {
    if (!entry->running) continue;
    if (entry->connector->type().role == Role::gateway) {
      entry->connector->probe(loop);
      if (entry->connector->home_loop() == index) due_ns = std::min(due_ns, entry->connector->probe_due_ns());
    }
  }
  for (Lane* const lane : loop.shared_lanes) {
    if (lane->connector().started() && !lane->connector().stopping()) due_ns = std::min(due_ns, lane->next_due_ns());
  }
  if (loop.now_ns >= loop.next_watch_ns) {
    loop.next_watch_ns = loop.now_ns + 250'000'000;
    impl.watch_turns(loop);
  }
  if (more || !loop.dirty.empty() || !loop.returned.empty() || !loop.work.empty()) loop.port.wake();
  loop.polling = false;
  polled_loop() = outer;
  return due_ns;
}

bool PluginHost::turn_lanes() noexcept {
  PSW_ASSERT(!impl_->core.settings.threads);
  impl_->core.watcher->poll(0);
  const std::uint64_t now_ns = impl_->core.clock().monotonic_ns();
  bool any = false;
  for (auto& entry : impl_->entries) {
    if (!entry->running || entry->connector->stopping()) continue;
    for (auto& lane : entry->connector->lanes()) {
      if (!lane->has_work(now_ns)) continue;
      static_cast<void>(lane->clear_scheduled());
      entry->connector->turn(*entry->turns[lane->index()], 0);
      any = true;
    }
  }
  return any;
}

std::vector<ConnectorStatus> PluginHost::status() const {
  std::vector<ConnectorStatus> list;
  for (const auto& entry : impl_->entries) {
    ConnectorStatus s;
    s.name = entry->settings.name;
    s.plugin = entry->settings.plugin;
    s.bank = entry->settings.bank;
    s.text = entry->failure;
    s.state = ConnectorState::faulted;
    if (const Connector* const c = entry->connector.get()) {
      s.type = c->type().id;
      s.version = c->file().version;
      s.build = c->file().build;
      s.role = role_name(c->type().role);
      s.state = c->state();
      if (s.text.empty()) s.text = c->state_text();
      s.breaker_open = c->breaker_open();
      s.in_flight = c->in_flight();
      s.in_flight_max = c->in_flight_max();
      const Connector::Counters& n = c->counters();
      s.calls = n.calls->value();
      s.timeouts = n.timeouts->value();
      s.late = n.late->value();
      s.stale = n.stale->value();
      s.unknown = n.unknown->value();
      s.faults = n.faults->value();
      s.refused_full = n.refused_full->value();
      for (const auto& lane : entry->connector->lanes()) {
        LaneStatus l;
        l.mode = lane->mode() == PSW_LANE_SHARED ? "shared" : lane->mode() == PSW_LANE_BLOCKING ? "blocking" : "loop";
        l.threads = lane->threads();
        l.queued = lane->queued();
        l.inbox_max = lane->inbox_max();
        l.turns = lane->turns.load(std::memory_order_relaxed);
        l.turn_ns_max = lane->turn_ns_max.exchange(0, std::memory_order_relaxed);
        s.lanes.push_back(l);
      }
    }
    list.push_back(std::move(s));
  }
  return list;
}

// ---- the way out ----

bool PluginHost::drain() {
  Impl& impl = *impl_;
  bool all = true;
  // Gateways and logins first: what they still have to say is written to the ledger.
  for (const bool ledgers : {false, true}) {
    std::vector<Connector*> waiting;
    for (auto& entry : impl.entries) {
      if (!entry->running || (entry->connector->type().role == Role::ledger) != ledgers) continue;
      entry->connector->set_draining();
      for (auto& lane : entry->connector->lanes()) {
        auto* const event = new EventNode;
        event->event.kind = PSW_EV_DRAIN;
        lane->post(event, true);
      }
      waiting.push_back(entry->connector.get());
    }
    const auto done = [&] {
      return std::all_of(waiting.begin(), waiting.end(), [](Connector* c) { return c->state() == ConnectorState::drained || c->state() == ConnectorState::faulted; });
    };
    if (impl.core.settings.threads) {
      impl.wait_until(impl.core.settings.drain_limit_ms, done);
    } else {
      for (bool busy = true; busy && !done();) {
        busy = false;
        for (auto& loop : impl.core.loops) poll(loop->index);
        busy = turn_lanes();
        for (auto& loop : impl.core.loops) poll(loop->index);
      }
    }
    for (Connector* const connector : waiting) {
      if (connector->state() == ConnectorState::drained) continue;
      all = false;
      impl.core.parts.log->write(messages::not_drained, {{"connector", connector->name()}, {"state", connector_state_name(connector->state())}});
    }
  }
  return all;
}

void PluginHost::stop() {
  Impl& impl = *impl_;
  if (impl.stopped) return;
  impl.stopped = true;
  for (auto it = impl.entries.rbegin(); it != impl.entries.rend(); ++it) {
    Entry& entry = **it;
    if (!entry.connector) continue;
    entry.connector->stop_lanes();
    if (!entry.threads.join(entry.settings.lifecycle_limit_ms)) entry.connector->give_up("turn");
    impl.core.watcher->forget(*entry.connector);
    entry.connector->stop_and_destroy();
    entry.connector->answer_open_calls();
  }
}

}  // namespace payswitch::daemon::plugin_host
