// What the simulated bank does with one operation. The last three digits of the minor amount choose it, like the test card numbers
// of a card network; the table is the manual (README.md is checked against it).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace payswitch::sim_bank {

enum class When { at_once, late, never };  // when the bank records its decision about the first copy it is sent
enum class Answer {
  truth,          // what the bank has recorded, whatever it is
  lost,           // none: the connector's own time limit answers unknown
  pending,        // recorded, still working
  not_sent,       // could not connect
  overloaded,     // signed "recorded: false", come back
  unauthorised,   // 401: our key is not accepted; unknown
  opposite,       // a decision that contradicts the record
  stale,          // the truth, but long after the call deadline
  twice,          // the truth, two times
  no_body,        // "applied" without a decision record
  forbidden_word, // a word that this operation may not use
  wrong_amount, wrong_op_id, wrong_currency, wrong_exponent, wrong_payer, wrong_payee, wrong_hash,
};
enum class Query { truth, not_found, lost, unknown_first };
enum class Cancel { truth, lost, unknown_first };

struct Behaviour {
  std::int32_t number;          // amount mod 1000
  std::string_view what;        // a sentence for people
  When when = When::at_once;
  std::string_view refuse = ""; // code of a refusal; empty: applied
  Answer first = Answer::truth; // to the first send of an op_id, and to every further one up to first_times
  std::int32_t first_times = 1;
  Answer resend = Answer::truth;
  bool resend_decides = true;   // a resend reaches the bank and is decided at once
  Query query = Query::truth;
  Cancel cancel = Cancel::truth;
  std::int32_t reports = 0;     // reports of the record after `delay`; -1: as many as option report_repeats
  bool foreign_report = false;  // also reports an op_id nobody asked about
};

std::span<const Behaviour> behaviours() noexcept;
// The row for this amount; number 0 (apply at once) for amounts that are not in the table.
const Behaviour& behaviour_of(std::int64_t minor) noexcept;

}  // namespace payswitch::sim_bank
