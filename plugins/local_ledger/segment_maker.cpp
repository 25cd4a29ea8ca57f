#include "segment_maker.h"

#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

#include "format.h"
#include "mutant.h"

namespace payswitch::local_ledger {
namespace {

constexpr std::size_t fill_bytes = 256 * 1024;         // one write; small enough to stay in the processor's cache
constexpr std::size_t sync_every_bytes = 1024 * 1024;  // a commit that comes meanwhile waits for the disk behind this much, not more
constexpr std::size_t sync_every_awaited_bytes = 8 * sync_every_bytes;  // while the writer waits for the segment, nothing else is under way
constexpr auto pause_max = std::chrono::milliseconds(20);

}  // namespace

std::string segment_name(std::uint64_t number) {
  char text[40];
  std::snprintf(text, sizeof text, "journal-%010llu", static_cast<unsigned long long>(number));
  return text;
}

SegmentMaker::SegmentMaker(Storage& storage, const Identity& identity, bool own_thread) : storage_(storage), identity_(identity) {
  if (own_thread) thread_ = std::thread([this] { run(); });
}

SegmentMaker::~SegmentMaker() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Status SegmentMaker::make(std::uint64_t number, std::unique_ptr<File>& out) {
  const std::string name = segment_name(number), temporary = name + ".tmp";
  if (const int rc = storage_.remove(temporary); rc != 0 && rc != ENOENT) return errno_status(storage_.path(temporary), "remove", rc);
  std::unique_ptr<File> file;
  if (const int rc = storage_.open(temporary, OpenMode::create, file); rc != 0) return errno_status(storage_.path(temporary), "create", rc);
  SegmentHeader header{};
  std::memcpy(header.magic, segment_magic, sizeof header.magic);
  header.version = format_version;
  std::memcpy(header.ledger, identity_.id.b, sizeof header.ledger);
  header.number = number;
  header.segment_bytes = identity_.segment_bytes;
  header.crc = crc32c(identity_.salt, &header, sizeof header);
  std::vector<std::uint8_t> zeros(fill_bytes, 0);
  int rc = 0;
  std::uint64_t unsynced = 0;
  auto part_began = std::chrono::steady_clock::now();
  for (std::uint64_t at = 0; rc == 0 && at < identity_.segment_bytes; at += fill_bytes) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(fill_bytes, identity_.segment_bytes - at));
    if (at == 0) std::memcpy(zeros.data(), &header, sizeof header);
    rc = file->write(at, zeros.data(), size);
    if (at == 0) std::memset(zeros.data(), 0, sizeof header);
    unsynced += size;
    if (rc == 0 && unsynced >= (awaited() ? sync_every_awaited_bytes : sync_every_bytes)) {
      rc = file->sync();
      unsynced = 0;
      part_began = pause_since(part_began);
    }
  }
  if (rc == 0 && unsynced != 0) rc = file->sync();
  if (rc != 0) {
    file.reset();
    static_cast<void>(storage_.remove(temporary));  // gives the space back; a leftover is removed at start
    return errno_status(storage_.path(temporary), "fill", rc);
  }
  if (rc = storage_.rename(temporary, name); rc != 0) return errno_status(storage_.path(name), "rename", rc);
  if (mutant("ledger.skip_directory_sync")) {
    out = std::move(file);
    return {};
  }
  if (rc = storage_.sync_directory(); rc != 0) return errno_status(storage_.path(name), "sync directory", rc);
  out = std::move(file);
  return {};
}

bool SegmentMaker::awaited() {
  const std::lock_guard lock(mutex_);
  return awaited_;
}

// Leaves the disk to the writer for as long as it was taken from it, unless the writer already waits for the segment.
std::chrono::steady_clock::time_point SegmentMaker::pause_since(std::chrono::steady_clock::time_point began) {
  if (thread_.joinable()) {
    const auto pause = std::min<std::chrono::steady_clock::duration>(std::chrono::steady_clock::now() - began, pause_max);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return stop_ || awaited_; });
  }
  return std::chrono::steady_clock::now();
}

void SegmentMaker::request(std::uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    PSW_LEDGER_ASSERT(!wanted_ && file_ == nullptr);
    wanted_ = true;
    number_ = number;
  }
  if (thread_.joinable()) {
    changed_.notify_all();
  } else {
    trouble_ = make(number, file_).error;
  }
}

void SegmentMaker::adopt(std::unique_ptr<File> file) {
  const std::lock_guard lock(mutex_);
  wanted_ = true;
  file_ = std::move(file);
}

std::unique_ptr<File> SegmentMaker::ready(std::uint32_t wait_ms) {
  if (!thread_.joinable() && wanted_ && file_ == nullptr) {
    trouble_ = make(number_, file_).error;
  }
  std::unique_lock lock(mutex_);
  if (wait_ms != 0 && thread_.joinable() && file_ == nullptr) {
    awaited_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), [this] { return file_ != nullptr || !trouble_.empty() || !wanted_; });
  }
  awaited_ = false;
  if (file_ == nullptr) return nullptr;
  wanted_ = false;
  return std::move(file_);
}

std::string SegmentMaker::trouble() {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void SegmentMaker::run() {
  pthread_setname_np(pthread_self(), "ledger-segment");
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (!wanted_ || file_ != nullptr) {
      changed_.wait(lock);
      continue;
    }
    const std::uint64_t number = number_;
    lock.unlock();
    std::unique_ptr<File> file;
    const Status status = make(number, file);
    lock.lock();
    trouble_ = status.error;
    file_ = std::move(file);
    changed_.notify_all();
    if (!status.ok()) changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stop_; });
  }
}

}  // namespace payswitch::local_ledger
