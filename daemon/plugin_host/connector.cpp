#include "plugin_host/connector.h"

#include <payswitch/failpoint.h>

#include <algorithm>
#include <new>

#include "base/assert.h"
#include "plugin_host/fence.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/messages.h"
#include "plugin_host/reply_copy.h"

namespace payswitch::daemon::plugin_host {

namespace {

Connector::Counters make_counters(Registry& registry, const std::string& name) {
  const Label label{"connector", name};
  const auto counter = [&](std::string_view metric, std::string_view help) { return &registry.counter(metric, help, std::span(&label, 1)); };
  return {counter("payswitch_connector_calls_total", "Operations handed to the connector."),
          counter("payswitch_connector_timeouts_total", "Operations whose call deadline passed without an answer."),
          counter("payswitch_connector_late_answers_total", "Answers that came after the host had answered unknown."),
          counter("payswitch_connector_stale_answers_total", "Second answers, and answers to operations of others; ignored."),
          counter("payswitch_connector_unknown_total", "Credits, queries and cancels answered with unknown."),
          counter("payswitch_connector_faults_total", "Exceptions and broken rules; the connector is not called any more."),
          counter("payswitch_connector_refused_full_total", "Operations refused because inbox or in-flight bound was reached."),
          counter("payswitch_connector_flawed_answers_total", "Answers that had to be put right."),
          counter("payswitch_connector_long_turns_total", "Turns that took longer than the watchdog allows."),
          counter("payswitch_connector_breaker_opened_total", "Times the breaker opened."),
          counter("payswitch_connector_broken_rules_total", "Calls of the plugin that break a rule of the border and were not carried out."),
          counter("payswitch_connector_services_refused_total", "Service calls refused because a bound was reached.")};
}

std::uint32_t group_of(std::int32_t kind, Role role) {
  switch (kind) {
    case PSW_OP_WRITE: case PSW_OP_LEASE_DUE: return PSW_GROUP_WRITE;
    case PSW_OP_READ: return PSW_GROUP_READ;
    case PSW_OP_HELLO: return role == Role::ledger ? PSW_GROUP_READ : PSW_GROUP_GATEWAY;
    case PSW_OP_LOGIN_BEGIN: case PSW_OP_LOGIN_FINISH: return PSW_GROUP_LOGIN;
    case PSW_OP_COMMAND: return PSW_GROUP_COMMAND;
    default: return PSW_GROUP_GATEWAY;
  }
}

}  // namespace

Connector::Connector(HostCore& core, ConnectorSettings settings, const Descriptor& file, const TypeDescriptor& type, std::uint32_t number)
    : core_(core), settings_(std::move(settings)), file_(file), type_(type), number_(number),
      home_loop_(number % static_cast<unsigned>(core.loops.size())), counters_(make_counters(*core.parts.metrics, settings_.name)) {
  std::uint32_t bound = settings_.in_flight_max;
  if (bound == 0) bound = type.role == Role::ledger ? ledger_in_flight_default : other_in_flight_default;
  in_flight_max_ = std::min(bound, slots_per_instance_max);
  const auto loops = static_cast<std::uint32_t>(core.loops.size());
  const std::uint32_t share = (in_flight_max_ + loops - 1) / loops;
  slots_per_loop_ = std::min({in_flight_max_, std::max(share * shares_per_loop_max, slots_per_loop_least), slots_per_instance_max / loops});
  claim_step_ = std::clamp(in_flight_max_ / (loops * 4), 1u, 16u);
  unclaimed_.store(in_flight_max_, std::memory_order_relaxed);
  slots_max_ = loops * slots_per_loop_;
  slots_ = std::make_unique<std::atomic<CallSlot*>[]>(slots_max_);
  for (unsigned i = 0; i < loops; ++i) sides_.push_back(std::make_unique<Side>());
  lane_by_kind_.fill(lanes_max);
  for (std::uint32_t i = 0; i < type.lanes.size(); ++i) {
    lanes_.push_back(std::make_unique<Lane>(*this, i, type.lanes[i], core.clock(), home_loop_));
    for (std::int32_t kind = 1; kind < 64; ++kind) {
      if ((type.lanes[i].groups & group_of(kind, type.role)) != 0) lane_by_kind_[static_cast<std::size_t>(kind)] = static_cast<std::uint8_t>(i);
    }
  }
  services_ = std::make_unique<InstanceServices>(*this);
}

std::string_view connector_state_name(ConnectorState state) noexcept {
  switch (state) {
    case ConnectorState::starting: return "starting";
    case ConnectorState::up: return "up";
    case ConnectorState::degraded: return "degraded";
    case ConnectorState::down: return "down";
    case ConnectorState::drained: return "drained";
    case ConnectorState::faulted: return "faulted";
  }
  return "unknown";
}

Connector::~Connector() {
  for (auto& lane : lanes_) lane->empty([](CallSlot&) {});
  for (std::uint32_t i = 0; i < slots_max_; ++i) delete slots_[i].load(std::memory_order_relaxed);
}

// ---- calls, on their loop ----

// Slots never move and never go: a plugin holds pointers into them.
CallSlot* Connector::grow(unsigned loop) noexcept {
  const std::uint32_t index = slots_used_.fetch_add(1, std::memory_order_relaxed);
  PSW_ASSERT(index < slots_max_);
  auto* const slot = new (std::nothrow) CallSlot(*this, index, loop);
  if (slot == nullptr) {
    slots_used_.fetch_sub(1, std::memory_order_relaxed);
    return nullptr;
  }
  slots_[index].store(slot, std::memory_order_release);
  return slot;
}

// The in-flight bound is one for all loops. A loop takes a few of it at a time and gives back what it does not need, so that the shared counter
// is touched once in many calls and a busy loop may use what the others leave.
bool Connector::claim(Side& side) noexcept {
  if (side.claimed >= slots_per_loop_) return false;
  std::uint32_t left = unclaimed_.load(std::memory_order_relaxed);
  std::uint32_t n = 0;
  do {
    n = std::min({left, claim_step_, slots_per_loop_ - side.claimed});
    if (n == 0) return false;
  } while (!unclaimed_.compare_exchange_weak(left, left - n, std::memory_order_relaxed));
  side.claimed += n;
  return true;
}

void Connector::give_back(Side& side, std::uint32_t in_flight) noexcept {
  const std::uint32_t idle = side.claimed - in_flight;
  const std::uint32_t n = in_flight == 0 ? idle : std::min(idle, claim_step_);
  side.claimed -= n;
  unclaimed_.fetch_add(n, std::memory_order_relaxed);
}

Call* Connector::acquire(unsigned loop) noexcept {
  Side& side = *sides_[loop];
  const std::uint32_t in_flight = side.in_flight.load(std::memory_order_relaxed);
  if (in_flight == side.claimed && !claim(side)) [[unlikely]] {
    counters_.refused_full->add();
    return nullptr;
  }
  CallSlot* slot = side.free;
  if (slot != nullptr) [[likely]] {
    side.free = slot->free_next;
    if (side.free != nullptr) side.free->prefetch_request();  // for the next of this batch
  } else {
    slot = grow(loop);
    if (slot == nullptr) {
      counters_.refused_full->add();
      return nullptr;
    }
  }
  slot->op = psw_op{};
  slot->op.size = sizeof(psw_op);
  slot->completion = {};
  side.in_flight.store(in_flight + 1, std::memory_order_relaxed);
  return slot;
}

void Connector::release(Side& side, CallSlot& slot) noexcept {
  slot.request_arena().reset();
  slot.reply_arena().reset();
  slot.state = CallSlot::State::idle;
  slot.never_left = false;
  slot.probe = false;
  slot.free_next = side.free;
  side.free = &slot;
  const std::uint32_t in_flight = side.in_flight.load(std::memory_order_relaxed) - 1;
  side.in_flight.store(in_flight, std::memory_order_relaxed);
  if (sides_.size() > 1 && (in_flight == 0 || side.claimed - in_flight > claims_kept())) give_back(side, in_flight);
}

void Connector::cancel(unsigned loop, Call* call) noexcept { release(*sides_[loop], static_cast<CallSlot&>(*call)); }

bool Connector::available() const noexcept {
  const ConnectorState now = state();
  return (now == ConnectorState::up || now == ConnectorState::degraded) && !breaker_.open() && !draining_.load(std::memory_order_relaxed) &&
         in_flight() < in_flight_max();
}

bool Connector::accepts(std::int32_t op_kind, const char*& reason) const noexcept {
  switch (state()) {
    case ConnectorState::up: case ConnectorState::degraded: break;
    case ConnectorState::starting: reason = "connector_starting"; return false;
    case ConnectorState::drained: reason = "shutting_down"; return false;
    case ConnectorState::faulted: reason = "connector_down"; return false;
    case ConnectorState::down:
      // What asks about money that may be under way is let through: only the plugin knows how far down it is.
      if (op_kind == PSW_OP_CREDIT || op_kind == PSW_OP_WRITE) { reason = "connector_down"; return false; }
      break;
  }
  if (op_kind == PSW_OP_CREDIT) {
    if (draining_.load(std::memory_order_relaxed)) { reason = "shutting_down"; return false; }
    if (breaker_.open()) { reason = "breaker_open"; return false; }
  }
  return true;
}

std::uint32_t Connector::lane_of(std::int32_t op_kind) const noexcept {
  return op_kind > 0 && op_kind < 64 ? lane_by_kind_[static_cast<std::size_t>(op_kind)] : lanes_max;
}

void Connector::submit(unsigned loop_index, Call* call) noexcept {
  LoopState& loop = *core_.loops[loop_index];
  CallSlot& slot = static_cast<CallSlot&>(*call);
  Side& side = *sides_[loop_index];
  slot.op.handle = make_handle(number_, slot.index(), ++slot.generation);
  slot.state = CallSlot::State::sent;
  slot.taken = false;
  const char* reason = nullptr;
  const std::uint32_t lane = lane_of(slot.op.kind);
  if (lane == lanes_max) [[unlikely]] return refuse(loop, slot, PSW_NOT_SUPPORTED, "not_supported", "the connector has no lane for this operation");
  if (type_.role == Role::gateway && PSW_FAILPOINT("host.submit")) return refuse(loop, slot, PSW_UNAVAILABLE, "connector_down", "failpoint");
  if (!accepts(slot.op.kind, reason)) [[unlikely]] return refuse(loop, slot, PSW_UNAVAILABLE, reason, "the connector takes no such operation now");
  if (slot.op.call_deadline_ns != 0) {
    slot.expires_ns = slot.op.call_deadline_ns + settings_.call_grace_ms * 1'000'000;
    loop.wheel.add(slot);
  }
  slot.free_next = nullptr;
  if (side.last[lane] != nullptr) {
    side.last[lane]->free_next = &slot;
  } else {
    side.first[lane] = &slot;
  }
  side.last[lane] = &slot;
  ++side.count[lane];
  if (!side.dirty) {
    side.dirty = true;
    loop.dirty.push_back(this);  // capacity for every connector is reserved
    if (!loop.polling) core_.wake(loop_index);  // a submission outside of any batch is not forgotten
  }
}

void Connector::flush(LoopState& loop) noexcept {
  Side& side = *sides_[loop.index];
  side.dirty = false;
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (side.count[i] == 0) continue;
    Lane& lane = *lanes_[i];
    CallSlot* slot = side.first[i];
    const std::uint32_t fits = lane.reserve(side.count[i]);
    std::uint32_t handed = 0;
    MpscBatch<LaneNode> batch;
    for (CallSlot* next = nullptr; slot != nullptr; slot = next) {
      next = slot->free_next;
      if (handed < fits) [[likely]] {
        batch.append(slot);
        ++handed;
      } else {
        counters_.refused_full->add();
        refuse(loop, *slot, PSW_OVERLOADED, "inbox_full", "the connector's inbox is full");
      }
    }
    side.first[i] = side.last[i] = nullptr;
    side.count[i] = 0;
    counters_.calls->add(handed);
    lane.push(batch);
  }
}

