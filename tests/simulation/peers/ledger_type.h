// The real local_ledger as a plugin type over a disk in memory.
#pragma once

#include <payswitch/abi.h>

#include "plugins/local_ledger/memory_disk.h"

namespace payswitch::simulation::peers {

// An instance made now stands on `disk`, which outlives it; chance comes from `seed`. For the next create() only.
const psw_type& ledger_on(local_ledger::test::MemoryDisk& disk, std::uint64_t seed);

}  // namespace payswitch::simulation::peers
