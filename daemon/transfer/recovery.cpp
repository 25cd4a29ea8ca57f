#include "transfer/recovery.h"

#include <algorithm>

#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {
// How far ahead of its due time a transfer of a bank that came back is taken: further than any back-off.
constexpr std::int64_t ahead_ms = 600'000;
}  // namespace

void Recovery::bank_alive(std::string_view bank) {
  if (alive_.size() == banks_waiting_max || std::find(alive_.begin(), alive_.end(), bank) != alive_.end()) return;
  alive_.emplace_back(bank);
}

void Recovery::tick() {
  if (asking_ || core_.draining) return;
  const std::uint64_t now = core_.now_ns();
  const auto lease_ms = static_cast<std::uint64_t>(core_.settings->times.lease_ms);
  if (!alive_.empty()) {
    const std::string bank = alive_.back();
    alive_.pop_back();
    asking_ = core_.client.lease_due<&Recovery::leased_of_bank>(core_.owner, lease_ms, batch, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
      read.bank = keep.keep(bank);
      read.to_ms = core_.client.clock_ms() + ahead_ms;
      read.state_mask = state_bit(TransferState::held) | state_bit(TransferState::submitted) | state_bit(TransferState::in_doubt);
    });
    return;
  }
  if (now < due_ns_) return;
  due_ns_ = now + static_cast<std::uint64_t>(core_.settings->times.due_every_ms) * 1'000'000;
  asking_ = core_.client.lease_due<&Recovery::leased>(core_.owner, lease_ms, batch, this, [](psw_read&, ledger::EntryBuilder&) {});
}

void Recovery::leased(const ledger::ReadReply& reply) {
  asking_ = false;
  hand_out(reply);
  if (reply.ok() && reply.rows<psw_record>().size() == batch) due_ns_ = 0;  // there is more
}

void Recovery::leased_of_bank(const ledger::ReadReply& reply) {
  asking_ = false;
  hand_out(reply);
}

void Recovery::hand_out(const ledger::ReadReply& reply) {
  if (!reply.ok()) return;
  core_.client.saw_clock(reply.clock_ms());
  for (const auto& row : reply.rows<psw_record>()) {
    if (!is_open(static_cast<TransferState>(row.state))) continue;
    // No room: its lease ends by itself and it is due again.
    auto* saga = core_.sagas->take();
    if (saga == nullptr) return;
    saga->resume(row);
  }
}

}  // namespace payswitch::daemon::transfer
