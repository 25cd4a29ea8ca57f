// One call of another bank, from its message to its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "plugin_host/services.h"
#include "transfer/core.h"

namespace payswitch::daemon::transfer {

struct InboundLoop;

class InboundFlow final : public Timed {
 public:
  explicit InboundFlow(InboundLoop& loop) noexcept : loop_(loop) {}
  InboundFlow(const InboundFlow&) = delete;
  InboundFlow& operator=(const InboundFlow&) = delete;
  void start(plugin_host::InboundCall& call);
  void on_timer() override;

 private:
  void ask_original();
  void got_original_id(const ledger::ReadReply& reply);
  void got_original(const ledger::ReadReply& reply);
  std::string_view reversal_refusal() const noexcept;
  void write_credit();
  void write_tombstone();
  void written(const ledger::WriteReply& reply);
  bool fits_history();
  void got_gate(const ledger::ReadReply& reply);
  void not_taken(std::string_view reason);
  void not_now(std::string_view reason);
  void make_record(TransferState state);
  std::string_view unknowable() const noexcept;  // refusal that needs no ledger
  void ask_unique(std::string_view space);
  void got_unique(const ledger::ReadReply& reply);
  void read_record();
  void got_record(const ledger::ReadReply& reply);
  void raise_op_id_reused();
  void ask_lookup();
  void got_account(const ledger::ReadReply& reply);
  void got_hello(const ledger::ReadReply& reply);
  void told(bool recorded);
  void answer_decision(std::int32_t code, const psw_history& at);
  void answer(std::int32_t code, std::int32_t outcome, std::string_view reason = {});
  void finish(const psw_reply& reply);

  Core& core() const noexcept;

  InboundLoop& loop_;
  plugin_host::InboundCall* call_ = nullptr;
  psw_credit credit_{};
  psw_decision decision_{};
  OwnedRecord rec_;
  psw_id original_id_{};    // of a credit that gives something back: our transfer that it names; zero: there is none
  std::unique_ptr<OwnedRecord> original_;
  char op_text_[id_hex_size];
  bool reused_ = false;     // the op_id came with another hash
  bool reporting_ = false;
  std::uint32_t gate_tries_ = 0;
  std::uint32_t tries_ = 0;
  std::uint32_t conflicts_ = 0;
};

struct InboundLoop {
  InboundLoop(Core& of, std::uint32_t max) : core(of), flows(*this, max) {}
  Core& core;
  Pool<InboundFlow, InboundLoop> flows;
};

}  // namespace payswitch::daemon::transfer
