// Readers beside the writer: what they see is one moment, on the disk, and never older than what they saw before. Run it under TSan too.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "ledger_fixture.h"

namespace payswitch::local_ledger::test {
namespace {

TEST(Race, readers_see_whole_batches_and_time_goes_forward) {
  Ledger ledger(1024 * 1024);
  constexpr int accounts = 8;
  for (int i = 0; i != accounts; ++i) ledger.open_account("a" + std::to_string(i), "alice", 1000);
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> reads{0}, busy{0}, wrong{0}, acknowledged{0};
  const auto ask = [&](const psw_read& read, ReadBuffer& buffer, auto&& look) {
    psw_reply reply{};
    if (!ledger.reads->answer(read, reply, buffer)) {
      ++busy;
      return;
    }
    ++reads;
    look(reply);
  };
  std::vector<std::thread> readers;
  for (int reader = 0; reader != 3; ++reader) {
    readers.emplace_back([&, reader] {
      ReadBuffer buffer;
      std::uint64_t seen = 0;
      std::uint64_t round = static_cast<std::uint64_t>(reader);
      while (!stop.load()) {
        const std::uint64_t floor = acknowledged.load();
        psw_read read{};
        read.size = sizeof read;
        read.what = PSW_ROWS_ACCOUNTS;
        read.owner = str("alice");
        ask(read, buffer, [&](const psw_reply& reply) {
          std::int64_t sum = 0;
          for (const psw_account& a : rows<psw_account>(reply.rows)) sum += static_cast<std::int64_t>(a.credits_posted.lo - a.debits_posted.lo);
          if (rows<psw_account>(reply.rows).size() != accounts || sum != accounts * 1000) ++wrong;
        });
        read = psw_read{};
        read.size = sizeof read;
        read.what = PSW_ROWS_RECORDS;
        read.limit = 20;
        ask(read, buffer, [&](const psw_reply& reply) {
          const auto records = rows<psw_record>(reply.rows);
          if (reply.code != PSW_OK || (floor != 0 && records.empty())) ++wrong;
          for (const psw_record& r : records) {
            if (view(r.detail).size() != 100 || view(r.principal) != "alice") ++wrong;
          }
          if (reply.at.position < seen || reply.at.position < floor) ++wrong;
          seen = reply.at.position;
        });
        read = psw_read{};
        read.size = sizeof read;
        read.what = ++round % 3 == 0 ? PSW_ROWS_KV : round % 3 == 1 ? PSW_ROWS_POSTINGS : PSW_ROWS_EVENTS;
        read.limit = 50;
        if (read.what == PSW_ROWS_POSTINGS) read.key = str("a0");
        ask(read, buffer, [&](const psw_reply& reply) {
          if (reply.code != PSW_OK) ++wrong;
          std::uint64_t before = UINT64_MAX;
          if (read.what == PSW_ROWS_POSTINGS) {
            for (const psw_posting_row& row : rows<psw_posting_row>(reply.rows)) {
              if (row.account_sequence >= before) ++wrong;
              before = row.account_sequence;
            }
          }
          if (read.what == PSW_ROWS_KV) {
            for (const psw_kv& kv : rows<psw_kv>(reply.rows)) {
              if (view(kv.value) != "value " + std::to_string(kv.version)) ++wrong;
            }
          }
        });
        read = psw_read{};
        read.size = sizeof read;
        read.what = PSW_ROWS_UNIQUES;
        const std::string key = std::to_string(floor);
        read.space = str("key/x");
        read.key = str(key);
        ask(read, buffer, [&](const psw_reply& reply) {
          if (reply.code != PSW_OK && reply.code != PSW_ABSENT) ++wrong;
        });
      }
    });
  }
  std::uint64_t number = 0, kv_version = 0;
  for (int batch = 0; batch != 300; ++batch) {
    ledger.engine->begin();
    std::uint64_t last = 0;
    for (int i = 0; i != 16; ++i) {
      Entry entry;
      ++number;
      const std::string from = "a" + std::to_string(number % accounts), to = "a" + std::to_string((number * 7 + 1) % accounts);
      entry.step(number).unique("key/x", std::to_string(number));
      if (from != to) entry.post(from, to, 1);
      psw_record& record = entry.record(1000 + number, 0, 2);
      record.detail = entry.keep(std::string(100, 'd'));
      record.next_action_ms = 1;
      if (i == 0) {
        entry.kv("k", "value " + std::to_string(kv_version + 1), kv_version);
        ++kv_version;
      }
      if (number > 40) {
        psw_record& old = entry.record(1000 + number - 40, 1, 4);
        old.detail = entry.keep(std::string(100, 'e'));
      }
      const Answer answer = ledger.collect(entry.get());
      ASSERT_EQ(answer.code, PSW_OK) << answer.reason;
      last = answer.sequence;
    }
    ASSERT_TRUE(ledger.commit());
    acknowledged.store(last);
    if (batch % 10 == 0) ledger.engine->idle();
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_GT(reads.load(), 100u);
  EXPECT_LT(busy.load(), reads.load() / 10) << "the writer's queue is the exception";
}

}  // namespace
}  // namespace payswitch::local_ledger::test
