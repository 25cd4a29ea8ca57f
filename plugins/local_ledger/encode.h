// Writing an entry's bytes (docs/reference/data-format.md) from a plan.
#pragma once

#include <cstdint>

#include "decide.h"

namespace payswitch::local_ledger {

// No entry made from this one takes more bytes.
std::size_t encoded_bytes_max(const psw_entry& entry);

struct EntryStamp {
  std::uint64_t sequence = 0, offset = 0;  // offset: the address it will have
  std::int64_t clock_ms = 0;
};

// Writes the plan of a decision whose outcome is apply or refuse; returns its size, a multiple of 8.
std::size_t encode_entry(const psw_entry& entry, const Plan& plan, const Decision& decision, const EntryStamp& stamp, std::uint8_t* out);

// A round of leases: each record again as it was, with version + 1, a new owner, epoch and end.
struct LeasedRecord {
  RecordView before;       // views into bytes that outlive the call
  std::uint64_t previous = 0;
};
std::size_t lease_bytes_max(const RecordView& before, std::string_view owner);
std::size_t encode_lease(const LeasedRecord* records, std::size_t n, std::string_view owner, std::int64_t lease_end_ms, const EntryStamp& stamp, std::uint8_t* out);

}  // namespace payswitch::local_ledger
