#include <payswitch/outcome.h>

#include <gtest/gtest.h>

#include <string>

namespace payswitch {
namespace {

TEST(Outcome, zero_memory_is_unknown) {
  EXPECT_EQ(static_cast<Outcome>(psw_reply{}.outcome), Outcome::unknown);
}
TEST(Outcome, each_operation_has_its_words) {
  struct Row { std::int32_t kind; const char* words; };  // u a r p f s, in the order of the enum
  for (const Row& row : {Row{PSW_OP_CREDIT, "uarp-s"}, Row{PSW_OP_QUERY, "uarpf-"}, Row{PSW_OP_CANCEL, "uar---"}, Row{PSW_OP_HELLO, "u-----"}, Row{PSW_OP_WRITE, "u-----"}, Row{777, "u-----"}}) {
    for (std::int32_t word = 0; word != 6; ++word) {
      EXPECT_EQ(may_answer(row.kind, static_cast<Outcome>(word)), row.words[word] != '-') << row.kind << " " << word;
      EXPECT_EQ(outcome_of(row.kind, word), row.words[word] == '-' ? Outcome::unknown : static_cast<Outcome>(word));
    }
  }
}
TEST(Outcome, words_and_codes_from_a_newer_plugin_are_the_safe_ones) {
  for (const std::int32_t word : {6, -1, 99, INT32_MAX, INT32_MIN}) EXPECT_EQ(outcome_of(PSW_OP_CREDIT, word), Outcome::unknown);
  for (const std::int32_t code : {12, -1, INT32_MAX}) EXPECT_EQ(code_of(code), Code::internal);
}
TEST(Outcome, has_names) {
  EXPECT_EQ(name(Outcome::not_sent), "not_sent");
  EXPECT_EQ(name(Code::overloaded), "overloaded");
  EXPECT_EQ(op_name(PSW_OP_LEASE_DUE), "lease_due");
  EXPECT_EQ(op_name(4711), "unknown_operation");
}

}  // namespace
}  // namespace payswitch
