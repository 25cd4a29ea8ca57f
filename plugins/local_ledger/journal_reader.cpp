// Reading the journal at start and for `verify`: what is a frame, where does the journal end, and may that end be a torn write?
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "journal.h"

namespace payswitch::local_ledger {
namespace {

bool all_zero(const std::uint8_t* at, const std::uint8_t* end) noexcept {
  return at == end || (*at == 0 && std::memcmp(at, at + 1, static_cast<std::size_t>(end - at - 1)) == 0);
}

bool header_valid(const std::uint8_t* at, std::size_t left, std::uint32_t salt, FrameHeader& header) noexcept {
  if (left < sizeof header) return false;
  header = load<FrameHeader>(at);
  return header.magic == frame_magic && header.header_crc == crc32c(salt, at, offsetof(FrameHeader, header_crc));
}

bool frame_valid(const std::uint8_t* at, std::size_t left, std::uint32_t salt, FrameHeader& header) noexcept {
  if (!header_valid(at, left, salt, header) || header.bytes > left || header.bytes < sizeof header) return false;
  std::uint32_t crc = crc32c(salt, at, offsetof(FrameHeader, crc));
  crc = crc32c(crc, at + sizeof header, header.bytes - sizeof header);
  return crc == header.crc;
}

}  // namespace

class JournalReader {
 public:
  JournalReader(Storage& storage, const Identity& identity, EntrySink& sink, JournalReport& report)
      : storage_(storage), identity_(identity), sink_(sink), report_(report) {}

  // `files`: the opened segments in order, left with the caller.
  Status run(bool read_only, std::vector<std::unique_ptr<File>>& files);

  std::uint64_t end = 0;      // journal offset behind the last frame; 0 = there is none, whether or not a segment waits for it
  std::uint64_t sequence = 0;
  Digest last_hash{};
  std::uint64_t last_frame = 0;  // journal offset and size of the last frame, 0 = none
  std::size_t last_frame_bytes = 0;

 private:
  Status find_segments(bool read_only, std::vector<std::uint64_t>& numbers);
  Status load_segment(std::uint64_t number, File& file);
  Status frames(std::uint64_t number, std::size_t& at);
  Status judge_end(std::uint64_t number, std::size_t at, std::size_t& cut_end);
  Status rest_is_empty(std::uint64_t number, std::size_t at);
  Status look_for_tear(std::uint64_t number, std::size_t at);
  Status check_clean_end();
  Status damaged(std::uint64_t number, std::size_t at, const std::string& what) const {
    return Status(storage_.path(segment_name(number)) + ": damaged at offset " + std::to_string(at) + ": " + what + ". Restore from a backup; `payswitchctl ledger verify` shows what is left");
  }

