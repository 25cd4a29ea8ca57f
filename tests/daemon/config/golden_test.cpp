// Pairs of a file and the messages it must get. A file whose messages changed on purpose: PSW_UPDATE_GOLDEN=1 writes them anew.
#include <gtest/gtest.h>

#include <sstream>

#include "support.h"

namespace payswitch::daemon::config {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

}  // namespace

TEST(golden, each_wrong_file_gets_exactly_its_messages) {
  const std::filesystem::path folder = std::filesystem::path(PSW_SOURCE_DIR) / "tests/daemon/config/golden";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".toml") continue;
    ++files;
    const LoadResult result = load_with(content(entry.path()), nullptr, entry.path().filename().string());
    std::filesystem::path expected = entry.path();
    expected.replace_extension(".expected");
    if (std::getenv("PSW_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << result.report();
    EXPECT_EQ(result.report(), content(expected)) << entry.path();
    const bool any_error = std::any_of(result.problems.begin(), result.problems.end(), [](const Problem& p) { return p.kind == ProblemKind::error; });
    EXPECT_EQ(result.config.has_value(), !any_error) << entry.path();
  }
  EXPECT_GE(files, 15);
}

TEST(golden, every_example_of_conf_loads_without_a_word) {
  const std::filesystem::path conf = std::filesystem::path(PSW_SOURCE_DIR) / "conf";
  std::vector<std::filesystem::path> files{conf / "payswitch.toml"};
  for (const auto& entry : std::filesystem::directory_iterator(conf / "examples"))
    if (entry.path().extension() == ".toml") files.push_back(entry.path());
  EXPECT_GE(files.size(), 3u);
  for (const auto& file : files) {
    const LoadResult result = load_with(content(file), nullptr, file.string());
    EXPECT_TRUE(result.config.has_value()) << file;
    for (const Problem& problem : result.problems) EXPECT_EQ(problem.kind, ProblemKind::warning) << problem.to_string();
  }
}

}  // namespace payswitch::daemon::config
