#include <payswitch/money.h>

#include <gtest/gtest.h>

#include <limits>

namespace payswitch {
namespace {

TEST(Money, A8_amounts_that_are_not_positive_integers_are_refused) {
  for (const char* bad : {"", "0", "00", "01", "-1", "+1", "1.0", "0.001", "1e3", " 1", "1 ", "1_000", "0x10", "1000000000000001", "9223372036854775808", "99999999999999999999", "\xef\xbc\x91"})
    EXPECT_FALSE(parse_minor(bad).has_value()) << bad;
}
TEST(Money, the_largest_amount_is_ten_to_the_fifteenth) {
  EXPECT_EQ(parse_minor("1"), 1);
  EXPECT_EQ(parse_minor("1000000000000000"), amount_minor_max);
  EXPECT_FALSE(amount_ok(amount_minor_max + 1));
  EXPECT_FALSE(amount_ok(0));
}
TEST(Money, additions_that_overflow_have_no_result) {
  constexpr auto max = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(checked_add(max, 1).has_value());
  EXPECT_FALSE(checked_sub(-max, 2).has_value());
  EXPECT_EQ(checked_add(max, 0), max);
}
TEST(Money, currencies_do_not_mix) {
  const Currency krw = *make_currency("KRW", 0), usd = *make_currency("USD", 2), krw2 = *make_currency("KRW", 2);
  EXPECT_FALSE(add(Money{1, krw}, Money{1, usd}).has_value());
  EXPECT_FALSE(add(Money{1, krw}, Money{1, krw2}).has_value());  // the same letters, another scale
  EXPECT_EQ(add(Money{1, krw}, Money{2, krw})->minor, 3);
  EXPECT_EQ(subtract(Money{1, krw}, Money{2, krw})->minor, -1);
}
TEST(Money, currency_codes_are_three_capital_letters) {
  for (const char* bad : {"", "KR", "krw", "KRWX", "K1W", "€UR"}) EXPECT_FALSE(make_currency(bad, 0).has_value()) << bad;
  EXPECT_FALSE(make_currency("KRW", -1).has_value());
  EXPECT_FALSE(make_currency("KRW", 7).has_value());
}
TEST(Money, decimals_are_written_and_read_with_exactly_their_places) {
  EXPECT_EQ(format_decimal(15025, 2), "150.25");
  EXPECT_EQ(format_decimal(5, 2), "0.05");
  EXPECT_EQ(format_decimal(-5, 2), "-0.05");
  EXPECT_EQ(format_decimal(15000, 0), "15000");
  EXPECT_EQ(format_decimal(Money{1500, *make_currency("KWD", 3)}), "1.500 KWD");
  EXPECT_EQ(parse_decimal("150.25", 2), 15025);
  EXPECT_EQ(parse_decimal("150", 2), 15000);
  EXPECT_EQ(parse_decimal("0.05", 2), 5);
  for (const char* bad : {"", ".5", "1.", "1.5", "1.505", "-1.00", "01.00", "0.00", "1,00", "1.00 "}) EXPECT_FALSE(parse_decimal(bad, 2).has_value()) << bad;
  EXPECT_FALSE(parse_decimal("1.", 0).has_value());
  EXPECT_FALSE(parse_decimal("1000000000000000.01", 2).has_value());
}
TEST(Money, totals_survive_the_border_beyond_64_bits) {
  const Int128 big = Int128{std::numeric_limits<std::int64_t>::max()} * 1000;
  for (const Int128 v : {big, -big, Int128{0}, Int128{-1}}) EXPECT_TRUE(from_abi(to_abi(v)) == v);
  EXPECT_EQ(format_total(big), "9223372036854775807000");
  EXPECT_EQ(format_total(-big), "-9223372036854775807000");
  EXPECT_EQ(format_minor(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

}  // namespace
}  // namespace payswitch
