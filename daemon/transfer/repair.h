// An open repair: how it is written, how it is found again, whom it is about. It is a completed transfer of kind repair between clearing and
// suspense, with the flag repair_open; a kv beside it is the list of those that are open, and a counter keeps its customer's account open.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "transfer/core.h"
#include "transfer/owned_record.h"

namespace payswitch::daemon::transfer {

// "repair/<id>" → what the list shows. Written and taken away in the same entries as the repair's own record.
inline constexpr std::string_view open_repair_prefix = "repair/";

// The account of ours that a transfer with another bank is about.
inline std::string_view customer_of(const OwnedRecord& parent) noexcept {
  return view(parent.kind() == TransferKind::incoming ? parent.row.payee : parent.row.payer);
}

// Adds everything that opens a repair but the parent's own record: the unique that keeps it one for ever, counter, posting, record, kv.
// `op_id` and `theirs`: of the decision that contradicts ours.
void open_repair(Core& core, ledger::EntryBuilder& entry, const psw_id& repair, const OwnedRecord& parent, std::string_view bank, bool they_have_it,
                 const psw_id& op_id, const psw_history& theirs);
// Adds what takes it off the list.
void unlist_repair(ledger::EntryBuilder& entry, const psw_id& repair, std::string_view customer);

class RepairsFlow {
 public:
  explicit RepairsFlow(Core& core) noexcept : core_(core) {}
  void start(const RepairsQuery& query, Reply<RepairsAnswer> reply);

 private:
  void got(const ledger::ReadReply& reply);
  void finish(const RepairsAnswer& answer);

  Core& core_;
  Reply<RepairsAnswer> reply_;
  std::uint32_t limit_ = 0;
  std::vector<RepairView> rows_;
};

// What the kv says. Borrows both texts. False: damaged.
bool read_open_repair(std::string_view key, std::string_view value, RepairView& out) noexcept;

}  // namespace payswitch::daemon::transfer
