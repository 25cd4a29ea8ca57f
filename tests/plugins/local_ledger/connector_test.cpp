// The plugin through its border: what the host sees.
#include <gtest/gtest.h>

#include <payswitch/testing/fake_host.h>

#include <filesystem>
#include <fstream>

#include "ledger_fixture.h"

extern "C" const psw_plugin psw_plugin_entry;

namespace payswitch::local_ledger::test {
namespace {

class Border : public ::testing::Test {
 protected:
  Border() : directory_(::testing::TempDir() + "/ledger_border_" + std::to_string(::getpid())) { std::filesystem::remove_all(directory_); }
  ~Border() override { std::filesystem::remove_all(directory_); }

  const psw_type& type() const { return *static_cast<const psw_type*>(psw_plugin_entry.types.data); }
  std::unique_ptr<payswitch::testing::FakeHost> start() {
    auto host = std::make_unique<payswitch::testing::FakeHost>(clock_);
    host->option("directory", directory_);
    host->option("segment_size", "1MiB");
    EXPECT_EQ(host->load(type(), "books"), "");
    return host;
  }
  static psw_op op_of(std::int32_t kind, const void* body) {
    psw_op op{};
    op.size = sizeof op;
    op.kind = kind;
    op.body = body;
    return op;
  }
  static std::int32_t write(payswitch::testing::FakeHost& host, Entry& entry) {
    std::int32_t code = -1;
    host.submit(op_of(PSW_OP_WRITE, &entry.get()), [&](const psw_reply& reply) { code = reply.code; });
    host.run();
    return code;
  }
  static std::int64_t balance(payswitch::testing::FakeHost& host, std::string_view number) {
    psw_read read{};
    read.size = sizeof read;
    read.what = PSW_ROWS_ACCOUNTS;
    read.key = str(number);
    std::int64_t out = -1;
    EXPECT_TRUE(host.try_read(op_of(PSW_OP_READ, &read), [&](const psw_reply& reply) {
      if (reply.code == PSW_OK) out = small(rows<psw_account>(reply.rows)[0].credits_posted) - small(rows<psw_account>(reply.rows)[0].debits_posted);
    }));
    return out;
  }
  static void fill(payswitch::testing::FakeHost& host) {
    Entry accounts, deposit;
    accounts.step(1).account("cash:KRW", "system", krw(0), PSW_ACCOUNT_SYSTEM).account("a");
    EXPECT_EQ(write(host, accounts), PSW_OK);
    deposit.step(2).unique("key/alice", "k1").post("cash:KRW", "a", 500).record(5);
    EXPECT_EQ(write(host, deposit), PSW_OK);
  }
  static std::string verify(payswitch::testing::FakeHost& host, std::int32_t expected) {
    psw_call call{};
    call.size = sizeof call;
    call.flags = 1;
    call.name = str("verify");
    std::string text;
    host.submit(op_of(PSW_OP_COMMAND, &call), [&](const psw_reply& reply) {
      EXPECT_EQ(reply.code, expected);
      text = view(reply.text);
    });
    host.run();
    return text;
  }

  payswitch::testing::ManualClock clock_;
  std::string directory_;
};

TEST_F(Border, a_deposit_is_there_after_a_restart) {
  {
    auto host = start();
    fill(*host);
    EXPECT_EQ(balance(*host, "a"), 500);
    host->unload();
  }
  auto host = start();
  EXPECT_EQ(balance(*host, "a"), 500);
  host->unload();
}

TEST_F(Border, a_batch_is_one_frame_and_every_operation_gets_one_reply) {
  auto host = start();
  fill(*host);
  std::deque<Entry> entries(300);
  std::vector<int> replies(entries.size(), 0);
  for (std::size_t i = 0; i != entries.size(); ++i) {
    entries[i].step(100 + i).post("cash:KRW", "a", 1).record(1000 + i);
    host->submit(op_of(PSW_OP_WRITE, &entries[i].get()), [&replies, i](const psw_reply& reply) {
      EXPECT_EQ(reply.code, PSW_OK);
      ++replies[i];
    });
  }
  host->run();
  for (const int n : replies) EXPECT_EQ(n, 1);
  EXPECT_EQ(balance(*host, "a"), 800);
  const std::string report = verify(*host, PSW_OK);
  EXPECT_NE(report.find("\"frames\":4"), std::string::npos) << report;
  host->unload();
}

TEST_F(Border, reads_and_hello_are_answered_on_the_lane_too) {
  auto host = start();
  fill(*host);
  psw_read read{};
  read.size = sizeof read;
  read.what = PSW_ROWS_TOTALS;
  int answered = 0;
  host->submit(op_of(PSW_OP_HELLO, nullptr), [&](const psw_reply& reply) {
    ASSERT_NE(reply.body, nullptr);
    const auto& hello = *static_cast<const psw_hello*>(reply.body);
    EXPECT_EQ(hello.history.position, 2u);
    EXPECT_EQ(hello.history.epoch, 1u);
    EXPECT_EQ(rows<psw_money>(hello.currencies).size(), 1u);
    ++answered;
  });
  host->submit(op_of(PSW_OP_READ, &read), [&](const psw_reply& reply) {
    EXPECT_EQ(rows<psw_account>(reply.rows).size(), 1u);
    ++answered;
  });
  host->submit(op_of(PSW_OP_CREDIT, &read), [&](const psw_reply& reply) {
    EXPECT_EQ(reply.code, PSW_NOT_SUPPORTED);
    ++answered;
  });
  host->run();
  EXPECT_EQ(answered, 3);
  host->unload();
}

TEST_F(Border, a_damaged_journal_is_refused_at_start_and_named_by_verify) {
  {
    auto host = start();
    fill(*host);
    EXPECT_NE(verify(*host, PSW_OK).find("\"ok\":true"), std::string::npos);
    host->unload();
  }
  {
    std::fstream file(directory_ + "/journal-0000000000", std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\x7f');
  }
  payswitch::testing::FakeHost host(clock_);
  host.option("directory", directory_);
  const std::string complaint = host.load(type(), "books");
  EXPECT_NE(complaint.find("journal-0000000000: damaged at offset 64"), std::string::npos) << complaint;
}

TEST_F(Border, options_are_judged_before_anything_is_touched) {
  payswitch::testing::FakeHost none(clock_);
  EXPECT_NE(none.load(type(), "books"), "");
  payswitch::testing::FakeHost odd(clock_);
  odd.option("directory", directory_);
  odd.option("segment_size", "100000");
  EXPECT_NE(odd.load(type(), "books").find("segment_size"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(directory_));
}

}  // namespace
}  // namespace payswitch::local_ledger::test