void Connector::refuse(LoopState& loop, CallSlot& slot, std::int32_t code, const char* reason, const char* text) noexcept {
  loop.wheel.remove(slot);
  never_left(slot, code, reason, text);
}

psw_reply Connector::never_left_reply(const CallSlot& slot, std::int32_t code, const char* reason, const char* text) noexcept {
  psw_reply reply = host_reply(code, slot.op.kind == PSW_OP_CREDIT ? PSW_NOT_SENT : PSW_UNKNOWN, reason, text);
  reply.handle = slot.op.handle;
  return reply;
}

void Connector::never_left(CallSlot& slot, std::int32_t code, const char* reason, const char* text) noexcept {
  slot.reply = never_left_reply(slot, code, reason, text);
  slot.never_left = true;
  const unsigned loop = slot.loop();
  core_.loops[loop]->returned.push(&slot);
  core_.wake(loop);
}

void Connector::deliver(LoopState& loop, CallSlot& slot) noexcept {
  Side& side = *sides_[loop.index];
  loop.wheel.remove(slot);
  if (slot.state == CallSlot::State::deserted) [[unlikely]] {
    if (!slot.never_left) counters_.late->add();
    return release(side, slot);
  }
  slot.state = CallSlot::State::idle;
  if (type_.role == Role::gateway) record(slot, slot.reply, loop.now_ns);
  if (slot.completion.function != nullptr) slot.completion.function(slot.completion.context, slot.reply);
  release(side, slot);
}

