// The memory of one simulated bank: what it decided about each op_id. Shared by every instance of this process that names the same
// store, so two connectors or two coordinators can lead to one bank; guarded by a mutex. It forgets everything with the process.
#pragma once

#include <payswitch/decision.h>
#include <payswitch/ids.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::sim_bank {

struct Entry {
  decision record;                // word unknown: seen, nothing recorded
  std::int64_t applied_times = 0; // more than one: a bank that does not dedupe
  std::int32_t sends = 0, queries = 0, cancels = 0, reports = 0;
};

class Store {
 public:
  // The store of this name, made when first asked for.
  static std::shared_ptr<Store> open(const std::string& name);

  // Counts one more send of this op_id; the answer is how many there were before.
  std::int32_t seen(const decision& asked);
  // The bank decides about one copy that arrived: applied, or refused with this code. An earlier decision stands, unless the bank
  // does not dedupe. False: known with another hash, nothing changed.
  bool decide(const decision& asked, std::string_view refuse, bool dedupe, std::int64_t wall_ms);
  void mark_pending(const decision& asked, std::int64_t wall_ms);
  // Leaves a tombstone if nothing final is recorded (or only says so, without a tombstone) and gives what the bank answers.
  decision cancel(const decision& asked, bool tombstone, std::int64_t wall_ms);
  std::int32_t count_query(const psw_id& op_id);
  std::int32_t count_cancel(const psw_id& op_id);

  std::optional<decision> find(const psw_id& op_id) const;  // recorded or pending
  std::vector<decision> list(std::string_view after_hex, std::uint32_t limit) const;
  std::uint64_t size() const;
  void forget(const psw_id& op_id);  // as a bank restored from a backup would
  void clear();
  // JSON: {"records": n, "applied": {"KRW": "15000"}, "applied_twice": n}
  std::string totals() const;
  // JSON of one entry, "null" if never seen.
  std::string show(const psw_id& op_id) const;

 private:
  mutable std::mutex mutex_;
  std::map<psw_id, Entry, IdLess> entries_;
};

}  // namespace payswitch::sim_bank
