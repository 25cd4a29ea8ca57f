#include <gtest/gtest.h>

#include "config/schema.h"

namespace payswitch::daemon::config {

TEST(values, durations_are_whole_numbers_with_one_unit) {
  EXPECT_EQ(parse_duration_ns("100ms").value(), 100'000'000);
  EXPECT_EQ(parse_duration_ns("30s").value(), 30'000'000'000);
  EXPECT_EQ(parse_duration_ns("5min").value(), 300'000'000'000);
  EXPECT_EQ(parse_duration_ns("7d").value(), 7 * 86'400'000'000'000);
  for (const char* bad : {"", "30", "s", "1.5s", "-1s", "1 s", "01s", "1m", "1S", "99999999999999999999s", "9223372036854775807s"})
    EXPECT_FALSE(parse_duration_ns(bad).ok()) << bad;
}

TEST(values, sizes_are_bytes_or_powers_of_1024) {
  EXPECT_EQ(parse_size_bytes("512").value(), 512);
  EXPECT_EQ(parse_size_bytes("64KiB").value(), 65'536);
  EXPECT_EQ(parse_size_bytes("2GiB").value(), std::int64_t{2} << 30);
  for (const char* bad : {"", "64K", "64KB", "-1", "1.5MiB", "9999999999TiB"}) EXPECT_FALSE(parse_size_bytes(bad).ok()) << bad;
}

TEST(values, minor_units_are_digits_up_to_ten_to_the_fifteenth) {
  EXPECT_EQ(parse_minor_units("0").value(), 0);
  EXPECT_EQ(parse_minor_units("1000000000000000").value(), 1'000'000'000'000'000);
  for (const char* bad : {"", "-1", "+1", "01", "1.0", "1e3", "1000000000000001", " 1"}) EXPECT_FALSE(parse_minor_units(bad).ok()) << bad;
}

TEST(values, decimal_amounts_have_at_most_the_decimals_of_their_currency) {
  EXPECT_EQ(parse_decimal_amount("150.25", 2).value(), 15'025);
  EXPECT_EQ(parse_decimal_amount("150.5", 2).value(), 15'050);
  EXPECT_EQ(parse_decimal_amount("150", 2).value(), 15'000);
  EXPECT_EQ(parse_decimal_amount("15000", 0).value(), 15'000);
  for (const char* bad : {"150.255", "150.", ".5", "-1", "1e3", "10000000000000000"}) EXPECT_FALSE(parse_decimal_amount(bad, 2).ok()) << bad;
  EXPECT_FALSE(parse_decimal_amount("1.0", 0).ok());
}

TEST(values, are_written_back_in_the_largest_exact_unit) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(90'000'000'000), "90s");
  EXPECT_EQ(format_duration(120'000'000'000), "2min");
  EXPECT_EQ(format_size(65'536), "64KiB");
  EXPECT_EQ(format_size(1000), "1000B");
}

TEST(nearest, finds_a_misspelt_key_and_leaves_strangers_alone) {
  const std::vector<std::string_view> keys = {"sync", "segment", "directory"};
  EXPECT_EQ(nearest("fsnyc", keys), "sync");
  EXPECT_EQ(nearest("directroy", keys), "directory");
  EXPECT_EQ(nearest("colour", keys), "");
  EXPECT_EQ(nearest(std::string(5000, 'x'), keys), "");
}

}  // namespace payswitch::daemon::config
