// Everything the ledger keeps in memory. Each object has a working value, which only the writer touches while it decides, and a published
// value, which any thread may read and which is only ever what the disk holds. Long things (texts of records, evidence, history)
// stay in the journal; memory holds their addresses.
#pragma once

#include <payswitch/abi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chunked_array.h"
#include "entry_view.h"
#include "flat_index.h"
#include "hashing.h"
#include "hold_table.h"
#include "kv_table.h"
#include "open_list.h"
#include "published.h"
#include "reclaimer.h"
#include "text_arena.h"

namespace payswitch::local_ledger {

struct AccountState {
  SideCounters counters{};
  std::uint64_t sequence = 0;  // postings so far
  std::uint64_t version = 0;   // 0 = not there
  std::uint64_t last = 0;      // entry of the newest posting
  std::uint64_t jump = 0;      // entry of the newest posting whose sequence is a multiple of jump_distance
  std::uint64_t change = 0;    // entry of the newest version
  std::int64_t overdraft_limit = 0, max_balance = 0, created_ms = 0;
  const Text* owner = nullptr;
  const Text* metadata = nullptr;
  std::int32_t kind = 0, status = 0, exponent = 0;
  char currency[4] = {};

  Int128 balance() const noexcept { return counters.credits_posted - counters.debits_posted; }
  Int128 available() const noexcept { return balance() - counters.debits_pending + overdraft_limit; }
};

struct Account {
  const Text* number = nullptr;
  std::uint32_t index = 0;
  std::uint32_t scratch = 0;  // [writer] where the decision under way keeps it, if mark is that decision's
  std::uint64_t mark = 0;
  std::uint64_t touched = 0;  // [writer] number of the batch that changed it last
  AccountState work;
  Published<AccountState> published;
};

struct RecordState {
  std::uint64_t offset = 0;   // entry of the newest version
  std::uint64_t version = 0;  // 0 = not there
  std::int64_t next_action_ms = 0;
  std::int32_t state = 0;
  std::uint32_t bank_hash = 0;
};

struct Record {
  psw_id id{};
  std::uint32_t principal_previous = 0, reference_previous = 0;  // slot + 1 of the record before it in that chain; never changes
  RecordState work;
  std::int64_t created_ms = 0;    // never changes
  std::int64_t lease_end_ms = 0;  // [writer]
  std::uint64_t lease_epoch = 0;  // [writer]
  std::uint64_t touched = 0;
  Published<RecordState> published;
};

// Records of one principal, or of one reference: a chain from the newest back. Accounts of one owner: from the oldest on.
struct Chain {
  const Text* name = nullptr;
  std::atomic<std::uint32_t> head{0};  // + 1
  std::uint32_t tail = 0;              // [writer] + 1
};
struct OwnerLink {
  std::uint32_t account = 0;
  std::atomic<std::uint32_t> next{0};  // + 1
};

struct Total {
  char currency[4] = {};
  std::int32_t exponent = 0;
  SideCounters work{};
  Published<SideCounters> published;
};

struct Counter {
  std::int64_t value = 0, until_ms = 0;
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

struct Place {  // an entry's sequence and address, one every few entries
  std::uint64_t sequence = 0, offset = 0;
};

struct Due {
  std::int64_t at_ms;
  std::uint32_t slot;
  std::uint64_t version;
  bool operator<(const Due& other) const noexcept { return at_ms > other.at_ms; }  // the earliest on top
};

inline constexpr std::uint64_t places_distance = 32;
inline constexpr std::size_t currencies_max = 64;

class State {
 public:
  explicit State(std::uint64_t hash_key);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // [writer] The one way in which anything changes, at replay and when it is new. Compares what the entry says with what it finds;
  // a difference is damage (at replay) or a bug.
  Status apply(const EntryView& entry, std::uint64_t offset);
  // [writer] Makes everything applied since the last call visible: call it when it is on the disk. `end` is the journal's.
  void publish(std::uint64_t end, std::int64_t clock_ms);
  // [writer] Forgets expired keys and counters, a few per call; between batches only.
  void sweep();

