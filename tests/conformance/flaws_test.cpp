// A suite that has caught nothing proves nothing: the right gateway passes every case, and each wrong one is caught by the rule it breaks.
#include <payswitch/conformance/gateway.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "text_bank.h"

namespace payswitch::conformance::test {
namespace {

std::vector<CaseResult> run_flaw(const std::string& flaw) {
  return run_gateway([&] { return std::make_unique<TextBankRig>(flaw); });
}

TEST(GatewayConformance, a_right_gateway_passes_every_case_and_none_is_skipped) {
  std::ostringstream text;
  const auto results = run_flaw("none");
  EXPECT_TRUE(report(results, text)) << text.str();
  EXPECT_EQ(results.size(), gateway_cases.size());
  for (const CaseResult& r : results) EXPECT_FALSE(r.skipped) << r.name;
}

struct Flaw {
  const char* name;
  const char* caught_by;  // one case that must find it
  const char* rule;
};

class Caught : public ::testing::TestWithParam<Flaw> {};

TEST_P(Caught, by_the_case_and_the_rule_that_name_it) {
  const Flaw& flaw = GetParam();
  const auto results = run_flaw(flaw.name);
  bool caught = false;
  std::string elsewhere;
  for (const CaseResult& r : results) {
    for (const Finding& f : r.findings) {
      caught = caught || (r.name == flaw.caught_by && f.rule == flaw.rule);
      elsewhere += r.name + ": " + f.rule + ": " + f.text + "\n";
    }
  }
  EXPECT_TRUE(caught) << "found elsewhere:\n" << elsewhere;
  std::ostringstream text;
  EXPECT_FALSE(report(results, text));
}

INSTANTIATE_TEST_SUITE_P(
    Flaws, Caught,
    ::testing::Values(Flaw{"trusts_404", "faults.no_status_line_decides_anything", "status"}, Flaw{"trusts_503", "faults.no_status_line_decides_anything", "invented"},
                      Flaw{"trusts_401", "faults.no_status_line_decides_anything", "status"}, Flaw{"trusts_200", "faults.garbage_is_unknown", "unknown"},
                      Flaw{"takes_a_timeout_for_refused", "faults.a_lost_answer_is_unknown", "invented"},
                      Flaw{"calls_a_reset_not_sent", "faults.a_lost_answer_is_unknown", "not_sent"},
                      Flaw{"forgets_op_id", "money.a_repeat_is_the_same_operation", "op_id"}, Flaw{"new_id_on_resend", "faults.a_lost_answer_is_unknown", "op_id"},
                      Flaw{"covers_a_wrong_echo", "faults.what_the_bank_says_wrongly_is_handed_on_as_said_or_unknown", "echo"},
                      Flaw{"answers_for_any_op_id", "faults.the_answer_to_another_credit_decides_nothing", "other_op_id"},
                      Flaw{"loses_the_code", "money.each_recorded_refusal_comes_with_the_banks_code", "invented"},
                      Flaw{"never_answers", "faults.a_lost_request_is_unknown", "one_answer"},
                      Flaw{"answers_twice", "faults.an_answer_after_the_deadline_is_unknown_and_answers_nobody_twice", "one_answer"},
                      Flaw{"asks_by_sending", "money.a_question_about_an_unseen_credit_moves_and_decides_nothing", "query"},
                      Flaw{"takes_not_found_for_final", "faults.not_found_while_the_request_is_on_its_way_decides_nothing", "invented"},
                      Flaw{"cancels_at_home", "faults.a_request_that_arrives_after_its_cancel_is_refused", "money"},
                      Flaw{"takes_silence_for_cancelled", "faults.a_cancel_whose_answer_is_lost_is_unknown_and_can_be_repeated", "unknown"},
                      Flaw{"remembers_unknown", "faults.a_lost_request_is_unknown", "settles"}),
    [](const auto& info) { return std::string(info.param.name); });

// A bank that cannot play a case leaves it unproved, and the report says so instead of counting it as passed.
TEST(GatewayConformance, what_a_rig_cannot_play_is_called_skipped) {
  class Bare final : public Rig {
   public:
    testing::FakeHost& host() override { return inner_.host(); }
    testing::GatewayDriver& drive() override { return inner_.drive(); }
    std::uint64_t capabilities() const override { return inner_.capabilities() & ~std::uint64_t{PSW_CAP_QUERY}; }
    std::optional<testing::Credit> credit(const Way& way, int serial) override { return way.fault == Fault::none && way.refused.empty() ? inner_.credit(way, serial) : std::nullopt; }
    Truth truth(const psw_id& op_id) override { return inner_.truth(op_id); }
    std::size_t operations() override { return inner_.operations(); }
    void everything_arrives() override { inner_.everything_arrives(); }

   private:
    TextBankRig inner_{"none"};
  };
  const auto results = run_gateway([] { return std::make_unique<Bare>(); });
  std::ostringstream text;
  EXPECT_TRUE(report(results, text)) << text.str();
  EXPECT_NE(text.str().find("skip  faults.a_lost_answer_is_unknown"), std::string::npos) << text.str();
  EXPECT_NE(text.str().find("ok    money.a_credit_is_applied_once_and_echoed"), std::string::npos) << text.str();
}

// A gateway that does not load is a finding, not a crash of the suite.
TEST(GatewayConformance, a_gateway_that_does_not_load_fails_every_case) {
  const MakeRig none = []() -> std::unique_ptr<Rig> { throw std::runtime_error("endpoint: required"); };
  const CaseResult result = run_case(gateway_cases[0], none);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].text, "endpoint: required");
}

}  // namespace
}  // namespace payswitch::conformance::test
