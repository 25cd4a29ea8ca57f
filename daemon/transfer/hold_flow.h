// A client's post, void or cancel of a transfer that exists.
#pragma once

#include <string>

#include "transfer/transfer_flow.h"

namespace payswitch::daemon::transfer {

class HoldFlow final : public TransferFlow {
 public:
  explicit HoldFlow(Core& core) noexcept : TransferFlow(core) {}
  void start(const HoldCommand& command, Reply<TransferAnswer> reply);

 private:
  enum class Plan : std::uint8_t { post_here, post_away, void_hold, ask_cancel };

  void read();
  void got_record(const ledger::ReadReply& reply);
  void decide();
  void unless_known(ErrorCode code);
  void got_unique(const ledger::ReadReply& reply);
  void write();
  void written(const ledger::WriteReply& reply);
  bool is_own_key(const ledger::WriteReply& reply) const noexcept;
  void again();
  void retry() override { write(); }
  void recycle() override;

  HoldCommand command_;
  Plan plan_ = Plan::void_hold;
  ErrorCode pending_code_ = ErrorCode::none;
  std::int64_t post_minor_ = 0;
  std::uint8_t fingerprint_[32] = {};
  std::uint8_t credit_hash_[32] = {};
  OwnedRecord next_;
  std::uint64_t decided_on_ = 0;
  std::uint32_t conflicts_ = 0;
  psw_id step_{};
  std::string connector_, bank_, trace_;
};

}  // namespace payswitch::daemon::transfer
