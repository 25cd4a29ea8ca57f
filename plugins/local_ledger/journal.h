// The append-only journal (docs/reference/data-format.md): entries are collected in one frame, a frame is one write and one sync.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chunked_array.h"
#include "entry_view.h"
#include "hashing.h"
#include "identity.h"
#include "segment_maker.h"
#include "storage.h"

namespace payswitch::local_ledger {

inline constexpr std::uint64_t segment_bytes_min = 64 * 1024;
inline constexpr std::uint64_t segment_bytes_max = 1024ull * 1024 * 1024;
inline constexpr std::size_t frame_bytes_max = 8 * 1024 * 1024;

struct JournalOptions {
  bool sync = true;        // false only to measure what the sync costs
  bool own_thread = true;  // segments are made by a thread of their own
};

// Who is told what the journal holds, in order. A returned error ends the reading: start is refused with it.
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  virtual Status entry(const EntryView& entry, std::uint64_t offset) = 0;
};

struct JournalReport {
  std::uint64_t frames = 0, entries = 0, bytes = 0, segments = 0;
  std::uint64_t cut_offset = 0, cut_bytes = 0;  // a torn tail; 0 bytes = none
  std::string cut_file;
};

class Journal {
 public:
  // Reads everything there is into `sink` and stands ready to append. The storage must be locked and outlive the journal.
  static Status open(Storage& storage, const Identity& identity, const JournalOptions& options, EntrySink& sink, std::unique_ptr<Journal>& out, JournalReport& report);
  // Reads without changing a byte, for `verify`: a torn tail is reported, not cut.
  static Status inspect(Storage& storage, const Identity& identity, EntrySink& sink, JournalReport& report);
  // Says in the directory that the journal ends here, so that nothing may be missing at the next start.
  Status close();

  // ---- [writer] ----
  enum class Room { yes, commit_first, too_large, none };
  // Is there room for an entry of `bytes`? commit_first: flush what is collected, then ask again. none: no next segment, the disk is
  // full; trouble() says why, and it may be different a moment later.
  Room room(std::size_t bytes);
  // After room() == yes: where the entry goes, and the address it will have.
  std::uint8_t* space() noexcept { return frame_.get() + used_; }
  std::uint64_t next_offset() const noexcept { return end_ + used_; }
  void accept(std::size_t bytes) noexcept { used_ += bytes; ++count_; }
  std::uint32_t collected() const noexcept { return count_; }
  // One write, one sync. An error is final: the engine must stop.
  Status flush(std::uint64_t first_sequence, std::int64_t clock_ms);
  // Work that a flush left for after its answers: the hash of the frame, which the next one will carry. Done in time by itself; called
  // when there is a moment.
  void settle();
  std::string trouble() { return maker_->trouble(); }

  // ---- [any] ----
  // Bytes before durable_end(): from the files. [writer] may also read what is only collected yet.
  int read(std::uint64_t offset, void* out, std::size_t size, std::size_t& got) const;
  std::uint64_t durable_end() const noexcept { return durable_end_.load(std::memory_order_acquire); }
  const std::uint8_t* collected_at(std::uint64_t offset) const noexcept { return offset >= end_ ? frame_.get() + (offset - end_) : nullptr; }  // [writer]

 private:
  friend class JournalReader;
  Journal(Storage& storage, const Identity& identity, const JournalOptions& options);
  Status make_end_durable(std::uint64_t last_frame, std::size_t bytes, File* file);
  void add_segment(std::unique_ptr<File> file);

  Storage& storage_;
  const Identity identity_;
  const JournalOptions options_;
  ChunkedArray<std::unique_ptr<File>> segments_;
  std::unique_ptr<SegmentMaker> maker_;
  ChainHash hash_;
  std::unique_ptr<std::uint8_t[]> frame_;
  std::size_t frame_limit_;           // of this ledger: a frame never takes more than half a segment
  std::size_t used_ = sizeof(FrameHeader);
  std::uint32_t count_ = 0;
  std::uint64_t end_ = 0;             // where the collected frame goes
  std::uint64_t sequence_ = 0;        // of the last entry written
  Digest last_hash_{};                // once unhashed_ is 0
  std::size_t unhashed_ = 0;          // bytes of the flushed frame, still in frame_
  std::atomic<std::uint64_t> durable_end_{0};
};

// Reads the entry at `offset` into `bytes` and checks its form; `end`: nothing from there on may be read. The view borrows `bytes`. [any]
bool load_entry(const Journal& journal, std::uint64_t offset, std::uint64_t end, std::vector<std::uint8_t>& bytes, EntryView& out);

}  // namespace payswitch::local_ledger
