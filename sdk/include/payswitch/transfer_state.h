// The state machine of a transfer, as both sides of the border know it: kinds, states, allowed edges, public words.
// Only the standard library. Numbers are stored in ledgers: they are never reused and never change their meaning.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace payswitch {

enum class TransferKind : std::int32_t { deposit = 1, withdraw = 2, transfer = 3, incoming = 4, reversal = 5, repair = 6, settlement = 7 };

// `none` is "no record yet"; it is never stored.
enum class TransferState : std::int32_t {
  none = 0,
  held = 1,       // open: reserved, nobody was asked yet
  submitted = 2,  // open: the counterparty may have been asked
  in_doubt = 3,   // open: the counterparty may or may not have acted
  completed = 4,
  rejected = 5,   // refused by a rule before anything was reserved
  voided = 6,
  expired = 7,
  cancelled = 8,  // incoming only: a tombstone
};

// A flag, never a state: a person should look.
enum class Attention : std::int32_t {
  none = 0,
  overdue = 1,               // open for longer than not_after + 5 min
  echo_mismatch = 2,         // a decision record that contradicts the question
  contradiction = 3,         // two banks' final decisions differ; a repair is linked
  op_id_reused = 4,          // the same op_id came with another hash
  peer_history_changed = 5,  // the other bank lost history
  connector_removed = 6,     // no instance is configured for the bank any more
  repair_open = 7,           // on a repair: money stands in suspense and waits for a person
};

inline constexpr std::int64_t state_bit(TransferState state) noexcept { return std::int64_t{1} << static_cast<int>(state); }
// For psw_read.state_mask.
inline constexpr std::int64_t open_states = state_bit(TransferState::held) | state_bit(TransferState::submitted) | state_bit(TransferState::in_doubt);

inline constexpr bool is_open(TransferState state) noexcept {
  return state == TransferState::held || state == TransferState::submitted || state == TransferState::in_doubt;
}
inline constexpr bool is_final(TransferState state) noexcept { return state != TransferState::none && !is_open(state); }
inline constexpr bool is_known(TransferState state) noexcept {
  return state >= TransferState::held && state <= TransferState::cancelled;
}

struct TransferEdge {
  TransferState from, to;
};

// Every step a record may take. A step to the same state changes times, lease, attempt, attention or reversal sums only.
inline constexpr std::array<TransferEdge, 22> transfer_edges{{
    {TransferState::none, TransferState::held},
    {TransferState::none, TransferState::submitted},
    {TransferState::none, TransferState::completed},
    {TransferState::none, TransferState::rejected},
    {TransferState::none, TransferState::cancelled},
    {TransferState::held, TransferState::held},
    {TransferState::held, TransferState::submitted},
    {TransferState::held, TransferState::completed},
    {TransferState::held, TransferState::voided},
    {TransferState::held, TransferState::expired},
    {TransferState::submitted, TransferState::submitted},
    {TransferState::submitted, TransferState::in_doubt},
    {TransferState::submitted, TransferState::completed},
    {TransferState::submitted, TransferState::voided},
    {TransferState::in_doubt, TransferState::in_doubt},
    {TransferState::in_doubt, TransferState::completed},
    {TransferState::in_doubt, TransferState::voided},
    {TransferState::completed, TransferState::completed},
    {TransferState::voided, TransferState::voided},
    {TransferState::rejected, TransferState::rejected},
    {TransferState::expired, TransferState::expired},
    {TransferState::cancelled, TransferState::cancelled},
}};

inline constexpr bool edge_allowed(TransferState from, TransferState to) noexcept {
  for (const auto& edge : transfer_edges)
    if (edge.from == from && edge.to == to) return true;
  return false;
}

// What a kind may ever be: an incoming credit is decided at once, a tombstone is always an incoming one.
inline constexpr bool state_fits(TransferKind kind, TransferState state) noexcept {
  if (kind == TransferKind::incoming)
    return state == TransferState::completed || state == TransferState::rejected || state == TransferState::cancelled;
  if (state == TransferState::cancelled) return false;
  if (kind == TransferKind::transfer || kind == TransferKind::reversal) return is_known(state);
  return state == TransferState::completed || state == TransferState::rejected;
}

inline constexpr std::string_view name(TransferKind kind) noexcept {
  switch (kind) {
    case TransferKind::deposit: return "deposit";
    case TransferKind::withdraw: return "withdraw";
    case TransferKind::transfer: return "transfer";
    case TransferKind::incoming: return "incoming";
    case TransferKind::reversal: return "reversal";
    case TransferKind::repair: return "repair";
    case TransferKind::settlement: return "settlement";
  }
  return "unknown";
}

inline constexpr std::string_view name(TransferState state) noexcept {
  switch (state) {
    case TransferState::none: return "none";
    case TransferState::held: return "held";
    case TransferState::submitted: return "submitted";
    case TransferState::in_doubt: return "in_doubt";
    case TransferState::completed: return "completed";
    case TransferState::rejected: return "rejected";
    case TransferState::voided: return "voided";
    case TransferState::expired: return "expired";
    case TransferState::cancelled: return "cancelled";
  }
  return "unknown";
}

inline constexpr std::string_view name(Attention attention) noexcept {
  switch (attention) {
    case Attention::none: return "";
    case Attention::overdue: return "overdue";
    case Attention::echo_mismatch: return "echo_mismatch";
    case Attention::contradiction: return "contradiction";
    case Attention::op_id_reused: return "op_id_reused";
    case Attention::peer_history_changed: return "peer_history_changed";
    case Attention::connector_removed: return "connector_removed";
    case Attention::repair_open: return "repair_open";
  }
  return "unknown";
}

// The word of the HTTP API; the precise state is shown beside it.
inline constexpr std::string_view public_status(TransferState state) noexcept {
  switch (state) {
    case TransferState::submitted: return "processing";
    case TransferState::held: return "held";
    case TransferState::in_doubt: return "in_doubt";
    case TransferState::completed: return "completed";
    case TransferState::rejected:
    case TransferState::voided:
    case TransferState::expired:
    case TransferState::cancelled: return "failed";
    case TransferState::none: break;
  }
  return "unknown";
}

inline constexpr std::optional<TransferState> state_named(std::string_view text) noexcept {
  for (int value = 1; value <= 8; ++value)
    if (name(static_cast<TransferState>(value)) == text) return static_cast<TransferState>(value);
  return std::nullopt;
}

}  // namespace payswitch
