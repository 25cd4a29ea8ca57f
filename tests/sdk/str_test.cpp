#include <payswitch/str.h>

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace payswitch {
namespace {

TEST(Str, an_absent_string_is_an_empty_view) {
  EXPECT_TRUE(view(psw_str{nullptr, 7}).empty());
  EXPECT_EQ(view(str("abc")), "abc");
}
TEST(Str, currencies_that_are_not_three_letters_and_a_zero_are_empty) {
  const char bad[4] = {'K', 'R', 'W', 'X'}, good[4] = {'K', 'R', 'W', 0}, none[4] = {};
  EXPECT_EQ(currency_view(bad), "");
  EXPECT_EQ(currency_view(good), "KRW");
  EXPECT_EQ(currency_view(none), "");
}
TEST(Str, elements_of_an_older_side_are_widened_with_zeros) {
  struct Old { std::int32_t kind, fail_code; psw_str key; };  // psw_guard as an older header might have had it
  const std::vector<Old> old{{1, 2, str("a")}, {3, 4, str("b")}};
  const psw_list list{old.data(), 2, sizeof(Old)};
  std::vector<psw_guard> seen;
  for (const psw_guard& g : rows<psw_guard>(list)) seen.push_back(g);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(view(seen[1].key), "b");
  EXPECT_EQ(seen[1].a, 0);
  EXPECT_EQ(rows<psw_guard>(list)[0].kind, 1);
}
TEST(Str, elements_of_a_newer_side_are_stepped_over_by_their_stride) {
  struct New { psw_kv kv; std::uint64_t more[3]; };
  const std::vector<New> all{{{str("a"), str("1"), 1, 0}, {9, 9, 9}}, {{str("b"), str("2"), 2, 0}, {9, 9, 9}}};
  std::string keys;
  for (const psw_kv& k : rows<psw_kv>(psw_list{all.data(), 2, sizeof(New)})) keys += view(k.key);
  EXPECT_EQ(keys, "ab");
}
TEST(Str, a_list_without_stride_or_memory_is_empty) {
  EXPECT_TRUE(rows<psw_kv>(psw_list{nullptr, 5, sizeof(psw_kv)}).empty());
  int x = 0;
  EXPECT_TRUE(rows<psw_kv>(psw_list{&x, 5, 0}).empty());
  for (const psw_kv& k : rows<psw_kv>(psw_list{})) FAIL() << k.version;
}
TEST(Str, a_sized_copy_takes_only_what_is_there) {
  psw_credit c{};
  std::memset(&c, 0xff, sizeof c);
  c.size = offsetof(psw_credit, hash);
  const psw_credit copy = sized_copy(&c);
  EXPECT_EQ(copy.hash[0], 0);
  EXPECT_EQ(copy.op_id.b[0], 0xff);
  EXPECT_EQ(sized_copy(static_cast<const psw_credit*>(nullptr)).size, 0u);
}

}  // namespace
}  // namespace payswitch
