#include "api/trace.h"

#include <gtest/gtest.h>

#include <string>

namespace payswitch::daemon::api {
namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, goes_on_with_a_span_of_ours) {
  char out[traceparent_chars];
  ASSERT_TRUE(answer_traceparent(good, 0x1234, out));
  EXPECT_EQ(std::string_view(out, sizeof out), "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000001234-01");
}

TEST(Trace, what_is_not_well_formed_is_ignored) {
  TraceContext context;
  for (const std::string& bad : {std::string(), std::string(good.substr(1)), std::string(good) + "-x", "ff" + std::string(good.substr(2)), "00-" + std::string(32, '0') + std::string(good.substr(35)),
                                 std::string(good.substr(0, 36)) + "0000000000000000-01", std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01")})
    EXPECT_FALSE(parse_traceparent(bad, context)) << bad;
  EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later", context));
}

}  // namespace
}  // namespace payswitch::daemon::api
