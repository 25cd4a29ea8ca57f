// Money: what a gateway says when nothing goes wrong on the way.
#pragma once

#include <payswitch/conformance/stand.h>

namespace payswitch::conformance::money {

inline void a_credit_is_applied_once_and_echoed(Stand& s) {
  const auto c = s.on(Fault::none);
  if (!c) return;
  s.expect(s.credit(*c).outcome == Outcome::applied, "applied", "the bank has credited it and its answer came");
  s.expect_applied_once(*c);
}

inline void a_repeat_is_the_same_operation(Stand& s) {
  const auto c = s.on(Fault::none);
  if (!c) return;
  for (int i = 0; i != 3; ++i) s.expect((i == 0 ? s.credit(*c) : s.resend(*c)).outcome == Outcome::applied, "applied", "send " + std::to_string(i + 1) + " of one operation");
  s.expect_applied_once(*c);
  s.expect(s.rig().operations() == 1, "op_id", "a repeat is another operation to the bank");
}

inline void each_recorded_refusal_comes_with_the_banks_code(Stand& s) {
  bool any = false;
  int serial = 900;
  for (const char* code : {"payee_not_found", "account_frozen", "account_closed", "currency_mismatch", "scale_mismatch", "max_balance_exceeded", "receive_limit_exceeded", "reversal_exceeds_original",
                           "expired", "a_code_of_tomorrow"}) {
    Way way;
    way.refused = code;
    const auto c = s.rig().credit(way, ++serial);
    if (!c) continue;  // a code that this bank has not
    any = true;
    const auto& first = s.credit(*c);
    s.expect(first.outcome == Outcome::refused, "refused", std::string("the bank has recorded the refusal ") + code);
    s.expect(first.record && first.record->code == code, "refused", std::string("the code of the refusal ") + code);
    const auto& again = s.resend(*c);
    s.expect(again.outcome == Outcome::refused && again.record && again.record->code == code, "refused", std::string("a repeat of what was refused with ") + code);
    s.expect_no_money(*c);
    s.also(*c);
  }
  if (!any) s.skip();
}

inline void a_question_about_an_unseen_credit_moves_and_decides_nothing(Stand& s) {
  const auto c = s.on(Fault::none);
  if (!c || !s.has(PSW_CAP_QUERY)) return s.skip();
  for (int i = 0; i != 3; ++i) {
    const Outcome said = s.query(*c).outcome;
    s.expect(said == Outcome::not_found || said == Outcome::unknown, "query", "nobody has sent it, and it is called " + std::string(name(said)));
  }
  s.expect_no_money(*c);
  s.expect(!s.rig().truth(c->op_id).seen, "query", "the question left a trace in the bank's books");
  s.expect(s.credit(*c).outcome == Outcome::applied, "query", "a credit after questions is an ordinary credit");
  s.expect_applied_once(*c);
}

inline void a_question_afterwards_tells_the_decision(Stand& s) {
  if (!s.has(PSW_CAP_QUERY)) return s.skip();
  const auto c = s.on(Fault::none);
  if (!c) return;
  s.credit(*c);
  s.expect(s.query(*c).outcome == Outcome::applied, "query", "it is applied");
  Way way;
  way.refused = "account_frozen";
  if (const auto refused = s.rig().credit(way, 800)) {
    s.also(*refused);
    s.credit(*refused);
    s.expect(s.query(*refused).outcome == Outcome::refused, "query", "it is refused");
  }
  s.expect_applied_once(*c);
}

inline void a_cancel_before_leaves_a_tombstone_that_refuses_the_credit(Stand& s) {
  if (!s.has(PSW_CAP_CANCEL)) return s.skip();
  const auto c = s.on(Fault::none);
  if (!c) return;
  s.expect(s.cancel(*c).outcome == Outcome::refused, "tombstone", "nobody has sent it: a cancel leaves a recorded refusal");
  s.expect(s.cancel(*c).outcome == Outcome::refused, "tombstone", "cancelled twice");
  for (int i = 0; i != 2; ++i) s.expect(s.credit(*c).outcome == Outcome::refused, "tombstone", "a credit that comes after its cancel");
  s.expect_no_money(*c);
}

inline void a_cancel_afterwards_says_applied_and_takes_nothing_back(Stand& s) {
  if (!s.has(PSW_CAP_CANCEL)) return s.skip();
  const auto c = s.on(Fault::none);
  if (!c) return;
  s.credit(*c);
  for (int i = 0; i != 2; ++i) s.expect(s.cancel(*c).outcome == Outcome::applied, "cancel", "it was too late to cancel");
  s.expect_applied_once(*c);
}

inline void the_same_op_id_with_other_contents_changes_nothing(Stand& s) {
  const auto c = s.on(Fault::none);
  if (!c) return;
  s.credit(*c);
  testing::Credit other = *c;
  other.payee += "0";
  const auto& said = s.resend_other(other);
  s.expect(!Stand::decided(said.outcome) || (said.record && said.record->payee == c->payee), "reused", "contents that the bank never saw are called " + std::string(name(said.outcome)));
  s.expect_applied_once(*c);
  s.expect(s.query_if_it_can(*c) != Outcome::refused, "reused", "the first contents count");
}

// As under load: many wait in the inbox before the gateway has its turn, some are refused, and each is answered for itself.
inline void many_at_once_are_each_answered_for_themselves(Stand& s) {
  std::vector<testing::Credit> all;
  std::vector<bool> refused;
  for (int i = 0; i != 60; ++i) {
    Way way;
    if (i % 5 == 4) way.refused = "account_frozen";
    auto c = s.rig().credit(way, 100 + i);
    if (!c) return s.skip();
    s.also(*c);
    all.push_back(*c);
    refused.push_back(i % 5 == 4);
  }
  const std::vector<Outcome> said = s.at_once(all);
  for (std::size_t i = 0; i != all.size(); ++i) {
    s.expect(said[i] == (refused[i] ? Outcome::refused : Outcome::applied), "each", "number " + std::to_string(i) + " of many was answered " + std::string(name(said[i])));
    if (refused[i]) s.expect_no_money(all[i]);
    else s.expect_applied_once(all[i]);
  }
}

}  // namespace payswitch::conformance::money
