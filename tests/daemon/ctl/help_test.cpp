#include "ctl/help.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace payswitch::daemon::ctl {
namespace {

const std::string completion_file = std::string(PSW_SOURCE_DIR) + "/conf/completions/payswitchctl.bash";

// What bash offers after these words; the last one is being typed.
std::string completes(const std::string& words) {
  const std::string script = "source '" + completion_file + "'; COMP_WORDS=(payswitchctl " + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _payswitchctl; echo \"${COMPREPLY[*]}\"";
  FILE* pipe = ::popen(("bash -c '" + [&] {
                         std::string out;
                         for (const char c : script) out += c == '\'' ? "'\\''" : std::string(1, c);
                         return out;
                       }() + "' 2>&1").c_str(), "r");
  std::string out;
  std::array<char, 4096> buffer;
  for (std::size_t size; (size = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) out.append(buffer.data(), size);
  ::pclose(pipe);
  if (out.ends_with("\n")) out.pop_back();
  return out;
}

}  // namespace

TEST(help, names_every_command_and_every_exit_status) {
  const std::string text = help_text("");
  for (const config::CommandSpec& spec : config::commands()) EXPECT_NE(text.find("  " + std::string(spec.name) + " "), std::string::npos) << spec.name;
  for (const config::ControlErrorCode& code : config::control_error_codes())
    EXPECT_NE(text.find(" " + std::to_string(code.exit_status) + "  " + std::string(code.code)), std::string::npos) << code.code;
}

TEST(help, of_a_topic_shows_its_commands_only) {
  const std::string text = help_text("key");
  EXPECT_NE(text.find("key create"), std::string::npos);
  EXPECT_EQ(text.find("account"), std::string::npos);
}

TEST(help, of_a_command_shows_arguments_role_and_danger) {
  const std::string text = command_help(*config::find_command("account freeze"));
  EXPECT_NE(text.find("usage: payswitchctl account freeze NUMBER [--side debit|credit|both]"), std::string::npos) << text;
  EXPECT_NE(text.find("(role operator, needs --yes)"), std::string::npos) << text;
}

TEST(completion, the_installed_file_is_up_to_date) {
  if (std::getenv("PSW_UPDATE_GENERATED") != nullptr) std::ofstream(completion_file) << bash_completion();
  std::ostringstream stored;
  stored << std::ifstream(completion_file).rdbuf();
  EXPECT_EQ(stored.str(), bash_completion()) << completion_file << " is out of date: run ctl_test with PSW_UPDATE_GENERATED=1";
}

TEST(completion, offers_commands_their_second_words_options_and_values) {
  EXPECT_EQ(completes("acc"), "account");
  EXPECT_EQ(completes("account \"\""), "open show list freeze unfreeze close postings");
  EXPECT_EQ(completes("account un"), "unfreeze");
  EXPECT_EQ(completes("account freeze mj-1 --si"), "--side");
  EXPECT_EQ(completes("account freeze mj-1 --side \"\""), "debit credit both");
  EXPECT_EQ(completes("--json log level war"), "warning");
  EXPECT_EQ(completes("--socket /x trans"), "transfer");
  EXPECT_EQ(completes("completion \"\""), "bash");
  EXPECT_EQ(completes("transfer list --state h"), "held");
  EXPECT_EQ(completes("health --js"), "--json");
}

}  // namespace payswitch::daemon::ctl
