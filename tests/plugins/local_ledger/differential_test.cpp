// Two ledgers that share no line: random entries go to this one and to the one on maps (tests/fixtures/memory_ledger), and the replies must
// be the same: code, reason, the guard or posting that refused, and every account touched.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <sstream>

#include "fixtures/memory_ledger/books.h"
#include "ledger_fixture.h"

namespace payswitch::local_ledger::test {
namespace {

std::string wide(const psw_i128& v) { return std::to_string(v.hi) + ":" + std::to_string(v.lo); }

// Rows of a reply as text, in an order of their own: the contract promises none.
std::string rows_of(std::int32_t code, const psw_list& list, bool again) {
  std::vector<std::string> out;
  if (code == PSW_EXISTS || code == PSW_CONFLICT) {
    for (const psw_unique& u : payswitch::rows<psw_unique>(list))
      out.push_back(std::string(view(u.space)) + ' ' + std::string(view(u.key)) + ' ' + std::string(view(u.names)));
  } else {
    for (const psw_account& a : payswitch::rows<psw_account>(list)) {
      std::ostringstream row;
      row << view(a.number) << ' ' << a.sequence;
      if (!again) row << ' ' << view(a.owner) << ' ' << a.kind << ' ' << a.status << ' ' << a.version << ' ' << a.overdraft_limit << ' ' << a.max_balance;
      row << ' ' << wide(a.debits_pending) << ' ' << wide(a.debits_posted) << ' ' << wide(a.credits_pending) << ' ' << wide(a.credits_posted);
      out.push_back(row.str());
    }
  }
  std::sort(out.begin(), out.end());
  std::string all;
  for (const std::string& row : out) all += row + '\n';
  return all;
}
// The reason is part of the contract where a guard or a posting refused; elsewhere it is each ledger's own word.
std::string text_of(std::int32_t code, std::string_view reason, std::int32_t failed, const psw_list& rows, bool again) {
  return std::to_string(code) + ' ' + (failed < 0 ? std::string() : std::string(reason)) + ' ' + std::to_string(failed) + '\n' + rows_of(code, rows, again);
}

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::string account() { return one_in(30) ? "nowhere" : one_in(6) ? "cash:KRW" : std::string(1, static_cast<char>('a' + below(5))); }

