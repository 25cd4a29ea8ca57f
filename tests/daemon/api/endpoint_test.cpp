#include "api/endpoint.h"

#include <gtest/gtest.h>

#include <set>

namespace payswitch::daemon::api {
namespace {

TEST(Endpoints, a_path_finds_its_endpoint_and_parameter) {
  const auto found = match("POST", "/v1/transfers/01J9ZZZZZZZZZZZZZZZZZZZZZZ/post");
  ASSERT_TRUE(found.endpoint);
  EXPECT_EQ(found.endpoint->path, "/v1/transfers/{id}/post");
  EXPECT_EQ(found.parameter, "01J9ZZZZZZZZZZZZZZZZZZZZZZ");
  EXPECT_EQ(match("GET", "/v1/accounts/mj-1/balance").parameter, "mj-1");
}

TEST(Endpoints, another_method_is_told_from_another_path) {
  EXPECT_TRUE(match("DELETE", "/v1/transfers").path_known);
  EXPECT_FALSE(match("DELETE", "/v1/transfers").endpoint);
  EXPECT_EQ(allowed_methods("/v1/transfers"), "POST, GET");
}

TEST(Endpoints, tricks_with_the_path_find_nothing) {
  for (const char* path : {"/v1/transfers/", "//v1/transfers", "/v1//transfers", "/v1/./transfers", "/v1/accounts/a%2Fb", "/v1/accounts/a%2Fb/balance", "/v1/accounts/%2e%2e/balance",
                           "/v1/accounts//balance", "/v1/accounts/a/b/balance", "/V1/transfers", "/v1/transfers;x", "", "/", "*"})
    EXPECT_FALSE(match("GET", path).path_known) << path;
}

TEST(Endpoints, money_needs_a_key_and_every_endpoint_says_what_it_is) {
  std::set<std::string> seen;
  for (const auto& e : endpoints()) {
    EXPECT_TRUE(seen.insert(std::string(e.method) + " " + std::string(e.path)).second) << e.path;
    EXPECT_FALSE(e.doc.empty()) << e.path;
    EXPECT_TRUE(e.handler) << e.path;
    EXPECT_FALSE(e.method == "GET" && e.has_body) << e.path;
  }
  for (const char* path : {"/v1/transfers", "/v1/deposits", "/v1/withdrawals", "/v1/accounts", "/v1/transfers/x/post", "/v1/transfers/x/void"})
    EXPECT_TRUE(match("POST", path).endpoint->key_required) << path;
}

}  // namespace
}  // namespace payswitch::daemon::api