  // [writer] Working values.
  Account* account(std::string_view number) const;
  Account& account_at(std::uint32_t index) const { return accounts_[index]; }
  Record* record(const psw_id& id, std::uint32_t& slot) const;
  KvTable::Node* kv(std::string_view key) const { return kvs_.find_exact(key); }
  const Hold* hold(const psw_id& id) const { return holds_.find(id); }
  const Counter* counter(std::string_view key) const;
  std::int32_t exponent_of(const char (&currency)[4]) const;  // -1: not seen yet

  // [writer] Brings what an entry will need into the cache, in three steps some entries ahead of the decision: places in the indexes,
  // objects, what they point to. Changes nothing and promises nothing.
  enum class Ahead { places, objects, texts };
  void look_ahead(const psw_entry& entry, Ahead step) const noexcept;

  // [any, under a guard of reclaimer()] Published values.
  const Account* published_account(std::string_view number) const { return account(number); }  // check published.version
  std::uint64_t published_sequence() const noexcept { return published_sequence_.load(std::memory_order_acquire); }
  std::uint64_t published_end() const noexcept { return published_end_.load(std::memory_order_acquire); }
  std::int64_t published_clock_ms() const noexcept { return published_clock_ms_.load(std::memory_order_acquire); }
  // The chain named so, or nullptr.
  const Chain* principal_chain(std::string_view name) const { return find_chain(principal_index_, principals_, name); }
  const Chain* reference_chain(std::string_view name) const { return find_chain(reference_index_, references_, name); }
  const Chain* owner_chain(std::string_view name) const { return find_chain(owner_index_, owners_, name); }
  // Where to start reading for an entry with at least this sequence.
  std::uint64_t place_before(std::uint64_t sequence) const;

  Reclaimer& reclaimer() const noexcept { return reclaimer_; }
  const Snapshot& snapshot() const noexcept { return snapshot_; }
  const IndexHash& hash() const noexcept { return hash_; }
  std::uint32_t short_hash(std::string_view text) const noexcept { return text.empty() ? 0 : static_cast<std::uint32_t>(hash_(text) >> 32) | 1u; }

  // Readers use these through the published parts only.
  mutable Reclaimer reclaimer_;
  const IndexHash hash_;
  Snapshot snapshot_;
  FlatIndex account_index_, record_index_, unique_index_, owner_index_, principal_index_, reference_index_;
  ChunkedArray<Account, 1024> accounts_;
  ChunkedArray<Record, 4096> records_;
  ChunkedArray<Chain, 1024> owners_, principals_;
  ChunkedArray<Chain, 4096> references_;
  ChunkedArray<OwnerLink, 4096> owner_links_;
  ChunkedArray<Place, 4096> places_;
  ChunkedArray<Total, currencies_max, 1> totals_;
  KvTable kvs_;
  OpenList open_;
  HoldTable holds_;                                        // [writer]
  std::unordered_map<std::string, Counter, TextHash, std::equal_to<>> counters_;  // [writer]
  std::priority_queue<Due> due_;                           // [writer] may hold what is no longer true; version tells

  std::uint64_t sequence = 0;     // [writer] of the last entry applied
  std::int64_t clock_ms = 0;      // [writer] the ledger's own clock, never backwards
  std::uint64_t open_records = 0; // [writer]

 private:
  Status apply_account(const AccountView& view, std::uint64_t offset);
  Status apply_posting(const PostingView& view, std::uint64_t offset);
  Status apply_record(const RecordView& view, std::uint64_t offset);
  Status apply_kv(const KvView& view, std::uint64_t offset);
  Status apply_counter(const CounterView& view);
  void touch(Account& account);
  Total& total_of(const char (&currency)[4], std::int32_t exponent);
  template <class Array>
  const Chain* find_chain(const FlatIndex& index, const Array& array, std::string_view name) const;
  template <class Array>
  Chain& chain(FlatIndex& index, Array& array, std::string_view name);

  TextArena texts_;
  const Text* const no_text_;
  std::uint64_t batch_ = 1;
  std::vector<Account*> touched_accounts_;
  std::vector<std::uint32_t> touched_records_;
  std::vector<KvTable::Node*> touched_kvs_;
  std::uint64_t next_place_ = 1;
  std::string sweep_at_;
  std::int64_t counters_swept_ms_ = 0;
  std::atomic<std::uint64_t> published_sequence_{0}, published_end_{0};
  std::atomic<std::int64_t> published_clock_ms_{0};
};

}  // namespace payswitch::local_ledger