 private:
  std::mt19937_64 random_;
};

void fill(Entry& entry, Chance& chance, Ledger& ledger, std::uint64_t number, std::uint64_t step) {
  entry.step(step);
  const bool asked = chance.one_in(2);
  if (asked)
    entry.unique("key/x", std::to_string(chance.below(3) == 0 ? chance.below(number + 1) : number), static_cast<std::uint8_t>(1 + (chance.one_in(10) ? 1 : 0)),
                 "n" + std::to_string(number));
  if (chance.one_in(8)) {
    psw_account row = ledger.account(std::string(1, static_cast<char>('a' + chance.below(5))));
    row.status = static_cast<std::int32_t>(chance.below(6) == 0 ? chance.below(4) : 0);
    row.max_balance = chance.one_in(2) ? 0 : 2000;
    row.overdraft_limit = chance.one_in(2) ? 0 : 100;
    if (chance.one_in(10)) row.version += 1;
    entry.change(row);
  }
  if (!asked || chance.one_in(3)) {  // a step that moves money leaves a trace: a unique or a record
    const std::uint64_t record = chance.below(20);
    std::uint64_t version = 0;
    psw_read read = ledger.question(PSW_ROWS_RECORDS);
    read.id = id_of(9000 + record);
    if (const Answer now = ledger.read(read); now.code == PSW_OK) version = now.rows<psw_record>()[0].version;
    if (chance.one_in(8)) ++version;
    entry.record(9000 + record, version);
    if (chance.one_in(2)) entry.if_refused(9000 + record, version);
  }
  for (std::uint64_t guards = chance.below(3); guards != 0; --guards) {
    const std::int32_t code = chance.one_in(3) ? PSW_CONFLICT : PSW_RULE;
    switch (chance.below(6)) {
      case 0: {
        psw_guard& g = entry.guard(PSW_G_OWNER, code, "not_owner");
        g.key = entry.keep(chance.account());
        g.text = entry.keep(chance.one_in(4) ? "bob" : "alice");
        break;
      }
      case 1: {
        psw_guard& g = entry.guard(PSW_G_COUNTER, code, "too_much");
        g.key = entry.keep("window" + std::to_string(chance.below(3)));
        g.a = static_cast<std::int64_t>(chance.below(20)) - 4;
        g.b = 60;
        break;
      }
      case 2: {
        psw_guard& g = entry.guard(PSW_G_AVAILABLE, code, "not_that_much");
        g.key = entry.keep("a");
        g.a = chance.one_in(2) ? ledger.available("a") : 1;
        break;
      }
      case 3: {
        psw_guard& g = entry.guard(PSW_G_CLOCK, code, "too_late");
        g.a = ledger.clock.ms + static_cast<std::int64_t>(chance.below(10)) - 2;
        break;
      }
      case 4: {
        psw_guard& g = entry.guard(PSW_G_NET, code, "exposure");
        g.key = entry.keep(chance.account());
        g.a = chance.one_in(2) ? 1 : -1;
        g.b = static_cast<std::int64_t>(chance.below(4000)) - 1000;
        break;
      }
      default: {
        psw_guard& g = entry.guard(PSW_G_MAY, code, "may_not");
        g.key = entry.keep(chance.account());
        g.a = chance.one_in(2) ? 1 : 2;
      }
    }
  }
  for (std::uint64_t postings = chance.below(4), i = 0; i != postings; ++i) {
    const auto minor = static_cast<std::int64_t>(1 + chance.below(400));
    switch (chance.below(6)) {
      case 0: entry.post_hold(1 + chance.below(number + 1) * 10 + chance.below(3), minor); break;
      case 1: entry.void_hold(1 + chance.below(number + 1) * 10 + chance.below(3)); break;
      case 2: entry.posting(PSW_P_HOLD, chance.account(), chance.account(), krw(minor), number * 10 + i + 1); break;
      default: entry.posting(PSW_P_POST, chance.account(), chance.account(), chance.one_in(40) ? usd(minor) : krw(minor), number * 10 + i + 1);
    }
  }
}

// Two pages of postings and events from either end, as text.
template <class Ask>
std::string both_ends(Chance& chance, Ledger& ledger, Ask ask) {
  std::ostringstream out;
  const std::string account = chance.account();
  const std::int64_t from = chance.one_in(2) ? 0 : ledger.clock.ms - static_cast<std::int64_t>(chance.below(200));
  const std::int64_t to = chance.one_in(2) ? 0 : ledger.clock.ms - static_cast<std::int64_t>(chance.below(100));
  const psw_id record = id_of(9000 + chance.below(20));
  const auto limit = static_cast<std::uint32_t>(1 + chance.below(12));
  for (const std::int32_t what : {PSW_ROWS_POSTINGS, PSW_ROWS_EVENTS}) {
    for (const bool of_record : {false, true}) {
      for (const std::int32_t order : {PSW_ORDER_USUAL, PSW_ORDER_OLDEST, PSW_ORDER_NEWEST}) {
        psw_read read{};
        read.size = sizeof read;
        read.what = what;
        read.order = order;
        read.limit = limit;
        if (of_record) read.id = record;
        else if (what == PSW_ROWS_POSTINGS) {
          read.key = str(account);
          read.from_ms = from;
          read.to_ms = to;
        }
        std::string after;
        const int pages = of_record && what == PSW_ROWS_POSTINGS ? 1 : 2;
        for (int page = 0; page != pages; ++page) {
          read.after = str(after);
          after = ask(read, [&](const psw_list& list) {
            if (what == PSW_ROWS_POSTINGS) for (const psw_posting_row& row : Rows<psw_posting_row>(list)) out << view(row.account) << row.account_sequence << '=' << row.money.minor << '@' << row.at_ms << ' ';
            else for (const psw_change& row : Rows<psw_change>(list)) out << to_hex(row.record).substr(28) << 'v' << row.version << ' ';
          });
        }
        out << '\n';
      }
    }
  }
  return out.str();
}

TEST(Differential, random_entries_are_answered_as_by_the_ledger_on_maps) {
  std::uint64_t entries = 0, applied = 0, refused = 0;
  for (std::uint64_t seed = 1; seed != 11; ++seed) {
    Ledger ledger;
    memory_ledger::Books books;
    Chance chance(seed);
    std::vector<std::unique_ptr<Entry>> sent;
    const auto both = [&](Entry& entry, bool again = false) {
      const psw_entry& e = entry.get();
      const ledger_reply other = books.write(e, ledger.clock.ms);
      const Answer mine = ledger.write(e);
      // A known step is answered here with the counters of then and the account's terms of today; one that changed accounts with today's all.
      const bool rows = !again || e.accounts.n == 0;
      ASSERT_EQ(text_of(mine.code, mine.reason, mine.failed, rows ? mine.raw.rows : psw_list{}, again),
                text_of(static_cast<std::int32_t>(other.code), other.reason, other.failed, rows ? other.rows() : psw_list{}, again));
      ++entries;
      ++(mine.code == PSW_OK ? applied : refused);
    };
    Entry first;
    first.step(1).account("cash:KRW", "system", krw(0), PSW_ACCOUNT_SYSTEM);
    for (const char* number : {"a", "b", "c", "d", "e"}) first.account(number, *number == 'e' ? "bob" : "alice").post("cash:KRW", number, 500);
    ASSERT_NO_FATAL_FAILURE(both(first));
    for (std::uint64_t number = 1; number != 200; ++number) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " entry " + std::to_string(number));
      // A step that comes again comes with what it brought the first time.
      if (sent.empty() || !chance.one_in(15)) {
        sent.push_back(std::make_unique<Entry>());
        fill(*sent.back(), chance, ledger, number, 1 + number);
        ASSERT_NO_FATAL_FAILURE(both(*sent.back()));
      } else {
        ASSERT_NO_FATAL_FAILURE(both(*sent[chance.below(sent.size())], true));
      }
      if (chance.one_in(10)) {
        Chance same(number);
        const std::string mine = both_ends(same, ledger, [&](const psw_read& read, auto take) {
          const Answer answer = ledger.read(read);
          EXPECT_TRUE(answer.code == PSW_OK || answer.code == PSW_ABSENT) << answer.reason;
          take(answer.code == PSW_OK ? answer.raw.rows : psw_list{});
          return answer.position;
        });
        same = Chance(number);
        ASSERT_EQ(mine, both_ends(same, ledger, [&](const psw_read& read, auto take) {
          const ledger_reply answer = books.read(read, ledger.clock.ms);
          take(answer.code == Code::ok ? answer.rows() : psw_list{});
          return answer.position;
        }));
      }
      ledger.clock.ms += static_cast<std::int64_t>(chance.below(3));
      if (chance.one_in(40)) { ASSERT_EQ(ledger.restart(), ""); }
    }
  }
  EXPECT_EQ(entries, 2000u);
  EXPECT_GT(applied, 300u);
  EXPECT_GT(refused, 300u);
}

}  // namespace
}  // namespace payswitch::local_ledger::test
