// Reads: on the caller's thread, from what was published, never waiting for the writer and never seeing what is not on the disk. Every
// acknowledged write is published before it is acknowledged, so every read here is a strong one.
//
// Orders and cursors (psw_read.after takes a reply's position, or what stands in brackets; anything else is `cursor_unknown`):
//   accounts   by creation [number]; of one owner too        records   newest first [id: 16 bytes or 32 hex digits]
//   postings   of an account newest first, or oldest first [account_sequence]; of a record in order, both sides, no cursor
//   events     commit order, or newest first [sequence]; of a record by version [version]
//   kv         key order [key]; `key` = exactly this one, `space` = a prefix
//
// Work of one read: it looks at no more than the figures below and then answers a short page (payswitch/paging.h). What a filter lets
// through is found by one principal's chain, one reference's, the open records, or all of them in order.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <vector>

#include "batch_arena.h"
#include "engine.h"

namespace payswitch::local_ledger {

inline constexpr std::uint32_t read_rows_max = 500;
inline constexpr std::uint32_t read_slots_max = 20'000;    // records looked at in memory: some 2 ms
inline constexpr std::uint32_t read_loads_max = 1'000;     // records read from the journal: some 2 ms
inline constexpr std::uint32_t read_entries_max = 10'000;  // entries of the journal looked through for events: some 5 ms

// What an answer lies in until the next one; one per thread.
struct ReadBuffer {
  BatchArena arena;
  std::vector<std::uint8_t> entry;
};

class Reads {
 public:
  explicit Reads(const Engine& engine) : engine_(engine) {}

  // [any] False: publications kept coming in between, ask the writer's lane (where that cannot happen).
  bool answer(const psw_read& read, psw_reply& reply, ReadBuffer& buffer) const;
  // [any] The ledger's id, epoch, sequence, clock and currencies.
  void hello(psw_reply& reply, ReadBuffer& buffer) const;

  std::int64_t now_ms() const;

 private:
  const Engine& engine_;
};

// One answer under way; the files reads_*.cpp hold one row kind each.
class ReadTask {
 public:
  ReadTask(const Engine& engine, std::int64_t now_ms, const psw_read& read, psw_reply& reply, ReadBuffer& buffer);

  bool accounts();
  bool records();
  bool postings();
  bool events();
  bool kvs();
  bool totals();
  void uniques();

  void finish(std::int32_t code, std::string_view reason);
  // Checks position and sets the cursor; false: the reply says why not.
  bool prepare();

 private:
  bool entry_at(std::uint64_t offset, EntryView& out);
  bool state_of(const Record& record, RecordState& out) const;
  bool state_of(const Account& account, AccountState& out) const;
  const Record* find_record(const psw_id& id, std::uint32_t& slot) const;
  const Record* record_cursor(std::uint32_t& slot) const;
  bool open_slots(std::uint32_t below, std::vector<std::uint32_t>& slots) const;
  enum class Loaded { row, filtered, error };
  Loaded load_record(std::uint32_t slot, const RecordState& state, psw_record& out);
  bool passes(std::uint32_t slot, const RecordState& state) const;
  void add_posting_row(const EntryHeader& entry, const PostingView& posting, std::size_t side);
  Int128 overdraft_at(const Account& account, const AccountState& now, std::uint64_t offset);
  bool postings_of_account();
  bool postings_of_record();
  // Adds rows of an account, newest first, from the entry at `at` back: above `low`, below `before`, within the times, until there are
  // `enough`. False: unreadable.
  bool collect_back(const Account& account, const AccountState& now, std::uint64_t at, std::uint64_t low, std::uint64_t before, std::size_t enough);
  // Where to start going back from: the newest entry that can hold a row below `before` and before `to_ms`; 0 = none. False: unreadable.
  bool find_newest(const Account& account, const AccountState& now, std::uint64_t before, std::uint64_t& at);
  // The same for the first `limit` rows above `low` and from `from_ms` on.
  bool find_oldest(const Account& account, const AccountState& now, std::uint64_t low, std::uint64_t& at);
  // Entries with a version of the record read_.id that is above `above` and below `before`, newest first, `enough` of them at most. Not
  // `yes`: the answer is finished, or the writer's lane must be asked.
  enum class Found { yes, answered, busy };
  Found entries_of_record(std::uint32_t& slot, std::vector<std::uint64_t>& entries, std::uint64_t above, std::uint64_t before, std::size_t enough);
  bool events_of_record();
  bool events_oldest_first();
  bool events_newest_first();
  // Calls f(header, entry) for the entries from `offset` on, in commit order, until it returns false. False: unreadable.
  template <class F>
  bool scan(std::uint64_t offset, F f);
  bool wanted(const RecordView& record) const;
  bool number_cursor(std::uint64_t& out);  // leaves `out` alone without a cursor; false: finished, it is none of ours
  void short_page();
  psw_change change_row(const EntryHeader& entry, const RecordView& record);
  bool unreadable();
  template <class Row>
  void rows(const std::vector<Row>& found, std::string_view cursor);
  void set_position(std::string_view cursor);
  const char* keep(const std::uint8_t* data, std::size_t size);

  const Engine& engine_;
  const State& state_;
  const std::int64_t now_ms_;
  const psw_read& read_;
  psw_reply& reply_;
  ReadBuffer& buffer_;
  const std::uint32_t limit_;
  const std::uint64_t end_;        // entries from here on are not published
  const std::uint64_t sequence_;
  std::string_view after_;
  std::vector<psw_posting_row> posting_rows_;
};

inline constexpr unsigned snapshot_tries = 1000;  // some ten microseconds: longer than a publication, shorter than a sync

}  // namespace payswitch::local_ledger
