#include "api/cursor.h"

#include <gtest/gtest.h>

#include <string>

namespace payswitch::daemon::api {
namespace {

constexpr std::array<std::uint64_t, 2> key{3, 4};

TEST(Cursor, comes_back_for_its_own_filter) {
  std::pmr::monotonic_buffer_resource arena;
  const auto cursor = seal_cursor(key, "filter", "01J0000", arena);
  EXPECT_EQ(open_cursor(key, "filter", cursor, arena), "01J0000");
}

TEST(Cursor, of_another_filter_key_or_with_a_changed_character_is_refused) {
  std::pmr::monotonic_buffer_resource arena;
  const std::string cursor(seal_cursor(key, "filter", "01J0000", arena));
  EXPECT_FALSE(open_cursor(key, "other", cursor, arena));
  EXPECT_FALSE(open_cursor({3, 5}, "filter", cursor, arena));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    std::string changed = cursor;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(open_cursor(key, "filter", changed, arena)) << i;
  }
  EXPECT_FALSE(open_cursor(key, "filter", "", arena));
  EXPECT_FALSE(open_cursor(key, "filter", std::string(5000, 'A'), arena));
}

}  // namespace
}  // namespace payswitch::daemon::api
