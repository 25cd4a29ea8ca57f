// What the disk can do to a journal, and what the ledger makes of it: nothing acknowledged is lost, nothing damaged is believed.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "ledger_fixture.h"
#include "local_ledger/format.h"
#include "local_ledger/verify.h"

namespace payswitch::local_ledger::test {
namespace {

constexpr std::uint64_t small_segment = segment_bytes_min;
const std::string first_segment = "journal-0000000000";

// A ledger that has been paid into `n` times; each entry is a frame of its own.
void pay(Ledger& ledger, std::uint64_t n, std::uint64_t from = 1) {
  for (std::uint64_t i = from; i != from + n; ++i) {
    Entry entry;
    entry.step(i).unique("key/alice", "k" + std::to_string(i)).post("cash:KRW", "a", 1).record(100'000 + i).detail = entry.keep(std::string(300, 'd'));
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
}

// Bytes of the journal in use, by looking for the last one that is not zero.
std::size_t used(const std::vector<std::uint8_t>& bytes) {
  std::size_t n = bytes.size();
  while (n != 0 && bytes[n - 1] == 0) --n;
  return n;
}

TEST(Journal, A21_a_second_process_on_the_directory_is_refused) {
  Ledger ledger;
  auto other = ledger.disk.storage();
  std::unique_ptr<Engine> engine;
  JournalReport report;
  EXPECT_NE(Engine::open(*other, ledger.clock, ledger.options, engine, report).error.find("another process"), std::string::npos);
}

TEST(Journal, A21_a_second_process_on_a_real_directory_is_refused) {
  const std::string directory = testing::TempDir() + "/ledger_lock_" + std::to_string(::getpid());
  std::unique_ptr<Storage> one, two;
  ASSERT_EQ(open_directory(directory, true, one).error, "");
  ASSERT_EQ(open_directory(directory, true, two).error, "");
  EXPECT_EQ(one->lock(), 0);
  EXPECT_EQ(two->lock(), EWOULDBLOCK);
  one.reset();
  EXPECT_EQ(two->lock(), 0);
  two.reset();
  std::filesystem::remove_all(directory);
}

TEST(Journal, goes_on_over_many_segments) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  pay(ledger, 500);
  EXPECT_GT(ledger.disk.names.size(), 4u);
  const std::string before = ledger.dump();
  ASSERT_EQ(ledger.restart(), "");
  EXPECT_EQ(ledger.dump(), before);
  EXPECT_GT(ledger.report.segments, 4u);
  pay(ledger, 10, 1000);
  EXPECT_EQ(ledger.balance("a"), 510);
}

TEST(Journal, a_ledger_stopped_before_its_first_entry_starts_again) {
  Ledger ledger;  // its first segment is made ahead
  ledger.close();
  ASSERT_EQ(ledger.open(), "");
  ledger.open_account("a");
  pay(ledger, 1);
  EXPECT_EQ(ledger.balance("a"), 1);
}

TEST(Journal, a_ledger_stopped_after_a_refusal_that_began_a_new_segment_starts_again) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  // Until an entry no longer fits: then the refused one is what moves on to the next segment.
  std::uint64_t n = 0;
  const auto entry_bytes = [&](Entry& entry) { entry.step(50'000 + n).post("a", "cash:KRW", 1'000'000'000).record(60'000 + n).detail = entry.keep(std::string(3000, 'd')); };
  bool moved = false;
  while (!moved && n != 1000) {
    const std::size_t before = ledger.disk.names.size();
    Entry refused;
    entry_bytes(refused);
    ASSERT_NE(ledger.write(refused).code, PSW_OK);
    moved = ledger.disk.names.size() != before;
    if (!moved) pay(ledger, 1, ++n);
  }
  ASSERT_TRUE(moved);
  const std::string before = ledger.dump();
  ledger.close();
  ASSERT_EQ(ledger.open(), "");
  EXPECT_EQ(ledger.dump(), before);
  pay(ledger, 10, 2000);
  EXPECT_EQ(ledger.balance("a"), static_cast<std::int64_t>(n) + 10);
  ledger.close();
  ASSERT_EQ(ledger.open(), "");
}

TEST(Journal, a_kill_loses_nothing) {
  Ledger ledger;
  ledger.open_account("a");
  pay(ledger, 5);
  const std::string before = ledger.dump();
  ledger.crash();
  ASSERT_EQ(ledger.open(), "");
  EXPECT_EQ(ledger.dump(), before);
  EXPECT_EQ(ledger.report.cut_bytes, 0u);
}

TEST(Journal, what_was_acknowledged_survives_every_power_cut) {
  std::uint64_t torn = 0;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    Ledger ledger(small_segment);
    ledger.open_account("a");
    pay(ledger, seed % 7);
    // A frame of several entries is written and the power goes before its sync comes back.
    ledger.disk.fail(MemoryDisk::Step::sync, 1, EIO);
    ledger.engine->begin();
    for (std::uint64_t i = 0; i != 1 + seed % 9; ++i) {
      Entry entry;
      entry.step(500 + i).post("cash:KRW", "a", 1000).record(700'000 + i).detail = entry.keep(std::string(200 * (seed % 5), 'x'));
      ledger.collect(entry.get());
    }
    EXPECT_FALSE(ledger.commit());
    ledger.crash();
    ledger.disk.power_cut(seed);
    ASSERT_EQ(ledger.open(), "") << "seed " << seed;
    torn += ledger.report.cut_bytes != 0 ? 1u : 0u;
    const std::int64_t acknowledged = static_cast<std::int64_t>(seed % 7);
    const std::int64_t frame = 1000 * static_cast<std::int64_t>(1 + seed % 9);
    const std::int64_t balance = ledger.balance("a");
    EXPECT_TRUE(balance == acknowledged || balance == acknowledged + frame) << "seed " << seed << ": " << balance;
    // And it goes on, and starts again.
    pay(ledger, 2, 900);
    const std::string before = ledger.dump();
    ledger.crash();
    ASSERT_EQ(ledger.open(), "") << "seed " << seed;
    EXPECT_EQ(ledger.dump(), before);
  }
  EXPECT_GT(torn, 50u) << "a test that tears nothing proves nothing";
}

TEST(Journal, the_first_frame_of_a_new_segment_may_be_torn_too) {
  for (std::uint64_t seed = 0; seed != 40; ++seed) {
    Ledger ledger(small_segment);
    ledger.open_account("a");
    std::uint64_t n = 0;
    while (ledger.disk.names.size() < 5) pay(ledger, 1, ++n);  // ledger, two segments in use, one ahead: the last pay crossed over
    ledger.crash();
    ASSERT_EQ(ledger.open(), "");
    const std::string last = "journal-000000000" + std::to_string(ledger.disk.names.size() - 3);
    auto& bytes = ledger.disk.bytes(last);
    ASSERT_GT(used(bytes), sizeof(SegmentHeader));
    ledger.crash();
    // Only the first sector of the frame is missing, or only the rest.
    const std::size_t end = used(bytes);
    if (seed % 2 == 0) {
      std::fill(bytes.begin() + sizeof(SegmentHeader), bytes.begin() + 512, std::uint8_t{0});
    } else {
      std::fill(bytes.begin() + 512, bytes.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(end, 512)), std::uint8_t{0});
    }
    ASSERT_EQ(ledger.open(), "") << "seed " << seed;
    EXPECT_NE(ledger.report.cut_bytes, 0u);
    EXPECT_EQ(ledger.balance("a"), static_cast<std::int64_t>(n) - 1);
  }
}

TEST(Journal, a_flipped_bit_anywhere_is_refused_with_file_and_offset) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  pay(ledger, 150);
  ledger.close();
  std::uint64_t points = 0;
  for (const char* name : {"journal-0000000000", "journal-0000000001", "ledger", "closed"}) {
    auto& bytes = ledger.disk.bytes(name);
    for (std::size_t at = 3; at < bytes.size(); at += 509) {
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 0x10);
      auto storage = ledger.disk.storage();
      VerifyReport report;
      const Status status = verify(*storage, report);
      EXPECT_FALSE(status.ok() && report.violation.empty()) << name << " offset " << at;
      EXPECT_NE((status.error + report.violation).find(name), std::string::npos) << name << " offset " << at << ": " << status.error << report.violation;
      EXPECT_NE(ledger.open(), "") << name << " offset " << at;
      bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 0x10);
      ++points;
    }
  }
  EXPECT_GT(points, 250u);
  EXPECT_EQ(ledger.open(), "") << "and undamaged it opens";
}