// Answers for the plugin; the slot stays until the plugin lets go of it.
void Connector::desert(LoopState& loop, CallSlot& slot, const psw_reply& reply) noexcept {
  loop.wheel.remove(slot);
  slot.state = CallSlot::State::deserted;
  if (type_.role == Role::gateway) record(slot, reply, loop.now_ns);
  const Completion completion = slot.completion;
  slot.completion = {};
  if (completion.function != nullptr) completion.function(completion.context, reply);
}

void Connector::expire(LoopState& loop, CallSlot& slot) noexcept {
  counters_.timeouts->add();
  std::uint64_t suppressed = 0;
  if (timed_out_lines_.allow(loop.now_ns, suppressed)) {
    core_.parts.log->write(messages::call_timed_out, {{"connector", settings_.name}, {"operation", slot.op.kind}, {"suppressed", suppressed}});
  }
  const std::uint32_t lane = lane_of(slot.op.kind);
  if (auto* const event = new (std::nothrow) EventNode) {
    event->event.kind = PSW_EV_ABANDON;
    event->event.token = slot.op.handle;
    lanes_[lane]->post(event, true);
  }
  psw_reply reply = host_reply(PSW_TIMEOUT, PSW_UNKNOWN, "call_deadline", "the connector did not answer before the call deadline");
  reply.handle = slot.op.handle;
  desert(loop, slot, reply);
}

