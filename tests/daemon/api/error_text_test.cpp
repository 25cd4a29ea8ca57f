#include "api/error_text.h"

#include <gtest/gtest.h>

#include <set>

#include "transfer/error_code.h"

namespace payswitch::daemon::api {
namespace {

TEST(ErrorTexts, every_code_has_its_own_texts_in_both_languages) {
  for (const auto& row : transfer::error_table) {
    if (row.code == transfer::ErrorCode::none || row.name.empty()) continue;
    EXPECT_EQ(error_text(row.name).code, row.name);
  }
  std::set<std::string_view> codes, english, korean;
  for (const auto& t : error_texts()) {
    EXPECT_TRUE(codes.insert(t.code).second) << t.code;
    EXPECT_TRUE(english.insert(t.english).second) << t.code;
    EXPECT_TRUE(korean.insert(t.korean).second) << t.code;
    EXPECT_FALSE(t.explanation.empty()) << t.code;
  }
}

TEST(ErrorTexts, insufficient_funds_is_what_the_origin_project_calls_it) {
  EXPECT_NE(error_text("insufficient_funds").korean.find("잔액부족"), std::string_view::npos);
}

TEST(Language, is_the_better_liked_one) {
  EXPECT_EQ(choose_language("ko"), Language::korean);
  EXPECT_EQ(choose_language("ko-KR,ko;q=0.9,en;q=0.8"), Language::korean);
  EXPECT_EQ(choose_language("en, ko;q=0.5"), Language::english);
  EXPECT_EQ(choose_language("en;q=0.3, ko;q=0.5"), Language::korean);
  EXPECT_EQ(choose_language("ko;q=0"), Language::english);
  for (const char* other : {"", "fr", "*", "kok", ";;;,,,", "q=1"}) EXPECT_EQ(choose_language(other), Language::english) << other;
}

}  // namespace
}  // namespace payswitch::daemon::api