TEST(Journal, a_zeroed_or_cut_block_is_refused) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  pay(ledger, 100);
  ledger.close();
  auto& bytes = ledger.disk.bytes(first_segment);
  const std::vector<std::uint8_t> good = bytes;
  for (std::size_t at = 0; at < used(good); at += 512) {
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(at), bytes.begin() + static_cast<std::ptrdiff_t>(at + 512), std::uint8_t{0});
    EXPECT_NE(ledger.open(), "") << "zeroed at " << at;
    bytes = good;
  }
  for (std::size_t size = 0; size < good.size(); size += 4096 + 512) {
    bytes.resize(size);
    EXPECT_NE(ledger.open(), "") << "cut to " << size;
    bytes = good;
  }
  EXPECT_EQ(ledger.open(), "");
}

TEST(Journal, without_a_clean_stop_a_whole_frame_with_a_flipped_bit_is_still_refused) {
  Ledger ledger;
  ledger.open_account("a");
  pay(ledger, 3);
  ledger.crash();
  auto& bytes = ledger.disk.bytes(first_segment);
  const std::size_t end = used(bytes);
  std::uint64_t refused = 0;
  for (std::size_t at = end - 700; at != end; ++at) {  // all of the last frame
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1);
    refused += ledger.open().empty() ? 0u : 1u;
    ledger.crash();
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1);
  }
  EXPECT_EQ(refused, 700u);
}

