// The gateway section of the conformance suite: money and faults. Run it from any test framework, or from a main of its own:
//   const auto make = [] { return std::make_unique<MyRig>(); };           a rig (rig.h; http_rig.h) around your gateway and your bank
//   for (const auto& c : payswitch::conformance::gateway_cases) { const auto result = run_case(c, make); … }
//   return payswitch::conformance::report(run_gateway(make), std::cout) ? 0 : 1;
// Each case has a rig of its own, one thread, a manual clock: nothing sleeps, and a failure repeats.
#pragma once

#include <payswitch/conformance/gateway_faults.h>
#include <payswitch/conformance/gateway_money.h>

#include <array>
#include <ostream>
#include <vector>

namespace payswitch::conformance {

struct Case {
  const char* section;
  const char* name;
  void (*run)(Stand&);
};

inline std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.section << '.' << c.name; }

#define PSW_CONFORMANCE_CASE(section, name) Case{#section, #name, &section::name}
inline constexpr std::array gateway_cases = {
    PSW_CONFORMANCE_CASE(money, a_credit_is_applied_once_and_echoed),
    PSW_CONFORMANCE_CASE(money, a_repeat_is_the_same_operation),
    PSW_CONFORMANCE_CASE(money, each_recorded_refusal_comes_with_the_banks_code),
    PSW_CONFORMANCE_CASE(money, a_question_about_an_unseen_credit_moves_and_decides_nothing),
    PSW_CONFORMANCE_CASE(money, a_question_afterwards_tells_the_decision),
    PSW_CONFORMANCE_CASE(money, a_cancel_before_leaves_a_tombstone_that_refuses_the_credit),
    PSW_CONFORMANCE_CASE(money, a_cancel_afterwards_says_applied_and_takes_nothing_back),
    PSW_CONFORMANCE_CASE(money, the_same_op_id_with_other_contents_changes_nothing),
    PSW_CONFORMANCE_CASE(money, many_at_once_are_each_answered_for_themselves),
    PSW_CONFORMANCE_CASE(faults, no_connection_is_not_sent_and_a_resend_is_one_credit),
    PSW_CONFORMANCE_CASE(faults, a_lost_request_is_unknown),
    PSW_CONFORMANCE_CASE(faults, a_request_broken_off_in_the_middle_is_unknown),
    PSW_CONFORMANCE_CASE(faults, a_lost_answer_is_unknown),
    PSW_CONFORMANCE_CASE(faults, answers_that_are_always_lost_are_found_by_asking),
    PSW_CONFORMANCE_CASE(faults, an_answer_after_the_deadline_is_unknown_and_answers_nobody_twice),
    PSW_CONFORMANCE_CASE(faults, an_answer_cut_in_half_is_unknown),
    PSW_CONFORMANCE_CASE(faults, garbage_is_unknown),
    PSW_CONFORMANCE_CASE(faults, no_status_line_decides_anything),
    PSW_CONFORMANCE_CASE(faults, the_answer_to_another_credit_decides_nothing),
    PSW_CONFORMANCE_CASE(faults, a_refusal_whose_answer_is_lost_is_unknown_and_then_refused),
    PSW_CONFORMANCE_CASE(faults, a_request_that_arrives_twice_is_one_credit),
    PSW_CONFORMANCE_CASE(faults, not_found_while_the_request_is_on_its_way_decides_nothing),
    PSW_CONFORMANCE_CASE(faults, a_request_that_arrives_after_its_cancel_is_refused),
    PSW_CONFORMANCE_CASE(faults, a_cancel_whose_answer_is_lost_is_unknown_and_can_be_repeated),
    PSW_CONFORMANCE_CASE(faults, a_question_whose_answer_is_lost_is_unknown),
    PSW_CONFORMANCE_CASE(faults, a_bank_that_sheds_load_has_decided_nothing),
    PSW_CONFORMANCE_CASE(faults, what_is_pending_is_asked_about_until_it_is_decided),
    PSW_CONFORMANCE_CASE(faults, what_the_bank_says_wrongly_is_handed_on_as_said_or_unknown),
    PSW_CONFORMANCE_CASE(faults, a_bank_that_changes_its_mind_is_not_covered_up),
    PSW_CONFORMANCE_CASE(faults, a_host_without_room_gets_no_invented_decision),
    PSW_CONFORMANCE_CASE(faults, a_storm_of_faults_settles_every_credit_once),
};
#undef PSW_CONFORMANCE_CASE

// A rig that throws, and a gateway that does not load, is a finding.
inline CaseResult run_case(const Case& c, const MakeRig& make) {
  CaseResult result;
  result.name = std::string(c.section) + "." + c.name;
  try {
    const std::unique_ptr<Rig> rig = make();
    Stand stand(*rig, result);
    c.run(stand);
    stand.finish();
  } catch (const std::exception& e) {
    result.findings.push_back({"rig", e.what()});
  }
  return result;
}

inline std::vector<CaseResult> run_gateway(const MakeRig& make) {
  std::vector<CaseResult> out;
  for (const Case& c : gateway_cases) out.push_back(run_case(c, make));
  return out;
}

// A line per case, a line per finding. True: nothing was found. A skipped case proves nothing and is named.
inline bool report(const std::vector<CaseResult>& results, std::ostream& out) {
  std::size_t passed = 0, failed = 0, skipped = 0;
  for (const CaseResult& r : results) {
    ++(r.findings.empty() ? (r.skipped ? skipped : passed) : failed);
    out << (r.findings.empty() ? (r.skipped ? "skip  " : "ok    ") : "FAIL  ") << r.name << '\n';
    for (const Finding& f : r.findings) out << "      " << f.rule << ": " << f.text << '\n';
  }
  out << passed << " passed, " << failed << " failed, " << skipped << " skipped\n";
  return failed == 0;
}

}  // namespace payswitch::conformance
