// One transfer to another bank while somebody works on it: sends, hears, writes what next_action says, once per answer. Between two
// rounds there is no saga: the record in the ledger, with its due time, is all that is needed to go on, here or in another daemon.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "transfer/core.h"
#include "transfer/credit.h"
#include "transfer/next_action.h"
#include "transfer/peer_history.h"

namespace payswitch::daemon::transfer {

class Saga final : public Timed {
 public:
  explicit Saga(Core& core) noexcept : core_(core) {}
  Saga(const Saga&) = delete;
  Saga& operator=(const Saga&) = delete;

  // The record was just written as `submitted` by us: send.
  void first_send(const OwnedRecord& rec);
  // The record is due and leased to us (recovery, polls, expiry). It is looked at after `delay_ns`, which is shorter than the lease.
  void resume(const psw_record& row, std::uint64_t delay_ns = 0);
  // cancel_asked was just written by us, with the lease.
  void send_cancel(const OwnedRecord& rec);
  // News without a question: a decision about `op_id`, from `bank`. `done` hears when it is recorded or changes nothing any more.
  struct Told {
    void (*function)(void* context, bool recorded) = nullptr;
    void* context = nullptr;
  };
  void report(const psw_record& row, const psw_decision& decision, std::string_view bank, Told done);

  void on_timer() override;

 private:
  enum class Phase : std::uint8_t { idle, delayed, sending, parent, judging, due_write, reading, repairing, after_all, gate };

  // saga.cpp
  void start(bool first) noexcept;
  void look();
  void send(Send what);
  void replied(const psw_reply& reply);
  void remember(const Heard& heard);
  void weigh_history(const PeerFloor* floor);
  void look_at_gate();
  void look_at_gate_of(std::string_view bank);
  std::pair<std::uint64_t, std::uint64_t> gate_versions() const;
  void got_gate(const ledger::ReadReply& reply);
  void judge_now();
  void took_effect(const ledger::WriteReply& reply);
  void written(const ledger::WriteReply& reply);
  void after_judgement();
  void reread();
  void got_record(const ledger::ReadReply& reply);
  void settle();
  void retry_write() noexcept;
  void end(bool recorded = true);
  DueSituation due_situation() const noexcept;

  // saga_write.cpp: what is written for a judgement or a due action
  void write_judgement();
  void write_due();
  void due_written(const ledger::WriteReply& reply);
  // Of this saga's write: repeated by it, it is the same step; by anybody else on the same version it is another, and finds its version gone.
  psw_id own_step(std::string_view note) noexcept;
  void schedule(OwnedRecord& next, TransferState state) noexcept;
  void read_parent();
  void got_parent(const ledger::ReadReply& reply);
  bool find_way(bool same_bank);
  std::string_view way_connector() const noexcept { return way_connector_; }

  // saga_repair.cpp
  void open_repair(Contradiction what);
  void write_repair();
  void repair_written(const ledger::WriteReply& reply);
  void ask_after_all();
  void heard_after_all();
  void write_after_all();
  void after_all_written(const ledger::WriteReply& reply);

  Core& core_;
  OwnedRecord rec_;    // as last known to be durable
  OwnedRecord next_;   // as being written
  std::unique_ptr<OwnedRecord> parent_;  // of a reversal that ends: read for the write under way
  Phase phase_ = Phase::idle;
  Send sent_ = Send::nothing;
  bool first_ = false;        // nobody else has touched the record since we wrote `submitted`
  bool reported_ = false;     // the answer came by report
  bool after_all_ = false;    // a person has decided; the bank is asked all the same
  std::uint64_t lease_until_ns_ = 0;
  std::uint64_t run_ = 0;          // random, of this working on this transfer: part of its step ids
  std::uint64_t decided_on_ = 0;   // version of the write under way
  std::uint32_t write_tries_ = 0;
  // the answer being judged
  Answer answer_ = Answer::unknown;
  bool same_op_ = true, echo_equal_ = true;
  bool about_current_ = true;
  std::uint32_t retry_after_ms_ = 0;
  std::string code_, peer_reference_, answer_bank_;
  psw_history theirs_{};
  PeerFloor floor_;             // of the question whose answer is being judged
  std::uint32_t gate_tries_ = 0;
  std::pair<std::uint64_t, std::uint64_t> gate_versions_;  // of the two gates, before they were looked at
  std::string gate_bank_;       // whose gate is being looked at
  psw_id answer_op_{};
  Judgement judgement_;
  DueAction due_;
  std::string way_connector_, way_bank_;
  std::uint8_t way_hash_[32] = {};
  Contradiction contradiction_ = Contradiction::none;
  psw_id repair_id_{};
  Told told_;
};

}  // namespace payswitch::daemon::transfer
