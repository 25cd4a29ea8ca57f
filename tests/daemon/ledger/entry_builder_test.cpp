#include "ledger/entry_builder.h"

#include <gtest/gtest.h>

#include <string>

#include "ledger/account_names.h"
#include "ledger/client.h"

namespace payswitch::daemon::ledger {

TEST(EntryBuilder, what_was_given_may_go_before_the_entry_is_read) {
  std::pmr::monotonic_buffer_resource arena;
  EntryBuilder builder(arena);
  const std::uint8_t hash[32] = {7};
  {
    std::string principal = "alice", key = "k-1", account = "mj-1", detail = "detail";
    builder.unique("key/", principal, key, "NAMES", hash);
    builder.guard_owner(account, principal, {PSW_ABSENT, "account_not_found"});
    psw_record record{};
    record.payer = str(account);
    record.detail = str(detail);
    builder.record(record);
    builder.post(account, "mj-2", psw_money{}, psw_id{}, psw_id{});
    principal.assign("xxxxx");
    key.assign("xxx");
    account.assign("xxxx");
    detail.assign("xxxxxx");
  }
  const auto* entry = builder.finish(psw_id{});
  const auto unique = Rows<psw_unique>(entry->uniques)[0];
  EXPECT_EQ(view(unique.space), "key/alice");
  EXPECT_EQ(view(unique.key), "k-1");
  EXPECT_EQ(unique.hash[0], 7);
  EXPECT_EQ(view(Rows<psw_guard>(entry->guards)[0].key), "mj-1");
  EXPECT_EQ(view(Rows<psw_record>(entry->records)[0].detail), "detail");
  EXPECT_EQ(view(Rows<psw_posting>(entry->postings)[0].debit), "mj-1");
}

TEST(EntryBuilder, guards_keep_the_order_in_which_they_were_added) {
  std::pmr::monotonic_buffer_resource arena;
  EntryBuilder builder(arena);
  for (int i = 0; i != 20; ++i) builder.guard_clock_before(100 + i, {PSW_CONFLICT, "moved"});
  builder.guard_exposure("clearing:jh:KRW", 5, {PSW_OVERLOADED, "peer_exposure_exceeded"});
  const auto guards = Rows<psw_guard>(builder.finish(psw_id{})->guards);
  ASSERT_EQ(guards.size(), 21u);
  for (std::uint32_t i = 0; i != 20; ++i) EXPECT_EQ(guards[i].a, 100 + static_cast<std::int64_t>(i));
  EXPECT_EQ(guards[20].kind, PSW_G_NET);
  EXPECT_EQ(guards[20].a, 1);
}

TEST(WriteReply, each_answer_of_a_ledger_is_one_word) {
  struct Row {
    std::int32_t code, failed;
    std::uint32_t rows;
    Written what;
  };
  constexpr Row table[] = {
      {PSW_OK, -1, 2, Written::applied},           {PSW_RULE, 0, 0, Written::refused},        {PSW_EXISTS, -1, 1, Written::exists},
      {PSW_CONFLICT, -1, 1, Written::key_reused},  {PSW_CONFLICT, -1, 0, Written::conflict},  {PSW_CONFLICT, 2, 0, Written::conflict},
      {PSW_ABSENT, 0, 0, Written::not_allowed},    {PSW_OVERLOADED, 3, 0, Written::not_allowed}, {PSW_OVERLOADED, -1, 0, Written::not_taken},
      {PSW_UNAVAILABLE, -1, 0, Written::not_taken}, {PSW_TIMEOUT, -1, 0, Written::unknown},   {PSW_INTERNAL, -1, 0, Written::unknown},
      {99, -1, 0, Written::unknown},               {PSW_INVALID, -1, 0, Written::invalid},
  };
  const psw_unique seen{};
  for (const auto& row : table) {
    psw_reply reply{};
    reply.code = row.code;
    reply.failed = row.failed;
    reply.rows = {&seen, row.rows, sizeof seen};
    EXPECT_EQ(WriteReply(reply).what(), row.what) << row.code << " " << row.failed;
  }
}

TEST(AccountNames, system_accounts_end_in_their_currency_and_cannot_be_a_customers) {
  EXPECT_EQ(cash_account("KRW").view(), "cash:KRW");
  EXPECT_EQ(clearing_account("jh", "KRW").view(), "clearing:jh:KRW");
  EXPECT_EQ(suspense_account("jh", "USD").view(), "suspense:jh:USD");
  EXPECT_TRUE(is_system_account("cash:KRW"));
  EXPECT_FALSE(is_system_account("mj-1"));
}

}  // namespace payswitch::daemon::ledger
