#include "api/history_text.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace payswitch::daemon::api {
namespace {

TEST(HistoryText, each_note_has_a_code_and_a_sentence_in_both_languages) {
  std::set<std::string_view> notes;
  for (const auto& text : history_texts()) {
    EXPECT_TRUE(notes.insert(text.note).second) << text.note;
    EXPECT_EQ(text.code.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << text.code;
    EXPECT_EQ(text.english.back(), '.') << text.note;
    EXPECT_EQ(text.korean.back(), '.') << text.note;
  }
}

TEST(HistoryText, what_follows_a_colon_or_a_line_is_no_part_of_the_note) {
  EXPECT_EQ(history_text("in doubt: taken over", TransferState::in_doubt).code, "in_doubt");
  EXPECT_EQ(history_text("resolved by a person: voided\nby uid:7", TransferState::voided).code, "resolved");
  EXPECT_EQ(history_text("posted\nconsent: a letter", TransferState::completed).code, "posted");
  EXPECT_EQ(history_text("of a later version", TransferState::expired).code, "expired");
  EXPECT_EQ(history_text("", static_cast<TransferState>(99)).code, "changed");
}

// Notes are written where things happen; the sentences stand here. A new note without a sentence fails.
TEST(HistoryText, every_note_that_the_core_writes_is_known) {
  const std::regex written(R"re((?:put(?:_if_refused)?\((?:write\.)?entry, (?:\w+ \? )?|note = (?:[^;"]* \? )?|case Do::\w+: return )"([^"\n]+)"(?: : "([^"\n]+)")?)re");
  std::set<std::string> unknown;
  std::size_t seen = 0;
  for (const auto& file : std::filesystem::directory_iterator(std::string(PSW_SOURCE_DIR) + "/daemon/transfer")) {
    if (file.path().extension() != ".cpp") continue;
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    const std::string all = text.str();
    for (std::sregex_iterator at(all.begin(), all.end(), written), end; at != end; ++at) {
      for (const std::size_t group : {1u, 2u}) {
        const std::string note = (*at)[group];
        if (note.empty()) continue;
        ++seen;
        if (history_text(note, TransferState::none).note.empty()) unknown.insert(note + " in " + file.path().filename().string());
      }
    }
  }
  EXPECT_GT(seen, 20u);
  for (const auto& note : unknown) ADD_FAILURE() << note;
}

}  // namespace
}  // namespace payswitch::daemon::api
