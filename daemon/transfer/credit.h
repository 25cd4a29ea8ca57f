// The operation at the other bank: how an attempt is prepared, what is sent, and what an answer means.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <string_view>

#include "transfer/core.h"
#include "transfer/next_action.h"

namespace payswitch::daemon::transfer {

// Makes `rec` a submitted attempt at `bank` by way of `connector`: attempt + 1, op_id, lease, due time. The op_id depends on the bank and the
// client's key only: every connector and every retry to one bank has the same one.
void prepare_attempt(Core& core, OwnedRecord& rec, std::string_view bank, std::string_view connector);
void credit_hash(const OwnedRecord& rec, std::uint8_t (&out)[32]) noexcept;

// The credit of the current attempt, in the arena of the call. The same bytes on every resend, but for what our ledger and the pinned one
// of the bank are now.
psw_credit& make_credit(const Core& core, const OwnedRecord& rec, std::pmr::memory_resource& arena);

// What came back, checked against what was asked.
struct Heard {
  Answer answer = Answer::unknown;
  bool echo_equal = true;
  bool same_op = true;              // false: the record is about another op_id than the current attempt's
  std::string_view code;            // of a refusal; borrowed from the reply
  std::string_view peer_reference;
  psw_history theirs{};
  std::uint32_t retry_after_ms = 0;
};
Heard hear(const OwnedRecord& rec, std::int32_t op_kind, const psw_reply& reply) noexcept;
Heard hear(const OwnedRecord& rec, const psw_decision& decision) noexcept;

// The planted bug N5 only.
void send_before_the_record(Core& core, const OwnedRecord& rec);

std::uint64_t call_deadline_ns(const Core& core, std::string_view connector) noexcept;

}  // namespace payswitch::daemon::transfer
