// LEASE_DUE: which records are due, and the entry that leases them.
#include <payswitch/failpoint.h>
#include <payswitch/str.h>

#include <algorithm>

#include "engine.h"
#include "record_row.h"

namespace payswitch::local_ledger {
namespace {

constexpr std::size_t leases_max = 128;  // what fits one answer and one entry

}  // namespace

// Due: its time has come by the ledger's clock, and no lease on it is running. A later `to_ms` or a bank asks for more than what is due:
// the first sign of life of a bank makes all its open transfers due.
void Engine::due_records(const psw_read& read, std::size_t limit, std::vector<std::uint32_t>& slots) {
  const std::int64_t now = now_ms(), horizon = std::max(now, read.to_ms);
  if (read.bank.size != 0 || horizon != now) {
    const std::uint32_t bank = state_->short_hash(view(read.bank));
    state_->open_.each([&](std::uint32_t slot) {
      const Record& record = state_->records_[slot];
      const bool due = record.work.next_action_ms != 0 && record.work.next_action_ms <= horizon && record.lease_end_ms <= now;
      if (due && (bank == 0 || record.work.bank_hash == bank) && std::find(slots.begin(), slots.end(), slot) == slots.end()) slots.push_back(slot);
      return slots.size() != limit;
    });
    return;
  }
  auto& due = state_->due_;
  while (slots.size() != limit && !due.empty() && due.top().at_ms <= now) {
    const Due top = due.top();
    due.pop();
    const Record& record = state_->records_[top.slot];
    if (record.work.version != top.version || record.work.next_action_ms == 0) continue;
    slots.push_back(top.slot);
  }
}

Engine::Taken Engine::lease_due(const psw_read& given, psw_reply& reply) {
  const psw_read read = sized_copy(&given);
  if (read.owner.size == 0 || read.owner.size > 256 || read.lease_ms == 0) {
    answer(reply, PSW_INVALID, "lease_without_owner");
    return Taken::done;
  }
  const std::size_t limit = std::min<std::size_t>(read.limit == 0 ? leases_max : read.limit, leases_max);
  std::vector<std::uint32_t> slots;
  Taken taken = Taken::done;
  (void)PSW_FAILPOINT("ledger.before_lease");
  if (unavailable(sizeof(EntryHeader), reply, taken)) return taken;
  due_records(read, limit, slots);
  const std::int64_t now = now_ms();
  std::vector<LeasedRecord> leased;
  std::size_t bytes = sizeof(EntryHeader);
  std::vector<std::uint32_t> later;  // did not fit this time
  bool commit_first = false;
  for (const std::uint32_t slot : slots) {
    const Record& record = state_->records_[slot];
    EntryView entry;
    bool kept = false;
    if (!commit_first && later.empty() && entry_at(record.work.offset, entry)) {
      entry.each([&](const ItemView& item) {
        if (kept || item.kind() != ItemKind::record || item.as_record().fixed.slot != slot) return;
        const RecordView before = ItemView(static_cast<const std::uint8_t*>(std::memcpy(arena_.take(item.bytes()), item.data(), item.bytes()))).as_record();
        const std::size_t more = lease_bytes_max(before, view(read.owner));
        const Journal::Room room = journal_->room(bytes + more);
        if (room == Journal::Room::yes) {
          leased.push_back({before, record.work.offset});
          bytes += more;
          kept = true;
        } else if (room == Journal::Room::commit_first && leased.empty()) {
          commit_first = true;
        }
      });
    }
    if (!kept) later.push_back(slot);
  }
  // What was taken out of the heap and not leased goes back.
  for (const std::uint32_t slot : later) {
    const Record& record = state_->records_[slot];
    state_->due_.push(Due{std::max(record.work.next_action_ms, record.lease_end_ms), slot, record.work.version});
  }
  if (commit_first) return Taken::commit_first;
  if (leased.empty()) {
    answer(reply, PSW_OK, {});
    reply.clock_ms = now;
    return Taken::done;
  }
  const auto end = now + static_cast<std::int64_t>(std::min<std::uint64_t>(read.lease_ms, 24ull * 3600 * 1000));
  const EntryStamp entry_stamp{state_->sequence + 1, journal_->next_offset(), now};
  append(encode_lease(leased.data(), leased.size(), view(read.owner), end, entry_stamp, journal_->space()));
  answer(reply, PSW_OK, {});
  auto* rows = arena_.rows<psw_record>(leased.size());
  std::uint32_t n = 0;
  EntryView(journal_->collected_at(entry_stamp.offset)).each([&](const ItemView& item) {
    rows[n++] = record_row(ItemView(static_cast<const std::uint8_t*>(std::memcpy(arena_.take(item.bytes()), item.data(), item.bytes()))).as_record(), now);
  });
  reply.rows = list_of(rows, n);
  return Taken::done;
}

}  // namespace payswitch::local_ledger