void Connector::sweep(LoopState& loop) noexcept {
  if (state() != ConnectorState::faulted && !stopping()) return;
  const bool fault = state() == ConnectorState::faulted;
  for (std::uint32_t i = 0; i < slots_max_; ++i) {
    CallSlot* const slot = slots_[i].load(std::memory_order_acquire);
    if (slot == nullptr || slot->loop() != loop.index || slot->state != CallSlot::State::sent) continue;
    if (!lanes_[lane_of(slot->op.kind)]->taking_is_over()) {  // a take() that began before; look again
      loop.sweep.store(true, std::memory_order_release);
      loop.port.wake();
      continue;
    }
    psw_reply reply{};
    if (!slot->taken) {
      reply = never_left_reply(*slot, PSW_UNAVAILABLE, fault ? "connector_down" : "shutting_down", "the connector ended before it took the operation");
      slot->never_left = true;  // the inbox still holds it; whoever empties that changes nothing any more
    } else if (fault) {
      reply = host_reply(PSW_INTERNAL, PSW_UNKNOWN, "connector_faulted", "the connector faulted while the operation was under way");
    } else {
      reply = host_reply(PSW_UNAVAILABLE, PSW_UNKNOWN, "connector_stopped", "the connector was stopped while the operation was under way");
    }
    reply.handle = slot->op.handle;
    desert(loop, *slot, reply);
  }
}

void Connector::record(const CallSlot& slot, const psw_reply& reply, std::uint64_t now_ns) noexcept {
  if (slot.probe) {
    if (!breaker_.probe_answered(reply.code == PSW_OK, now_ns)) return;
    core_.parts.log->write(messages::breaker_closed, {{"connector", settings_.name}, {"bank", settings_.bank}});
    if (core_.parts.banks != nullptr) core_.parts.banks->bank_alive(slot.loop(), settings_.bank);
    return;
  }
  if (slot.op.kind != PSW_OP_CREDIT && slot.op.kind != PSW_OP_QUERY && slot.op.kind != PSW_OP_CANCEL) return;
  if (slot.never_left) return;  // says nothing about the bank
  const bool unknown = reply.outcome == PSW_UNKNOWN && reply.code != PSW_OVERLOADED;  // overloaded: the bank said so itself
  if (unknown) counters_.unknown->add();
  const auto answer = reply.code == PSW_TIMEOUT ? Breaker::Answer::timeout : unknown ? Breaker::Answer::unknown : Breaker::Answer::good;
  if (breaker_.record(answer, now_ns)) {
    counters_.breaker_opened->add();
    core_.parts.log->write(messages::breaker_opened, {{"connector", settings_.name}, {"bank", settings_.bank}});
  }
}

