// The suite on sim_bank: the amount of a credit chooses its way. The rows where the simulated *gateway* breaks the contract are left out.
#include <payswitch/conformance/gateway.h>

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <string>

#include "plugins/sim_bank/bank.h"

namespace payswitch::conformance::test {
namespace {

// The row of the table that plays this way, or 0 (as it should be), or −1: none does.
int row_of(const Way& way) {
  static const std::map<std::string, int> refusals = {{"payee_not_found", 101}, {"account_frozen", 102}, {"account_closed", 103}, {"currency_mismatch", 104}, {"scale_mismatch", 105},
                                                      {"max_balance_exceeded", 106}, {"receive_limit_exceeded", 107}, {"reversal_exceeds_original", 108}, {"expired", 109}};
  if (!way.refused.empty()) {
    if (way.fault == Fault::answer_lost && way.on == PSW_OP_CREDIT && way.refused == "payee_not_found") return 206;
    const auto at = refusals.find(way.refused);
    return way.fault == Fault::none && at != refusals.end() ? at->second : -1;
  }
  if (way.on == PSW_OP_QUERY) return way.fault == Fault::answer_lost || way.fault == Fault::request_lost ? 802 : -1;
  if (way.on == PSW_OP_CANCEL) return way.fault == Fault::answer_lost || way.fault == Fault::request_lost ? 801 : -1;
  switch (way.fault) {
    case Fault::none: return 0;
    case Fault::cannot_connect: return 602;
    case Fault::request_lost: return 202;
    case Fault::request_late: return 203;
    case Fault::answer_lost: return 201;
    case Fault::answers_always_lost: return 204;
    case Fault::shed: return 603;
    case Fault::pending: return 503;
    case Fault::says_other_amount: return 301;
    case Fault::says_other_op_id: return 302;
    case Fault::says_other_currency: return 303;
    case Fault::says_other_payee: return 304;
    case Fault::says_other_payer: return 305;
    case Fault::says_other_scale: return 306;
    case Fault::says_other_hash: return 307;
    default: return -1;
  }
}

class SimBankRig final : public Rig {
 public:
  explicit SimBankRig(const char* fault = nullptr) {
    static std::atomic<int> stores{0};  // the memory of a simulated bank belongs to the process
    const psw_type type = testing::type_of(testing::load_plugin(SIM_BANK_FILE), "sim_bank");
    capabilities_ = type.capabilities;
    host_.option("@bank", "jh");
    host_.option("store", "conformance-" + std::to_string(++stores));
    host_.option("delay", "20s");  // longer than a call: what is late is late
    host_.option("timeout", "2s");
    if (fault != nullptr) host_.option(fault, "false");
    if (const std::string complaint = host_.load(type, "jh-sim"); !complaint.empty()) throw std::runtime_error(complaint);
  }
  testing::FakeHost& host() override { return host_; }
  testing::GatewayDriver& drive() override { return drive_; }
  std::uint64_t capabilities() const override { return capabilities_; }
  std::optional<testing::Credit> credit(const Way& way, int serial) override {
    const int row = row_of(way);
    if (row < 0) return std::nullopt;
    return drive_.credit_of(serial * 1'000 + row, serial);
  }
  Truth truth(const psw_id& op_id) override {
    Truth out;
    const std::string shown = drive_.command("show", R"({"op_id":")" + to_hex(op_id) + R"("})").text;
    if (shown == "null") return out;
    const std::string word = member(shown, "decision");
    out.seen = word != "unknown" && word != "not_found";
    out.applied = std::stoi(member(shown, "applied_times"));
    out.minor = std::stoll(member(shown, "amount"));
    out.refused = word == "refused";
    out.code = member(shown, "code");
    return out;
  }
  std::size_t operations() override { return static_cast<std::size_t>(std::stoul(member(drive_.command("totals").text, "records"))); }
  void everything_arrives() override { host_.advance_ms(60'000); }

 private:
  static std::string member(const std::string& json, const std::string& name) {
    std::size_t at = json.find("\"" + name + "\":");
    if (at == std::string::npos) return {};
    at += name.size() + 3;
    if (json[at] == '"') return json.substr(at + 1, json.find('"', at + 1) - at - 1);
    return json.substr(at, json.find_first_of(",}", at) - at);
  }

  testing::ManualClock clock_;
  testing::FakeHost host_{clock_};
  testing::GatewayDriver drive_{host_};
  std::uint64_t capabilities_ = 0;
};

class SimBank : public ::testing::TestWithParam<Case> {};

TEST_P(SimBank, conforms) {
  // What needs a wire: sim_bank has none.
  static const std::set<std::string> unplayable = {"faults.a_request_broken_off_in_the_middle_is_unknown", "faults.an_answer_after_the_deadline_is_unknown_and_answers_nobody_twice",
                                                   "faults.an_answer_cut_in_half_is_unknown", "faults.garbage_is_unknown", "faults.no_status_line_decides_anything",
                                                   "faults.the_answer_to_another_credit_decides_nothing", "faults.a_request_that_arrives_twice_is_one_credit",
                                                   "faults.a_cancel_whose_answer_is_lost_is_unknown_and_can_be_repeated", "faults.a_question_whose_answer_is_lost_is_unknown",
                                                   "faults.a_bank_that_changes_its_mind_is_not_covered_up"};
  const CaseResult result = run_case(GetParam(), [] { return std::make_unique<SimBankRig>(); });
  for (const Finding& f : result.findings) ADD_FAILURE() << f.rule << ": " << f.text;
  EXPECT_EQ(result.skipped, unplayable.contains(result.name)) << result.name;
}

// A bank that cannot keep what a gateway promises in its name is found out through the gateway.
TEST(SimBankFaults, a_bank_that_forgets_op_ids_or_tombstones_fails_by_its_money) {
  for (const auto& [fault, caught_by] : {std::pair{"dedupe", "money.a_repeat_is_the_same_operation"}, {"tombstone", "faults.a_request_that_arrives_after_its_cancel_is_refused"}}) {
    const char* const option = fault;
    bool caught = false;
    for (const CaseResult& r : run_gateway([option] { return std::make_unique<SimBankRig>(option); })) {
      for (const Finding& f : r.findings) caught = caught || (r.name == caught_by && f.rule == "money");
    }
    EXPECT_TRUE(caught) << fault;
  }
}

INSTANTIATE_TEST_SUITE_P(Gateway, SimBank, ::testing::ValuesIn(gateway_cases), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace payswitch::conformance::test
