// Records, and events: the changes of records in commit order, or one record's history.
#include <payswitch/ids.h>
#include <payswitch/str.h>
#include <payswitch/transfer_state.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "reads.h"
#include "record_row.h"

namespace payswitch::local_ledger {
namespace {

std::uint64_t number_or(std::string_view text, std::uint64_t otherwise) noexcept {
  std::uint64_t out = 0;
  return !text.empty() && std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{} ? out : otherwise;
}

}  // namespace

const Record* ReadTask::find_record(const psw_id& id, std::uint32_t& slot) const { return state_.record(id, slot); }

bool ReadTask::record_cursor(std::uint32_t& slot) const {
  psw_id id{};
  if (after_.size() == sizeof id.b) {
    std::memcpy(id.b, after_.data(), sizeof id.b);
  } else if (const auto hex = parse_hex(after_)) {
    id = *hex;
  } else {
    return false;
  }
  return find_record(id, slot) != nullptr;
}

// What can be said without the journal; hashes may say yes too often.
bool ReadTask::passes(std::uint32_t slot, const RecordState& state) const {
  if (state.version == 0) return false;
  if (read_.state_mask != 0 && (state.state < 0 || state.state > 62 || (read_.state_mask >> state.state & 1) == 0)) return false;
  if (read_.bank.size != 0 && state.bank_hash != state_.short_hash(view(read_.bank))) return false;
  const std::int64_t created = state_.records_[slot].created_ms;
  return (read_.from_ms == 0 || created >= read_.from_ms) && (read_.to_ms == 0 || created < read_.to_ms);
}

ReadTask::Loaded ReadTask::load_record(std::uint32_t slot, const RecordState& state, psw_record& out) {
  EntryView entry;
  if (!entry_at(state.offset, entry)) return Loaded::error;
  Loaded result = Loaded::error;
  entry.each([&](const ItemView& item) {
    if (result != Loaded::error || item.kind() != ItemKind::record) return;
    const RecordView view_here = item.as_record();
    if (view_here.fixed.slot != slot) return;
    const bool filtered = (read_.owner.size != 0 && view_here.text(RecordText::principal) != view(read_.owner)) ||
                          (read_.bank.size != 0 && view_here.text(RecordText::bank) != view(read_.bank)) ||
                          (read_.key.size != 0 && view_here.text(RecordText::reference_tag) != view(read_.key));
    result = filtered ? Loaded::filtered : Loaded::row;
    if (!filtered) out = record_row(ItemView(reinterpret_cast<const std::uint8_t*>(keep(item.data(), item.bytes()))).as_record(), now_ms_);
  });
  return result;
}

bool ReadTask::records() {
  std::vector<psw_record> out;
  bool busy = false, failed = false;
  const auto take = [&](std::uint32_t slot) {  // false: enough
    RecordState state;
    if (!state_of(state_.records_[slot], state)) {
      busy = true;
      return false;
    }
    if (!passes(slot, state)) return true;
    psw_record row{};
    const Loaded loaded = load_record(slot, state, row);
    if (loaded == Loaded::row) out.push_back(row);
    failed = loaded == Loaded::error;
    return !failed && out.size() != limit_;
  };
  std::uint32_t slot = 0, after = 0;
  const bool continued = record_cursor(after);
  const std::size_t n = state_.records_.size();
  if (!is_zero(read_.id)) {
    if (find_record(read_.id, slot) != nullptr && slot < n) take(slot);
  } else if (const std::string_view tag = view(read_.key); !tag.empty()) {
    const Chain* const chain = state_.reference_chain(tag);
    std::uint32_t at = continued ? state_.records_[after].reference_previous : chain == nullptr ? 0 : chain->head.load(std::memory_order_acquire);
    while (at != 0 && take(at - 1)) at = state_.records_[at - 1].reference_previous;
  } else if (const std::string_view owner = view(read_.owner); !owner.empty()) {
    const Chain* const chain = state_.principal_chain(owner);
    std::uint32_t at = continued ? state_.records_[after].principal_previous : chain == nullptr ? 0 : chain->head.load(std::memory_order_acquire);
    while (at != 0 && take(at - 1)) at = state_.records_[at - 1].principal_previous;
  } else if (read_.state_mask != 0 && (read_.state_mask & ~open_states) == 0) {
    std::vector<std::uint32_t> slots;
    state_.open_.each([&](std::uint32_t each) {
      if (each < n && (!continued || each < after)) slots.push_back(each);
      return true;
    });
    std::sort(slots.begin(), slots.end(), std::greater<>());
    slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
    for (const std::uint32_t each : slots) {
      if (!take(each)) break;
    }
  } else {
    for (std::size_t i = continued ? after : n; i-- != 0;) {
      if (!take(static_cast<std::uint32_t>(i))) break;
    }
  }
  if (busy) return false;
  if (failed) return unreadable();
  if (!is_zero(read_.id) && out.empty()) finish(PSW_ABSENT, "transfer_not_found");
  std::string_view cursor;
  if (!out.empty() && is_zero(read_.id)) {
    auto* hex = static_cast<char*>(buffer_.arena.take(id_hex_size));
    write_hex(out.back().id, hex);
    cursor = {hex, id_hex_size};
  }
  rows(out, cursor);
  return true;
}

// ---- events ----

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

bool ReadTask::events_of_record() {
  std::uint32_t slot = 0;
  const Record* const record = find_record(read_.id, slot);
  RecordState state;
  if (record != nullptr && !state_of(*record, state)) return false;
  if (record == nullptr || state.version == 0) {
    finish(PSW_ABSENT, "transfer_not_found");
    return true;
  }
  const std::uint64_t after = number_or(after_, 0);
  std::vector<psw_change> out;
  std::uint64_t at = state.offset;
  while (at != 0) {
    EntryView entry;
    if (!entry_at(at, entry)) return unreadable();
    const EntryHeader header = entry.header();
    std::uint64_t previous = 0;
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::record) return;
      const RecordView each = item.as_record();
      if (each.fixed.slot != slot || each.fixed.version <= after) return;
      out.push_back(change_row(header, each));
      previous = each.fixed.previous;
    });
    at = previous;
  }
  std::reverse(out.begin(), out.end());
  if (out.size() > limit_) out.resize(limit_);
  const std::string cursor = out.empty() ? std::string() : std::to_string(out.back().version);
  rows(out, cursor);
  return true;
}

