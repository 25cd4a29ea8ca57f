// Limits of one money command: what the configuration says before the ledger is asked, and the counters that the ledger checks in the same
// write. A counter's key names its window; a clock guard keeps a write from landing in the window after.
#pragma once

#include <payswitch/transfer_state.h>

#include <cstdint>
#include <string_view>

#include "config/config.h"
#include "ledger/entry_builder.h"
#include "transfer/day_window.h"

namespace payswitch::daemon::transfer {

// Counter of the ledger: how many open repairs stand between an account of ours and a person. Such an account is not closed.
inline constexpr std::string_view open_repairs_prefix = "repairs/";

// Reasons of guards that the core answers by trying again.
inline constexpr std::string_view reason_window_moved = "window_moved";
inline constexpr std::string_view reason_available_changed = "available_changed";

struct LimitQuestion {
  TransferKind kind = TransferKind::transfer;
  std::string_view principal;  // who asks
  std::string_view payer;      // account debited; empty for a deposit
  std::string_view currency;
  std::int64_t amount_minor = 0;
  bool cash_by_service = false;  // deposit or withdrawal by a service account: its own window
};

// Empty: within. Else the reason of a recorded refusal, written into `buffer`: "limit_exceeded:<limit>:<value>:<frees at ms>".
std::string_view per_transfer_limit(const config::TransferLimits& limits, std::int64_t amount_minor, char (&buffer)[96]) noexcept;

// What was taken, for the give-back: "key\tamount\n" for each.
struct TakenLimits {
  char text[1024] = {};
  std::size_t size = 0;
  std::int64_t window_end_ms = 0;
  std::string_view view() const noexcept { return {text, size}; }
};

// Adds the clock guard and the counters that apply.
void add_limit_guards(ledger::EntryBuilder& entry, const config::Config& config, const LimitQuestion& question, const Day& day, TakenLimits& taken);
// Gives back `amount_minor` of every sum taken (and, if `whole`, the counts).
void give_limits_back(ledger::EntryBuilder& entry, std::string_view taken, std::int64_t amount_minor, bool whole, std::int64_t window_end_ms);

// "limit_exceeded:per_owner_day:100000:1750…" taken apart.
struct LimitReason {
  std::string_view limit;
  std::int64_t value = 0, frees_at_ms = 0;
};
LimitReason parse_limit_reason(std::string_view reason) noexcept;

}  // namespace payswitch::daemon::transfer
