// What api/ (and control/) hands to the coordinator and gets back. Plain values and borrowed views; no HTTP, no JSON.
//
// Lifetime: every view in a command is borrowed until its reply was called. Every view in an answer is borrowed for that call.
// Thread: a command is given on the coordinator's loop and answered there, exactly once; perhaps from inside the call.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/money.h>
#include <payswitch/record.h>
#include <payswitch/transfer_state.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "auth/principal.h"
#include "transfer/error_code.h"

namespace payswitch::daemon::transfer {

template <class Answer>
struct Reply {
  void (*function)(void* context, const Answer& answer) = nullptr;
  void* context = nullptr;
  void operator()(const Answer& answer) const { function(context, answer); }
};

struct Caller {
  std::string_view principal;
  auth::Scopes scopes = 0;

  Caller() = default;
  Caller(std::string_view id, auth::Scopes given) : principal(id), scopes(given) {}
  // Borrows the principal's id.
  explicit Caller(const auth::Principal& who) : principal(who.id()), scopes(who.scopes()) {}
  bool may(auth::Scopes wanted) const noexcept { return (scopes & wanted) == wanted; }
  bool sees_all() const noexcept { return may(auth::scope_operate); }
};

enum class Mode : std::uint8_t { automatic = 0, hold = 1 };

// deposit (payee only), withdraw (payer only), transfer.
struct MoneyCommand {
  TransferKind kind = TransferKind::transfer;
  Caller caller;
  std::string_view idempotency_key;  // 1–128 visible ASCII; empty: idempotency_key_required
  std::string_view payer, payee;
  std::int64_t amount_minor = 0;     // 1..10^15; ignored with `all`
  bool all = false;                  // "amount": "all"; not for deposits
  std::string_view currency;
  Mode mode = Mode::automatic;       // transfers only
  std::string_view reference;        // at most 35 characters
  std::string_view metadata;         // canonical JSON text or empty, at most metadata_bytes_max
  std::int64_t hold_until_ms = 0;    // 0 = in 7 days
  std::int64_t not_after_ms = 0;     // 0 = the connector's default
  std::uint32_t wait_ms = 0;         // how long the answer may take beyond the durable write; 0 = answer `processing` at once
  bool wait_of_connector = false;    // the client named no time: the chosen connector's own `wait` counts, where it is shorter
  psw_id trace_id{};                 // of the request's trace context; zero: none. Goes with the first send and is not stored
};

enum class HoldAction : std::uint8_t { post, void_hold, cancel };

struct HoldCommand {
  HoldAction action = HoldAction::post;
  Caller caller;
  std::string_view idempotency_key;  // required for post and void, optional for cancel
  psw_id transfer{};
  std::int64_t amount_minor = 0;     // post: 0 = all that is held
  std::uint32_t wait_ms = 0;
};

// Gives back what a completed transfer moved, wholly or in part, by a linked transfer of kind reversal. Who pays back consents: the owner
// of the account that was credited, or a service with the scope reverse that keeps the consent; of cash, whoever may move cash.
struct ReverseCommand {
  Caller caller;
  std::string_view idempotency_key;  // required
  psw_id transfer{};
  std::int64_t amount_minor = 0;     // 0 = all that is left
  std::string_view consent;          // an operator's words about the payee's consent: kept in the history; at most consent_bytes_max
  std::uint32_t wait_ms = 0;
  bool wait_of_connector = false;    // as in MoneyCommand
  psw_id trace_id{};
};
inline constexpr std::size_t consent_bytes_max = 1'000;

// What a person decides where no other way is left: the fate of a transfer in doubt, or how an open repair ends. Where the configuration
// wants two persons, the first word proposes and the same word of another person, with `confirm`, carries it out.
enum class Decision : std::uint8_t { complete, give_back, collect, refund, write_off };
constexpr std::string_view name(Decision decision) noexcept {
  switch (decision) {
    case Decision::complete: return "completed";
    case Decision::give_back: return "voided";
    case Decision::collect: return "collect";
    case Decision::refund: return "refund";
    case Decision::write_off: return "write-off";
  }
  return {};
}
constexpr bool about_repair(Decision decision) noexcept { return decision >= Decision::collect; }
inline constexpr std::size_t evidence_bytes_max = 24 * 1024;
inline constexpr std::int64_t proposal_ms_max = 24 * 3'600'000LL;

struct DecideCommand {
  Decision decision = Decision::give_back;
  std::string_view person;    // "uid:1000", as the kernel says
  bool confirm = false;
  psw_id subject{};           // the transfer in doubt, or the repair
  std::string_view evidence;  // what it rests on; at most evidence_bytes_max; kept in the history for ever
};

// Open repairs, oldest first.
struct RepairsQuery {
  std::string_view after;      // `next` of the page before
  std::uint32_t limit = 100;   // at most 500
};

struct TransferQuery {
  Caller caller;
  psw_id transfer{};
  bool with_history = true;
  std::uint32_t wait_ms = 0;   // wait for a final state
  std::string_view position;   // demanded token, or empty
};

struct TransfersQuery {
  Caller caller;               // sees own transfers; with scope operate all
  std::int64_t state_mask = 0; // bits of state_bit(); 0 = all
  std::string_view bank;       // or empty
  std::string_view reference;  // or empty
  std::string_view principal;  // scope operate: of this principal only; or empty
  std::string_view after;      // `next` of the page before
  std::uint32_t limit = 100;   // at most 500
  std::string_view position;   // demanded token, or empty
};

struct OpenAccountCommand {
  Caller caller;
  std::string_view idempotency_key;
  std::string_view number;       // empty: made by the switch
  std::string_view owner;        // empty: the caller; another one needs scope accounts
  std::string_view currency;
  std::int64_t overdraft_limit = 0;            // other than 0 needs scope accounts
  std::int64_t max_balance = 0;                // 0 = none
  std::string_view metadata;
};

enum class AccountAction : std::uint8_t { freeze, freeze_debit, freeze_credit, unfreeze, close };

struct AccountCommand {
  AccountAction action = AccountAction::freeze;
  Caller caller;                 // freezing and unfreezing need scope accounts; an owner may close
  std::string_view number;
};

struct AccountQuery {
  Caller caller;
  std::string_view number;
  std::string_view position;
};

struct AccountsQuery {
  Caller caller;
  std::string_view owner;        // scope operate: of this owner; or empty: the caller's, or with scope operate all
  std::string_view after;
  std::uint32_t limit = 100;
  std::string_view position;
};

enum class Order : std::uint8_t { newest, oldest };

struct PostingsQuery {
  Caller caller;
  std::string_view number;
  std::int64_t from_ms = 0, to_ms = INT64_MAX;  // half-open
  Order order = Order::newest;
  std::string_view after;
  std::uint32_t limit = 100;
  std::string_view position;
};

// ---- answers ----

struct Balance {
  std::string_view account;
  psw_i128 balance{}, available{};
  std::uint64_t sequence = 0;    // of the account
};

struct TransferView {
  psw_id id{}, parent_id{};
  TransferKind kind = TransferKind::transfer;
  TransferState state = TransferState::none;
  Attention attention = Attention::none;
  std::uint64_t version = 0;
  std::uint32_t attempt = 0;
  std::string_view payer, payee, principal, connector, bank;
  std::string_view reason_code;  // of a refusal, void or expiry
  psw_money money{};
  std::int64_t created_ms = 0, not_after_ms = 0, next_action_ms = 0;
  TransferDetail detail;
};

struct TransferAnswer {
  ErrorCode code = ErrorCode::none;        // none: `transfer` is set. A recorded refusal has both.
  bool replayed = false;                   // header Idempotent-Replayed
  std::uint32_t retry_after_ms = 0;
  std::string_view member;                 // the field a 400 speaks of, or empty
  std::string_view detail;                 // the limit's name, the peer's code, …, or empty
  std::int64_t limit_minor = 0;            // of limit_exceeded: its value
  std::int64_t frees_at_ms = 0;            // of limit_exceeded: end of its window, 0 = never
  const TransferView* transfer = nullptr;
  std::span<const Balance> balances;       // of accounts the caller may see, after this transfer
  std::span<const psw_change> history;     // TransferQuery with_history only: the newest changes, in order
  std::uint64_t history_left_off = 0;      // older changes that are not in `history`
  std::string_view position;               // Payswitch-Position
};

struct DecideAnswer {
  enum class What : std::uint8_t {
    done,
    proposed,         // waits for the word of another person until expires_ms
    decided_by_bank,  // the bank was asked and had decided: that is what counts
  };
  ErrorCode code = ErrorCode::none;        // none, or about us
  std::string_view refusal;                // a sentence: nothing was done
  What what = What::done;
  const TransferView* transfer = nullptr;  // the subject as it is now
  psw_id made{};                           // of a repair: the transfer that ended it
  std::string_view heard;                  // what the bank said just now
  std::string_view proposed_by;            // the first person
  std::int64_t expires_ms = 0;
};

struct RepairView {
  psw_id id{}, parent{};
  std::string_view bank, customer;  // customer: the account of ours it is about
  psw_money money{};
  bool they_have_it = false;        // they credited what we gave back: collect or write-off; else refund or write-off
  std::int64_t opened_ms = 0;
};
struct RepairsAnswer {
  ErrorCode code = ErrorCode::none;
  std::span<const RepairView> repairs;
  std::string_view next;            // cursor of the next page; empty = this was the last
};

struct TransfersAnswer {
  ErrorCode code = ErrorCode::none;
  std::span<const TransferView> transfers; // perhaps fewer than asked for, or none, and yet not the last page: `next` tells
  std::string_view next;                   // cursor of the next page; empty = this was the last
  std::string_view position;
};

struct AccountAnswer {
  ErrorCode code = ErrorCode::none;
  bool replayed = false;
  std::uint32_t retry_after_ms = 0;
  std::string_view member, detail;
  const psw_account* account = nullptr;
  std::string_view position;
};

struct AccountsAnswer {
  ErrorCode code = ErrorCode::none;
  std::span<const psw_account> accounts;
  std::string_view next, position;
};

struct PostingsAnswer {
  ErrorCode code = ErrorCode::none;
  const psw_account* account = nullptr;
  std::span<const psw_posting_row> postings;
  std::string_view next, position;
};

struct MeAnswer {
  ErrorCode code = ErrorCode::none;
  std::string_view principal;
  auth::Scopes scopes = 0;
};

// Formats shared by every door: an account number of a customer, an idempotency key, a bank code.
constexpr bool account_number_ok(std::string_view text) noexcept {
  if (text.empty() || text.size() > 34) return false;
  for (const char c : text) {
    const bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    if (!ok) return false;
  }
  return true;
}
constexpr bool idempotency_key_ok(std::string_view text) noexcept {
  if (text.empty() || text.size() > idempotency_key_bytes_max) return false;
  for (const char c : text)
    if (c < 0x21 || c > 0x7e) return false;
  return true;
}

}  // namespace payswitch::daemon::transfer
