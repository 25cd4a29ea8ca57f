// Who a ledger is: 128 random bits made once, and an epoch that only restore and operators raise (docs: domain, Identity).
#pragma once

#include <payswitch/abi.h>

#include <cstdint>

#include "hashing.h"
#include "status.h"
#include "storage.h"

namespace payswitch::local_ledger {

struct Identity {
  psw_id id{};
  std::uint64_t epoch = 1;
  std::uint64_t segment_bytes = 0;
  std::uint32_t salt = 0;  // seeds every CRC of this ledger; never shown to anybody
};

// Chance as a parameter: fills `size` bytes.
using Random = void (*)(void* out, std::size_t size);
void system_random(void* out, std::size_t size);

// Reads `ledger`; makes it when the directory is new and `create` is set. A directory with segments but without it is damaged.
Status load_identity(Storage& storage, bool create, std::uint64_t segment_bytes, Random random, Identity& out);

// Where a cleanly stopped journal ends.
struct CleanEnd {
  std::uint64_t sequence = 0, end = 0;
  Digest hash{};
};
// `found` is false when there is no such file: the last stop was not clean.
Status load_clean_end(Storage& storage, bool& found, CleanEnd& out);
Status store_clean_end(Storage& storage, const CleanEnd& end);

// Writes name.tmp, syncs, renames, syncs the directory.
Status replace_file(Storage& storage, const std::string& name, const void* data, std::size_t size);

}  // namespace payswitch::local_ledger
