// Reads: one transfer, lists of transfers.
#pragma once

#include <string>
#include <vector>

#include "transfer/transfer_flow.h"

namespace payswitch::daemon::transfer {

class ShowFlow final : public TransferFlow {
 public:
  explicit ShowFlow(Core& core) noexcept : TransferFlow(core) {}
  void start(const TransferQuery& query, Reply<TransferAnswer> reply);

 private:
  void retry() override {}
  void recycle() override;
};

class ListFlow {
 public:
  explicit ListFlow(Core& core) noexcept : core_(core) {}
  void start(const TransfersQuery& query, Reply<TransfersAnswer> reply);

 private:
  void got(const ledger::ReadReply& reply);
  void finish(const TransfersAnswer& answer);

  Core& core_;
  TransfersQuery query_;
  Reply<TransfersAnswer> reply_;
  std::vector<TransferView> rows_;
};

}  // namespace payswitch::daemon::transfer
