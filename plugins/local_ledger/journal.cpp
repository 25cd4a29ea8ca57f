#include "journal.h"

#include <payswitch/failpoint.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace payswitch::local_ledger {

Journal::Journal(Storage& storage, const Identity& identity, const JournalOptions& options)
    : storage_(storage),
      identity_(identity),
      options_(options),
      frame_limit_(std::min<std::size_t>(frame_bytes_max, static_cast<std::size_t>(identity.segment_bytes / 2))) {
  frame_ = std::make_unique<std::uint8_t[]>(frame_limit_);
}

void Journal::add_segment(std::unique_ptr<File> file) {
  segments_.append() = std::move(file);
  segments_.publish();
}

Journal::Room Journal::room(std::size_t bytes) {
  settle();  // the frame's memory is used again
  if (sizeof(FrameHeader) + bytes > frame_limit_) return Room::too_large;
  const std::uint64_t left = identity_.segment_bytes - end_ % identity_.segment_bytes;
  const bool fits = end_ % identity_.segment_bytes != 0 && used_ + bytes <= left;
  if (fits && used_ + bytes <= frame_limit_) return Room::yes;
  if (count_ != 0) return Room::commit_first;
  // The rest of this segment stays zero; the frame begins the next one.
  constexpr std::uint32_t wait_ms = 2000;  // only while it is being made; a failure answers at once
  std::unique_ptr<File> next = maker_->ready(wait_ms);
  if (next == nullptr) return Room::none;
  const std::uint64_t number = segments_.made();
  add_segment(std::move(next));
  end_ = number * identity_.segment_bytes + sizeof(SegmentHeader);
  maker_->request(number + 1);
  return Room::yes;
}

void Journal::settle() {
  if (unhashed_ == 0) return;
  last_hash_ = hash_(frame_.get(), unhashed_);
  unhashed_ = 0;
}

Status Journal::flush(std::uint64_t first_sequence, std::int64_t clock_ms) {
  if (count_ == 0) return {};
  FrameHeader header{};
  header.magic = frame_magic;
  header.version = format_version;
  header.header_bytes = sizeof header;
  header.bytes = static_cast<std::uint32_t>(used_);
  header.count = count_;
  header.sequence = first_sequence;
  header.clock_ms = clock_ms;
  header.epoch = identity_.epoch;
  std::memcpy(header.previous, last_hash_.data(), sizeof header.previous);
  header.header_crc = crc32c(identity_.salt, &header, offsetof(FrameHeader, header_crc));
  header.crc = crc32c(identity_.salt, &header, offsetof(FrameHeader, crc));
  header.crc = crc32c(header.crc, frame_.get() + sizeof header, used_ - sizeof header);
  std::memcpy(frame_.get(), &header, sizeof header);

  const std::uint64_t number = end_ / identity_.segment_bytes;
  File& file = *segments_[static_cast<std::size_t>(number)];
  if (const int rc = PSW_FAILPOINT("ledger.before_write") ? EIO : file.write(end_ % identity_.segment_bytes, frame_.get(), used_); rc != 0) {
    return errno_status(storage_.path(segment_name(number)), "write", rc);
  }
  if (options_.sync) {
    if (const int rc = PSW_FAILPOINT("ledger.before_sync") ? EIO : file.sync(); rc != 0) return errno_status(storage_.path(segment_name(number)), "sync", rc);
  }
  (void)PSW_FAILPOINT("ledger.synced");
  unhashed_ = used_;
  sequence_ = first_sequence + count_ - 1;
  end_ += used_;
  used_ = sizeof(FrameHeader);
  count_ = 0;
  durable_end_.store(end_, std::memory_order_release);
  return {};
}

int Journal::read(std::uint64_t offset, void* out, std::size_t size, std::size_t& got) const {
  const auto number = static_cast<std::size_t>(offset / identity_.segment_bytes);
  const std::uint64_t inside = offset % identity_.segment_bytes;
  if (number >= segments_.size()) return ENXIO;
  return segments_[number]->read(inside, out, static_cast<std::size_t>(std::min<std::uint64_t>(size, identity_.segment_bytes - inside)), got);
}

Status Journal::close() {
  (void)PSW_FAILPOINT("ledger.before_close");
  settle();
  maker_.reset();
  // Not end_: the next segment may be begun for an entry that was then refused, and the journal ends with its last frame.
  return store_clean_end(storage_, CleanEnd{sequence_, durable_end(), last_hash_});
}

bool load_entry(const Journal& journal, std::uint64_t offset, std::uint64_t end, std::vector<std::uint8_t>& bytes, EntryView& out) {
  constexpr std::size_t first_read = 2048;
  if (bytes.size() < first_read) bytes.resize(first_read);
  std::size_t got = 0;
  if (offset >= end || journal.read(offset, bytes.data(), first_read, got) != 0 || got < sizeof(EntryHeader)) return false;
  const auto header = load<EntryHeader>(bytes.data());
  if (header.bytes > got) {
    if (header.bytes > frame_bytes_max) return false;
    if (bytes.size() < header.bytes) bytes.resize(header.bytes);
    if (journal.read(offset, bytes.data(), header.bytes, got) != 0 || got < header.bytes) return false;
  }
  if (!well_formed(bytes.data(), header.bytes)) return false;
  out = EntryView(bytes.data());
  return true;
}

}  // namespace payswitch::local_ledger