TEST(Journal, A20_a_failed_sync_ends_the_engine_and_the_restart_decides) {
  for (const MemoryDisk::Step step : {MemoryDisk::Step::sync, MemoryDisk::Step::write}) {
    Ledger ledger;
    ledger.open_account("a");
    pay(ledger, 3);
    ledger.disk.fail(step, 1, EIO);
    Entry entry, after;
    entry.step(50).post("cash:KRW", "a", 100).record(60);
    const Answer lost = ledger.write(entry);
    EXPECT_EQ(lost.code, PSW_INTERNAL);
    EXPECT_EQ(lost.reason, "outcome_unknown");
    EXPECT_TRUE(ledger.engine->poisoned());
    EXPECT_EQ(ledger.balance("a"), 3) << "a read never sees what may not be on the disk";
    after.step(51).post("cash:KRW", "a", 1).record(61);
    const std::uint64_t writes = ledger.disk.writes;
    EXPECT_EQ(ledger.write(after).reason, "engine_stopped");
    EXPECT_EQ(ledger.disk.writes, writes) << "no retry";
    ledger.crash();
    ASSERT_EQ(ledger.open(), "");
    // Repeating the same step gives a definite answer, whatever the disk kept.
    EXPECT_EQ(ledger.write(entry).code, PSW_OK);
    EXPECT_EQ(ledger.balance("a"), 103);
  }
}

TEST(Journal, what_a_restart_shows_survives_a_power_cut_although_it_was_never_synced) {
  for (const bool forgets : {false, true}) {
    Ledger ledger;
    ledger.open_account("a");
    ledger.disk.fail(MemoryDisk::Step::sync, 1, EIO);
    ledger.disk.failed_sync_forgets = forgets;
    Entry entry;
    entry.step(50).post("cash:KRW", "a", 100).record(60);
    EXPECT_EQ(ledger.write(entry).code, PSW_INTERNAL);
    ledger.crash();
    ASSERT_EQ(ledger.open(), "");
    ASSERT_EQ(ledger.balance("a"), 100) << "the page cache still has it";
    ledger.crash();
    ledger.disk.power_cut(1);
    ASSERT_EQ(ledger.open(), "");
    EXPECT_EQ(ledger.balance("a"), 100) << (forgets ? "after a failed sync" : "after a kill before the sync");
  }
}

TEST(Journal, A19_a_full_disk_refuses_work_reads_go_on_and_service_resumes_by_itself) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  ledger.disk.space_bytes = ledger.disk.used_bytes();
  std::int64_t paid = 0;
  Answer answer;
  for (std::uint64_t i = 1; i != 1000; ++i) {
    Entry entry;
    entry.step(i).post("cash:KRW", "a", 1).record(100'000 + i).detail = entry.keep(std::string(300, 'd'));
    answer = ledger.write(entry);
    if (answer.code != PSW_OK) break;
    ++paid;
  }
  EXPECT_EQ(answer.code, PSW_UNAVAILABLE);
  EXPECT_EQ(answer.reason, "read_only");
  EXPECT_FALSE(ledger.engine->poisoned());
  EXPECT_TRUE(ledger.engine->refuses_work());
  EXPECT_NE(ledger.engine->trouble().find("No space left"), std::string::npos);
  EXPECT_EQ(ledger.balance("a"), paid);
  ledger.disk.space_bytes = UINT64_MAX;
  pay(ledger, 5, 5000);
  EXPECT_FALSE(ledger.engine->refuses_work());
  EXPECT_EQ(ledger.balance("a"), paid + 5);
  const std::string before = ledger.dump();
  ASSERT_EQ(ledger.restart(), "");
  EXPECT_EQ(ledger.dump(), before);
}

