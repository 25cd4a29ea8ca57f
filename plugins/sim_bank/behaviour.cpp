#include "behaviour.h"

namespace payswitch::sim_bank {
namespace {

constexpr std::int32_t always = 1'000'000;

constexpr Behaviour table[] = {
    {.number = 0, .what = "applies at once"},
    // 1xx: refusals, recorded for ever
    {.number = 101, .what = "refuses: payee_not_found", .refuse = "payee_not_found"},
    {.number = 102, .what = "refuses: account_frozen", .refuse = "account_frozen"},
    {.number = 103, .what = "refuses: account_closed", .refuse = "account_closed"},
    {.number = 104, .what = "refuses: currency_mismatch", .refuse = "currency_mismatch"},
    {.number = 105, .what = "refuses: scale_mismatch", .refuse = "scale_mismatch"},
    {.number = 106, .what = "refuses: max_balance_exceeded", .refuse = "max_balance_exceeded"},
    {.number = 107, .what = "refuses: receive_limit_exceeded", .refuse = "receive_limit_exceeded"},
    {.number = 108, .what = "refuses: reversal_exceeds_original", .refuse = "reversal_exceeds_original"},
    {.number = 109, .what = "refuses: expired", .refuse = "expired"},
    {.number = 110, .what = "refuses: cancelled", .refuse = "cancelled"},
    {.number = 199, .what = "refuses with a code nobody knows", .refuse = "sim_unheard_of"},
    // 2xx: lost and slow
    {.number = 201, .what = "applies, the answer to the first send is lost", .first = Answer::lost},
    {.number = 202, .what = "the first send never arrives; a resend is applied", .when = When::never, .first = Answer::lost},
    {.number = 203, .what = "the first send arrives after `delay` and is applied; no answer", .when = When::late, .first = Answer::lost},
    {.number = 204, .what = "applies, answers to credits are always lost", .first = Answer::lost, .first_times = always},
    {.number = 205, .what = "no credit ever arrives", .when = When::never, .first = Answer::lost, .first_times = always, .resend_decides = false},
    {.number = 206, .what = "refuses (payee_not_found), the answer is lost", .refuse = "payee_not_found", .first = Answer::lost},
    {.number = 207, .what = "dead: nothing arrives, nothing is answered", .when = When::never, .first = Answer::lost, .first_times = always,
     .resend_decides = false, .query = Query::lost, .cancel = Cancel::lost},
    {.number = 208, .what = "applies but answers nothing to anybody, except reports after `delay`", .first = Answer::lost, .first_times = always,
     .query = Query::lost, .cancel = Cancel::lost, .reports = 1},
    {.number = 209, .what = "every send arrives only after `delay`; no answer", .when = When::late, .first = Answer::lost, .first_times = always, .resend_decides = false},
    {.number = 210, .what = "refuses (account_closed) after `delay`; no answer", .when = When::late, .refuse = "account_closed", .first = Answer::lost, .resend_decides = false},
    {.number = 211, .what = "applies, the answer comes long after the call deadline", .first = Answer::stale},
    {.number = 212, .what = "applies, answers twice", .first = Answer::twice},
    // 3xx: wrong answers (the record itself is right: query and cancel tell the truth)
    {.number = 301, .what = "applies, echoes another amount", .first = Answer::wrong_amount},
    {.number = 302, .what = "applies, answers about another op_id", .first = Answer::wrong_op_id},
    {.number = 303, .what = "applies, echoes another currency", .first = Answer::wrong_currency},
    {.number = 304, .what = "applies, echoes another payee", .first = Answer::wrong_payee},
    {.number = 305, .what = "applies, echoes another payer", .first = Answer::wrong_payer},
    {.number = 306, .what = "applies, echoes another scale", .first = Answer::wrong_exponent},
    {.number = 307, .what = "applies, echoes another hash", .first = Answer::wrong_hash},
    {.number = 308, .what = "applies, answers a word a credit may not use", .first = Answer::forbidden_word},
    {.number = 309, .what = "applies, answers applied without a decision record", .first = Answer::no_body},
    {.number = 311, .what = "applies, echoes another amount to every credit", .first = Answer::wrong_amount, .first_times = always},
    // 4xx: forgetting and contradicting
    {.number = 401, .what = "applies, loses the answer, and says not_found to every query", .first = Answer::lost, .query = Query::not_found},
    {.number = 402, .what = "the first send arrives after `delay`; queries say not_found even afterwards", .when = When::late, .first = Answer::lost, .query = Query::not_found},
    {.number = 403, .what = "applies but answers refused; reports applied after `delay`", .refuse = "", .first = Answer::opposite, .reports = 1},
    {.number = 404, .what = "refuses (account_closed) but answers applied; reports refused after `delay`", .refuse = "account_closed", .first = Answer::opposite, .reports = 1},
    {.number = 405, .what = "applies but answers refused; reports applied a hundred times after `delay`", .first = Answer::opposite, .reports = 100},
    // 5xx: pending and reports
    {.number = 501, .what = "pending, then reports applied", .when = When::late, .first = Answer::pending, .reports = 1},
    {.number = 502, .what = "pending, then reports refused (account_closed)", .when = When::late, .refuse = "account_closed", .first = Answer::pending, .reports = 1},
    {.number = 503, .what = "pending, then applied, without a report", .when = When::late, .first = Answer::pending, .resend_decides = false},
    {.number = 504, .what = "no answer, then reports applied", .when = When::late, .first = Answer::lost, .reports = 1},
    {.number = 505, .what = "pending, then reports applied three times", .when = When::late, .first = Answer::pending, .reports = 3},
    {.number = 506, .what = "applies, then reports it `report_repeats` times", .reports = -1},
    {.number = 507, .what = "applies, then reports an op_id nobody asked about", .foreign_report = true},
    {.number = 509, .what = "pending for ever", .when = When::never, .first = Answer::pending, .first_times = always, .resend_decides = false},
    // 6xx: not sent, shed, not let in
    {.number = 601, .what = "cannot be reached by any credit", .when = When::never, .first = Answer::not_sent, .first_times = always, .resend_decides = false},
    {.number = 602, .what = "cannot be reached by the first send; a resend is applied", .when = When::never, .first = Answer::not_sent},
    {.number = 603, .what = "shed once (recorded: false), then applied", .when = When::never, .first = Answer::overloaded},
    {.number = 604, .what = "shed for ever", .when = When::never, .first = Answer::overloaded, .first_times = always, .resend_decides = false},
    {.number = 605, .what = "applies, loses the answer; resends meet 401", .first = Answer::lost, .resend = Answer::unauthorised},
    {.number = 606, .what = "applies, loses the answer; resends cannot connect", .first = Answer::lost, .resend = Answer::not_sent},
    {.number = 607, .what = "the first send is applied after `delay`; resends are shed", .when = When::late, .first = Answer::lost, .resend = Answer::overloaded, .resend_decides = false},
    {.number = 608, .what = "the first send is met by 401, a resend is applied", .when = When::never, .first = Answer::unauthorised},
    // 7xx: a former attempt speaks up
    {.number = 701, .what = "cannot be reached; after `delay` records and reports refused (payee_not_found)", .when = When::late, .refuse = "payee_not_found",
     .first = Answer::not_sent, .resend_decides = false, .reports = 1},
    {.number = 702, .what = "cannot be reached, it says; but applies after `delay` and reports it", .when = When::late, .first = Answer::not_sent, .resend_decides = false, .reports = 1},
    // 8xx: difficult queries and cancels
    {.number = 801, .what = "no credit arrives; the first cancel gets no answer", .when = When::never, .first = Answer::lost, .first_times = always,
     .resend_decides = false, .cancel = Cancel::unknown_first},
    {.number = 802, .what = "applies, loses the answers; the first query gets no answer", .first = Answer::lost, .first_times = always, .query = Query::unknown_first},
    {.number = 803, .what = "no credit arrives; cancels get no answer", .when = When::never, .first = Answer::lost, .first_times = always,
     .resend_decides = false, .cancel = Cancel::lost},
    {.number = 804, .what = "applies, loses the answers, also to queries; cancel says applied", .first = Answer::lost, .first_times = always, .query = Query::lost},
};

}  // namespace

std::span<const Behaviour> behaviours() noexcept { return table; }

const Behaviour& behaviour_of(std::int64_t minor) noexcept {
  const auto number = static_cast<std::int32_t>(minor % 1000);
  for (const Behaviour& b : table) {
    if (b.number == number) return b;
  }
  return table[0];
}

}  // namespace payswitch::sim_bank
