// The one table of refusals: code → name, status, class, recorded. The API's texts, the generated page of codes and the checks of the
// coordinator all hang on it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace payswitch::daemon::transfer {

enum class ErrorCode : std::uint8_t {
  none = 0,
  malformed_request, unknown_member, idempotency_key_required, amount_invalid, currency_unknown, cursor_invalid, position_invalid, payload_too_large,
  unauthenticated, forbidden, account_not_found, transfer_not_found,
  idempotency_in_progress, hold_already_posted, hold_already_voided, hold_expired, transfer_not_cancellable, version_conflict, account_exists, position_lost,
  insufficient_funds, max_balance_exceeded, limit_exceeded, account_frozen, account_closed, payee_not_found, same_account, currency_mismatch,
  peer_refused, peer_unreachable, reversal_exceeds_original, not_reversible, batch_item_failed,
  idempotency_key_reused, reversal_needs_consent, account_not_empty, amount_exceeds_hold,
  rate_limited, overloaded, read_only, shutting_down, connector_down, peer_closed, no_route, peer_exposure_exceeded, in_doubt_budget, not_after_too_short,
  internal, outcome_unknown,
};

enum class ErrorClass : std::uint8_t {
  final,    // a repeat gives the same; use a new key for a new try
  retry,    // nothing was recorded: the same key may succeed later
  unknown,  // repeat with the same key, or ask by id
};

enum class Recorded : std::uint8_t {
  no,
  yes,           // the key is used up
  by_operation,  // yes when a transfer is made; no for a client's own post, void or account command
};

struct ErrorRow {
  ErrorCode code;
  std::string_view name;
  std::uint16_t status;
  ErrorClass error_class;
  Recorded recorded;
};

inline constexpr std::array<ErrorRow, 51> error_table{{
    {ErrorCode::none, "none", 200, ErrorClass::final, Recorded::yes},
    {ErrorCode::malformed_request, "malformed_request", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::unknown_member, "unknown_member", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::idempotency_key_required, "idempotency_key_required", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::amount_invalid, "amount_invalid", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::currency_unknown, "currency_unknown", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::cursor_invalid, "cursor_invalid", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::position_invalid, "position_invalid", 400, ErrorClass::final, Recorded::no},
    {ErrorCode::payload_too_large, "payload_too_large", 413, ErrorClass::final, Recorded::no},
    {ErrorCode::unauthenticated, "unauthenticated", 401, ErrorClass::final, Recorded::no},
    {ErrorCode::forbidden, "forbidden", 403, ErrorClass::final, Recorded::no},
    {ErrorCode::account_not_found, "account_not_found", 404, ErrorClass::final, Recorded::no},
    {ErrorCode::transfer_not_found, "transfer_not_found", 404, ErrorClass::final, Recorded::no},
    {ErrorCode::idempotency_in_progress, "idempotency_in_progress", 409, ErrorClass::retry, Recorded::no},
    {ErrorCode::hold_already_posted, "hold_already_posted", 409, ErrorClass::final, Recorded::no},
    {ErrorCode::hold_already_voided, "hold_already_voided", 409, ErrorClass::final, Recorded::no},
    {ErrorCode::hold_expired, "hold_expired", 409, ErrorClass::final, Recorded::no},
    {ErrorCode::transfer_not_cancellable, "transfer_not_cancellable", 409, ErrorClass::final, Recorded::no},
    {ErrorCode::version_conflict, "version_conflict", 409, ErrorClass::retry, Recorded::no},
    {ErrorCode::account_exists, "account_exists", 409, ErrorClass::final, Recorded::no},
    {ErrorCode::position_lost, "position_lost", 409, ErrorClass::unknown, Recorded::no},
    {ErrorCode::insufficient_funds, "insufficient_funds", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::max_balance_exceeded, "max_balance_exceeded", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::limit_exceeded, "limit_exceeded", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::account_frozen, "account_frozen", 422, ErrorClass::final, Recorded::by_operation},
    {ErrorCode::account_closed, "account_closed", 422, ErrorClass::final, Recorded::by_operation},
    {ErrorCode::payee_not_found, "payee_not_found", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::same_account, "same_account", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::currency_mismatch, "currency_mismatch", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::peer_refused, "peer_refused", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::peer_unreachable, "peer_unreachable", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::reversal_exceeds_original, "reversal_exceeds_original", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::not_reversible, "not_reversible", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::batch_item_failed, "batch_item_failed", 422, ErrorClass::final, Recorded::yes},
    {ErrorCode::idempotency_key_reused, "idempotency_key_reused", 422, ErrorClass::final, Recorded::no},
    {ErrorCode::reversal_needs_consent, "reversal_needs_consent", 422, ErrorClass::final, Recorded::no},
    {ErrorCode::account_not_empty, "account_not_empty", 422, ErrorClass::final, Recorded::no},
    {ErrorCode::amount_exceeds_hold, "amount_exceeds_hold", 422, ErrorClass::final, Recorded::no},
    {ErrorCode::rate_limited, "rate_limited", 429, ErrorClass::retry, Recorded::no},
    {ErrorCode::overloaded, "overloaded", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::read_only, "read_only", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::shutting_down, "shutting_down", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::connector_down, "connector_down", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::peer_closed, "peer_closed", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::no_route, "no_route", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::peer_exposure_exceeded, "peer_exposure_exceeded", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::in_doubt_budget, "in_doubt_budget", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::not_after_too_short, "not_after_too_short", 503, ErrorClass::retry, Recorded::no},
    {ErrorCode::internal, "internal", 500, ErrorClass::unknown, Recorded::no},
    {ErrorCode::outcome_unknown, "outcome_unknown", 504, ErrorClass::unknown, Recorded::no},
    {ErrorCode{255}, "", 500, ErrorClass::unknown, Recorded::no},  // ends the table; an unknown number reads as this
}};

inline constexpr const ErrorRow& row(ErrorCode code) noexcept {
  for (const auto& entry : error_table)
    if (entry.code == code) return entry;
  return error_table.back();
}
inline constexpr std::string_view name(ErrorCode code) noexcept { return row(code).name; }

// The code of a ledger's or a record's reason; `none` if it is not one of ours (a peer's own code, say).
inline constexpr ErrorCode error_named(std::string_view text) noexcept {
  for (const auto& entry : error_table)
    if (entry.name == text && !text.empty()) return entry.code;
  return ErrorCode::none;
}

}  // namespace payswitch::daemon::transfer
