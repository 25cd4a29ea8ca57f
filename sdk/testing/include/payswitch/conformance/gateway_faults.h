// Faults: the way loses, delays, doubles and garbles; the bank sheds, waits and lies. A decision the bank recorded is the only thing that
// decides; everything else is unknown, and unknown is asked about until it is known.
#pragma once

#include <payswitch/conformance/stand.h>

#include <array>

namespace payswitch::conformance::faults {

// The first send meets a fault after which nothing is known: it must be called unknown (or `also`), and settle to one credit.
inline void unknown_then_applied_once(Stand& s, Fault fault, Outcome also = Outcome::unknown) {
  const auto c = s.on(fault);
  if (!c) return;
  const Outcome said = s.credit(*c).outcome;
  s.expect(said == Outcome::unknown || said == also, "unknown", "nothing is known, and it is called " + std::string(name(said)));
  s.expect(s.settle(*c) == Outcome::applied, "settles", "the bank applies it");
  s.expect_applied_once(*c);
}

inline void no_connection_is_not_sent_and_a_resend_is_one_credit(Stand& s) { unknown_then_applied_once(s, Fault::cannot_connect, Outcome::not_sent); }
inline void a_lost_request_is_unknown(Stand& s) { unknown_then_applied_once(s, Fault::request_lost); }
inline void a_request_broken_off_in_the_middle_is_unknown(Stand& s) { unknown_then_applied_once(s, Fault::request_broken_off); }
inline void a_lost_answer_is_unknown(Stand& s) { unknown_then_applied_once(s, Fault::answer_lost); }
inline void an_answer_cut_in_half_is_unknown(Stand& s) { unknown_then_applied_once(s, Fault::answer_cut); }
inline void garbage_is_unknown(Stand& s) { unknown_then_applied_once(s, Fault::answer_garbage); }
inline void a_bank_that_sheds_load_has_decided_nothing(Stand& s) { unknown_then_applied_once(s, Fault::shed); }
inline void what_is_pending_is_asked_about_until_it_is_decided(Stand& s) { unknown_then_applied_once(s, Fault::pending, Outcome::pending); }
inline void an_answer_after_the_deadline_is_unknown_and_answers_nobody_twice(Stand& s) { unknown_then_applied_once(s, Fault::answer_late); }

inline void answers_that_are_always_lost_are_found_by_asking(Stand& s) {
  if (!s.has(PSW_CAP_QUERY)) return s.skip();
  const auto c = s.on(Fault::answers_always_lost);
  if (!c) return;
  for (int i = 0; i != 3; ++i) s.expect((i == 0 ? s.credit(*c) : s.resend(*c)).outcome == Outcome::unknown, "unknown", "its answer is lost");
  s.expect(s.query(*c).outcome == Outcome::applied, "query", "the bank has recorded it, and a question is answered");
  s.expect_applied_once(*c);
}

inline void a_refusal_whose_answer_is_lost_is_unknown_and_then_refused(Stand& s) {
  Way way;
  way.fault = Fault::answer_lost;
  way.refused = "payee_not_found";
  const auto c = s.on(way);
  if (!c) return;
  s.expect(s.credit(*c).outcome == Outcome::unknown, "unknown", "the answer is lost");
  s.expect(s.settle(*c) == Outcome::refused, "settles", "the bank has refused it");
  s.expect_no_money(*c);
}

inline void a_request_that_arrives_twice_is_one_credit(Stand& s) {
  const auto c = s.on(Fault::request_twice);
  if (!c) return;
  s.expect(s.credit(*c).outcome == Outcome::applied, "applied", "the bank has applied it once and said so");
  s.expect_applied_once(*c);
}

inline void not_found_while_the_request_is_on_its_way_decides_nothing(Stand& s) {
  if (!s.has(PSW_CAP_QUERY)) return s.skip();
  const auto c = s.on(Fault::request_late);
  if (!c) return;
  s.credit(*c);
  const Outcome said = s.query(*c).outcome;
  s.expect(said == Outcome::not_found || said == Outcome::unknown, "query", "the bank has not seen it yet, and it is called " + std::string(name(said)));
  s.rig().everything_arrives();
  s.expect(s.settle(*c) == Outcome::applied, "settles", "it arrived");
  s.expect_applied_once(*c);
}

inline void a_request_that_arrives_after_its_cancel_is_refused(Stand& s) {
  if (!s.has(PSW_CAP_CANCEL)) return s.skip();
  const auto c = s.on(Fault::request_late);
  if (!c) return;
  s.expect(s.credit(*c).outcome == Outcome::unknown, "unknown", "nothing is known of it");
  s.expect(s.cancel(*c).outcome == Outcome::refused, "tombstone", "the bank has not seen it: the cancel leaves a tombstone");
  s.rig().everything_arrives();
  s.expect_no_money(*c);
  s.expect(s.resend(*c).outcome == Outcome::refused, "tombstone", "it was cancelled");
  s.expect_no_money(*c);
}

inline void a_cancel_whose_answer_is_lost_is_unknown_and_can_be_repeated(Stand& s) {
  if (!s.has(PSW_CAP_CANCEL)) return s.skip();
  for (const Fault fault : {Fault::answer_lost, Fault::request_lost, Fault::cannot_connect, Fault::answer_garbage}) {
    const auto c = s.on(Way{fault, PSW_OP_CANCEL, 0, {}});
    if (!c) return;
    s.expect(s.cancel(*c).outcome == Outcome::unknown, "unknown", "nothing came back");
    s.rig().everything_arrives();
    s.expect(s.cancel(*c).outcome == Outcome::refused, "tombstone", "cancelled again");
    s.expect_no_money(*c);
  }
}

inline void a_question_whose_answer_is_lost_is_unknown(Stand& s) {
  if (!s.has(PSW_CAP_QUERY)) return s.skip();
  for (const Fault fault : {Fault::answer_lost, Fault::request_lost, Fault::cannot_connect, Fault::answer_garbage, Fault::answer_cut}) {
    const auto c = s.on(Way{fault, PSW_OP_QUERY, 0, {}});
    if (!c) return;
    s.credit(*c);
    s.expect(s.query(*c).outcome == Outcome::unknown, "unknown", "nothing came back");
    s.expect(s.query(*c).outcome == Outcome::applied, "query", "asked again");
    s.expect_applied_once(*c);
  }
}

inline void no_status_line_decides_anything(Stand& s) {
  for (const std::int32_t kind : {PSW_OP_CREDIT, PSW_OP_QUERY, PSW_OP_CANCEL}) {
    if ((kind == PSW_OP_QUERY && !s.has(PSW_CAP_QUERY)) || (kind == PSW_OP_CANCEL && !s.has(PSW_CAP_CANCEL))) continue;
    for (const int status : {200, 201, 204, 301, 400, 401, 403, 404, 405, 408, 409, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504}) {
      const auto c = s.on(Way{Fault::status_only, kind, status, {}});
      if (!c) return;
      const Outcome said = kind == PSW_OP_CREDIT ? s.credit(*c).outcome : kind == PSW_OP_QUERY ? s.query(*c).outcome : s.cancel(*c).outcome;
      s.expect(said == Outcome::unknown, "status", std::to_string(status) + " and no body is called " + std::string(name(said)));
      s.rig().everything_arrives();
      s.expect(s.settle(*c) == Outcome::applied, "settles", "after a " + std::to_string(status));
      s.expect_applied_once(*c);
    }
  }
}

inline void the_answer_to_another_credit_decides_nothing(Stand& s) {
  const auto first = s.on(Fault::none);
  if (!first) return;
  s.credit(*first);
  const auto c = s.on(Fault::answer_of_another);
  if (!c) return;
  const auto& said = s.credit(*c);
  // Handed on as it was said, it is the switch that sees that it is about something else; called a decision about this one, it is a lie.
  s.expect(said.outcome == Outcome::unknown || (said.record && same(said.record->op_id, first->op_id)), "other_op_id", "the bank's word about another credit is called " + std::string(name(said.outcome)));
  s.rig().everything_arrives();
  s.expect(s.settle(*c) == Outcome::applied, "settles", "asked again");
  s.expect_applied_once(*c);
}

// The switch compares the record with what it asked. A gateway that fills the record with the question switches that off.
inline void what_the_bank_says_wrongly_is_handed_on_as_said_or_unknown(Stand& s) {
  using Differs = bool (*)(const decision&, const testing::Credit&);
  struct Lie {
    Fault fault;
    const char* what;
    Differs differs;
  };
  static constexpr std::array<Lie, 7> lies = {{
      {Fault::says_other_op_id, "op_id", [](const decision& d, const testing::Credit& c) { return !same(d.op_id, c.op_id); }},
      {Fault::says_other_amount, "amount", [](const decision& d, const testing::Credit& c) { return d.money.minor != c.minor; }},
      {Fault::says_other_scale, "scale", [](const decision& d, const testing::Credit& c) { return d.money.exponent != c.exponent; }},
      {Fault::says_other_currency, "currency", [](const decision& d, const testing::Credit& c) { return currency_view(d.money.currency) != c.currency; }},
      {Fault::says_other_payer, "payer", [](const decision& d, const testing::Credit& c) { return d.payer != c.payer; }},
      {Fault::says_other_payee, "payee", [](const decision& d, const testing::Credit& c) { return d.payee != c.payee; }},
      {Fault::says_other_hash, "hash", [](const decision& d, const testing::Credit& c) {
         const Sha256Digest asked = credit_hash(c.op_id, str(c.payer), str(c.payee), money_of(c), psw_id{});
         return std::memcmp(d.hash, asked.data(), sizeof d.hash) != 0;
       }},
  }};
  bool any = false;
  for (const Lie& lie : lies) {
    Way way;
    way.fault = lie.fault;
    const auto c = s.rig().credit(way, 700 + static_cast<int>(lie.fault));
    if (!c) continue;
    any = true;
    s.also(*c, true);
    const auto& said = s.credit(*c);
    s.expect(said.outcome == Outcome::unknown || (said.record && lie.differs(*said.record, *c)), "echo", std::string("the bank named another ") + lie.what + ", and the record does not show it");
  }
  if (!any) s.skip();
}

inline void a_bank_that_changes_its_mind_is_not_covered_up(Stand& s) {
  const auto c = s.on(Fault::changes_its_mind);
  if (!c) return;
  s.credit(*c);
  for (int i = 0; i != 2; ++i) {
    const Outcome said = s.resend(*c).outcome;
    s.expect(said == Outcome::refused || said == Outcome::unknown, "changed", "the bank says refused now, and it is called " + std::string(name(said)));
    const Outcome asked = s.query_if_it_can(*c);
    s.expect(asked == Outcome::refused || asked == Outcome::unknown, "changed", "asked, the bank says refused now, and it is called " + std::string(name(asked)));
  }
}

inline void a_host_without_room_gets_no_invented_decision(Stand& s) {
  const auto c = s.on(Fault::none);
  if (!c) return;
  s.rig().host().refuse_services = true;  // whatever it is refused is then what it was refused: each answer is held against the books
  s.credit(*c);
  if (s.has(PSW_CAP_CANCEL)) s.query_if_it_can(*c);
  s.rig().host().refuse_services = false;
  s.expect(s.settle(*c) == Outcome::applied, "settles", "there is room again");
  s.expect_applied_once(*c);
}

// Everything at once, in an order of chance that is always the same.
inline void a_storm_of_faults_settles_every_credit_once(Stand& s) {
  static constexpr Fault storm[] = {Fault::none, Fault::cannot_connect, Fault::request_lost, Fault::request_broken_off, Fault::request_late, Fault::request_twice, Fault::answer_lost,
                                    Fault::answer_late, Fault::answer_cut, Fault::answer_garbage, Fault::answer_of_another, Fault::shed, Fault::pending};
  std::uint64_t chance = 1;
  std::vector<testing::Credit> all;
  for (int i = 0; i != 200; ++i) {
    chance = chance * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    Way way;
    way.fault = storm[(chance >> 33) % std::size(storm)];
    if (const auto c = s.rig().credit(way, 10'000 + i)) {
      s.also(*c);
      all.push_back(*c);
      s.credit(*c);
      if ((chance >> 60) == 0) s.resend(all[(chance >> 20) % all.size()]);
    }
  }
  if (all.empty()) return s.skip();
  s.rig().everything_arrives();
  for (const testing::Credit& c : all) {
    s.expect(s.settle(c) == Outcome::applied, "settles", "after the storm");
    s.expect_applied_once(c);
  }
}

}  // namespace payswitch::conformance::faults