void Connector::probe(LoopState& loop) noexcept {
  if (loop.index != home_loop_ || stopping() || loop.now_ns < breaker_.probe_due_ns()) return;
  auto* const slot = static_cast<CallSlot*>(acquire(loop.index));
  if (slot == nullptr) return;
  breaker_.probe_started();
  slot->probe = true;
  slot->op.kind = PSW_OP_HELLO;
  slot->op.call_deadline_ns = loop.now_ns + probe_deadline_ns;
  submit(loop.index, slot);
}

std::uint32_t Connector::in_flight() const noexcept {
  std::uint32_t sum = 0;
  for (const auto& side : sides_) sum += side->in_flight.load(std::memory_order_relaxed);
  return sum;
}

// ---- the plugin's side ----

CallSlot* Connector::slot_of(psw_handle handle) const noexcept {
  if (handle_instance(handle) != number_) return nullptr;
  const std::uint32_t index = handle_slot(handle);
  return index < slots_max_ ? slots_[index].load(std::memory_order_acquire) : nullptr;
}

void Connector::complete(const psw_reply* const* replies, std::uint32_t n) noexcept {
  if (n == 0) return;
  if (replies == nullptr) return broken_rule("complete: no replies");
  if (n > in_flight_max_) {  // more than can be open: the rest answers nothing anyway
    broken_rule("complete: more replies than operations");
    n = in_flight_max_;
  }
  std::array<MpscBatch<LaneNode>, loops_max> batches;
  std::array<CallSlot*, take_events_max> answered;
  std::uint64_t touched = 0;
  std::uint32_t stale = 0, flawed = 0;
  while (n > 0) {
    const std::uint32_t part = std::min(n, take_events_max);
    {
      const std::lock_guard guard(answering_);
      for (std::uint32_t i = 0; i < part; ++i) {
        CallSlot*& slot = answered[i];
        slot = nullptr;
        if (replies[i] == nullptr || replies[i]->size < offsetof(psw_reply, reason)) [[unlikely]] {
          ++flawed;
          continue;
        }
        const psw_handle handle = replies[i]->handle;
        CallSlot* const found = handle == 0 ? nullptr : slot_of(handle);
        if (found == nullptr || found->open.load(std::memory_order_relaxed) != handle) [[unlikely]] {
          ++stale;
          continue;
        }
        found->open.store(0, std::memory_order_relaxed);
        found->prefetch_answer();
        slot = found;
      }
    }
    for (std::uint32_t i = 0; i < part; ++i) {
      CallSlot* const slot = answered[i];
      if (slot == nullptr) [[unlikely]] continue;
      if (copy_reply(slot->op, *replies[i], slot->reply, slot->reply_arena()) != flaw_none) [[unlikely]] ++flawed;
      slot->reply.handle = slot->op.handle;
      batches[slot->loop()].append(slot);
      touched |= 1ull << slot->loop();
    }
    replies += part;
    n -= part;
  }
  for (; touched != 0; touched &= touched - 1) {
    const auto loop = static_cast<unsigned>(__builtin_ctzll(touched));
    core_.loops[loop]->returned.push(batches[loop]);
    core_.wake(loop);
  }
  if (stale > 0) [[unlikely]] {
    counters_.stale->add(stale);
    std::uint64_t suppressed = 0;
    if (stale_lines_.allow(core_.clock().monotonic_ns(), suppressed)) core_.parts.log->write(messages::stale_completion, {{"connector", settings_.name}, {"count", stale}, {"suppressed", suppressed}});
  }
  if (flawed > 0) [[unlikely]] {
    counters_.flawed->add(flawed);
    std::uint64_t suppressed = 0;
    if (flawed_lines_.allow(core_.clock().monotonic_ns(), suppressed)) core_.parts.log->write(messages::flawed_reply, {{"connector", settings_.name}, {"count", flawed}, {"suppressed", suppressed}});
  }
}

void Connector::broken_rule(const char* rule) noexcept {
  counters_.broken_rules->add();
  std::uint64_t suppressed = 0;
  if (broken_rule_lines_.allow(core_.clock().monotonic_ns(), suppressed)) {
    core_.parts.log->write(messages::broken_rule, {{"connector", settings_.name}, {"rule", rule}, {"suppressed", suppressed}});
  }
}

}  // namespace payswitch::daemon::plugin_host
