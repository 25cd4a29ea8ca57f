// Events: the changes of records in commit order, from either end, or one record's history.
#include <payswitch/ids.h>
#include <payswitch/str.h>

#include <algorithm>

#include "reads.h"

namespace payswitch::local_ledger {

psw_change ReadTask::change_row(const EntryHeader& entry, const RecordView& record) {
  psw_change row{};
  row.sequence = entry.sequence;
  row.version = record.fixed.version;
  row.at_ms = entry.clock_ms;
  row.record = record.fixed.id;
  row.step_id = entry.step_id;
  row.kind = record.fixed.kind;
  row.state = record.fixed.state;
  row.attention = record.fixed.attention;
  row.attempt = record.fixed.attempt;
  row.reason = buffer_.arena.text(record.text(RecordText::reason));
  row.note = buffer_.arena.text(record.text(RecordText::note));
  return row;
}

bool ReadTask::events() {
  if (!is_zero(read_.id)) return events_of_record();
  return read_.order == PSW_ORDER_NEWEST ? events_newest_first() : events_oldest_first();
}

bool ReadTask::events_of_record() {
  const bool newest_first = read_.order == PSW_ORDER_NEWEST;
  std::uint64_t cursor = newest_first ? UINT64_MAX : 0;
  if (!number_cursor(cursor)) return true;
  std::uint32_t slot = 0;
  std::vector<std::uint64_t> entries;
  const Found found = newest_first ? entries_of_record(slot, entries, 0, cursor, limit_) : entries_of_record(slot, entries, cursor, UINT64_MAX, SIZE_MAX);
  if (found != Found::yes) return found == Found::answered;
  if (!newest_first) std::reverse(entries.begin(), entries.end());
  if (entries.size() > limit_) entries.resize(limit_);
  std::vector<psw_change> out;
  for (const std::uint64_t at : entries) {
    EntryView entry;
    if (!entry_at(at, entry)) return unreadable();
    const EntryHeader header = entry.header();
    entry.each([&](const ItemView& item) {
      if (item.kind() == ItemKind::record && item.as_record().fixed.slot == slot) out.push_back(change_row(header, item.as_record()));
    });
  }
  rows(out, out.empty() ? std::string() : std::to_string(out.back().version));
  return true;
}

bool ReadTask::wanted(const RecordView& record) const {
  const std::int32_t state = record.fixed.state;
  return (read_.state_mask == 0 || (state >= 0 && state <= 62 && (read_.state_mask >> state & 1) != 0)) &&
         (read_.owner.size == 0 || record.text(RecordText::principal) == view(read_.owner)) && (read_.bank.size == 0 || record.text(RecordText::bank) == view(read_.bank));
}

template <class F>
bool ReadTask::scan(std::uint64_t offset, F f) {
  const std::uint64_t segment_bytes = engine_.identity().segment_bytes;
  std::vector<std::uint8_t>& bytes = buffer_.entry;
  constexpr std::size_t block_bytes = 256 * 1024;  // entries lie one behind the other: read many at once
  if (bytes.size() < block_bytes) bytes.resize(block_bytes);
  std::size_t have = 0, used = 0;
  const auto need = [&](std::size_t size) {  // makes bytes[used, used + size) the bytes at `offset`
    if (used <= have && have - used >= size) return true;  // a frame's header is longer than what was asked for: skip() may have passed the block's end
    if (bytes.size() < size) bytes.resize(size);
    used = 0;
    return engine_.journal().read(offset, bytes.data(), bytes.size(), have) == 0 && have >= size;
  };
  const auto skip = [&](std::size_t size) {
    used += size;
    offset += size;
  };
  while (offset != 0 && offset < end_) {
    const std::uint64_t left = segment_bytes - offset % segment_bytes;
    const bool whole_header = left >= sizeof(EntryHeader) && need(sizeof(EntryHeader));
    if (left >= sizeof(EntryHeader) && !whole_header) return false;
    const auto header = whole_header ? load<EntryHeader>(bytes.data() + used) : EntryHeader{};
    if (whole_header && header.bytes == frame_magic) {  // a frame begins here: the magic is no possible size of an entry
      skip(sizeof(FrameHeader));
      continue;
    }
    if (header.bytes == 0) {  // the rest of this segment is empty
      offset += left + sizeof(SegmentHeader);
      have = used = 0;
      continue;
    }
    if (header.bytes > frame_bytes_max || !need(header.bytes) || !well_formed(bytes.data() + used, header.bytes)) return false;
    if (!f(header, EntryView(bytes.data() + used))) return true;
    skip(header.bytes);
  }
  return true;
}

// An entry is never split between two pages, so that a cursor is a sequence; a page may be up to one entry longer.
bool ReadTask::events_oldest_first() {
  std::uint64_t last = 0;
  if (!number_cursor(last)) return true;
  const std::uint64_t after = last;
  std::vector<psw_change> out;
  std::uint32_t looked = 0;
  const bool readable = scan(state_.place_before(after + 1), [&](const EntryHeader& header, const EntryView& entry) {
    if (header.sequence <= after) return true;
    if (out.size() >= limit_) return false;
    if (looked++ == read_entries_max) {
      short_page();
      return false;
    }
    entry.each([&](const ItemView& item) {
      if (item.kind() == ItemKind::record && wanted(item.as_record())) out.push_back(change_row(header, item.as_record()));
    });
    last = header.sequence;
    return true;
  });
  if (!readable) return unreadable();
  rows(out, std::to_string(last));
  return true;
}

// The journal is read forwards: a stretch of entries at a time, each stretch before the last.
bool ReadTask::events_newest_first() {
  std::uint64_t before = sequence_ + 1;
  if (!number_cursor(before)) return true;
  before = std::min(before, sequence_ + 1);
  std::vector<psw_change> out, stretch;
  std::uint32_t looked = 0;
  const std::uint64_t step = std::max<std::uint64_t>(limit_, places_distance);
  while (before > 1 && out.size() < limit_) {
    if (looked >= read_entries_max) {
      short_page();
      break;
    }
    stretch.clear();
    std::uint64_t first = 0;
    const bool readable = scan(state_.place_before(before > step ? before - step : 1), [&](const EntryHeader& header, const EntryView& entry) {
      if (header.sequence >= before) return false;
      if (first == 0) first = header.sequence;
      ++looked;
      entry.each([&](const ItemView& item) {
        if (item.kind() == ItemKind::record && wanted(item.as_record())) stretch.push_back(change_row(header, item.as_record()));
      });
      return true;
    });
    if (!readable) return unreadable();
    if (first == 0) break;
    out.insert(out.end(), stretch.rbegin(), stretch.rend());
    before = first;
  }
  if (out.size() > limit_) {  // what was read too much, but never a part of an entry
    std::size_t keep = limit_;
    while (keep != out.size() && out[keep].sequence == out[keep - 1].sequence) ++keep;
    if (keep != out.size()) before = out[keep - 1].sequence;
    out.resize(keep);
  } else if (out.size() == limit_) {
    before = out.back().sequence;
  }
  rows(out, std::to_string(before));
  return true;
}

}  // namespace payswitch::local_ledger
