#include "transfer/peer_history.h"

#include <payswitch/ids.h>

#include "base/text.h"
#include "transfer/mutant.h"

namespace payswitch::daemon::transfer {

namespace {

bool same_ledger(const psw_id& a, const psw_id& b) noexcept { return same(a, b); }

// One line per member: "name value". Members that are not known are skipped, so that a later version may add some.
void line(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ' ';
  out += value;
  out += '\n';
}
void history_line(std::string& out, std::string_view name, const psw_history& h) {
  line(out, name, to_hex(h.ledger) + " " + std::to_string(h.epoch) + " " + std::to_string(h.position));
}

bool history_of(std::string_view text, psw_history& out) {
  if (text.size() < id_hex_size + 4 || text[id_hex_size] != ' ') return false;
  const auto ledger = parse_hex(text.substr(0, id_hex_size));
  text.remove_prefix(id_hex_size + 1);
  const auto space = text.find(' ');
  if (!ledger || space == std::string_view::npos) return false;
  out.ledger = *ledger;
  return parse_decimal(text.substr(0, space), out.epoch) && parse_decimal(text.substr(space + 1), out.position);
}

template <class Take>
bool each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return false;
    const auto whole = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto space = whole.find(' ');
    if (space == std::string_view::npos || !take(whole.substr(0, space), whole.substr(space + 1))) return false;
  }
  return true;
}

}  // namespace

std::string encode(const PeerGate& gate) {
  std::string out;
  line(out, "state", gate.closed ? "closed" : "open");
  line(out, "pinned", to_hex(gate.ledger) + " " + std::to_string(gate.epoch) + " 0");
  line(out, "since", std::to_string(gate.since_ms));
  line(out, "story", std::to_string(gate.story));
  if (!gate.why.empty()) line(out, "why", gate.why);
  if (!gate.by.empty()) line(out, "by", gate.by);
  if (gate.closed && !is_zero(gate.shown.ledger)) {
    history_line(out, "expected", gate.expected);
    history_line(out, "shown", gate.shown);
  }
  return out;
}

std::optional<PeerGate> decode_gate(std::string_view text) {
  PeerGate out;
  bool state = false, pinned = false;
  const bool read = each_line(text, [&](std::string_view name, std::string_view value) {
    if (name == "state") {
      out.closed = value != "open";  // a word of a later version closes
      return state = true;
    }
    if (name == "pinned") {
      psw_history h{};
      pinned = history_of(value, h);
      out.ledger = h.ledger;
      out.epoch = h.epoch;
      return pinned;
    }
    if (name == "since") {
      std::uint64_t ms = 0;
      const bool good = parse_decimal(value, ms);
      out.since_ms = static_cast<std::int64_t>(ms);
      return good;
    }
    if (name == "story") return parse_decimal(value, out.story);
    if (name == "why") out.why = value;
    if (name == "by") out.by = value;
    if (name == "expected") return history_of(value, out.expected);
    if (name == "shown") return history_of(value, out.shown);
    return true;
  });
  return read && state && pinned ? std::optional(out) : std::nullopt;
}

std::string encode_seen(const psw_history& seen) {
  std::string out;
  history_line(out, "seen", seen);
  return out;
}
std::optional<psw_history> decode_seen(std::string_view text) {
  psw_history out{};
  bool found = false;
  const bool read = each_line(text, [&](std::string_view name, std::string_view value) { return name != "seen" || (found = history_of(value, out)); });
  return read && found ? std::optional(out) : std::nullopt;
}

const PeerHistory::Bank* PeerHistory::find(std::string_view bank) const {
  const auto it = banks_.find(bank);
  return it == banks_.end() ? nullptr : &it->second;
}
PeerHistory::Bank* PeerHistory::find_or_make(std::string_view bank) {
  const auto it = banks_.find(bank);
  if (it != banks_.end()) return &it->second;
  return banks_.size() == banks_max ? nullptr : &banks_.emplace(bank, Bank{}).first->second;
}

PeerHistory::Verdict PeerHistory::heard(std::string_view bank, const psw_history& theirs, const PeerFloor* floor) {
  if (is_zero(theirs.ledger)) return Verdict::fine;
  const std::lock_guard guard(mutex_);
  auto* known = find_or_make(bank);
  if (known == nullptr) return Verdict::fine;
  const bool is_pinned = !is_zero(known->gate.ledger);
  if (is_pinned && !same_ledger(known->gate.ledger, theirs.ledger)) return Verdict::other_ledger;
  if (PSW_MUTANT("no_history_fence")) return Verdict::fine;
  if (is_pinned && theirs.epoch < known->gate.epoch) return Verdict::old_epoch;
  if (is_pinned && theirs.epoch > known->gate.epoch) return Verdict::lost;
  const bool same_story = same_ledger(known->high.ledger, theirs.ledger) && known->high.epoch == theirs.epoch;
  if (!same_story) {
    known->high = theirs;
    return Verdict::fine;
  }
  if (theirs.position >= known->high.position) {
    known->high.position = theirs.position;
    return Verdict::fine;
  }
  // A floor from before an operator let history begin anew says nothing.
  const bool floor_counts = floor != nullptr && floor->gate_version == known->gate.version && same_ledger(floor->at.ledger, theirs.ledger) && floor->at.epoch == theirs.epoch;
  if (!floor_counts) return Verdict::behind;
  return theirs.position < floor->at.position ? Verdict::lost : Verdict::fine;
}

