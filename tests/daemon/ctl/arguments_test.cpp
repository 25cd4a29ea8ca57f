#include "ctl/arguments.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace payswitch::daemon::ctl {
namespace {

CommandLine parse(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream in(text);
  for (std::string word; in >> word;) words.push_back(word);
  return parse_command_line(words);
}

}  // namespace

TEST(arguments, a_command_of_two_words_with_positionals_and_options) {
  const CommandLine line = parse("account freeze mj-1 --side debit --yes --json");
  ASSERT_EQ(line.error, "");
  EXPECT_EQ(line.command->name, "account freeze");
  EXPECT_EQ(line.arguments.at("number"), "mj-1");
  EXPECT_EQ(line.arguments.at("side"), "debit");
  EXPECT_TRUE(line.yes && line.json);
}

TEST(arguments, global_options_may_stand_anywhere) {
  EXPECT_EQ(parse("--socket /s account show mj-1").socket, "/s");
  EXPECT_EQ(parse("account --socket=/s show mj-1").socket, "/s");
  EXPECT_EQ(parse("account show mj-1 --socket /s").command->name, "account show");
}

TEST(arguments, after_two_dashes_everything_is_positional) {
  const CommandLine line = parse("transfer show -- --json");
  EXPECT_EQ(line.arguments.at("id"), "--json");
  EXPECT_FALSE(line.json);
}

TEST(arguments, what_is_wrong_is_said_with_the_nearest_name) {
  EXPECT_EQ(parse("acount show 1").error, "unknown command \"acount\"");
  EXPECT_EQ(parse("account shwo 1").error, "unknown command \"account shwo\", did you mean \"account show\"?");
  EXPECT_EQ(parse("account").error, "\"account\" needs a further word: payswitchctl account --help");
  EXPECT_EQ(parse("").error, "no command given");
  EXPECT_EQ(parse("account list --onwer x").error, "\"account list\" has no option --onwer, did you mean --owner?");
  EXPECT_EQ(parse("account show").error, "number is missing: account number");
  EXPECT_EQ(parse("account show 1 2").error, "\"account show\" takes no further argument \"2\"");
  EXPECT_EQ(parse("account list --owner").error, "--owner needs a value");
  EXPECT_EQ(parse("config show --origin=x").error, "--origin takes no value");
  EXPECT_EQ(parse("log level loud").error, "level is \"loud\", possible are debug|info|notice|warning|error");
}

TEST(arguments, help_needs_no_arguments) {
  EXPECT_EQ(parse("account show --help").error, "");
  EXPECT_TRUE(parse("account --help").help);
  EXPECT_EQ(parse("account --help").topic, "account");
  EXPECT_TRUE(parse("--version").version);
}

TEST(arguments, the_request_carries_what_the_table_names) {
  EXPECT_EQ(request_line(parse("config show --origin")), "{\"command\":\"config show\",\"args\":{\"origin\":true}}\n");
  EXPECT_EQ(request_line(parse("account show a\"b")), "{\"command\":\"account show\",\"args\":{\"number\":\"a\\\"b\"}}\n");
  EXPECT_EQ(request_line(parse("status --json")), "{\"command\":\"status\",\"args\":{}}\n");
}

TEST(commands, every_name_is_one_or_two_words_and_every_table_is_consistent) {
  for (const config::CommandSpec& spec : config::commands()) {
    EXPECT_LE(std::count(spec.name.begin(), spec.name.end(), ' '), 1) << spec.name;
    EXPECT_FALSE(spec.doc.empty()) << spec.name;
    bool optional = false;
    for (const config::CommandArgument& argument : spec.arguments) {
      EXPECT_FALSE(argument.doc.empty()) << spec.name << " " << argument.name;
      if (argument.kind != config::ArgumentKind::positional) continue;
      EXPECT_FALSE(optional && argument.required) << spec.name << ": a required positional after an optional one";
      optional = optional || !argument.required;
    }
    // A name that is the beginning of another command would hide it.
    for (const config::CommandSpec& other : config::commands()) EXPECT_FALSE(other.name.starts_with(std::string(spec.name) + " ")) << spec.name;
  }
}

TEST(commands, exit_statuses_are_stable_and_distinct) {
  // These numbers are in scripts of operators: never change one.
  const std::vector<std::pair<std::string_view, int>> known = {{"usage", 2}, {"unreachable", 3}, {"forbidden", 4}, {"unhealthy", 5}, {"not_found", 6},
                                                               {"refused", 7}, {"timeout", 8}, {"not_available", 9}, {"invalid", 10}, {"internal", 11}};
  ASSERT_EQ(config::control_error_codes().size(), known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    EXPECT_EQ(config::control_error_codes()[i].code, known[i].first);
    EXPECT_EQ(config::control_error_codes()[i].exit_status, known[i].second);
  }
}

}  // namespace payswitch::daemon::ctl
