// Files of the repository that are made from the key table. PSW_UPDATE_GENERATED=1 writes them anew.
#include <gtest/gtest.h>

#include <sstream>

#include "support.h"

namespace payswitch::daemon::config {
namespace {

void is_up_to_date(const std::string& name, const std::string& text) {
  const std::string file = std::string(PSW_SOURCE_DIR) + "/" + name;
  if (std::getenv("PSW_UPDATE_GENERATED") != nullptr) std::ofstream(file) << text;
  std::ostringstream stored;
  stored << std::ifstream(file).rdbuf();
  EXPECT_EQ(stored.str(), text) << name << " is out of date: run config_test with PSW_UPDATE_GENERATED=1";
}

}  // namespace

TEST(generated, the_reference_page_is_up_to_date) { is_up_to_date("docs/reference/configuration.md", reference_page()); }

TEST(generated, the_reference_file_is_up_to_date) { is_up_to_date("conf/reference.toml", print_defaults()); }

// The printed defaults must be what the loader fills in: both files together mean what the smallest one means alone.
TEST(generated, the_printed_defaults_change_nothing) {
  std::string text = print_defaults();
  for (const auto& [commented, live] : {std::pair<std::string, std::string>{"# bank = \"\" ", "bank = \"mj\" "}, {"# prefix = \"\" ", "prefix = \"mj-\" "}, {"# ledger = \"\" ", "ledger = \"books\" "}}) {
    const auto at = text.find(commented);
    ASSERT_NE(at, std::string::npos) << commented;
    text.replace(at, commented.size(), live);
  }
  const auto currencies = text.find("# [switch.currencies]\n");
  ASSERT_NE(currencies, std::string::npos);
  text.insert(currencies, "currencies = { KRW = 0, USD = 2 }\n");
  text += std::string(smallest.substr(smallest.find("[[connector]]")));
  const LoadResult printed = load_with(text), alone = load_with(smallest);
  ASSERT_TRUE(printed.config.has_value()) << printed.report();
  const auto sorted_lines = [](const std::string& shown) {
    std::vector<std::string> lines;
    std::istringstream in(shown);
    for (std::string line, table; std::getline(in, line);) {
      if (line.starts_with("[")) table = line;
      else if (!line.empty()) lines.push_back(table + line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  };
  EXPECT_EQ(sorted_lines(show(*printed.config, false)), sorted_lines(show(*alone.config, false)));
}

TEST(generated, a_plugins_sample_loads_once_its_required_keys_are_filled_in) {
  const auto specs = key_specs(std::span<const psw_key>(ledger_keys));
  std::string sample = sample_options("local_ledger", PluginRole::ledger, *specs);
  EXPECT_NE(sample.find("# segment = \"64MiB\""), std::string::npos) << sample;
  const auto at = sample.find("directory = \"\"");
  ASSERT_NE(at, std::string::npos);
  sample.replace(at, 14, "directory = \"b\"");
  std::string text(smallest.substr(0, smallest.find("[[connector]]")));
  text.replace(text.find("\"books\""), 7, "\"local_ledger\"");
  const LoadResult result = load_with(text + sample);
  EXPECT_TRUE(result.config.has_value()) << result.report() << sample;
}

TEST(generated, help_of_a_plugin_names_type_default_and_range) {
  const auto specs = key_specs(std::span<const psw_key>(ledger_keys));
  EXPECT_EQ(help_options(*specs),
            "  directory  path      where the books lie; required\n"
            "  sync       bool       (default true)\n"
            "  segment    size      1MiB to 1GiB (default 64MiB)\n"
            "  mode       enum      fast, safe (default safe)\n");
}

}  // namespace payswitch::daemon::config
