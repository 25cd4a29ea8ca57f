#include "api/wire.h"

#include <gtest/gtest.h>

#include <memory_resource>
#include <string>

namespace payswitch::daemon::api {
namespace {

std::string written(std::int64_t ms) {
  char text[time_chars];
  write_time(text, ms);
  return {text, sizeof text};
}

TEST(Wire, times_are_rfc_3339) {
  EXPECT_EQ(written(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(written(1'709'210'096'789), "2024-02-29T12:34:56.789Z");
  EXPECT_EQ(written(4'102'444'799'999), "2099-12-31T23:59:59.999Z");
}

TEST(Wire, a_time_comes_back) {
  for (std::int64_t ms = 1; ms < 253'402'300'799'999; ms = ms * 3 + 12'345) {
    std::int64_t back = 0;
    ASSERT_TRUE(parse_time(written(ms), back));
    EXPECT_EQ(back, ms);
  }
}

TEST(Wire, offsets_are_taken_off_and_nonsense_is_refused) {
  std::int64_t ms = 0;
  ASSERT_TRUE(parse_time("2026-03-01T09:00:00+09:00", ms));
  EXPECT_EQ(written(ms), "2026-03-01T00:00:00.000Z");
  for (const char* bad : {"", "2026-03-01", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T00:00:00", "2026-03-01T00:00:00.1Z",
                          "2026-03-01T00:00:00Zx", "2026-03-01T00:00:00+0900", "1969-12-31T23:59:59Z", "2026-03-01 00:00:00Z"})
    EXPECT_FALSE(parse_time(bad, ms)) << bad;
}

TEST(Wire, amounts_are_strings_of_digits_of_any_size) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena);
  out.begin_object();
  member_minor(out, "a", 0);
  member_minor(out, "b", -15);
  member_minor(out, "c", (Int128{1} << 100));
  out.end_object();
  EXPECT_EQ(out.text(), R"({"a":"0","b":"-15","c":"1267650600228229401496703205376"})");
}

}  // namespace
}  // namespace payswitch::daemon::api
