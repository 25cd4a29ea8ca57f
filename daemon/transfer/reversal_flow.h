// A client's reversal of a completed transfer: a transfer of its own, linked to the one it gives back from, which counts it in the same
// durable write. Inside this ledger it is completed by that write; what came from another bank goes back to that bank as a credit that
// names the one it reverses, and is a transfer between banks like any other, with all its states.
#pragma once

#include <string>

#include "ledger/account_names.h"
#include "transfer/transfer_flow.h"

namespace payswitch::daemon::transfer {

class ReverseFlow final : public TransferFlow {
 public:
  explicit ReverseFlow(Core& core) noexcept : TransferFlow(core) {}
  void start(const ReverseCommand& command, Reply<TransferAnswer> reply);

 private:
  enum class Plan : std::uint8_t { post_here, submit_away, refuse };
  // Whose word the giving back needs.
  enum class Consent : std::uint8_t { owner, given };

  void read_parent();
  void got_parent(const ledger::ReadReply& reply);
  ErrorCode check_rights();
  void decide();
  ErrorCode plan_away();
  void unless_known(ErrorCode code);
  void got_unique(const ledger::ReadReply& reply);
  void write();
  void fill_record();
  void written(const ledger::WriteReply& reply);
  void replay(const Rows<psw_unique>& uniques);
  void retry() override { write(); }
  void recycle() override;

  ReverseCommand command_;
  OwnedRecord parent_;
  Plan plan_ = Plan::refuse;
  Consent consent_ = Consent::owner;
  std::string_view owned_;       // account whose owner consents
  bool shown_ = false;           // the caller may know that the transfer exists
  std::int64_t minor_ = 0;
  std::string_view refusal_;
  ErrorCode pending_code_ = ErrorCode::none;
  std::uint8_t fingerprint_[32] = {};
  std::uint8_t credit_hash_[32] = {};
  char id_text_[ulid_size] = {};
  std::string bank_, connector_, note_;
  std::int64_t not_after_ms_ = 0;
};

}  // namespace payswitch::daemon::transfer
