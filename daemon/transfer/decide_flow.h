// A person's decision, from the question to its answer: what is to be decided is read, the bank is asked once more, the second person's word
// is looked for where two are wanted, and then one entry carries it out, with who decided and on what evidence in the history.
//
// A transfer in doubt is resolved only while it is in doubt: what the bank has decided, now or while the proposal waited, counts instead.
// A proposal is about one state of affairs (`basis`), lasts a day and is void when that has changed. Polls that decide nothing do not
// change it, though each writes the record: they come at least once a minute, and no second person would ever be fast enough.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "transfer/core.h"
#include "transfer/credit.h"

namespace payswitch::daemon::transfer {

class DecideFlow final : public Timed {
 public:
  explicit DecideFlow(Core& core) noexcept : core_(core) {}
  DecideFlow(const DecideFlow&) = delete;
  DecideFlow& operator=(const DecideFlow&) = delete;
  void start(const DecideCommand& command, Reply<DecideAnswer> reply);
  void on_timer() override { write_(this); }

 private:
  struct Proposal {
    std::string decision, person, basis, evidence;
    std::uint64_t version = 0;  // of the kv; 0: there is none
  };

  // decide_flow.cpp
  void read_subject();
  void got_subject(const ledger::ReadReply& reply);
  void ask_bank();
  void got_bank(const psw_reply& reply);
  void read_for_bank();
  void got_for_bank(const ledger::ReadReply& reply);
  void bank_decided(bool recorded);
  void read_parent();
  void got_parent(const ledger::ReadReply& reply);
  void look_for_proposal();
  void got_proposal(const ledger::ReadReply& reply);
  void judge_proposal();
  std::string basis() const;
  void show();
  void got_shown(const ledger::ReadReply& reply);
  void refuse(std::string text);
  void fail(ErrorCode code);
  void finish(DecideAnswer& answer);

  // decide_write.cpp
  void write_proposal();
  void proposed(const ledger::WriteReply& reply);
  void write_decision();
  bool add_resolution(ledger::EntryBuilder& entry);
  void add_repair_end(ledger::EntryBuilder& entry);
  void decided(const ledger::WriteReply& reply);
  // True: not written for now, and tried again or given up.
  bool again(const ledger::WriteReply& reply, void (*write)(DecideFlow*));
  std::string note() const;

  Core& core_;
  DecideCommand command_;
  Reply<DecideAnswer> reply_;
  std::string person_, evidence_, heard_, refusal_;
  OwnedRecord rec_, next_;
  std::unique_ptr<OwnedRecord> parent_;  // of a repair: the transfer it is about; of a reversal: the one it gives back from
  Proposal proposal_;
  DecideAnswer::What what_ = DecideAnswer::What::done;
  psw_id made_{}, step_{};
  std::string made_from_, made_to_;
  std::int64_t expires_ms_ = 0;
  std::uint32_t tries_ = 0, rounds_ = 0;
  void (*write_)(DecideFlow*) = nullptr;
  // The bank's decision, with memory of its own until it is told to the saga.
  psw_decision decision_{};
  std::string d_payer_, d_payee_, d_code_, d_reference_;
};

}  // namespace payswitch::daemon::transfer
