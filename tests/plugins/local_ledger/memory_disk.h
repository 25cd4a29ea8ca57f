// A disk in memory that fails on request: unsynced bytes and names are lost at a power cut, sector by sector; the n-th operation
// returns an error; space runs out. It outlives the storages opened on it, as a disk outlives processes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "local_ledger/storage.h"

namespace payswitch::local_ledger::test {

class MemoryDisk {
 public:
  struct Node {
    std::vector<std::uint8_t> cached, durable;
    std::vector<std::pair<std::uint64_t, std::size_t>> unsynced;
  };
  enum class Step { open, write, sync, rename, remove, sync_directory };

  std::unique_ptr<Storage> storage();

  // What is left after the power went: every sector of an unsynced write is there or not, by chance; names only if the directory was
  // synced.
  void power_cut(std::uint64_t seed);
  // What is left after kill -9: everything written.
  void kill() { locked = false; }

  // The `nth` step of this kind from now on (1 = the next) fails with `error`; a failing write leaves half of its bytes.
  void fail(Step step, int nth, int error) {
    fail_step = step;
    fail_in = nth;
    fail_error = error;
  }
  // As Linux does: the error is told once, then the pages count as clean although the disk does not have them. False: the sync was
  // only cut short.
  bool failed_sync_forgets = false;
  std::uint64_t space_bytes = UINT64_MAX;  // of all files together

  std::vector<std::uint8_t>& bytes(const std::string& name) { return names.at(name)->cached; }
  std::uint64_t used_bytes() const;

  // -- for the storage --
  int step(Step step);
  std::map<std::string, std::shared_ptr<Node>> names, durable_names;
  bool locked = false;
  std::uint64_t writes = 0, syncs = 0;
  std::mutex mutex;  // readers read while the writer writes

 private:
  Step fail_step = Step::open;
  int fail_in = 0, fail_error = 0;
};

}  // namespace payswitch::local_ledger::test
