// Makes segments one ahead, off the writer's thread: zeros under a temporary name, sync, rename, sync of the directory. So a commit
// never allocates, and a full disk is met here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "identity.h"
#include "storage.h"

namespace payswitch::local_ledger {

std::string segment_name(std::uint64_t number);

class SegmentMaker {
 public:
  // own_thread = false: the work is done inside request() and ready(), for tests and the simulator.
  SegmentMaker(Storage& storage, const Identity& identity, bool own_thread);
  ~SegmentMaker();
  SegmentMaker(const SegmentMaker&) = delete;
  SegmentMaker& operator=(const SegmentMaker&) = delete;

  // Starts to make segment `number`; one at a time. A failure is tried again every second, or at the next ready().
  void request(std::uint64_t number);
  // The segment made before the last stop: it was synced before it got its name.
  void adopt(std::unique_ptr<File> file);
  // The segment asked for, or nullptr: still in the making, or impossible at the moment. Waits up to `wait_ms` while it is being made,
  // not at all once an attempt has failed.
  std::unique_ptr<File> ready(std::uint32_t wait_ms);
  // The last failure, empty when there is none: "…: No space left on device".
  std::string trouble();

 private:
  Status make(std::uint64_t number, std::unique_ptr<File>& out);
  bool awaited();
  std::chrono::steady_clock::time_point pause_since(std::chrono::steady_clock::time_point began);
  void run();

  Storage& storage_;
  const Identity identity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false, wanted_ = false;
  bool awaited_ = false;  // the writer waits: no pauses
  std::uint64_t number_ = 0;
  std::unique_ptr<File> file_;
  std::string trouble_;
  std::thread thread_;
};

}  // namespace payswitch::local_ledger
