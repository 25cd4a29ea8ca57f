// How a transfer to another bank ends in the books, whoever decided it: the bank's word, or an operator. What hangs on the end (the hold,
// the limits it took, the sums of the transfer that a reversal gives back from) belongs to the same entry, so it stands in one place.
#pragma once

#include <cstdint>
#include <string_view>

#include "transfer/core.h"
#include "transfer/owned_record.h"

namespace payswitch::daemon::transfer {

// Final, with nothing left to do. `reason` may be empty.
void close_record(OwnedRecord& next, TransferState state, std::string_view reason);

// The pending money is posted to the bank's clearing account: completed.
void complete_record(Core& core, ledger::EntryBuilder& entry, const OwnedRecord& rec, OwnedRecord& next);
// The pending money goes back to the payer, with the limits it took: voided.
void release_record(Core& core, ledger::EntryBuilder& entry, const OwnedRecord& rec, OwnedRecord& next, std::string_view reason);
// The release alone.
void void_hold_of(Core& core, ledger::EntryBuilder& entry, const OwnedRecord& rec, OwnedRecord& next);

// A reversal is counted on the transfer that it gives back from, for as long as it is open as pending: whoever ends it writes both.
inline bool counts_on_parent(const OwnedRecord& rec) noexcept { return rec.kind() == TransferKind::reversal && !is_zero(rec.row.parent_id); }
// What can still be given back of a completed transfer.
inline std::int64_t reversible_minor(const TransferDetail& detail) noexcept {
  return detail.posted_minor - detail.reversed_pending_minor - detail.reversed_posted_minor;
}
// The reversal `minor` of `parent` ends; the parent is written on the version it was read at. A parent that no longer counts so much
// pending is damaged: false, nothing may be written.
bool settle_parent(ledger::EntryBuilder& entry, OwnedRecord& parent, std::int64_t minor, bool completed);

// The next connector of a bank that is up, behind the named one in the order of the configuration (empty: the first); nullptr: none.
plugin_host::Participant* connector_of(const Core& core, std::string_view bank, std::string_view behind);

}  // namespace payswitch::daemon::transfer
