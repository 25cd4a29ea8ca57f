// One ledger over a disk in memory, with verbs, so that a test case is a few lines: open an account, pay, hold, post, restart.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/ids.h>
#include <payswitch/str.h>

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "local_ledger/engine.h"
#include "local_ledger/reads.h"
#include "memory_disk.h"

namespace payswitch::local_ledger::test {

class TestClock final : public WallClock {
 public:
  std::int64_t wall_ms() const override { return ms; }
  std::int64_t monotonic_ms() const override { return monotonic; }
  std::int64_t ms = 1'750'000'000'000;
  std::int64_t monotonic = 5'000;  // stands still unless a test moves it
};

// Chance that is always the same.
template <int byte>
void fixed_random(void* out, std::size_t size) { std::memset(out, byte, size); }

psw_id id_of(std::uint64_t number);           // never zero
psw_money krw(std::int64_t minor);
psw_money usd(std::int64_t minor);

// An entry under construction; owns all its texts.
class Entry {
 public:
  Entry() = default;
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  Entry& step(std::uint64_t number);
  Entry& unique(std::string_view space, std::string_view key, std::uint8_t hash = 1, std::string_view names = {});
  psw_guard& guard(std::int32_t kind, std::int32_t fail_code = PSW_RULE, std::string_view reason = "guarded");
  Entry& account(std::string_view number, std::string_view owner = "alice", const psw_money& money = krw(0), std::int32_t kind = PSW_ACCOUNT_CUSTOMER);
  psw_account& change(const psw_account& row);  // a new version of what was read
  psw_posting& posting(std::int32_t kind, std::string_view debit, std::string_view credit, const psw_money& money, std::uint64_t id = 0);
  Entry& post(std::string_view debit, std::string_view credit, std::int64_t minor) { return posting(PSW_P_POST, debit, credit, krw(minor)), *this; }
  Entry& hold(std::string_view debit, std::string_view credit, std::int64_t minor, std::uint64_t id) { return posting(PSW_P_HOLD, debit, credit, krw(minor), id), *this; }
  Entry& post_hold(std::uint64_t hold, std::int64_t minor);
  Entry& void_hold(std::uint64_t hold);
  psw_record& record(std::uint64_t id, std::uint64_t version = 0, std::int32_t state = 4);
  psw_record& if_refused(std::uint64_t id, std::uint64_t version = 0, std::int32_t state = 5);
  Entry& kv(std::string_view key, std::string_view value, std::uint64_t version = 0, std::int64_t expires_ms = 0);
  psw_str keep(std::string_view text);
  const psw_entry& get();

  std::vector<psw_posting> postings;

 private:
  psw_record& new_record(std::vector<psw_record>& list, std::uint64_t id, std::uint64_t version, std::int32_t state);
  psw_entry entry_{};
  std::deque<std::string> texts_;
  std::vector<psw_unique> uniques_;
  std::deque<psw_guard> guards_;
  std::vector<psw_guard> guard_list_;
  std::vector<psw_account> accounts_;
  std::vector<psw_record> records_, refused_;
  std::vector<psw_kv> kvs_;
};

// What came back, copied.
struct Answer {
  std::int32_t code = -1, failed = -1;
  std::string reason, position;
  std::uint64_t sequence = 0;
  std::int64_t clock_ms = 0;
  psw_reply raw{};  // rows stay good until the next call on the ledger
  template <class Row>
  Rows<Row> rows() const { return Rows<Row>(raw.rows); }
};

class Ledger {
 public:
  explicit Ledger(std::uint64_t segment_bytes = segment_bytes_min, Random random = fixed_random<0x5a>);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Opens what is on the disk; the error, or empty.
  std::string open();
  void close();                      // cleanly
  void crash();                      // kill -9
  std::string restart() { close(); return open(); }

  // One entry, one frame. The code of the reply; lost answers are PSW_INTERNAL.
  Answer write(Entry& entry);
  Answer write(const psw_entry& entry);
  Answer collect(const psw_entry& entry);  // without commit
  bool commit();                           // false: the engine is poisoned
  Answer lease(std::string_view owner, std::uint32_t limit = 10, std::uint64_t lease_ms = 1000);
  Answer read(const psw_read& read);
  psw_read question(std::int32_t what, std::string_view key = {});

  // Shorthands.
  void open_account(std::string_view number, std::string_view owner = "alice", std::int64_t balance = 0);
  psw_account account(std::string_view number);     // version 0: not there
  std::int64_t balance(std::string_view number);
  std::int64_t available(std::string_view number);
  std::string dump();                               // everything readable, as text

  MemoryDisk disk;
  TestClock clock;
  EngineOptions options;
  JournalReport report;
  std::unique_ptr<Storage> storage;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Reads> reads;
  ReadBuffer buffer;

 private:
  std::uint64_t next_step_ = 1'000'000;
  std::deque<std::string> kept_;
};

std::int64_t small(const psw_i128& value);  // throws the upper half away after checking it

}  // namespace payswitch::local_ledger::test
