#include "transfer/recovery.h"

#include <payswitch/failpoint.h>

#include <algorithm>

#include "transfer/peer_desk.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {
// How far ahead of its due time a transfer of a bank that came back is taken: further than any back-off.
constexpr std::int64_t ahead_ms = 600'000;
constexpr std::uint64_t spread_ns = 1'000'000'000;       // its transfers are asked about within this
constexpr std::uint64_t alive_every_ns = 5'000'000'000;  // and not more often than this
}  // namespace

Recovery::Pulse* Recovery::pulse_of(std::string_view bank) {
  const auto it = pulses_.find(bank);
  if (it != pulses_.end()) return &it->second;
  if (pulses_.size() == banks_max) return nullptr;
  return &pulses_.emplace(bank, Pulse{}).first->second;
}

void Recovery::silent(std::string_view bank) {
  if (auto* pulse = pulse_of(bank)) pulse->silent = true;
}

void Recovery::heard(std::string_view bank) {
  auto* pulse = pulse_of(bank);
  if (pulse == nullptr || !pulse->silent || core_.now_ns() < pulse->next_ns) return;
  pulse->silent = false;
  pulse->next_ns = core_.now_ns() + alive_every_ns;
  bank_alive(bank);
}

void Recovery::bank_alive(std::string_view bank) {
  core_.peers->ask(bank);  // one that was away may come back with another history
  if (alive_.size() == banks_max || std::find(alive_.begin(), alive_.end(), bank) != alive_.end()) return;
  if (!PSW_FAILPOINT("recovery.bank_alive")) alive_.emplace(alive_.begin(), bank);
}

void Recovery::tick() {
  if (asking_ || core_.draining) return;
  const std::uint64_t now = core_.now_ns();
  if (!alive_.empty()) return ask_bank();
  if (now < due_ns_) return;
  due_ns_ = now + static_cast<std::uint64_t>(core_.settings->times.due_every_ms) * 1'000'000;
  if (PSW_FAILPOINT("recovery.before_lease")) return;
  const auto lease_ms = static_cast<std::uint64_t>(core_.settings->times.lease_ms);
  asking_ = core_.client.lease_due<&Recovery::leased>(core_.owner, lease_ms, batch, this, [](psw_read&, ledger::EntryBuilder&) {});
}

void Recovery::ask_bank() {
  const auto lease_ms = static_cast<std::uint64_t>(core_.settings->times.lease_ms);
  asking_ = core_.client.lease_due<&Recovery::leased_of_bank>(core_.owner, lease_ms, batch, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.bank = keep.keep(alive_.back());
    read.to_ms = core_.client.clock_ms() + ahead_ms;
    read.state_mask = open_states;
  });
}

void Recovery::leased(const ledger::ReadReply& reply) {
  asking_ = false;
  hand_out(reply, false);
  if (reply.ok() && reply.rows<psw_record>().size() == batch) due_ns_ = 0;  // there is more
}

// Batch after batch, until all that are open and nobody's are leased to us. Each is looked at some time within the second, so that few
// come back, undecided, before the last batch is taken.
void Recovery::leased_of_bank(const ledger::ReadReply& reply) {
  asking_ = false;
  if (!reply.ok()) return;  // asked again by the next tick
  const bool room = hand_out(reply, true);
  if (room && !core_.draining && reply.rows<psw_record>().size() == batch) return ask_bank();
  alive_.pop_back();
}

bool Recovery::hand_out(const ledger::ReadReply& reply, bool spread) {
  if (!reply.ok()) return true;
  core_.client.saw(reply);
  if (reply.rows<psw_record>().size() != 0 && PSW_FAILPOINT("recovery.leased")) return true;  // as if we died: their leases end by themselves
  for (const auto& row : reply.rows<psw_record>()) {
    // Final ones are due where a person has decided: the bank is asked all the same.
    if (!is_open(static_cast<TransferState>(row.state)) && row.next_action_ms == 0) continue;
    // No room: its lease ends by itself and it is due again.
    auto* saga = core_.sagas->take();
    if (saga == nullptr) return false;
    saga->resume(row, spread ? 1 + core_.random() % spread_ns : 0);
  }
  return true;
}

}  // namespace payswitch::daemon::transfer
