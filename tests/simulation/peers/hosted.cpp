#include "hosted.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "plugin_host/reply_copy.h"

namespace payswitch::simulation::peers {

using daemon::plugin_host::Arena;
using daemon::plugin_host::ConnectorState;
using daemon::plugin_host::copy_reply;
using daemon::plugin_host::host_reply;

// One call: its body until the plugin has replied, its reply until the daemon has taken it.
struct Hosted::Slot final : Call {
  std::pmr::memory_resource& arena() noexcept override { return body_memory; }
  Arena body_memory, reply_memory;
  psw_reply reply{};
  unsigned loop = 0;
  bool at_plugin = false;  // its body is in use
  bool waited_for = false; // its completion has not been called, and somebody is there to be called
  std::uint64_t use = 0;   // tells a slot's uses apart
  std::list<std::unique_ptr<Slot>>::iterator where;
};

Hosted::Hosted(Timeline& timeline, testing::ManualClock& clock, const psw_type& type, std::string name, std::string bank, const Options& options, std::uint64_t seed,
               const std::function<void(testing::FakeHost&)>& prepare)
    : timeline_(timeline), name_(std::move(name)), bank_(std::move(bank)), capabilities_(type.capabilities), host_(std::make_unique<testing::FakeHost>(clock, seed)) {
  for (const auto& [key, value] : options) host_->option(key, value);
  if (!bank_.empty()) host_->option("@bank", bank_);
  if (prepare) prepare(*host_);
  if (const auto complaint = host_->load(type, name_); !complaint.empty()) throw std::runtime_error(name_ + ": " + complaint);
}

// As SIGKILL does it: nothing is stopped in order.
Hosted::~Hosted() { host_->kill(); }

ConnectorState Hosted::state() const noexcept {
  if (host_->state == PSW_READY_FAULTED) return ConnectorState::faulted;
  return breaker_open ? ConnectorState::down : ConnectorState::up;
}

Call* Hosted::acquire(unsigned loop) noexcept {
  if (free_.empty()) free_.push_back(std::make_unique<Slot>());
  slots_.splice(slots_.begin(), free_, free_.begin());
  Slot& slot = *slots_.front();
  slot.where = slots_.begin();
  slot.op = psw_op{};
  slot.completion = {};
  slot.body_memory.reset();
  slot.reply_memory.reset();
  slot.loop = loop;
  slot.at_plugin = slot.waited_for = false;
  ++slot.use;
  return &slot;
}

void Hosted::release(Slot& slot) {
  if (slot.at_plugin || slot.waited_for) return;
  ++slot.use;
  free_.splice(free_.begin(), slots_, slot.where);
}

void Hosted::cancel(unsigned, Call* call) noexcept { release(*static_cast<Slot*>(call)); }

void Hosted::submit(unsigned, Call* call) noexcept {
  Slot& slot = *static_cast<Slot*>(call);
  slot.waited_for = true;
  if (state() != ConnectorState::up && !bank_.empty()) {
    slot.reply = host_reply(PSW_UNAVAILABLE, slot.op.kind == PSW_OP_CREDIT ? PSW_NOT_SENT : PSW_UNKNOWN, "breaker_open", "");
    timeline_.in(timeline_.between(10, 100) * us, life_.watch(), [this, &slot, use = slot.use] {
      if (slot.use == use) finish(slot);
    });
    return;
  }
  slot.at_plugin = true;
  slot.op.size = sizeof slot.op;
  host_->submit(slot.op, [this, &slot](const psw_reply& reply) {
    slot.at_plugin = false;
    if (!slot.waited_for) return release(slot);
    complete(slot, reply);
  });
  if (slot.op.call_deadline_ns != 0) {
    timeline_.at(slot.op.call_deadline_ns, [this, &slot, use = slot.use, alive = life_.watch()] {
      if (!alive.expired()) past_deadline(slot, use);
    });
  }
  poke();
}

// The plugin has answered; the daemon hears of it a moment later.
void Hosted::complete(Slot& slot, const psw_reply& reply) {
  if (host_->state == PSW_READY_FAULTED && bank_.empty()) return;  // a ledger that failed takes its process with it
  if (lose_answer && lose_answer(slot.loop, slot.op)) slot.reply = host_reply(PSW_TIMEOUT, PSW_UNKNOWN, "call_deadline", "");
  else copy_reply(slot.op, reply, slot.reply, slot.reply_memory);
  timeline_.in(timeline_.between(5, 200) * us, life_.watch(), [this, &slot, use = slot.use] { deliver(slot, use); });
}

std::uint64_t Hosted::awake_ns(unsigned loop) const {
  const auto at = loop_stalled_until_ns_.find(loop);
  return std::max(stalled_until_ns_, at == loop_stalled_until_ns_.end() ? 0 : at->second);
}

// A process that is stopped hears nothing; when it goes on, an answer and its call's deadline have both come, and either may be first.
void Hosted::deliver(Slot& slot, std::uint64_t use) {
  if (slot.use != use) return;
  if (const auto awake = awake_ns(slot.loop); timeline_.now_ns() < awake) return timeline_.in(awake - timeline_.now_ns(), life_.watch(), [this, &slot, use] { deliver(slot, use); });
  finish(slot);
}

void Hosted::past_deadline(Slot& slot, std::uint64_t use) {
  if (slot.use != use || !slot.waited_for || !slot.at_plugin) return;
  if (const auto awake = awake_ns(slot.loop); timeline_.now_ns() < awake)
    return timeline_.in(awake - timeline_.now_ns() + timeline_.below(1'500) * us, life_.watch(), [this, &slot, use] { past_deadline(slot, use); });
  slot.reply = host_reply(PSW_TIMEOUT, PSW_UNKNOWN, "call_deadline", "");
  finish(slot);
}

void Hosted::finish(Slot& slot) {
  if (slot.waited_for) {
    slot.waited_for = false;
    const auto completion = slot.completion;
    const bool was_at_plugin = std::exchange(slot.at_plugin, true);  // not given back while its reply is being read
    if (completion.function != nullptr) completion.function(completion.context, slot.reply);
    slot.at_plugin = was_at_plugin;
  }
  release(slot);
}

bool Hosted::try_read(unsigned, Call* call) noexcept {
  Slot& slot = *static_cast<Slot*>(call);
  slot.op.size = sizeof slot.op;
  const bool answered = host_->try_read(slot.op, [&](const psw_reply& reply) {
    if (hide && slot.op.kind == PSW_OP_READ && hide(*static_cast<const psw_read*>(slot.op.body))) slot.reply = host_reply(PSW_ABSENT, PSW_UNKNOWN, "", "");
    else copy_reply(slot.op, reply, slot.reply, slot.reply_memory);
  });
  if (!answered) return false;
  slot.waited_for = true;
  finish(slot);
  return true;
}

void Hosted::forget(unsigned loop) noexcept {
  for (auto at = slots_.begin(); at != slots_.end();) {
    Slot& slot = **at++;
    if (slot.loop != loop) continue;
    slot.waited_for = false;
    release(slot);
  }
}

void Hosted::poke() { arm(); }

void Hosted::arm() {
  std::uint64_t when = UINT64_MAX;
  if (host_->has_work()) when = timeline_.now_ns() + timeline_.between(5, 300) * us;
  else if (const auto due = host_->next_due_ns()) when = *due;
  if (when == UINT64_MAX) return;
  when = std::max(when, stalled_until_ns_);
  if (when >= armed_ns_ && armed_ns_ > timeline_.now_ns()) return;
  armed_ns_ = when;
  timeline_.at(when, [this, when, alive = life_.watch()] {
    if (!alive.expired() && armed_ns_ == when) turn();
  });
}

void Hosted::turn() {
  armed_ns_ = UINT64_MAX;
  if (!stalled()) host_->turn();
  if (host_->state == PSW_READY_FAULTED && on_fault && !std::exchange(fault_told_, true)) timeline_.in(0, life_.watch(), on_fault);
  arm();
}

}  // namespace payswitch::simulation::peers
