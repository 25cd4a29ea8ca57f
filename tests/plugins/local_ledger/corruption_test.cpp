// Damage anywhere in the files of a real directory: 500 points, each a bit flipped, a block zeroed or a file cut short.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "ledger_fixture.h"
#include "local_ledger/format.h"

namespace payswitch::local_ledger::test {
namespace {

using Files = std::map<std::string, std::string>;

class Corruption : public ::testing::Test {
 protected:
  Corruption() : directory_(::testing::TempDir() + "/ledger_damage_" + std::to_string(::getpid())) {
    std::filesystem::remove_all(directory_);
    options_.own_thread = false;
    options_.segment_bytes = segment_bytes_min;
  }
  ~Corruption() override { std::filesystem::remove_all(directory_); }

  std::string open(std::unique_ptr<Storage>& storage, std::unique_ptr<Engine>& engine, JournalReport& report) {
    Status status = open_directory(directory_, true, storage);
    if (status.ok()) status = Engine::open(*storage, clock_, options_, engine, report);
    return status.error;
  }
  // Two segments and a bit, a frame per entry.
  void fill() {
    std::unique_ptr<Storage> storage;
    std::unique_ptr<Engine> engine;
    JournalReport report;
    ASSERT_EQ(open(storage, engine, report), "");
    for (std::uint64_t i = 0; i != 160; ++i) {
      Entry entry;
      entry.step(i + 1).unique("key/x", std::to_string(i));
      if (i == 0) entry.account("cash:KRW", "", krw(0), PSW_ACCOUNT_SYSTEM).account("a");
      entry.post("cash:KRW", "a", 1).record(100 + i).detail = entry.keep(std::string(100 + i * 7 % 500, 'd'));
      engine->begin();
      psw_reply reply{};
      last_frame_ = engine->journal().next_offset() - sizeof(FrameHeader);
      ASSERT_EQ(engine->write(entry.get(), reply), Engine::Taken::done);
      ASSERT_TRUE(engine->commit().ok());
      ASSERT_EQ(reply.code, PSW_OK);
    }
    if (last_frame_ % segment_bytes_min == 0) last_frame_ = engine->journal().durable_end();  // never: the last one is not first in its segment
    ASSERT_TRUE(engine->close().ok());
    engine.reset();
    storage.reset();
    for (const auto& file : std::filesystem::directory_iterator(directory_)) {
      std::ifstream in(file.path(), std::ios::binary);
      if (file.path().filename() != "lock") good_[file.path().filename()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    ASSERT_GE(good_.size(), 5u);
  }
  void put(const std::string& name, const std::string& bytes) { std::ofstream(directory_ + "/" + name, std::ios::binary | std::ios::trunc) << bytes; }
  // A refused start has changed nothing, so only what was damaged is put back.
  void restore(const std::string& damaged) { put(damaged, good_.at(damaged)); }
  void restore_all(bool clean) {
    for (const auto& file : std::filesystem::directory_iterator(directory_)) std::filesystem::remove(file.path());
    for (const auto& [name, bytes] : good_) {
      if (clean || name != "closed") put(name, bytes);
    }
  }
  // Damages one block; false: it would be the same as before.
  bool damage(std::mt19937_64& chance, bool clean, std::string& name, std::size_t& block) {
    auto at = good_.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(chance() % good_.size()));
    name = at->first;
    if (name == "closed" && !clean) return false;
    std::string bytes = at->second;
    block = chance() % ((bytes.size() + sector_bytes - 1) / sector_bytes);
    const std::size_t from = block * sector_bytes, size = std::min<std::size_t>(sector_bytes, bytes.size() - from);
    switch (chance() % 3) {
      case 0: {
        const std::size_t place = from + chance() % size;
        bytes[place] = static_cast<char>(bytes[place] ^ (1 << (chance() % 8)));
        break;
      }
      case 1: std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), size, '\0'); break;
      default: bytes.resize(from);
    }
    if (bytes == at->second) return false;
    put(name, bytes);
    return true;
  }

  std::string directory_;
  TestClock clock_;
  EngineOptions options_;
  Files good_;
  std::uint64_t last_frame_ = 0;
};

TEST_F(Corruption, after_a_clean_stop_each_of_500_damages_is_refused_with_file_and_offset) {
  ASSERT_NO_FATAL_FAILURE(fill());
  std::mt19937_64 chance(20);
  int points = 0;
  std::map<std::string, int> where;
  restore_all(true);
  while (points != 500) {
    std::string name;
    std::size_t block = 0;
    if (!damage(chance, true, name, block)) continue;
    ++points;
    ++where[name];
    std::unique_ptr<Storage> storage;
    std::unique_ptr<Engine> engine;
    JournalReport report;
    const std::string error = open(storage, engine, report);
    ASSERT_NE(error, "") << name << " block " << block << " is damaged and nobody noticed";
    if (name.starts_with("journal-")) {
      EXPECT_NE(error.find("journal-"), std::string::npos) << error;
      EXPECT_NE(error.find("offset"), std::string::npos) << error;
    } else {
      EXPECT_NE(error.find(name), std::string::npos) << error;
    }
    restore(name);
  }
  EXPECT_EQ(where.size(), good_.size()) << "every file was met";
}

TEST_F(Corruption, without_a_clean_stop_only_what_may_be_a_torn_tail_is_cut) {
  ASSERT_NO_FATAL_FAILURE(fill());
  std::mt19937_64 chance(21);
  int points = 0, cut = 0;
  restore_all(false);
  while (points != 500) {
    std::string name;
    std::size_t block = 0;
    if (!damage(chance, false, name, block)) continue;
    ++points;
    std::unique_ptr<Storage> storage;
    std::unique_ptr<Engine> engine;
    JournalReport report;
    const std::string error = open(storage, engine, report);
    if (!error.empty()) {
      EXPECT_NE(error.find(name.starts_with("journal-") ? "offset" : name), std::string::npos) << error;
      restore(name);
      continue;
    }
    // Believed: then it lies in the blocks of the very last frame or in the zeros behind it, where a torn write may have left anything.
    ++cut;
    ASSERT_TRUE(name.starts_with("journal-")) << name;
    EXPECT_GE((std::stoull(name.substr(8)) * segment_bytes_min / sector_bytes) + block, last_frame_ / sector_bytes) << name;
    EXPECT_GE(report.entries, 158u) << "at most the frames of that block";
    if (report.entries == 160) { EXPECT_NE(report.cut_bytes, 0u) << "what was cut is told"; }
    engine.reset();
    storage.reset();
    restore_all(false);
  }
  EXPECT_LT(cut, 100);
}

}  // namespace
}  // namespace payswitch::local_ledger::test