// In commit order. An entry is never split between two pages, so that a cursor is a sequence; a page may be up to one entry longer.
bool ReadTask::events() {
  if (!is_zero(read_.id)) return events_of_record();
  std::uint64_t last = number_or(after_, 0);
  std::uint64_t offset = state_.place_before(last + 1);
  const std::uint64_t segment_bytes = engine_.identity().segment_bytes;
  std::vector<psw_change> out;
  std::vector<std::uint8_t>& bytes = buffer_.entry;
  constexpr std::size_t block_bytes = 256 * 1024;  // entries lie one behind the other: read many at once
  if (bytes.size() < block_bytes) bytes.resize(block_bytes);
  std::size_t have = 0, used = 0;
  std::uint64_t seen = last;
  const auto need = [&](std::size_t size) {  // makes bytes[used, used + size) the bytes at `offset`
    if (have - used >= size) return true;
    if (bytes.size() < size) bytes.resize(size);
    used = 0;
    return engine_.journal().read(offset, bytes.data(), bytes.size(), have) == 0 && have >= size;
  };
  const auto skip = [&](std::size_t size) {
    used += size;
    offset += size;
  };
  while (offset != 0 && offset < end_ && out.size() < limit_) {
    const std::uint64_t left = segment_bytes - offset % segment_bytes;
    const bool whole_header = left >= sizeof(EntryHeader) && need(sizeof(EntryHeader));
    if (left >= sizeof(EntryHeader) && !whole_header) return unreadable();
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
    if (header.bytes > frame_bytes_max || !need(header.bytes) || !well_formed(bytes.data() + used, header.bytes)) return unreadable();
    const EntryView entry(bytes.data() + used);
    seen = header.sequence;
    if (header.sequence > last) {
      entry.each([&](const ItemView& item) {
        if (item.kind() != ItemKind::record) return;
        const RecordView record = item.as_record();
        if (read_.state_mask != 0 && (record.fixed.state < 0 || record.fixed.state > 62 || (read_.state_mask >> record.fixed.state & 1) == 0)) return;
        if (read_.owner.size != 0 && record.text(RecordText::principal) != view(read_.owner)) return;
        if (read_.bank.size != 0 && record.text(RecordText::bank) != view(read_.bank)) return;
        out.push_back(change_row(header, record));
      });
    }
    skip(header.bytes);
  }
  last = std::max(last, seen);
  rows(out, std::to_string(last));
  return true;
}

}  // namespace payswitch::local_ledger
