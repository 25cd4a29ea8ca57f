#include "store.h"

#include <cstring>
#include <utility>

namespace payswitch::sim_bank {
namespace {

bool final_word(const decision& d) { return d.word == Outcome::applied || d.word == Outcome::refused; }

}  // namespace

std::shared_ptr<Store> Store::open(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<Store>> all;
  const std::lock_guard lock(mutex);
  auto& out = all[name];
  if (out == nullptr) out = std::make_shared<Store>();
  return out;
}

std::int32_t Store::seen(const decision& asked) {
  const std::lock_guard lock(mutex_);
  Entry& e = entries_.try_emplace(asked.op_id).first->second;
  return e.sends++;
}

bool Store::decide(const decision& asked, std::string_view refuse, bool dedupe, std::int64_t wall_ms) {
  const std::lock_guard lock(mutex_);
  Entry& e = entries_.try_emplace(asked.op_id).first->second;
  if (final_word(e.record)) {
    if (std::memcmp(e.record.hash, asked.hash, sizeof asked.hash) != 0 && e.record.code != "cancelled") return false;
    if (!dedupe && e.record.word == Outcome::applied) ++e.applied_times;
    return true;
  }
  e.record = asked;
  e.record.word = refuse.empty() ? Outcome::applied : Outcome::refused;
  e.record.code = refuse;
  e.record.decided_ms = wall_ms;
  e.record.peer_reference = "sim-" + to_hex(asked.op_id).substr(0, 8);
  if (refuse.empty()) ++e.applied_times;
  return true;
}

void Store::mark_pending(const decision& asked, std::int64_t wall_ms) {
  const std::lock_guard lock(mutex_);
  Entry& e = entries_.try_emplace(asked.op_id).first->second;
  if (final_word(e.record)) return;
  e.record = asked;
  e.record.word = Outcome::pending;
  e.record.decided_ms = wall_ms;
}

decision Store::cancel(const decision& asked, bool tombstone, std::int64_t wall_ms) {
  const std::lock_guard lock(mutex_);
  Entry& e = entries_.try_emplace(asked.op_id).first->second;
  if (final_word(e.record)) return e.record;
  decision out = asked;
  out.word = Outcome::refused;
  out.code = "cancelled";
  out.decided_ms = wall_ms;
  if (tombstone) e.record = out;
  return out;
}

std::int32_t Store::count_query(const psw_id& op_id) {
  const std::lock_guard lock(mutex_);
  return entries_.try_emplace(op_id).first->second.queries++;
}

std::int32_t Store::count_cancel(const psw_id& op_id) {
  const std::lock_guard lock(mutex_);
  return entries_.try_emplace(op_id).first->second.cancels++;
}

std::optional<decision> Store::find(const psw_id& op_id) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(op_id);
  if (at == entries_.end() || at->second.record.word == Outcome::unknown) return std::nullopt;
  return at->second.record;
}

std::vector<decision> Store::list(std::string_view after_hex, std::uint32_t limit) const {
  const std::lock_guard lock(mutex_);
  std::vector<decision> out;
  const auto after = parse_hex(after_hex);
  for (auto at = after ? entries_.upper_bound(*after) : entries_.begin(); at != entries_.end() && out.size() < limit; ++at) {
    if (final_word(at->second.record)) out.push_back(at->second.record);
  }
  return out;
}

std::uint64_t Store::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void Store::forget(const psw_id& op_id) {
  const std::lock_guard lock(mutex_);
  entries_.erase(op_id);
}

void Store::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

std::string Store::totals() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Int128> applied;
  std::int64_t twice = 0;
  for (const auto& [id, e] : entries_) {
    if (e.applied_times == 0) continue;
    applied[std::string(currency_view(e.record.money.currency))] += Int128{e.record.money.minor} * e.applied_times;
    if (e.applied_times > 1) ++twice;
  }
  std::string out = "{\"records\":" + std::to_string(entries_.size()) + ",\"applied\":{";
  bool first = true;
  for (const auto& [currency, sum] : applied) {
    out += std::string(std::exchange(first, false) ? "" : ",") + "\"" + currency + "\":\"" + format_total(sum) + "\"";
  }
  return out + "},\"applied_twice\":" + std::to_string(twice) + "}";
}

std::string Store::show(const psw_id& op_id) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find(op_id);
  if (at == entries_.end()) return "null";
  const Entry& e = at->second;
  return "{\"op_id\":\"" + to_hex(op_id) + "\",\"decision\":\"" + std::string(payswitch::name(e.record.word)) + "\",\"code\":\"" + e.record.code + "\",\"amount\":\"" +
         format_minor(e.record.money.minor) + "\",\"currency\":\"" + std::string(currency_view(e.record.money.currency)) + "\",\"payer\":\"" + e.record.payer +
         "\",\"payee\":\"" + e.record.payee + "\",\"applied_times\":" + std::to_string(e.applied_times) + ",\"sends\":" + std::to_string(e.sends) +
         ",\"queries\":" + std::to_string(e.queries) + ",\"cancels\":" + std::to_string(e.cancels) + "}";
}

}  // namespace payswitch::sim_bank
