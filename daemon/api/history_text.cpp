#include "api/history_text.h"

#include <array>

namespace payswitch::daemon::api {
namespace {

constexpr HistoryText texts[] = {
    {"posted", "posted", "The money was moved.", "금액이 이체되었습니다."},
    {"refused", "refused", "The transfer was refused by a rule; nothing was moved.", "규칙에 따라 거절되었으며 금액은 이동하지 않았습니다."},
    {"held", "held", "The money was reserved.", "금액이 예약되었습니다."},
    {"queued", "queued", "The money was reserved; it is sent when the other bank can be reached.", "금액이 예약되었으며 상대 은행에 연결되면 전송됩니다."},
    {"submitted", "submitted", "The money was reserved and the other bank is asked to credit it.", "금액이 예약되었고 상대 은행에 입금을 요청합니다."},
    {"applied", "applied", "The other bank has credited it; the money is paid.", "상대 은행이 입금하여 지급이 완료되었습니다."},
    {"released", "released", "It was not made; the money is available again.", "거래가 이루어지지 않아 금액을 다시 사용할 수 있습니다."},
    {"next connector", "next_connector", "That way was closed; another way to the same bank is tried.", "경로가 막혀 같은 은행의 다른 경로로 시도합니다."},
    {"next bank", "next_bank", "That bank did not take it; another one is asked.", "해당 은행이 처리하지 않아 다른 은행에 요청합니다."},
    {"still open", "still_open", "The other bank is still working on it.", "상대 은행이 처리하는 중입니다."},
    {"in doubt", "in_doubt", "The other bank's answer is missing; the money stays reserved and the bank is asked again.", "상대 은행의 응답이 없어 금액을 예약한 채 다시 확인합니다."},
    {"leased", "asked_again", "The other bank is asked what became of it.", "상대 은행에 처리 결과를 확인합니다."},
    {"waits", "waits", "It waits to be looked at again.", "다시 확인할 때까지 대기합니다."},
    {"expired", "expired", "The reservation ended; the money is available again.", "예약이 만료되어 금액을 다시 사용할 수 있습니다."},
    {"voided", "voided", "The reservation was given up; the money is available again.", "예약이 취소되어 금액을 다시 사용할 수 있습니다."},
    {"cancelled", "cancelled", "It was cancelled; the money is available again.", "취소되어 금액을 다시 사용할 수 있습니다."},
    {"cancel asked", "cancel_asked", "The other bank is asked not to do it.", "상대 은행에 취소를 요청합니다."},
    {"credited", "credited", "Money of another bank was credited.", "다른 은행의 입금이 처리되었습니다."},
    {"given back", "given_back", "The other bank has given it back.", "상대 은행이 금액을 반환했습니다."},
    {"cancelled before it came", "cancelled_before_it_came", "The other bank cancelled it before it came.", "도착하기 전에 상대 은행이 취소했습니다."},
    {"the same op_id came with another hash", "op_id_reused", "The other bank sent something else under the same name; nothing was changed.", "상대 은행이 같은 식별자로 다른 내용을 보냈으며 변경된 것은 없습니다."},
    {"they say applied", "repair_opened", "The other bank says that it has credited it; the difference is being repaired.", "상대 은행이 입금했다고 알려와 차액을 정리하는 중입니다."},
    {"they say refused", "repair_opened", "The other bank says that it has not credited it; the difference is being repaired.", "상대 은행이 입금하지 않았다고 알려와 차액을 정리하는 중입니다."},
    {"opened", "opened", "Two banks' records differ; the amount waits in suspense for a person.", "두 은행의 기록이 달라 금액이 담당자의 처리를 기다립니다."},
    {"closed", "closed", "A person has ended the repair.", "담당자가 차액 정리를 마쳤습니다."},
    {"repair closed", "repair_closed", "The difference between the banks was repaired.", "은행 간 차액 정리가 끝났습니다."},
    {"reversed", "reversed", "A part or all of it was given back.", "금액의 일부 또는 전부가 반환되었습니다."},
    {"reversal under way", "reversal_under_way", "A part or all of it is on its way back.", "금액의 일부 또는 전부를 반환하는 중입니다."},
    {"reversal completed", "reversal_completed", "What was on its way back has arrived.", "반환이 완료되었습니다."},
    {"reversal not made", "reversal_not_made", "What was to go back did not; it stays where it is.", "반환이 이루어지지 않았습니다."},
    {"given back by the other bank", "given_back_by_bank", "A part or all of it came back from the other bank.", "상대 은행에서 금액의 일부 또는 전부가 돌아왔습니다."},
    {"resolved by a person", "resolved", "A person has decided it, on evidence.", "담당자가 증빙에 따라 처리를 확정했습니다."},
    {"the bank was asked again", "asked_after_all", "The other bank was asked again after the decision of a person.", "담당자의 결정 이후 상대 은행에 다시 확인했습니다."},
    {"the bank has decided the same", "bank_agreed", "The other bank has decided the same as the person.", "상대 은행의 결정이 담당자의 결정과 같습니다."},
};

// What a state says by itself.
constexpr std::array<HistoryText, 9> by_state{{
    {"", "changed", "It was changed.", "변경되었습니다."},
    {"", "held", "The money is reserved.", "금액이 예약되어 있습니다."},
    {"", "submitted", "The other bank is asked.", "상대 은행에 요청하는 중입니다."},
    {"", "in_doubt", "The other bank's answer is missing.", "상대 은행의 응답을 기다립니다."},
    {"", "completed", "It is completed.", "완료되었습니다."},
    {"", "rejected", "It was refused.", "거절되었습니다."},
    {"", "voided", "It was not made; the money is available again.", "이루어지지 않아 금액을 다시 사용할 수 있습니다."},
    {"", "expired", "It has expired; the money is available again.", "만료되어 금액을 다시 사용할 수 있습니다."},
    {"", "cancelled", "It was cancelled.", "취소되었습니다."},
}};

}  // namespace

std::span<const HistoryText> history_texts() noexcept { return texts; }

const HistoryText& history_text(std::string_view note, TransferState state) noexcept {
  note = note.substr(0, note.find('\n'));
  note = note.substr(0, note.find(':'));
  for (const HistoryText& text : texts)
    if (text.note == note) return text;
  const auto index = static_cast<std::size_t>(state);
  return by_state[index < by_state.size() ? index : 0];
}

}  // namespace payswitch::daemon::api
