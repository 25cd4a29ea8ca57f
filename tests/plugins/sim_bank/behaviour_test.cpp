// Each row of the table: what a credit is answered, and what the bank has recorded in the end.
#include "bank.h"

#include <fstream>
#include <sstream>

namespace payswitch::sim_bank::test {
namespace {

struct Row {
  std::int64_t amount;
  Outcome first;   // to the first credit, once `timeout` has passed
  Outcome in_the_end;  // what a query says ten seconds later
};

class EachAmount : public ::testing::TestWithParam<Row> {};

TEST_P(EachAmount, is_answered_and_recorded_as_the_table_says) {
  const Row row = GetParam();
  Bank bank({{"store", std::to_string(row.amount).c_str()}, {"report_repeats", "5"}});
  const Credit c = bank.drive.credit_of(row.amount);
  const Seen& first = bank.drive.credit(c);
  bank.host.advance_ms(5000);
  ASSERT_TRUE(first.answered);
  EXPECT_EQ(first.outcome, row.first);
  bank.host.advance_ms(5000);
  const Seen& later = bank.drive.query(c);
  bank.host.advance_ms(5000);
  EXPECT_EQ(later.outcome, row.in_the_end);
}

INSTANTIATE_TEST_SUITE_P(Table, EachAmount,
    ::testing::Values(Row{15000, Outcome::applied, Outcome::applied}, Row{15042, Outcome::applied, Outcome::applied}, Row{7101, Outcome::refused, Outcome::refused},
                      Row{7110, Outcome::refused, Outcome::refused}, Row{7199, Outcome::refused, Outcome::refused}, Row{201, Outcome::unknown, Outcome::applied},
                      Row{202, Outcome::unknown, Outcome::not_found}, Row{203, Outcome::unknown, Outcome::applied}, Row{204, Outcome::unknown, Outcome::applied},
                      Row{205, Outcome::unknown, Outcome::not_found}, Row{206, Outcome::unknown, Outcome::refused}, Row{207, Outcome::unknown, Outcome::unknown},
                      Row{208, Outcome::unknown, Outcome::unknown}, Row{209, Outcome::unknown, Outcome::applied}, Row{210, Outcome::unknown, Outcome::refused},
                      Row{301, Outcome::applied, Outcome::applied}, Row{308, Outcome::unknown, Outcome::applied}, Row{309, Outcome::applied, Outcome::applied},
                      Row{401, Outcome::unknown, Outcome::not_found}, Row{402, Outcome::unknown, Outcome::not_found}, Row{403, Outcome::refused, Outcome::applied},
                      Row{404, Outcome::applied, Outcome::refused}, Row{501, Outcome::pending, Outcome::applied}, Row{502, Outcome::pending, Outcome::refused},
                      Row{503, Outcome::pending, Outcome::applied}, Row{504, Outcome::unknown, Outcome::applied}, Row{505, Outcome::pending, Outcome::applied},
                      Row{506, Outcome::applied, Outcome::applied}, Row{507, Outcome::applied, Outcome::applied}, Row{509, Outcome::pending, Outcome::pending},
                      Row{601, Outcome::not_sent, Outcome::not_found}, Row{602, Outcome::not_sent, Outcome::not_found}, Row{603, Outcome::unknown, Outcome::not_found},
                      Row{605, Outcome::unknown, Outcome::applied}, Row{606, Outcome::unknown, Outcome::applied}, Row{607, Outcome::unknown, Outcome::applied},
                      Row{608, Outcome::unknown, Outcome::not_found}, Row{701, Outcome::not_sent, Outcome::refused}, Row{702, Outcome::not_sent, Outcome::applied},
                      Row{801, Outcome::unknown, Outcome::not_found}, Row{802, Outcome::unknown, Outcome::unknown}, Row{804, Outcome::unknown, Outcome::unknown}),
    [](const auto& row) { return "amount_" + std::to_string(row.param.amount); });

TEST(Manual, every_row_of_the_table_is_in_the_readme) {
  std::ifstream file(SIM_BANK_README);
  std::stringstream text;
  text << file.rdbuf();
  Bank bank;
  const Seen& all = bank.drive.command("behaviours");
  ASSERT_EQ(all.code, Code::ok);
  int rows = 0;
  for (std::size_t at = 0; (at = all.text.find("{\"amount_ends_in\":", at)) != std::string::npos; ++at) {
    const std::size_t number = at + 18, comma = all.text.find(',', number), what = all.text.find("\"what\":\"", comma) + 8;
    const std::string digits = all.text.substr(number, comma - number);
    const std::string line = "| " + std::string(3 - digits.size(), '0') + digits + " | " + all.text.substr(what, all.text.find("\"}", what) - what) + " |";
    EXPECT_NE(text.str().find(line), std::string::npos) << line;
    ++rows;
  }
  EXPECT_GT(rows, 50);
}

}  // namespace
}  // namespace payswitch::sim_bank::test
