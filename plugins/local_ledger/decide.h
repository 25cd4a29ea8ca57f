// What becomes of an entry: checks in the order of the contract (abi.h, psw_entry), against the writer's own state, changing nothing.
// If the outcome is something to write, the plan says what, and from there on nothing can fail.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "state.h"

namespace payswitch::local_ledger {

// Reads an entry at an address, also one that is not on the disk yet. The view lives until the next call.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  virtual bool entry_at(std::uint64_t offset, EntryView& out) = 0;  // false: it cannot be read
};

enum class Outcome {
  apply,      // write the plan
  refuse,     // a rule refused and if_refused says what to write instead
  reject,     // nothing is written
  known,      // this step was taken before: answer with what is at known_offset
};

struct Decision {
  Outcome outcome = Outcome::reject;
  std::int32_t code = PSW_INTERNAL;
  std::int32_t failed = -1;
  std::string_view reason;           // literal, or borrowed from the entry
  std::uint64_t known_offset = 0;
};

// An account that the entry touches, with what it would be after it.
struct Touch {
  Account* account = nullptr;   // nullptr: made by this entry
  std::uint32_t index = 0;
  std::string_view number, owner, metadata;
  AccountState now;
};
struct PlannedPosting {
  psw_posting source{};
  std::int64_t minor = 0, released = 0;
  std::uint32_t debit = 0, credit = 0;      // touches
  std::uint32_t record_slot = no_slot;
  SideCounters after[2];
  std::uint64_t account_sequence[2] = {}, previous[2] = {}, jump[2] = {};
};
struct PlannedRecord {
  psw_record source{};
  std::uint32_t slot = 0;
  std::uint64_t previous = 0;
  std::int64_t created_ms = 0;              // first version's, kept
  std::string_view reason;
};
struct PlannedAccount {
  std::uint32_t touch = 0;
  std::uint64_t previous = 0;
};
struct PlannedKv {
  psw_kv source{};
  std::uint64_t previous = 0;
};
struct PlannedCounter {
  std::string_view key;
  std::int64_t delta = 0, until_ms = 0, value = 0;
};

// Reused from entry to entry, so that nothing is allocated once it is warm.
struct Plan {
  std::vector<psw_unique> uniques;
  std::vector<PlannedAccount> accounts;
  std::vector<PlannedPosting> postings;
  std::vector<PlannedRecord> records;
  std::vector<PlannedKv> kvs;
  std::vector<PlannedCounter> counters;
  std::vector<Touch> touches;
  std::vector<Hold> new_holds;
  std::vector<psw_id> resolved_holds;
  std::vector<std::uint64_t> exists;        // addresses of the entries that hold the uniques seen, by position in the entry (0 = not seen)
  void clear() {
    uniques.clear();
    accounts.clear();
    postings.clear();
    records.clear();
    kvs.clear();
    counters.clear();
    touches.clear();
    new_holds.clear();
    resolved_holds.clear();
    exists.clear();
  }
};

class Decider {
 public:
  Decider(const State& state, EntrySource& source, std::uint64_t epoch) : state_(state), source_(source), epoch_(epoch) {}

  // `now_ms`: the ledger's clock for this entry.
  Decision decide(const psw_entry& entry, std::int64_t now_ms, Plan& plan);

 private:
  friend class GuardCheck;
  Decision shape(const psw_entry& entry) const;
  bool known_step(const psw_entry& entry, const Plan& plan, std::uint64_t& offset);
  bool step_in_record(const psw_id& step, const psw_record& record, std::uint64_t& offset);
  Decision uniques(const psw_entry& entry, Plan& plan, bool& seen);
  Decision versions(const psw_entry& entry, Plan& plan);
  Decision guards(const psw_entry& entry, Plan& plan, psw_id& speaks_for);
  Decision postings(const psw_entry& entry, Plan& plan, psw_id& speaks_for);
  Decision posting(const psw_posting& posting, Plan& plan);
  Decision refuse(const psw_entry& entry, Plan& plan, const Decision& refusal, const psw_id& speaks_for);
  Decision plan_record(const psw_record& record, Plan& plan);
  std::uint32_t touch(std::string_view number, Plan& plan);  // no_slot: there is no such account
  std::uint32_t touch(Account& account, Plan& plan);
  bool find_hold(const psw_id& id, const Plan& plan, Hold& out) const;
  bool find_hold_of(const psw_id& id, const psw_entry& entry, Hold& out) const;

  const State& state_;
  EntrySource& source_;
  const std::uint64_t epoch_;
  std::int64_t now_ms_ = 0;
  std::uint64_t mark_ = 0;  // tells this decision's touches from older ones
};

inline constexpr std::int64_t counter_max = std::int64_t{1} << 62;  // of a customer's account, pending included

}  // namespace payswitch::local_ledger
