// Reads: filters, orders, pages, tokens.
#include <payswitch/paging.h>

#include <gtest/gtest.h>

#include "ledger_fixture.h"

namespace payswitch::local_ledger::test {
namespace {

// All pages of a question, `limit` rows each; the value of each row by `of`.
template <class Row, class Of>
std::vector<std::uint64_t> pages(Ledger& ledger, psw_read read, std::uint32_t limit, Of of) {
  std::vector<std::uint64_t> out;
  std::deque<std::string> cursors;
  read.limit = limit;
  for (;;) {
    const Answer answer = ledger.read(read);
    EXPECT_EQ(answer.code, PSW_OK) << answer.reason;
    EXPECT_LE(answer.raw.rows.n, limit);
    if (answer.raw.rows.n == 0 && !page_goes_on(answer.raw, limit)) return out;
    for (const Row& row : answer.rows<Row>()) out.push_back(of(row));
    read.after = str(cursors.emplace_back(answer.position));
  }
}

std::uint64_t number_of(const psw_id& id) {
  std::uint64_t out = 0;
  for (int i = 8; i != 16; ++i) out = out << 8 | id.b[i];
  return out;
}

TEST(Read, postings_come_newest_first_and_deep_pages_jump) {
  Ledger ledger(1024 * 1024);
  ledger.open_account("a");
  ledger.open_account("b");
  const std::uint64_t n = 1000;
  for (std::uint64_t i = 1; i <= n; ++i) {
    Entry entry;
    entry.step(i).record(i);
    entry.posting(PSW_P_POST, "cash:KRW", i % 3 == 0 ? "b" : "a", krw(1), i);
    if (i % 10 == 0) entry.posting(PSW_P_POST, "cash:KRW", "a", krw(1), 10'000 + i);  // twice in one entry
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  const std::uint64_t total = ledger.account("cash:KRW").sequence;
  ASSERT_EQ(total, n + n / 10);
  const auto sequences = pages<psw_posting_row>(ledger, ledger.question(PSW_ROWS_POSTINGS, "cash:KRW"), 7, [](const psw_posting_row& row) { return row.account_sequence; });
  ASSERT_EQ(sequences.size(), total);
  for (std::uint64_t i = 0; i != total; ++i) ASSERT_EQ(sequences[i], total - i);
  // Any page directly.
  for (const std::uint64_t before : {2ull, 127ull, 128ull, 129ull, 300ull, 1024ull, 1100ull}) {
    psw_read read = ledger.question(PSW_ROWS_POSTINGS, "cash:KRW");
    const std::string cursor = std::to_string(before);
    read.after = str(cursor);
    read.limit = 1;
    const Answer answer = ledger.read(read);
    ASSERT_EQ(answer.raw.rows.n, 1u);
    const psw_posting_row row = answer.rows<psw_posting_row>()[0];
    EXPECT_EQ(row.account_sequence, before - 1);
    EXPECT_EQ(small(row.balance_after), -static_cast<std::int64_t>(before - 1)) << "one unit each";
  }
}

TEST(Read, postings_are_read_from_either_end_and_between_two_times) {
  Ledger ledger(1024 * 1024);
  ledger.open_account("a");
  const std::int64_t start = ledger.clock.ms;
  const std::uint64_t n = 900;
  std::vector<std::int64_t> at{0};  // by account sequence
  for (std::uint64_t i = 1; at.size() <= n; ++i) {
    ledger.clock.ms += i % 5 == 0 ? 3 : 0;
    Entry entry;
    entry.step(i).record(i);
    for (std::uint64_t twice = 0; twice <= (i % 7 == 0 ? 1u : 0u); ++twice) {
      entry.posting(PSW_P_POST, "cash:KRW", "a", krw(1), i * 2 + twice);
      at.push_back(ledger.clock.ms);
    }
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  const auto sequences = [&](std::int32_t order, std::int64_t from, std::int64_t to, std::uint32_t limit) {
    psw_read read = ledger.question(PSW_ROWS_POSTINGS, "a");
    read.order = order;
    read.from_ms = from;
    read.to_ms = to;
    return pages<psw_posting_row>(ledger, read, limit, [&](const psw_posting_row& row) {
      EXPECT_EQ(small(row.balance_after), static_cast<std::int64_t>(row.account_sequence));
      return row.account_sequence;
    });
  };
  for (const std::int64_t from : {0, 1, 60, 200, 430, 9'000}) {
    for (const std::int64_t to : {0, 1, 61, 250, 500, 9'000}) {
      std::vector<std::uint64_t> expected;
      for (std::uint64_t i = 1; i != at.size(); ++i) {
        if ((from == 0 || at[i] >= start + from) && (to == 0 || at[i] < start + to)) expected.push_back(i);
      }
      for (const std::uint32_t limit : {7u, 128u, 500u}) {
        SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to) + " limit " + std::to_string(limit));
        ASSERT_EQ(sequences(PSW_ORDER_OLDEST, from == 0 ? 0 : start + from, to == 0 ? 0 : start + to, limit), expected);
        std::vector<std::uint64_t> backwards(expected.rbegin(), expected.rend());
        ASSERT_EQ(sequences(PSW_ORDER_NEWEST, from == 0 ? 0 : start + from, to == 0 ? 0 : start + to, limit), backwards);
      }
    }
  }
}

TEST(Read, a_filter_that_hardly_anything_passes_is_answered_in_short_pages) {
  Ledger ledger(4 * 1024 * 1024);
  const std::uint64_t entries = 500, per_entry = 100, n = entries * per_entry, rare = 137;
  for (std::uint64_t i = 0; i != entries; ++i) {
    Entry entry;
    entry.step(i + 1);
    for (std::uint64_t k = 0; k != per_entry; ++k) {
      const std::uint64_t number = i * per_entry + k + 1;
      const bool odd_one_out = number == rare || number == n - rare;
      psw_record& record = entry.record(number, 0, odd_one_out ? 7 : 2);
      record.next_action_ms = odd_one_out ? 0 : 9;
      record.principal = entry.keep("alice");
      record.bank = entry.keep(odd_one_out ? "jh" : "kb");
      record.reference_tag = entry.keep("same");
    }
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  const auto ask = [&](auto set, std::size_t& asked) {
    psw_read read = ledger.question(PSW_ROWS_RECORDS);
    read.limit = 10;
    set(read);
    std::vector<std::uint64_t> found;
    std::string cursor;
    for (asked = 1;; ++asked) {
      const Answer answer = ledger.read(read);
      EXPECT_EQ(answer.code, PSW_OK) << answer.reason;
      for (const psw_record& row : answer.rows<psw_record>()) found.push_back(number_of(row.id));
      if (!page_goes_on(answer.raw, read.limit) || asked == 1000) return found;
      cursor = answer.position;
      read.after = str(cursor);
    }
  };
  std::size_t asked = 0;
  const std::vector<std::uint64_t> both{n - rare, rare};
  EXPECT_EQ(ask([](psw_read& r) { r.bank = str("jh"); }, asked), both);
  EXPECT_EQ(asked, 3u) << "50,000 records, 20,000 a page";
  EXPECT_EQ(ask([](psw_read& r) { r.state_mask = 1 << 7; }, asked), both);
  EXPECT_EQ(asked, 3u);
  EXPECT_EQ(ask([](psw_read& r) { r.owner = str("alice"); r.bank = str("jh"); }, asked), both);
  EXPECT_EQ(asked, 3u);
  EXPECT_EQ(ask([](psw_read& r) { r.key = str("same"); r.state_mask = 1 << 7; }, asked), both);
  EXPECT_EQ(asked, 3u);
  EXPECT_EQ(ask([](psw_read& r) { r.state_mask = 1 << 2; r.bank = str("jh"); }, asked), std::vector<std::uint64_t>{}) << "all 49,998 open ones looked at, none passes";
  EXPECT_EQ(asked, 3u);
  // What the memory cannot tell is read from the journal, and that is dearer.
  EXPECT_EQ(ask([](psw_read& r) { r.owner = str("alice"); r.key = str("same"); r.limit = 1; r.state_mask = 1 << 7; }, asked), both);
  EXPECT_EQ(ask([](psw_read& r) { r.key = str("same"); r.owner = str("bob"); }, asked), std::vector<std::uint64_t>{});
  EXPECT_EQ(asked, n / read_loads_max);
}

TEST(Read, events_that_hardly_anything_of_passes_are_answered_in_short_pages) {
  Ledger ledger(4 * 1024 * 1024);
  const std::uint64_t n = 2 * read_entries_max + 500;
  for (std::uint64_t i = 1; i <= n; ++i) {
    Entry entry;
    entry.step(i).record(i).bank = entry.keep(i == 3 || i == n - 3 ? "jh" : "kb");
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  for (const std::int32_t order : {PSW_ORDER_OLDEST, PSW_ORDER_NEWEST}) {
    psw_read read = ledger.question(PSW_ROWS_EVENTS);
    read.bank = str("jh");
    read.order = order;
    std::size_t short_pages = 0;
    std::vector<std::uint64_t> found;
    std::string cursor;
    for (;;) {
      const Answer answer = ledger.read(read);
      for (const psw_change& row : answer.rows<psw_change>()) found.push_back(row.sequence);
      if (!page_goes_on(answer.raw, read_rows_max)) break;
      ++short_pages;
      cursor = answer.position;
      read.after = str(cursor);
    }
    EXPECT_EQ(short_pages, 2u);
    EXPECT_EQ(found, order == PSW_ORDER_OLDEST ? (std::vector<std::uint64_t>{3, n - 3}) : (std::vector<std::uint64_t>{n - 3, 3}));
  }
}

TEST(Read, a_cursor_that_is_none_of_ours_is_refused_and_not_read_as_the_beginning) {
  Ledger ledger;
  ledger.open_account("a", "alice", 10);
  for (const std::int32_t what : {PSW_ROWS_ACCOUNTS, PSW_ROWS_RECORDS, PSW_ROWS_EVENTS, PSW_ROWS_POSTINGS}) {
    psw_read read = ledger.question(what, what == PSW_ROWS_POSTINGS ? "a" : "");
    for (const char* cursor : {"nobody", "#99", "12x", "00000000000000000000000000000bad"}) {
      read.after = str(cursor);
      const Answer answer = ledger.read(read);
      EXPECT_EQ(answer.code, PSW_INVALID) << what << ' ' << cursor;
      EXPECT_EQ(answer.reason, "cursor_unknown");
    }
  }
  psw_read read = ledger.question(PSW_ROWS_ACCOUNTS);
  read.owner = str("alice");
  read.after = str("#99");
  EXPECT_EQ(ledger.read(read).code, PSW_INVALID);
}

TEST(Read, a_posting_row_tells_what_was_available_then_not_now) {
  Ledger ledger;
  ledger.open_account("a", "alice", 100);
  Entry wider, pay;
  wider.step(1).change(ledger.account("a")).overdraft_limit = 50;
  ASSERT_EQ(ledger.write(wider).code, PSW_OK);
  pay.step(2).post("a", "cash:KRW", 30).record(5);
  ASSERT_EQ(ledger.write(pay).code, PSW_OK);
  const Answer answer = ledger.read(ledger.question(PSW_ROWS_POSTINGS, "a"));
  ASSERT_EQ(answer.raw.rows.n, 2u);
  EXPECT_EQ(small(answer.rows<psw_posting_row>()[0].available_after), 120);
  EXPECT_EQ(small(answer.rows<psw_posting_row>()[1].available_after), 100);
}

TEST(Read, postings_of_a_record_show_both_sides_in_order) {
  Ledger ledger;
  ledger.open_account("a", "alice", 100);
  ledger.open_account("b", "bob");
  Entry hold, post;
  hold.step(1).hold("a", "b", 60, 77).record(5, 0, 1).next_action_ms = 9;
  hold.postings[0].record = id_of(5);
  ASSERT_EQ(ledger.write(hold).code, PSW_OK);
  post.step(2).post_hold(77, 40).record(5, 1, 4);
  post.postings[0].record = id_of(5);
  ASSERT_EQ(ledger.write(post).code, PSW_OK);
  psw_read read = ledger.question(PSW_ROWS_POSTINGS);
  read.id = id_of(5);
  const Answer answer = ledger.read(read);
  ASSERT_EQ(answer.raw.rows.n, 4u);
  EXPECT_EQ(answer.rows<psw_posting_row>()[0].kind, PSW_P_HOLD);
  EXPECT_EQ(answer.rows<psw_posting_row>()[2].kind, PSW_P_POST_HOLD);
  EXPECT_EQ(answer.rows<psw_posting_row>()[2].money.minor, 40);
  EXPECT_EQ(small(answer.rows<psw_posting_row>()[2].available_after), 60);
  EXPECT_EQ(ledger.available("a"), 60);
  EXPECT_EQ(ledger.balance("b"), 40);
}

TEST(Read, records_are_found_by_id_state_bank_owner_and_reference_newest_first) {
  Ledger ledger;
  for (std::uint64_t i = 1; i <= 60; ++i) {
    Entry entry;
    psw_record& record = entry.step(i).record(i, 0, i % 3 == 0 ? 2 : 4);
    record.principal = entry.keep(i % 2 == 0 ? "alice" : "bob");
    record.bank = entry.keep(i % 5 == 0 ? "jh" : "kb");
    record.reference_tag = entry.keep("tag" + std::to_string(i % 4));
    record.next_action_ms = i % 3 == 0 ? 1 : 0;
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  const auto numbers = [&](auto set, std::uint32_t limit) {
    psw_read read = ledger.question(PSW_ROWS_RECORDS);
    set(read);
    return pages<psw_record>(ledger, read, limit, [](const psw_record& row) { return number_of(row.id); });
  };
  const auto expected = [](auto keep) {
    std::vector<std::uint64_t> out;
    for (std::uint64_t i = 60; i != 0; --i) {
      if (keep(i)) out.push_back(i);
    }
    return out;
  };
  for (const std::uint32_t limit : {1u, 7u, 500u}) {
    EXPECT_EQ(numbers([](psw_read&) {}, limit), expected([](std::uint64_t) { return true; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.state_mask = 1 << 2; }, limit), expected([](std::uint64_t i) { return i % 3 == 0; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.state_mask = 1 << 4; }, limit), expected([](std::uint64_t i) { return i % 3 != 0; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.owner = str("alice"); }, limit), expected([](std::uint64_t i) { return i % 2 == 0; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.owner = str("bob"); r.bank = str("jh"); }, limit), expected([](std::uint64_t i) { return i % 2 == 1 && i % 5 == 0; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.key = str("tag1"); }, limit), expected([](std::uint64_t i) { return i % 4 == 1; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.key = str("tag1"); r.owner = str("bob"); r.state_mask = 1 << 2; }, limit), expected([](std::uint64_t i) { return i % 4 == 1 && i % 3 == 0; }));
    EXPECT_EQ(numbers([](psw_read& r) { r.bank = str("jh"); r.state_mask = 1 << 2; }, limit), expected([](std::uint64_t i) { return i % 15 == 0; }));
  }
}

TEST(Read, events_are_all_changes_in_commit_order_also_over_segments) {
  Ledger ledger;
  const std::uint64_t n = 400;
  for (std::uint64_t i = 1; i <= n; ++i) {
    Entry entry;
    entry.step(i).record(1 + i % 10, (i - 1) / 10, 2).detail = entry.keep(std::string(300, 'd'));
    ASSERT_EQ(ledger.write(entry).code, PSW_OK) << i;
  }
  EXPECT_GT(ledger.disk.names.size(), 3u);
  for (const std::uint32_t limit : {1u, 33u, 500u}) {
    const auto sequences = pages<psw_change>(ledger, ledger.question(PSW_ROWS_EVENTS), limit, [](const psw_change& row) { return row.sequence; });
    ASSERT_EQ(sequences.size(), n);
    for (std::uint64_t i = 0; i != n; ++i) ASSERT_EQ(sequences[i], i + 1);
  }
  psw_read read = ledger.question(PSW_ROWS_EVENTS);
  read.id = id_of(3);
  auto versions = pages<psw_change>(ledger, read, 7, [](const psw_change& row) { return row.version; });
  ASSERT_EQ(versions.size(), 40u);
  for (std::uint64_t i = 0; i != 40; ++i) EXPECT_EQ(versions[i], i + 1);
  // And from the other end.
  read.order = PSW_ORDER_NEWEST;
  versions = pages<psw_change>(ledger, read, 7, [](const psw_change& row) { return row.version; });
  ASSERT_EQ(versions.size(), 40u);
  for (std::uint64_t i = 0; i != 40; ++i) EXPECT_EQ(versions[i], 40 - i);
  read.id = psw_id{};
  for (const std::uint32_t limit : {1u, 33u, 500u}) {
    const auto sequences = pages<psw_change>(ledger, read, limit, [](const psw_change& row) { return row.sequence; });
    ASSERT_EQ(sequences.size(), n);
    for (std::uint64_t i = 0; i != n; ++i) ASSERT_EQ(sequences[i], n - i);
  }
}

TEST(Read, keys_come_in_order_by_prefix_and_not_when_expired_or_deleted) {
  Ledger ledger;
  Entry entry, remove;
  entry.step(1).kv("a/1", "x").kv("b/2", "two").kv("b/1", "one").kv("b/3", "gone", 0, ledger.clock.ms + 10).kv("b/4", "deleted").kv("c", "z");
  ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  remove.step(2).kv("b/4", "", 1);
  ASSERT_EQ(ledger.write(remove).code, PSW_OK);
  const auto scan = [&](std::uint32_t limit) {
    std::string all;
    psw_read read = ledger.question(PSW_ROWS_KV);
    read.space = str("b/");
    for (const auto length : pages<psw_kv>(ledger, read, limit, [&](const psw_kv& kv) { all += std::string(view(kv.key)) + '=' + std::string(view(kv.value)) + ' '; return kv.value.size; })) EXPECT_NE(length, 0u);
    return all;
  };
  EXPECT_EQ(scan(1), "b/1=one b/2=two b/3=gone ");
  ledger.clock.ms += 10;
  EXPECT_EQ(scan(2), "b/1=one b/2=two ");
  EXPECT_EQ(ledger.read(ledger.question(PSW_ROWS_KV, "b/4")).code, PSW_ABSENT);
  EXPECT_EQ(ledger.read(ledger.question(PSW_ROWS_KV, "b/2")).rows<psw_kv>()[0].version, 1u);
  // Swept from memory, what is alive stays; a new life begins at version 1.
  for (int i = 0; i != 3; ++i) ledger.engine->idle();
  EXPECT_EQ(scan(9), "b/1=one b/2=two ");
  Entry anew;
  anew.step(3).kv("b/4", "again");
  ASSERT_EQ(ledger.write(anew).code, PSW_OK);
  EXPECT_EQ(scan(9), "b/1=one b/2=two b/4=again ");
}

TEST(Read, accounts_are_listed_by_owner_in_order_of_creation) {
  Ledger ledger;
  for (int i = 0; i != 25; ++i) ledger.open_account("n" + std::to_string(i), i % 2 == 0 ? "alice" : "bob");
  Entry give;
  give.step(1).change(ledger.account("n0")).owner = str("bob");
  ASSERT_EQ(ledger.write(give).code, PSW_OK);
  for (const std::uint32_t limit : {1u, 4u, 500u}) {
    psw_read read = ledger.question(PSW_ROWS_ACCOUNTS);
    read.owner = str("alice");
    EXPECT_EQ(pages<psw_account>(ledger, read, limit, [](const psw_account&) { return std::uint64_t{1}; }).size(), 12u);
    read.owner = str("bob");
    EXPECT_EQ(pages<psw_account>(ledger, read, limit, [](const psw_account&) { return std::uint64_t{1}; }).size(), 13u);
    EXPECT_EQ(pages<psw_account>(ledger, ledger.question(PSW_ROWS_ACCOUNTS), limit, [](const psw_account&) { return std::uint64_t{1}; }).size(), 26u);
  }
}

TEST(Read, a_token_that_was_reached_is_served_and_one_of_a_lost_history_is_not) {
  Ledger ledger;
  ledger.open_account("a", "alice", 5);
  Entry entry;
  entry.step(1).record(5);
  const Answer written = ledger.write(entry);
  psw_read read = ledger.question(PSW_ROWS_ACCOUNTS, "a");
  read.consistency = PSW_READ_TOKEN;
  read.position = str(written.position);
  EXPECT_EQ(ledger.read(read).code, PSW_OK);
  const std::string future = written.position.substr(0, written.position.rfind('.')) + ".99";
  read.position = str(future);
  EXPECT_EQ(ledger.read(read).reason, "position_lost");
  const std::string later_life = written.position.substr(0, 9) + "2.1";
  read.position = str(later_life);
  EXPECT_EQ(ledger.read(read).reason, "position_lost") << "an epoch that this ledger has not reached";
  const std::string other = "00000000" + written.position.substr(8);
  for (const std::string& text : {std::string("nonsense"), other, written.position + "x", written.position.substr(0, 9)}) {
    read.position = str(text);
    EXPECT_EQ(ledger.read(read).reason, "position_unknown") << text;
  }
}

TEST(Read, totals_balance) {
  Ledger ledger;
  ledger.open_account("a", "alice", 500);
  ledger.open_account("b", "bob");
  Entry hold;
  hold.step(1).hold("a", "b", 60, 77).record(5);
  ASSERT_EQ(ledger.write(hold).code, PSW_OK);
  const Answer answer = ledger.read(ledger.question(PSW_ROWS_TOTALS));
  ASSERT_EQ(answer.raw.rows.n, 1u);
  const psw_account total = answer.rows<psw_account>()[0];
  EXPECT_EQ(small(total.debits_posted), 500);
  EXPECT_EQ(small(total.credits_posted), 500);
  EXPECT_EQ(small(total.debits_pending), 60);
  EXPECT_EQ(small(total.credits_pending), 60);
}

TEST(Lease, due_records_are_leased_once_by_the_ledgers_clock) {
  Ledger ledger;
  const std::int64_t start = ledger.clock.ms;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    Entry entry;
    psw_record& record = entry.step(i).record(i, 0, 2);
    record.next_action_ms = start + static_cast<std::int64_t>(i) * 10;
    record.bank = entry.keep(i == 3 ? "jh" : "kb");
    record.detail = entry.keep("detail" + std::to_string(i));
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  EXPECT_EQ(ledger.lease("d1").raw.rows.n, 0u);
  ledger.clock.ms = start + 20;
  const Answer leased = ledger.lease("d1", 10, 1000);
  ASSERT_EQ(leased.raw.rows.n, 2u);
  const psw_record row = leased.rows<psw_record>()[0];
  EXPECT_EQ(view(row.lease_owner), "d1");
  EXPECT_EQ(row.lease_epoch, 1u);
  EXPECT_EQ(row.lease_ms, 1000);
  EXPECT_EQ(row.version, 2u);
  EXPECT_EQ(view(row.detail), "detail1");
  EXPECT_EQ(ledger.lease("d2").raw.rows.n, 0u) << "leased, so not due";
  // Who decided on the version before the lease is refused (N13).
  Entry stale;
  stale.step(50).record(1, 1, 3).next_action_ms = 5;
  EXPECT_EQ(ledger.write(stale).code, PSW_CONFLICT);
  // The lease ends and another daemon takes over; also after a restart.
  ASSERT_EQ(ledger.restart(), "");
  EXPECT_EQ(ledger.lease("d2").raw.rows.n, 0u);
  ledger.clock.ms = start + 1020;
  const Answer again = ledger.lease("d2", 10, 1000);
  ASSERT_EQ(again.raw.rows.n, 3u);
  for (const psw_record& each : again.rows<psw_record>()) EXPECT_EQ(each.lease_epoch, each.version - 1);
}

TEST(Lease, a_banks_first_sign_of_life_makes_all_its_open_records_due) {
  Ledger ledger;
  for (std::uint64_t i = 1; i <= 6; ++i) {
    Entry entry;
    psw_record& record = entry.step(i).record(i, 0, i == 6 ? 4 : 2);
    record.next_action_ms = i == 6 ? 0 : ledger.clock.ms + 60'000;
    record.bank = entry.keep(i % 2 == 0 ? "jh" : "kb");
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  psw_read read = ledger.question(PSW_ROWS_RECORDS);
  read.owner = str("d1");
  read.bank = str("jh");
  read.to_ms = INT64_MAX;
  read.lease_ms = 100;
  psw_reply reply{};
  ledger.engine->begin();
  ASSERT_EQ(ledger.engine->lease_due(read, reply), Engine::Taken::done);
  ASSERT_TRUE(ledger.commit());
  EXPECT_EQ(reply.rows.n, 2u);
}

TEST(Lease, more_due_records_than_fit_a_frame_come_in_rounds) {
  Ledger ledger;
  for (std::uint64_t i = 1; i <= 60; ++i) {
    Entry entry;
    psw_record& record = entry.step(i).record(i, 0, 2);
    record.next_action_ms = 1;
    record.detail = entry.keep(std::string(2000, 'd'));
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  std::uint32_t leased = 0;
  for (int round = 0; round != 20 && leased != 60; ++round) leased += ledger.lease("d1", 100).raw.rows.n;
  EXPECT_EQ(leased, 60u);
}

// A block of the journal may end anywhere in a frame's header, and the walk goes on behind it.
TEST(Read, every_event_of_a_long_journal_is_read_wherever_a_block_of_it_ends) {
  Ledger ledger(1024 * 1024);
  ledger.open_account("mj-1");
  constexpr std::uint64_t events = 6'000;
  for (std::uint64_t i = 1; i <= events; ++i) {
    Entry entry;
    entry.step(i).record(1000 + i).detail = entry.keep(std::string(500 + i * 7 % 300, 'x'));
    ASSERT_EQ(ledger.write(entry).code, PSW_OK);
  }
  for (const std::uint32_t limit : {500u, 499u, 470u, 431u}) {
    std::uint64_t seen = 0;
    std::string after;
    for (;;) {
      psw_read read = ledger.question(PSW_ROWS_EVENTS);
      read.limit = limit;
      read.after = str(after);
      const Answer answer = ledger.read(read);
      ASSERT_EQ(answer.code, PSW_OK) << answer.reason << " behind " << seen << " events";
      if (answer.raw.rows.n == 0) break;
      seen += answer.raw.rows.n;
      after = answer.position;
    }
    EXPECT_EQ(seen, events);
  }
}

}  // namespace
}  // namespace payswitch::local_ledger::test