  Storage& storage_;
  const Identity& identity_;
  EntrySink& sink_;
  JournalReport& report_;
  ChainHash hash_;
  std::vector<std::uint8_t> bytes_;  // one segment
  std::uint64_t cut_segment_ = 0, last_used_ = 0;
};

Status JournalReader::find_segments(bool read_only, std::vector<std::uint64_t>& numbers) {
  std::vector<std::string> names;
  if (const int rc = storage_.list(names); rc != 0) return errno_status(storage_.path("."), "list", rc);
  for (const std::string& name : names) {
    if (!name.starts_with("journal-")) continue;
    if (name.ends_with(".tmp")) {
      if (!read_only) {
        if (const int rc = storage_.remove(name); rc != 0) return errno_status(storage_.path(name), "remove", rc);
      }
      continue;
    }
    const std::uint64_t number = std::strtoull(name.c_str() + 8, nullptr, 10);
    if (segment_name(number) != name) return Status(storage_.path(name) + ": this name does not belong here");
    numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  for (std::size_t i = 0; i != numbers.size(); ++i) {
    if (numbers[i] != i) return Status(storage_.path(segment_name(i)) + ": missing: the journal has a gap");
  }
  return {};
}

Status JournalReader::load_segment(std::uint64_t number, File& file) {
  bytes_.resize(static_cast<std::size_t>(identity_.segment_bytes));
  std::size_t got = 0;
  if (const int rc = file.read(0, bytes_.data(), bytes_.size(), got); rc != 0) return errno_status(storage_.path(segment_name(number)), "read", rc);
  if (got != bytes_.size() || file.size() != bytes_.size()) return damaged(number, got, "the file has " + std::to_string(file.size()) + " bytes instead of " + std::to_string(bytes_.size()));
  auto header = load<SegmentHeader>(bytes_.data());
  const std::uint32_t crc = header.crc;
  header.crc = 0;
  if (std::memcmp(header.magic, segment_magic, sizeof header.magic) != 0 || crc != crc32c(identity_.salt, &header, sizeof header)) {
    return damaged(number, 0, "the segment header is wrong");
  }
  if (std::memcmp(header.ledger, identity_.id.b, sizeof header.ledger) != 0 || header.number != number) return damaged(number, 0, "the segment belongs to another ledger or place");
  return {};
}

// Reads valid frames from `at`; leaves `at` behind the last one.
Status JournalReader::frames(std::uint64_t number, std::size_t& at) {
  FrameHeader header;
  while (frame_valid(bytes_.data() + at, bytes_.size() - at, identity_.salt, header)) {
    if (header.version != format_version || header.header_bytes != sizeof header) return damaged(number, at, "frame of an unknown version");
    if (header.sequence != sequence + 1) return damaged(number, at, "sequence " + std::to_string(header.sequence) + " follows " + std::to_string(sequence));
    if (std::memcmp(header.previous, last_hash.data(), last_hash.size()) != 0) return damaged(number, at, "the hash of the frame before it does not match");
    std::size_t inside = at + sizeof header;
    for (std::uint32_t i = 0; i != header.count; ++i) {
      const std::size_t left = at + header.bytes - inside;
      if (!well_formed(bytes_.data() + inside, left)) return damaged(number, inside, "the entry is not well formed");
      const EntryView entry(bytes_.data() + inside);
      if (entry.header().sequence != sequence + 1) return damaged(number, inside, "entry " + std::to_string(entry.header().sequence) + " follows " + std::to_string(sequence));
      if (Status status = sink_.entry(entry, number * identity_.segment_bytes + inside); !status.ok()) return damaged(number, inside, status.error);
      ++sequence;
      ++report_.entries;
      inside += entry.header().bytes;
    }
    if (inside != at + header.bytes) return damaged(number, inside, "the frame is longer than its entries");
    last_hash = hash_(bytes_.data() + at, header.bytes);
    last_frame = number * identity_.segment_bytes + at;
    last_frame_bytes = header.bytes;
    ++report_.frames;
    report_.bytes += header.bytes;
    at += header.bytes;
  }
  return {};
}

// The bytes from `at` on are no valid next frame. Fine if they are zero; a cut if power loss can have torn them; else damage.
Status JournalReader::judge_end(std::uint64_t number, std::size_t at, std::size_t& cut_end) {
  cut_end = at;
  const std::uint8_t* const base = bytes_.data();
  const std::uint8_t* const end = base + bytes_.size();
  if (all_zero(base + at, end)) return {};
  FrameHeader other;
  for (std::size_t i = at; i + sizeof other <= bytes_.size(); i += 8) {
    if (load<std::uint32_t>(base + i) == frame_magic && frame_valid(base + i, bytes_.size() - i, identity_.salt, other)) {
      return damaged(number, at, "no valid frame, but a valid one follows at offset " + std::to_string(i));
    }
  }
  const auto sector_end = [&](std::size_t from, std::size_t limit) { return std::min<std::size_t>(limit, (from / sector_bytes + 1) * sector_bytes); };
  FrameHeader header;
  std::size_t limit = std::min(bytes_.size(), at + sizeof header);
  const bool whole_header = header_valid(base + at, bytes_.size() - at, identity_.salt, header);
  if (whole_header) limit = std::min<std::size_t>(bytes_.size(), at + header.bytes);
  bool hole = false;
  for (std::size_t from = at; from < limit;) {
    const std::size_t to = sector_end(from, limit);
    hole = hole || all_zero(base + from, base + to);
    from = to;
  }
  // A write that the kernel or a signal cut short leaves a frame whose end is missing; no frame ends with that many zeros by itself.
  constexpr std::size_t end_zeros = 16;
  hole = hole || (limit - at > end_zeros && all_zero(base + limit - end_zeros, base + limit));
  if (!hole) return damaged(number, at, "the frame was written whole, but its checksum is wrong");
  if (whole_header && !all_zero(base + limit, end)) return damaged(number, limit, "bytes behind the last frame");
  cut_end = bytes_.size();
  while (base[cut_end - 1] == 0) --cut_end;
  const auto reach = static_cast<std::size_t>(std::min<std::uint64_t>(frame_bytes_max, identity_.segment_bytes / 2));
  if (cut_end - at > reach) return damaged(number, cut_end - 1, "bytes farther behind the last frame than a torn one reaches");
  return {};
}

Status JournalReader::rest_is_empty(std::uint64_t number, std::size_t at) {
  const auto* from = bytes_.data() + at;
  if (all_zero(from, bytes_.data() + bytes_.size())) return {};
  while (*from == 0) ++from;
  return damaged(number, static_cast<std::size_t>(from - bytes_.data()), "bytes where there should be none");
}

Status JournalReader::run(bool read_only, std::vector<std::unique_ptr<File>>& files) {
  std::vector<std::uint64_t> numbers;
  if (Status status = find_segments(read_only, numbers); !status.ok()) return status;
  for (const std::uint64_t number : numbers) {
    std::unique_ptr<File> file;
    if (const int rc = storage_.open(segment_name(number), read_only ? OpenMode::read_only : OpenMode::read_write, file); rc != 0) {
      return errno_status(storage_.path(segment_name(number)), "open", rc);
    }
    files.push_back(std::move(file));
  }
  report_.segments = files.size();
  // A segment is left only when a frame begins the next one; so the first whose successor holds no frame is the last in use.
  bool ended = false;
  for (std::uint64_t number = 0; number != files.size(); ++number) {
    if (Status status = load_segment(number, *files[static_cast<std::size_t>(number)]); !status.ok()) return status;
    std::size_t at = sizeof(SegmentHeader);
    if (ended) {
      // The first frame of a new segment may be the one that was torn.
      if (report_.cut_bytes == 0 && number == last_used_ + 1) {
        if (Status status = look_for_tear(number, at); !status.ok()) return status;
      } else if (Status status = rest_is_empty(number, at); !status.ok()) {
        return status;
      }
      continue;
    }
    last_used_ = number;
    if (Status status = frames(number, at); !status.ok()) return status;
    bool continued = false;
    if (number + 1 < files.size()) {
      std::uint8_t head[sizeof(SegmentHeader) + sizeof(FrameHeader)];
      std::size_t got = 0;
      if (const int rc = files[static_cast<std::size_t>(number) + 1]->read(0, head, sizeof head, got); rc != 0) return errno_status(storage_.path(segment_name(number + 1)), "read", rc);
      FrameHeader next;
      continued = got == sizeof head && header_valid(head + sizeof(SegmentHeader), sizeof next, identity_.salt, next);
    }
    end = last_frame_bytes == 0 ? 0 : number * identity_.segment_bytes + at;
    if (continued) {
      if (Status status = rest_is_empty(number, at); !status.ok()) return status;
      continue;
    }
    ended = true;
    if (Status status = look_for_tear(number, at); !status.ok()) return status;
  }
  if (Status status = check_clean_end(); !status.ok() || read_only || report_.cut_bytes == 0) return status;
  File& file = *files[static_cast<std::size_t>(cut_segment_)];
  const std::vector<std::uint8_t> zeros(static_cast<std::size_t>(report_.cut_bytes), 0);
  if (const int rc = file.write(report_.cut_offset, zeros.data(), zeros.size()); rc != 0) return errno_status(report_.cut_file, "write", rc);
  if (const int rc = file.sync(); rc != 0) return errno_status(report_.cut_file, "sync", rc);
  return {};
}

Status JournalReader::look_for_tear(std::uint64_t number, std::size_t at) {
  std::size_t cut_end = at;
  if (Status status = judge_end(number, at, cut_end); !status.ok()) return status;
  if (cut_end == at) return {};
  cut_segment_ = number;
  report_.cut_file = storage_.path(segment_name(number));
  report_.cut_offset = at;
  report_.cut_bytes = cut_end - at;
  return {};
}

Status JournalReader::check_clean_end() {
  bool closed = false;
  CleanEnd clean;
  if (Status status = load_clean_end(storage_, closed, clean); !status.ok()) return status;
  if (!closed) return {};
  if (report_.cut_bytes != 0) return damaged(cut_segment_, static_cast<std::size_t>(report_.cut_offset), "bytes behind the end of a ledger that was stopped cleanly, or its last frame is damaged");
  if (clean.sequence != sequence || clean.end != end || clean.hash != last_hash) {
    return Status(storage_.path("closed") + ": the ledger was stopped cleanly at sequence " + std::to_string(clean.sequence) + ", but its journal ends at " + std::to_string(sequence) + " (" +
                  storage_.path(segment_name(last_used_)) + " offset " + std::to_string(end % identity_.segment_bytes) + "). Restore from a backup");
  }
  return {};
}

// What a killed process had written may be in the page cache only, and after a failed sync the kernel calls such pages clean, so that a
// sync alone would not write them. Every frame but the last was synced before the next was written: so the last one is written again
// and synced, and so is the directory (its segment may be renamed and no more), before anybody hears of what it holds.
Status Journal::make_end_durable(std::uint64_t last_frame, std::size_t bytes, File* file) {
  if (const int rc = storage_.sync_directory(); rc != 0) return errno_status(storage_.path("."), "sync directory", rc);
  if (bytes == 0 || !options_.sync) return {};
  const std::uint64_t number = last_frame / identity_.segment_bytes, inside = last_frame % identity_.segment_bytes;
  std::vector<std::uint8_t> frame(bytes);
  std::size_t got = 0;
  if (const int rc = file->read(inside, frame.data(), bytes, got); rc != 0 || got != bytes) return errno_status(storage_.path(segment_name(number)), "read", rc);
  if (const int rc = file->write(inside, frame.data(), bytes); rc != 0) return errno_status(storage_.path(segment_name(number)), "write", rc);
  if (const int rc = file->sync(); rc != 0) return errno_status(storage_.path(segment_name(number)), "sync", rc);
  return {};
}

Status Journal::inspect(Storage& storage, const Identity& identity, EntrySink& sink, JournalReport& report) {
  JournalReader reader(storage, identity, sink, report);
  std::vector<std::unique_ptr<File>> files;
  return reader.run(true, files);
}

Status Journal::open(Storage& storage, const Identity& identity, const JournalOptions& options, EntrySink& sink, std::unique_ptr<Journal>& out, JournalReport& report) {
  std::unique_ptr<Journal> journal(new Journal(storage, identity, options));
  std::vector<std::unique_ptr<File>> files;
  {
    JournalReader reader(storage, identity, sink, report);
    if (Status status = reader.run(false, files); !status.ok()) return status;
    journal->end_ = reader.end;
    journal->sequence_ = reader.sequence;
    journal->last_hash_ = reader.last_hash;
    File* const last = files.empty() ? nullptr : files[static_cast<std::size_t>(reader.last_frame / identity.segment_bytes)].get();
    if (Status status = journal->make_end_durable(reader.last_frame, reader.last_frame_bytes, last); !status.ok()) return status;
  }
  // From the first new frame on, the mark of a clean stop would be a lie.
  if (const int rc = storage.remove("closed"); rc == 0) {
    if (const int error = storage.sync_directory(); error != 0) return errno_status(storage.path("closed"), "sync directory", error);
  } else if (rc != ENOENT) {
    return errno_status(storage.path("closed"), "remove", rc);
  }
  journal->maker_ = std::make_unique<SegmentMaker>(storage, identity, options.own_thread);
  const std::uint64_t used = journal->end_ == 0 ? 0 : (journal->end_ - 1) / identity.segment_bytes + 1;
  for (std::uint64_t number = 0; number != used; ++number) journal->add_segment(std::move(files[static_cast<std::size_t>(number)]));
  if (files.size() > used) {
    journal->maker_->adopt(std::move(files[static_cast<std::size_t>(used)]));
  } else {
    journal->maker_->request(used);
  }
  journal->durable_end_.store(journal->end_, std::memory_order_release);
  out = std::move(journal);
  return {};
}

}  // namespace payswitch::local_ledger
