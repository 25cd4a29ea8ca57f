// The generated reference pages are as the tables say. PSW_UPDATE=1 writes them anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "api/endpoint.h"

namespace payswitch::daemon::api {
namespace {

void compare(const std::string& name, const std::string& wanted) {
  const std::string path = std::string(PSW_SOURCE_DIR) + "/docs/reference/" + name;
  if (std::getenv("PSW_UPDATE")) std::ofstream(path) << wanted;
  std::ostringstream found;
  found << std::ifstream(path).rdbuf();
  EXPECT_EQ(found.str(), wanted) << path << " is old: run this test with PSW_UPDATE=1";
}

TEST(Pages, the_page_of_endpoints_is_up_to_date) { compare("http-api.md", http_api_page()); }
TEST(Pages, the_page_of_error_codes_is_up_to_date) { compare("errors.md", errors_page()); }

// Cheap and enough: every path and method of the table stands in the OpenAPI file, and no other path.
TEST(Pages, openapi_has_the_same_paths) {
  std::ostringstream found;
  found << std::ifstream(std::string(PSW_SOURCE_DIR) + "/docs/reference/openapi.yaml").rdbuf();
  const std::string text = found.str();
  for (const auto& e : endpoints()) EXPECT_NE(text.find("\n  " + std::string(e.path) + ":\n"), std::string::npos) << e.path;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("  /v1/") || !line.ends_with(":")) continue;
    const std::string path = line.substr(2, line.size() - 3);
    bool known = false;
    for (const auto& e : endpoints()) known = known || e.path == path;
    EXPECT_TRUE(known) << path;
  }
}

}  // namespace
}  // namespace payswitch::daemon::api
