// The writer: decides entries one after the other against its own state, collects them in one frame, makes the frame durable, publishes,
// and only then may the replies be handed out. One thread at a time for everything but reads (reads.h).
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "batch_arena.h"
#include "decide.h"
#include "encode.h"
#include "journal.h"
#include "ledger_clock.h"
#include "state.h"

namespace payswitch::local_ledger {

struct EngineOptions {
  bool create = true;
  bool sync = true;
  bool own_thread = true;  // a thread makes segments ahead; false: everything in the caller's
  std::uint64_t segment_bytes = 64 * 1024 * 1024;  // of a new ledger
  Random random = system_random;
};

class Engine final : public EntrySource {
 public:
  // Locks the directory, reads the journal, stands ready. The storage and clock outlive the engine.
  static Status open(Storage& storage, const WallClock& clock, const EngineOptions& options, std::unique_ptr<Engine>& out, JournalReport& report);

  // ---- a batch: begin, any number of write/lease_due, commit, hand out the replies, begin … ----
  void begin();
  // commit_first: nothing happened, the frame is full; commit and call again. Else `reply` is filled; its memory lives until the next
  // begin(). It must not be handed out before commit() has returned, and after a failed commit not at all: see lost().
  enum class Taken { done, commit_first };
  Taken write(const psw_entry& entry, psw_reply& reply);
  Taken lease_due(const psw_read& read, psw_reply& reply);
  // One write and one sync for all entries of the batch, then they are visible. An error is final: the engine is poisoned, refuses every
  // later write, and commits nothing more.
  Status commit();
  // Turns the reply of an operation whose batch could not be committed into "nobody knows".
  void lost(psw_reply& reply) const;
  // Between batches, when there is nothing to do: forgets what expired.
  void idle();
  // Writes the mark of a clean stop. Nothing may follow.
  Status close();

  bool poisoned() const noexcept { return poisoned_; }
  bool refuses_work() const noexcept { return disk_full_; }  // the last write found no space
  std::string trouble() { return journal_->trouble(); }
  const Identity& identity() const noexcept { return identity_; }
  State& state() noexcept { return *state_; }
  const State& state() const noexcept { return *state_; }
  const Journal& journal() const noexcept { return *journal_; }
  const LedgerClock& clock() const noexcept { return clock_; }
  std::int64_t now_ms();  // as of begin()
  // id, epoch, sequence, clock and token in a reply.
  void stamp(psw_reply& reply, std::uint64_t sequence, BatchArena& arena) const;

  bool entry_at(std::uint64_t offset, EntryView& out) override;  // [writer]

 private:
  Engine(Storage& storage, const WallClock& clock, const Identity& identity);
  void answer(psw_reply& reply, std::int32_t code, std::string_view reason, std::int32_t failed = -1);
  void answer_known(std::uint64_t offset, psw_reply& reply);
  void answer_seen(const Decision& decision, psw_reply& reply);
  void answer_touched(psw_reply& reply);
  bool unavailable(std::size_t bytes, psw_reply& reply, Taken& taken);
  std::uint64_t append(std::size_t bytes);
  void due_records(const psw_read& read, std::size_t limit, std::vector<std::uint32_t>& slots);

  Storage& storage_;
  LedgerClock clock_;
  const Identity identity_;
  std::unique_ptr<State> state_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Decider> decider_;
  Plan plan_;
  BatchArena arena_;
  std::vector<std::uint8_t> entry_bytes_;
  std::uint64_t first_sequence_ = 0;  // of the frame being collected
  std::int64_t batch_ms_ = 0;         // the ledger's clock when the batch began: its entries are decided within a moment
  bool poisoned_ = false, disk_full_ = false;
};

// A row of the reply for an account in this state.
psw_account account_row(const Account& account, const AccountState& state) noexcept;
psw_i128 to_abi(Int128 value) noexcept;

}  // namespace payswitch::local_ledger
