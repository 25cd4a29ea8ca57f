// Records: one, or those that pass a filter, newest first.
#include <payswitch/ids.h>
#include <payswitch/str.h>
#include <payswitch/transfer_state.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "reads.h"
#include "record_row.h"

namespace payswitch::local_ledger {

const Record* ReadTask::find_record(const psw_id& id, std::uint32_t& slot) const { return state_.record(id, slot); }

const Record* ReadTask::record_cursor(std::uint32_t& slot) const {
  psw_id id{};
  if (after_.size() == sizeof id.b) {
    std::memcpy(id.b, after_.data(), sizeof id.b);
  } else if (const auto hex = parse_hex(after_)) {
    id = *hex;
  } else {
    return nullptr;
  }
  const Record* const record = find_record(id, slot);
  return record != nullptr && slot < state_.records_.size() ? record : nullptr;
}

ReadTask::Found ReadTask::entries_of_record(std::uint32_t& slot, std::vector<std::uint64_t>& entries, std::uint64_t above, std::uint64_t before, std::size_t enough) {
  const Record* const record = find_record(read_.id, slot);
  RecordState state;
  if (record != nullptr && !state_of(*record, state)) return Found::busy;
  if (record == nullptr || state.version == 0) {
    finish(PSW_ABSENT, "transfer_not_found");
    return Found::answered;
  }
  for (std::uint64_t at = state.offset; at != 0 && entries.size() != enough;) {
    EntryView entry;
    if (!entry_at(at, entry)) {
      unreadable();
      return Found::answered;
    }
    std::uint64_t previous = 0, version = 0;
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::record) return;
      const RecordView each = item.as_record();
      if (each.fixed.slot != slot) return;
      previous = each.fixed.previous;
      version = each.fixed.version;
    });
    if (version <= above) break;
    if (version < before) entries.push_back(at);
    at = previous;
  }
  return Found::yes;
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

// Open records below slot `below`, newest first, read_slots_max of them at most. False: there are more. A heap of the newest, so that
// very many open ones cost one pass over their numbers and no sort.
bool ReadTask::open_slots(std::uint32_t below, std::vector<std::uint32_t>& slots) const {
  bool all = true;
  const std::greater<> oldest_on_top;
  state_.open_.each([&](std::uint32_t slot) {
    if (slot >= below) return true;
    if (slots.size() == read_slots_max) {
      all = false;
      if (slot <= slots.front()) return true;
      std::pop_heap(slots.begin(), slots.end(), oldest_on_top);
      slots.back() = slot;
    } else {
      slots.push_back(slot);
    }
    std::push_heap(slots.begin(), slots.end(), oldest_on_top);
    return true;
  });
  std::sort_heap(slots.begin(), slots.end(), oldest_on_top);
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
  return all;
}

bool ReadTask::records() {
  std::vector<psw_record> out;
  bool busy = false, failed = false, stopped = false;
  std::uint32_t looked = 0, loads = 0, last = no_slot;
  const auto take = [&](std::uint32_t slot) {  // false: enough
    RecordState state;
    if (!state_of(state_.records_[slot], state)) {
      busy = true;
      return false;
    }
    if (state.version == 0) return true;  // not published yet
    if (looked == read_slots_max || loads == read_loads_max) {
      stopped = true;
      return false;
    }
    ++looked;
    last = slot;
    if (!passes(slot, state)) return true;
    ++loads;
    psw_record row{};
    const Loaded loaded = load_record(slot, state, row);
    if (loaded == Loaded::row) out.push_back(row);
    failed = loaded == Loaded::error;
    return !failed && out.size() != limit_;
  };
  std::uint32_t slot = 0, after = 0;
  const Record* const cursor = record_cursor(after);
  if (cursor == nullptr && !after_.empty()) {
    finish(PSW_INVALID, "cursor_unknown");
    return true;
  }
  const std::size_t n = state_.records_.size();
  const auto first_of = [](const Chain* chain) { return chain == nullptr ? 0 : chain->head.load(std::memory_order_acquire); };
  if (!is_zero(read_.id)) {
    if (find_record(read_.id, slot) != nullptr && slot < n) take(slot);
  } else if (const std::string_view tag = view(read_.key); !tag.empty()) {
    std::uint32_t at = cursor != nullptr ? cursor->reference_previous : first_of(state_.reference_chain(tag));
    while (at != 0 && take(at - 1)) at = state_.records_[at - 1].reference_previous;
  } else if (const std::string_view owner = view(read_.owner); !owner.empty()) {
    std::uint32_t at = cursor != nullptr ? cursor->principal_previous : first_of(state_.principal_chain(owner));
    while (at != 0 && take(at - 1)) at = state_.records_[at - 1].principal_previous;
  } else if (read_.state_mask != 0 && (read_.state_mask & ~open_states) == 0) {
    std::vector<std::uint32_t> slots;
    const bool all = open_slots(cursor != nullptr ? after : static_cast<std::uint32_t>(n), slots);
    std::size_t i = 0;
    while (i != slots.size() && take(slots[i])) ++i;
    if (i == slots.size() && !all) {
      stopped = true;
      if (last == no_slot || last > slots.back()) last = slots.back();
    }
  } else {
    for (std::size_t i = cursor != nullptr ? after : n; i-- != 0;) {
      if (!take(static_cast<std::uint32_t>(i))) break;
    }
  }
  if (busy) return false;
  if (failed) return unreadable();
  if (!is_zero(read_.id)) {
    if (out.empty()) finish(PSW_ABSENT, "transfer_not_found");
    rows(out, {});
    return true;
  }
  // Goes on behind the last row; a short page behind the last record looked at.
  std::string_view next;
  if (stopped || !out.empty()) {
    auto* const hex = static_cast<char*>(buffer_.arena.take(id_hex_size));
    write_hex(stopped && last != no_slot ? state_.records_[last].id : out.back().id, hex);
    next = {hex, id_hex_size};
  }
  if (stopped) short_page();
  rows(out, next);
  return true;
}

}  // namespace payswitch::local_ledger
