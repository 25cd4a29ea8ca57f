// The calls from the host into the plugin, each behind the fence: turn, try_read, and the steps of its life.
#include <payswitch/abi.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "plugin_host/connector.h"
#include "plugin_host/control_thread.h"
#include "plugin_host/fence.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/messages.h"
#include "plugin_host/reply_copy.h"
#include "plugin_host/utf8.h"

namespace payswitch::daemon::plugin_host {
namespace {

// The plugin's own words about a failure, made safe.
std::string words(psw_error& error) {
  error.key[sizeof error.key - 1] = error.text[sizeof error.text - 1] = '\0';
  std::string text(error.text);
  utf8_repair(text.data(), text.size());
  std::string key(error.key);
  utf8_repair(key.data(), key.size());
  if (text.empty()) text = "the plugin gave no reason";
  return key.empty() || text.starts_with(key) ? text : key + ": " + text;
}

}  // namespace

template <class F>
bool Connector::fenced(const char* where, F&& call) noexcept {
  return through_fence(call, [&](const char* what) { fault(where, what); });
}

template <class F>
bool Connector::on_control(const char* step, F&& call) {
  const bool back = core_.control->run([this, step, call] { fenced(step, call); }, core_.settings.threads ? settings_.lifecycle_limit_ms : 0);
  if (back) return state() != ConnectorState::faulted;
  give_up(step);
  return false;
}

void Connector::give_up(const char* step) noexcept {
  leaked_ = true;
  core_.given_up.store(true);
  core_.parts.log->write(messages::hanging, {{"connector", settings_.name}, {"plugin", file_.id}, {"step", step}});
  fault(step, "did not return within its limit");
}

void Connector::fault(const char* where, const char* what) noexcept {
  if (state_.exchange(static_cast<std::int32_t>(ConnectorState::faulted), std::memory_order_acq_rel) == static_cast<std::int32_t>(ConnectorState::faulted)) return;
  counters_.faults->add();
  {
    const std::lock_guard guard(text_mutex_);
    text_ = std::string(where) + ": " + what;
  }
  core_.parts.log->write(messages::faulted, {{"connector", settings_.name}, {"plugin", file_.id}, {"where", where}, {"what", what}});
  stop_lanes();
  for (auto& loop : core_.loops) {
    loop->sweep.store(true, std::memory_order_release);
    core_.wake(loop->index);
  }
  core_.state_changed();
}

void Connector::report_ready(std::int32_t state, psw_str text) noexcept {
  if (state < PSW_READY_UP || state > PSW_READY_FAULTED) return broken_rule("ready: unknown state");
  std::string said(text.data == nullptr ? "" : text.data, text.data == nullptr ? 0 : std::min<std::uint64_t>(text.size, text_bytes_max));
  utf8_repair(said.data(), said.size());
  if (state == PSW_READY_FAULTED) return fault("ready", said.c_str());
  std::int32_t before = state_.load(std::memory_order_relaxed);
  do {
    if (before == PSW_READY_FAULTED) return;  // there is no way back
  } while (!state_.compare_exchange_weak(before, state, std::memory_order_acq_rel));
  {
    const std::lock_guard guard(text_mutex_);
    text_ = said;
  }
  if (before != state) core_.parts.log->write(messages::state_changed, {{"connector", settings_.name}, {"state", connector_state_name(static_cast<ConnectorState>(state))}, {"text", said}});
  core_.state_changed();
}

std::string Connector::state_text() const {
  const std::lock_guard guard(text_mutex_);
  return text_;
}

void Connector::turn(Turn& turn, std::uint64_t max_wait_ns) noexcept {
  Lane& lane = turn.lane;
  Turn* const outer = current_turn();
  current_turn() = &turn;
  turn.taken = 0;
  const std::uint64_t started_ns = core_.clock().monotonic_ns();
  lane.turn_started_ns.store(started_ns, std::memory_order_relaxed);
  std::int64_t due = -1;
  fenced("turn", [&] { due = instance_->turn(instance_->self, lane.index(), max_wait_ns); });
  lane.set_turn_due(due);
  lane.turn_started_ns.store(0, std::memory_order_relaxed);
  lane.turns.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t took_ns = core_.clock().monotonic_ns() - started_ns;
  if (took_ns > lane.turn_ns_max.load(std::memory_order_relaxed)) lane.turn_ns_max.store(took_ns, std::memory_order_relaxed);
  lane.recycle_lent(turn);
  current_turn() = outer;
}

bool Connector::try_read(unsigned loop_index, Call* call) noexcept {
  const ConnectorState now = state();
  if (try_read_ == nullptr || (now != ConnectorState::up && now != ConnectorState::degraded) || stopping()) return false;
  CallSlot& slot = static_cast<CallSlot&>(*call);
  slot.op.handle = make_handle(number_, slot.index(), ++slot.generation);
  psw_reply reply{};
  reply.size = sizeof reply;
  reply.failed = -1;
  std::int32_t answered = 1;
  if (!fenced("try_read", [&] { answered = try_read_(instance_->self, &slot.op, &reply); })) return false;
  if (answered != 0) return false;
  reply.handle = slot.op.handle;
  if (copy_reply(slot.op, reply, slot.reply, slot.reply_arena()) != flaw_none) counters_.flawed->add();
  if (slot.completion.function != nullptr) slot.completion.function(slot.completion.context, slot.reply);
  release(*sides_[loop_index], slot);
  return true;
}

// ---- life ----

namespace {

// What a lifecycle call writes to. On the heap and shared with the thread that makes the call: if it hangs, both sides go their way.
struct Attempt {
  psw_error error{sizeof(psw_error), PSW_OK, {}, {}};
  const psw_instance* made = nullptr;
  std::int32_t code = PSW_INTERNAL;
};

}  // namespace

Result<void> Connector::create_and_configure() {
  const psw_str name{settings_.name.data(), settings_.name.size()};
  const auto create = std::make_shared<Attempt>();
  if (!on_control("create", [this, name, create] { create->made = type_.raw->create(services_->host(), name, &create->error); })) {
    return Error{"step create: " + state_text()};
  }
  const psw_instance* const made = create->made;
  if (made == nullptr) return Error{"step create: " + words(create->error)};
  if (made->size < offsetof(psw_instance, destroy) + sizeof made->destroy) return Error{"step create: the instance is smaller than this host needs; rebuild the plugin"};
  const std::pair<bool, const char*> needed[] = {{made->configure != nullptr, "configure"}, {made->start != nullptr, "start"}, {made->turn != nullptr, "turn"},
                                                 {made->stop != nullptr, "stop"}, {made->destroy != nullptr, "destroy"}};
  for (const auto& [there, what] : needed) {
    if (!there) return Error{std::string("step create: the instance has no ") + what + "; rebuild the plugin"};
  }
  instance_ = made;
  try_read_ = PSW_HAS(made, psw_instance, try_read) ? made->try_read : nullptr;
  const auto configure = std::make_shared<Attempt>();
  const psw_config* const config = services_->config();
  if (!on_control("configure", [made, config, configure] { configure->code = made->configure(made->self, config, &configure->error); })) {
    return Error{"step configure: " + state_text()};
  }
  services_->freeze();
  if (configure->code != PSW_OK) return Error{"step configure: " + words(configure->error)};
  return {};
}

Result<void> Connector::start() {
  if (core_.settings.commands_only) {  // a started ledger would take its lock and cut a torn tail; a look must change nothing
    report_ready(PSW_READY_UP, psw_str{});
    return {};
  }
  const auto start = std::make_shared<Attempt>();
  const psw_instance* const instance = instance_;
  if (!on_control("start", [instance, start] { start->code = instance->start(instance->self, &start->error); })) return Error{"step start: " + state_text()};
  if (start->code != PSW_OK) return Error{"step start: " + words(start->error)};
  return {};
}

void Connector::stop_and_destroy() noexcept {
  if (instance_ == nullptr || leaked_) return;
  const psw_instance* const instance = instance_;
  // A faulted instance is not called any more, not even to end it: its own invariants are gone. Its memory is the price.
  if (state() == ConnectorState::faulted) return;
  if (!on_control("stop", [instance] { instance->stop(instance->self); })) return;
  if (!on_control("destroy", [instance] { instance->destroy(instance->self); })) return;
  instance_ = nullptr;
  state_.store(static_cast<std::int32_t>(ConnectorState::drained), std::memory_order_release);
}

void Connector::answer_open_calls() noexcept {
  services_->routes().close();
  for (auto& lane : lanes_) {
    if (leaked_) break;  // somebody may still be in there; the sweep answers all of them
    lane->empty([this](CallSlot& slot) { never_left(slot, PSW_UNAVAILABLE, "shutting_down", "the connector was stopped before it took the operation"); });
  }
  for (auto& loop : core_.loops) {
    loop->sweep.store(true, std::memory_order_release);
    core_.wake(loop->index);
  }
}

Result<void> Connector::reconfigure(std::shared_ptr<const Options> options) {
  const psw_config* const config = services_->replace_config(std::move(options));
  for (auto& lane : lanes_) {
    auto* const event = new EventNode;
    event->event.kind = PSW_EV_CONFIG;
    event->event.body = config;
    lane->post(event, true);
  }
  return {};
}

}  // namespace payswitch::daemon::plugin_host
