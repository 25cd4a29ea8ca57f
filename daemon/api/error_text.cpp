#include "api/error_text.h"

#include <algorithm>

namespace payswitch::daemon::api {
namespace {

constexpr ErrorText texts[] = {
    {"malformed_request", "The request cannot be read", "요청을 해석할 수 없습니다", "Syntax, a wrong type, a missing member or a header that is not as it should be; `detail` names the place. Correct the request."},
    {"unknown_member", "The request has a member that is not known here", "알 수 없는 항목이 있습니다", "A member of the body or a parameter of the query is not part of this call, or stands there twice; `detail` names it."},
    {"idempotency_key_required", "An Idempotency-Key is required", "Idempotency-Key 헤더가 필요합니다", "Every POST that moves money or opens an account needs `Idempotency-Key`: 1 to 128 visible ASCII characters, chosen by the client."},
    {"amount_invalid", "The amount is not valid", "금액이 올바르지 않습니다", "Amounts are minor units as a string of digits (or a JSON integer up to 2^53-1): no sign, fraction, exponent, leading zero, not zero, at most 10^15."},
    {"currency_unknown", "The currency is not known here", "지원하지 않는 통화입니다", "The currency is not among `[switch] currencies` of this switch."},
    {"cursor_invalid", "The cursor is not valid for this list", "커서가 올바르지 않습니다", "A cursor belongs to the filter it was given out for. Start the list again without it."},
    {"position_invalid", "The position is not one of this ledger", "위치 값이 이 원장의 것이 아닙니다", "`Payswitch-Position` is a token from an earlier answer of this switch, unchanged. This one is garbage or of another ledger. Read without it."},
    {"payload_too_large", "The request is too large", "요청이 너무 큽니다", "A body may have 64 KiB, the headers 16 KiB."},
    {"unauthenticated", "The credential is missing or not accepted", "인증이 필요합니다", "Send `Authorization: Bearer psk_...`. An unknown, expired, revoked or misplaced key looks the same from outside."},
    {"forbidden", "The credential does not allow this", "권한이 없습니다", "The key lacks the scope that the call needs; `detail` names it."},
    {"endpoint_not_found", "There is no such endpoint", "없는 주소입니다", "No endpoint has this path."},
    {"method_not_allowed", "The endpoint does not have this method", "허용되지 않는 메서드입니다", "The `Allow` header lists the methods of this path."},
    {"unsupported_media_type", "The body must be application/json", "본문은 application/json 이어야 합니다", "Send `Content-Type: application/json` and no Content-Encoding."},
    {"account_not_found", "The account does not exist", "계좌를 찾을 수 없습니다", "There is no such account, or it is not yours: both look the same."},
    {"transfer_not_found", "The transfer does not exist", "거래를 찾을 수 없습니다", "There is no such transfer, or it is not yours: both look the same."},
    {"idempotency_in_progress", "The first request with this key is still running", "같은 키의 요청이 처리 중입니다", "Ask again with the same key."},
    {"hold_already_posted", "The hold was already posted", "이미 확정된 예약입니다", "A hold resolves once; this one was posted."},
    {"hold_already_voided", "The hold was already voided", "이미 취소된 예약입니다", "A hold resolves once; this one was voided."},
    {"hold_expired", "The hold has expired", "예약이 만료되었습니다", "`hold_until` has passed and the money was released."},
    {"transfer_not_cancellable", "The transfer is final and cannot be cancelled", "취소할 수 없는 거래입니다", "Only a transfer that is not final yet can be cancelled."},
    {"version_conflict", "It was changed by somebody else meanwhile", "그 사이에 변경되었습니다", "Others kept changing it while this was tried. Nothing was recorded: the same key may be sent again."},
    {"account_exists", "An account with this number exists", "이미 존재하는 계좌번호입니다", "Choose another number, or leave it out and one is generated."},
    {"position_lost", "This ledger does not reach that position", "이 원장은 해당 위치에 도달하지 않았습니다", "An earlier answer came from a later point of the history than this ledger has: it was restored or replaced, and what was acknowledged since may be missing. Ask for your transfers, and send those that are missing again with their own keys."},
    {"insufficient_funds", "The available balance is not sufficient", "잔액부족: 사용 가능한 잔액이 부족합니다", "The payer's available balance (posted, less reserved, plus overdraft limit) is lower than the amount. Recorded: the key is used up."},
    {"max_balance_exceeded", "The payee's maximum balance would be exceeded", "수취 계좌의 최대 잔액을 초과합니다", "The payee's `max_balance` does not allow this credit. Recorded."},
    {"limit_exceeded", "A limit would be exceeded", "한도를 초과했습니다", "A limit per transfer, account or owner; `detail` names the limit, its value and when it frees. Recorded."},
    {"account_frozen", "The account is frozen", "동결된 계좌입니다", "The account does not take debits or credits at present."},
    {"account_closed", "The account is closed", "해지된 계좌입니다", "A closed account keeps its history and takes no more money."},
    {"payee_not_found", "The payee does not exist", "수취 계좌를 찾을 수 없습니다", "No account has the payee's number. Recorded."},
    {"same_account", "Payer and payee are the same account", "출금 계좌와 입금 계좌가 같습니다", "Money cannot be transferred from an account to itself. Recorded."},
    {"currency_mismatch", "The account has another currency", "통화가 일치하지 않습니다", "Payer, payee and amount must have one currency. Recorded."},
    {"peer_refused", "The other bank has refused", "상대 은행이 거절했습니다", "`detail` carries the other bank's code. Nothing was paid; the money is available again."},
    {"peer_unreachable", "The other bank could not be reached", "상대 은행에 연결할 수 없어 이체하지 못했습니다", "Nothing was sent to the other bank by any way there is, and the money is available again. Recorded: try again later with a new key."},
    {"reversal_exceeds_original", "The reversals would exceed the original", "원거래 금액을 초과하는 반환입니다", "The sum of reversals may not exceed what was posted."},
    {"not_reversible", "The transfer cannot be reversed", "반환할 수 없는 거래입니다", "Reversals, repairs, settlements and outgoing transfers to another bank cannot be reversed here."},
    {"batch_item_failed", "Another item of the batch was refused", "일괄 거래의 다른 항목이 거절되었습니다", "An atomic batch is applied whole or not at all."},
    {"idempotency_key_reused", "The key was used for another request", "이미 다른 요청에 사용된 키입니다", "The same Idempotency-Key came before with another content. Use a new key for a new request."},
    {"reversal_needs_consent", "The reversal needs the payee's consent", "반환에는 수취인의 동의가 필요합니다", "The owner of the account that was credited has to give it back itself, or a service with the scope `reverse` that keeps the consent."},
    {"account_not_empty", "The account is not empty", "잔액이나 예약이 남아 있는 계좌입니다", "Closing needs a zero balance and no reserved money on either side."},
    {"amount_exceeds_hold", "The amount is higher than the hold", "예약 금액을 초과합니다", "At most the held amount can be posted."},
    {"rate_limited", "Too many requests", "요청이 너무 많습니다", "The rate of this principal is used up; wait `retry_after_ms` and send the same request again."},
    {"overloaded", "The switch is busy", "시스템이 혼잡합니다", "Refused before anything was done. The same key may be sent again after `retry_after_ms`."},
    {"read_only", "Nothing can be written at present", "현재 쓰기가 불가능합니다", "The ledger takes no writes; reads work. The same key may be sent again later."},
    {"shutting_down", "The switch is shutting down", "시스템을 종료하는 중입니다", "Refused before anything was done. Send the same key again, to this or another daemon."},
    {"connector_down", "The way to the other bank is down", "상대 은행 연결이 끊어져 있습니다", "No connector of the payee's bank is up. Nothing was recorded."},
    {"peer_closed", "The other bank is closed", "상대 은행과의 거래가 중지되어 있습니다", "The payee's bank is closed until an operator has looked: it has lost history, or was closed by hand. Nothing was recorded."},
    {"no_route", "There is no route to the payee's bank", "상대 은행으로 가는 경로가 없습니다", "No route of the configuration matches this payee, currency and amount."},
    {"peer_exposure_exceeded", "The exposure to the other bank is used up", "상대 은행에 대한 한도를 초과했습니다", "What we owe that bank, posted and pending, would exceed `exposure`. Nothing was recorded."},
    {"in_doubt_budget", "Too much money is in doubt at the other bank", "확인 중인 거래가 너무 많습니다", "No more money is sent to a bank whose earlier answers are missing. Nothing was recorded."},
    {"not_after_too_short", "not_after leaves no time to reach the other bank", "not_after 시간이 너무 짧습니다", "The connector needs more time than `not_after` allows."},
    {"internal", "Something went wrong here", "내부 오류입니다", "A bug or a broken disk; the log has the details under the trace id. Sending the same key again is safe."},
    {"outcome_unknown", "It is not known whether it was done", "처리 결과를 알 수 없습니다", "The answer of a commit was lost or the wait ended. Repeat with the same key: it is done at most once."},
};

}  // namespace

std::span<const ErrorText> error_texts() noexcept { return texts; }

const ErrorText& error_text(std::string_view code) noexcept {
  for (const ErrorText& t : texts)
    if (t.code == code) return t;
  static constexpr ErrorText missing{"internal", "Something went wrong here", "내부 오류입니다", ""};
  return missing;
}

Language choose_language(std::string_view header) noexcept {
  int english = -1, korean = -1;  // thousandths
  for (std::size_t parts = 0; !header.empty() && parts < 16; ++parts) {
    const auto comma = header.find(',');
    std::string_view item = header.substr(0, comma);
    header = comma == std::string_view::npos ? std::string_view{} : header.substr(comma + 1);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    int quality = 1000;
    if (const auto q = item.find(";q="); q != std::string_view::npos) {
      quality = 0;
      int unit = 1000;
      for (const char c : item.substr(q + 3)) {
        if (c >= '0' && c <= '9' && unit > 0) quality += (c - '0') * unit, unit /= 10;
      }
      item = item.substr(0, q);
    }
    const auto is = [&](char a, char b) {
      return item.size() >= 2 && (item[0] | 0x20) == a && (item[1] | 0x20) == b && (item.size() == 2 || item[2] == '-' || item[2] == ' ' || item[2] == ';');
    };
    if (is('e', 'n') || item == "*") english = std::max(english, quality);
    if (is('k', 'o')) korean = std::max(korean, quality);
  }
  return korean > 0 && korean > english ? Language::korean : Language::english;
}

}  // namespace payswitch::daemon::api
