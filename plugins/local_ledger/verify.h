// Checks a journal from the front: form and chain (Journal::inspect), then the invariants of the books, entry by entry.
#pragma once

#include <payswitch/abi.h>

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "journal.h"
#include "state.h"

namespace payswitch::local_ledger {

struct VerifyReport {
  JournalReport journal;
  std::uint64_t sequence = 0, accounts = 0, records = 0, postings = 0, uniques = 0, kvs = 0, open_records = 0, open_holds = 0;
  std::string violation;  // empty: none. Begins with the number of the invariant where it is one
};

class VerifySink final : public EntrySink {
 public:
  VerifySink();
  Status entry(const EntryView& entry, std::uint64_t offset) override;
  // After the last entry: what must hold of the whole.
  Status end();
  void count(VerifyReport& report) const;

 private:
  struct RecordFacts {
    std::int32_t kind = 0, state = 0;
    std::int64_t next_action_ms = 0;
    std::string bank, currency;
    Int128 held = 0;       // open holds in its name
    bool repair = false;
    std::int64_t minor = 0;
  };
  Status unique(const UniqueView& unique, std::uint64_t sequence);
  Status record(const RecordView& record, EntryKind kind, std::uint64_t sequence);
  void posting(const PostingView& posting);
  Status clearing_matches() const;

  State state_;
  std::unordered_set<std::string> uniques_;
  std::unordered_map<std::uint32_t, RecordFacts> records_;      // by slot
  std::unordered_map<std::string, std::uint32_t> hold_record_;  // hold id → record slot
  std::uint64_t postings_ = 0;
};

// Status: the directory cannot be read at all. What is wrong with the ledger stands in the report.
Status verify(Storage& storage, VerifyReport& report);

}  // namespace payswitch::local_ledger