TEST(Journal, every_failing_step_of_opening_is_an_error_and_never_a_loss) {
  for (const MemoryDisk::Step step : {MemoryDisk::Step::open, MemoryDisk::Step::write, MemoryDisk::Step::sync, MemoryDisk::Step::rename, MemoryDisk::Step::remove, MemoryDisk::Step::sync_directory}) {
    for (int nth = 1; nth != 6; ++nth) {
      Ledger ledger;
      ledger.open_account("a");
      pay(ledger, 3);
      ledger.close();
      ledger.disk.fail(step, nth, EIO);
      static_cast<void>(ledger.open());
      ledger.crash();
      ledger.disk.fail(step, 0, 0);
      ASSERT_EQ(ledger.open(), "");
      EXPECT_EQ(ledger.balance("a"), 3);
    }
  }
}

TEST(Journal, a_ledger_file_without_journal_or_a_journal_without_it_is_refused) {
  Ledger ledger;
  ledger.open_account("a");
  ledger.crash();
  const auto names = ledger.disk.names;
  ledger.disk.names.erase("ledger");
  EXPECT_NE(ledger.open().find("missing"), std::string::npos);
  ledger.disk.names = names;
  Ledger gap(small_segment);
  gap.open_account("a");
  pay(gap, 300);
  gap.close();
  gap.disk.names.erase("journal-0000000001");
  EXPECT_NE(gap.open().find("gap"), std::string::npos);
}

TEST(Journal, an_entry_too_large_for_a_frame_is_refused_and_the_rest_goes_on) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  Entry entry;
  entry.step(1).record(5).detail = entry.keep(std::string(40'000, 'd'));
  EXPECT_EQ(ledger.write(entry).reason, "entry_too_large");
  pay(ledger, 2, 10);
  EXPECT_EQ(ledger.balance("a"), 2);
}

TEST(Journal, a_batch_larger_than_a_frame_is_committed_in_parts) {
  Ledger ledger(small_segment);
  ledger.open_account("a");
  ledger.engine->begin();
  for (std::uint64_t i = 0; i != 256; ++i) {
    Entry entry;
    entry.step(100 + i).post("cash:KRW", "a", 1).record(100'000 + i).detail = entry.keep(std::string(1000, 'd'));
    EXPECT_EQ(ledger.collect(entry.get()).code, PSW_OK);
  }
  EXPECT_TRUE(ledger.commit());
  EXPECT_EQ(ledger.balance("a"), 256);
  const std::string before = ledger.dump();
  ASSERT_EQ(ledger.restart(), "");
  EXPECT_EQ(ledger.dump(), before);
}

TEST(Journal, bytes_that_a_client_chose_cannot_pose_as_a_frame) {
  Ledger ledger, forger(small_segment, fixed_random<0x33>);
  ledger.open_account("a");
  forger.open_account("a");
  pay(forger, 1);
  // Whole frames, valid but for the salt, inside a detail, in place of 8 bytes each so that they are looked at.
  const auto& frames = forger.disk.bytes(first_segment);
  const std::string forged(frames.begin() + 64, frames.begin() + static_cast<std::ptrdiff_t>(used(frames)));
  Entry entry;
  psw_record& record = entry.step(1).record(5);
  record.note = psw_str{};
  record.principal = psw_str{};
  record.detail = entry.keep(forged);
  ledger.disk.fail(MemoryDisk::Step::sync, 1, EIO);
  EXPECT_EQ(ledger.write(entry).code, PSW_INTERNAL);
  ledger.crash();
  auto& bytes = ledger.disk.bytes(first_segment);
  const auto found = std::search(bytes.begin(), bytes.end(), frames.begin() + 64, frames.begin() + static_cast<std::ptrdiff_t>(used(frames)));
  ASSERT_NE(found, bytes.end());
  EXPECT_EQ((found - bytes.begin()) % 8, 4) << "where a detail begins; shift the forgery if the format changes";
  std::fill(bytes.begin() + 1024, bytes.begin() + 1536, std::uint8_t{0});  // torn
  EXPECT_EQ(ledger.open(), "");
  EXPECT_NE(ledger.report.cut_bytes, 0u);
}

}  // namespace
}  // namespace payswitch::local_ledger::test
