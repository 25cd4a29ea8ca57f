// One money command from the question to its answer: deposit, withdraw, transfer.
#pragma once

#include <string>

#include "ledger/account_names.h"
#include "transfer/limits.h"
#include "transfer/transfer_flow.h"

namespace payswitch::daemon::transfer {

class PayFlow final : public TransferFlow {
 public:
  explicit PayFlow(Core& core) noexcept : TransferFlow(core) {}
  void start(const MoneyCommand& command, Reply<TransferAnswer> reply);

 private:
  // How the first durable write looks.
  enum class Plan : std::uint8_t {
    undecided,
    post_here,     // both legs in this ledger: completed
    hold_here,     // held for an account of this ledger
    hold_away,     // held for another bank, by wish or because its connectors are down
    submit_away,   // submitted, then the gateway is called
    refuse,        // a rule that needs no ledger: rejected with refusal_
  };

  ErrorCode check(std::string_view& member) const noexcept;
  void decide();
  void read_all();
  void got_available(const ledger::ReadReply& reply);
  void plan_route();
  ErrorCode choose_target(const RouteDecision& decision);
  void about_us(ErrorCode code);
  void got_unique(const ledger::ReadReply& reply);
  void write();
  void add_guards(ledger::EntryBuilder& entry);
  void add_away(ledger::EntryBuilder& entry);
  void written(const ledger::WriteReply& reply);
  void got_gate(const ledger::ReadReply& reply);
  void applied(const ledger::WriteReply& reply);
  void replay(const Rows<psw_unique>& uniques);
  void retry() override { write(); }
  void recycle() override;

  std::string_view account() const noexcept { return command_.kind == TransferKind::deposit ? command_.payee : command_.payer; }
  bool for_others() const noexcept;  // cash for somebody else's account, by a service

  MoneyCommand command_;
  Plan plan_ = Plan::undecided;
  psw_money money_{};
  std::uint8_t fingerprint_[32] = {};
  std::uint8_t credit_hash_[32] = {};
  ErrorCode pending_code_ = ErrorCode::none;  // about us: answered unless the key is known
  std::string_view refusal_;
  char reason_buffer_[96];
  char tag_[32];
  char id_text_[ulid_size];
  ledger::SystemName cash_;  // the record's view of it lives until the answer
  TakenLimits taken_;
  std::uint32_t all_tries_ = 0;
  std::uint32_t window_tries_ = 0;
  std::uint32_t gate_tries_ = 0;
  std::string connector_, bank_, trace_;
  std::int64_t not_after_ms_ = 0;
};

}  // namespace payswitch::daemon::transfer
