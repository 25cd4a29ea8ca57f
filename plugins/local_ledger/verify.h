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
    std::int32_t state = 0, attention = 0;
    std::uint64_t lease_epoch = 0;
    std::size_t rest = 0;  // of everything that a lease leaves alone
    bool repair = false;
    Int128 held = 0;       // open holds in its name
  };
  Status form(const EntryView& entry) const;
  Status unique(const UniqueView& unique, std::uint64_t sequence);
  Status record(const RecordView& record, const EntryHeader& entry);
  void posting(const PostingView& posting);
  Status clearing_matches() const;
  Status suspense_matches() const;

  State state_;
  std::unordered_set<std::string> uniques_;
  std::unordered_map<std::uint32_t, RecordFacts> records_;      // by slot
  std::unordered_map<std::string, std::uint32_t> hold_record_;  // hold id → record slot
  std::map<std::pair<std::uint32_t, std::uint32_t>, Int128> suspense_;  // (record slot, account) → what it posted to that suspense account
  std::uint64_t postings_ = 0;
};

// Status: the directory cannot be read at all. What is wrong with the ledger stands in the report.
Status verify(Storage& storage, VerifyReport& report);

}  // namespace payswitch::local_ledger