PeerFloor PeerHistory::floor(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known == nullptr ? PeerFloor{} : PeerFloor{known->high, known->gate.version};
}
bool PeerHistory::closed(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known != nullptr && (known->gate.closed || known->closing);
}
bool PeerHistory::lost_history(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known != nullptr && (known->closing || (known->gate.closed && known->gate.why != "operator"));
}
PeerGate PeerHistory::gate(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known == nullptr ? PeerGate{} : known->gate;
}
psw_history PeerHistory::highest(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known == nullptr ? psw_history{} : known->high;
}
std::uint64_t PeerHistory::gate_version(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known == nullptr ? 0 : known->gate.version;
}
psw_id PeerHistory::pinned(std::string_view bank) const {
  const std::lock_guard guard(mutex_);
  const auto* known = find(bank);
  return known == nullptr ? psw_id{} : known->gate.ledger;
}

void PeerHistory::stored_gate(std::string_view bank, const PeerGate& gate) {
  const std::lock_guard guard(mutex_);
  auto* known = find_or_make(bank);
  if (known == nullptr || gate.version < known->gate.version) return;
  if (gate.version != known->gate.version || gate.closed) known->closing = false;
  const bool anew = gate.story != known->gate.story;  // what was known before is no measure any more
  known->gate = gate;
  const bool same_story = same_ledger(known->high.ledger, gate.ledger) && known->high.epoch == gate.epoch;
  if (anew || (!is_zero(gate.ledger) && !same_story)) known->high = psw_history{gate.ledger, gate.epoch, 0};
}

void PeerHistory::stored_seen(std::string_view bank, const psw_history& seen, std::uint64_t version) {
  const std::lock_guard guard(mutex_);
  auto* known = find_or_make(bank);
  if (known == nullptr || version < known->seen_version) return;
  known->seen_version = version;
  known->seen_position = 0;
  const bool pinned_story = same_ledger(known->gate.ledger, seen.ledger) && known->gate.epoch == seen.epoch;
  if (!pinned_story) return;
  known->seen_position = seen.position;
  const bool same_story = same_ledger(known->high.ledger, seen.ledger) && known->high.epoch == seen.epoch;
  if (!same_story || known->high.position < seen.position) known->high = seen;
}

void PeerHistory::closing(std::string_view bank) {
  const std::lock_guard guard(mutex_);
  if (auto* known = find_or_make(bank)) known->closing = true;
}

void PeerHistory::begin_at(std::string_view bank, const psw_history& shown) {
  const std::lock_guard guard(mutex_);
  auto* known = find_or_make(bank);
  if (known == nullptr) return;
  known->high = shown;
  known->seen_position = 0;
}

bool PeerHistory::turn_to_look(std::uint64_t now_ns, std::uint64_t every_ns) {
  const std::lock_guard guard(mutex_);
  if (now_ns < look_ns_) return false;
  look_ns_ = now_ns + every_ns;
  return true;
}

std::vector<PeerHistory::Unsaved> PeerHistory::unsaved() const {
  const std::lock_guard guard(mutex_);
  std::vector<Unsaved> out;
  for (const auto& [code, known] : banks_)
    if (!is_zero(known.gate.ledger) && same_ledger(known.high.ledger, known.gate.ledger) && known.high.epoch == known.gate.epoch && known.high.position > known.seen_position)
      out.push_back({code, known.high, known.seen_version});
  return out;
}

bool PeerHistory::turn_to_ask(std::string_view bank, std::uint64_t now_ns, std::uint64_t every_ns) {
  const std::lock_guard guard(mutex_);
  auto* known = find_or_make(bank);
  if (known == nullptr) return false;
  known->put_off = known->asked_ns != 0 && now_ns < known->asked_ns + every_ns;
  if (!known->put_off) known->asked_ns = now_ns;
  return !known->put_off;
}

std::vector<std::string> PeerHistory::put_off() const {
  const std::lock_guard guard(mutex_);
  std::vector<std::string> out;
  for (const auto& [code, known] : banks_)
    if (known.put_off) out.push_back(code);
  return out;
}

}  // namespace payswitch::daemon::transfer
