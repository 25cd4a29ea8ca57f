// What every answer about one transfer needs, whoever asked: read the record, wait for a final state if asked to, gather the balances the
// caller may see, answer once. PayFlow and HoldFlow put their own beginnings in front of it.
#pragma once

#include <array>
#include <cstdint>

#include "transfer/core.h"

namespace payswitch::daemon::transfer {

class TransferFlow : public Timed, public Waiter {
 public:
  explicit TransferFlow(Core& core) noexcept : core_(core) {}
  TransferFlow(const TransferFlow&) = delete;
  TransferFlow& operator=(const TransferFlow&) = delete;

  void on_timer() final;
  void woken() final;

 protected:
  ~TransferFlow() = default;

  void begin(const Caller& caller, Reply<TransferAnswer> reply, std::uint32_t wait_ms) noexcept;
  // Reads the transfer `id_` and answers it. Absent: idempotency_in_progress after a while if `replayed_`, else transfer_not_found.
  void show();
  // Answers with rec_ as it is; balances_ may have been taken from a write before.
  void answer(ErrorCode code = ErrorCode::none);
  // Answers without a transfer.
  void fail(ErrorCode code, std::string_view member = {}, std::string_view detail = {});
  // The refusal is about us and says that nothing was recorded; where an earlier try of this command was, or may have been, the outcome
  // is unknown to the caller instead: somebody who hears "nothing recorded" pays another way.
  void fail_about_us(ErrorCode code) { fail(recorded_perhaps_ ? ErrorCode::outcome_unknown : code); }
  // The ledger takes no write now.
  void not_taken(ErrorCode code);
  // What a command is answered with when its transfer ended without moving money; a query is only shown the record.
  ErrorCode code_of_record() const noexcept;
  void take_balances(const ledger::WriteReply& reply);
  // Once more, after a back-off; false when the caller's time is over.
  bool retry_later() noexcept;
  virtual void retry() = 0;     // the step whose answer was lost
  virtual void recycle() = 0;   // answered: back to the pool

  Core& core_;
  Caller caller_;
  Reply<TransferAnswer> reply_;
  OwnedRecord rec_;
  psw_id id_{};
  std::uint64_t until_ns_ = 0;      // end of `wait`
  std::uint64_t patience_ns_ = 0;   // how long a lost commit is asked about before the caller hears outcome_unknown
  std::string_view demanded_;       // a query's position; borrowed from its command
  std::uint32_t tries_ = 0;
  bool replayed_ = false;
  bool recorded_perhaps_ = false;   // a write of this command was applied, or its answer was lost
  bool with_balances_ = true;
  bool with_history_ = false;
  bool shown_only_ = false;         // a query: the state of the transfer is no refusal of it
  bool only_own_ = false;           // a transfer of somebody else is answered as absent

 private:
  enum class Phase : std::uint8_t { idle, retry_step, retry_read, waiting };
  enum class Side : std::uint8_t { payer, payee, done };

  void got_record(const ledger::ReadReply& reply);
  void wait_or_answer();
  void stop_waiting() noexcept;
  void next_balance();
  void got_account(const ledger::ReadReply& reply);
  void got_postings(const ledger::ReadReply& reply);
  void read_history();
  void got_history(const ledger::ReadReply& reply);
  void keep_position(std::string_view position);
  void finish(TransferAnswer& answer);

  Phase phase_ = Phase::idle;
  Side side_ = Side::payer;
  std::array<Balance, 2> balances_{};
  std::uint32_t balances_n_ = 0;
  std::vector<psw_change> history_;
  std::array<char, 128> position_{};
  std::uint32_t position_size_ = 0;
};

}  // namespace payswitch::daemon::transfer
