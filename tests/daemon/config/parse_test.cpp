#include <gtest/gtest.h>

#include <string>

#include "config/load.h"

namespace payswitch::daemon::config {
namespace {

std::string first_problem(std::string_view text) {
  Problems problems;
  if (parse_toml(text, "f.toml", problems)) return "parsed";
  return problems.sorted().at(0).to_string();
}

}  // namespace

TEST(parse_toml, keeps_the_place_of_keys_and_values_and_the_order_of_the_file) {
  Problems problems;
  const auto tree = parse_toml("z = 1\n[b]\n  y = \"two\"\n", "f.toml", problems);
  ASSERT_TRUE(tree.has_value());
  ASSERT_EQ(tree->members.size(), 2u);
  EXPECT_EQ(tree->members[0].key, "z");
  const Member& y = tree->members[1].value.members.at(0);
  EXPECT_EQ(y.where.to_string(), "f.toml:3:3");
  EXPECT_EQ(y.value.where.to_string(), "f.toml:3:7");
}

// The two inputs that kill toml++ 3.3.0: an assertion without NDEBUG, an unreachable() with it.
TEST(parse_toml, survives_the_inputs_that_abort_toml_3_3) {
  EXPECT_TRUE(first_problem("[=x]").starts_with("f.toml:1:")) << first_problem("[=x]");
  EXPECT_TRUE(first_problem("[[[1]]]").starts_with("f.toml:1:")) << first_problem("[[[1]]]");
}

TEST(parse_toml, names_line_and_column_of_a_syntax_error) {
  EXPECT_TRUE(first_problem("a = 1\nb = = 2\n").starts_with("f.toml:2:")) << first_problem("a = 1\nb = = 2\n");
  EXPECT_TRUE(first_problem("a = 1\na = 2\n").find("redefine") != std::string::npos) << first_problem("a = 1\na = 2\n");
}

TEST(parse_toml, refuses_keys_and_values_that_are_nested_too_deep) {
  std::string dotted = "a";
  for (int i = 0; i < 200'000; ++i) dotted += ".a";
  EXPECT_EQ(first_problem("x = 1\n" + dotted + " = 1\n"), "f.toml:2:66: nested more than 32 deep");
  std::string quoted = "\"=\"";
  for (int i = 0; i < 100'000; ++i) quoted += ".\"=\"";
  EXPECT_NE(first_problem(quoted + " = 1\n").find("nested"), std::string::npos);
  EXPECT_NE(first_problem("a = " + std::string(100'000, '[')).find("nested"), std::string::npos);
}

TEST(parse_toml, dots_in_strings_and_comments_are_no_depth) {
  const std::string dots(200, '.');
  EXPECT_EQ(first_problem("a = \"" + dots + "\" # " + dots + "\nb = '" + dots + "'\nc = \"\"\"" + dots + "\\\"" + dots + "\"\"\"\nd = ''''" + dots + "'''\n"), "parsed");
}

TEST(parse_toml, refuses_large_files_and_bytes_that_are_no_text) {
  EXPECT_NE(first_problem(std::string(file_bytes_max + 1, '#')).find("larger than"), std::string::npos);
  EXPECT_NE(first_problem(std::string("a = 1\n\0", 7)).find("f.toml:2:1: a NUL byte"), std::string::npos);
  EXPECT_TRUE(first_problem("a = \"\xff\xfe\"").starts_with("f.toml:1:"));
}

}  // namespace payswitch::daemon::config
