#include "ledger_fixture.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

namespace payswitch::local_ledger::test {

psw_id id_of(std::uint64_t number) {
  psw_id id{};
  for (int i = 0; i != 8; ++i) id.b[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  id.b[0] = 1;
  return id;
}

namespace {
psw_money money(std::int64_t minor, const char* currency, std::int32_t exponent) {
  psw_money out{};
  out.minor = minor;
  std::memcpy(out.currency, currency, 3);
  out.exponent = exponent;
  return out;
}
}  // namespace
psw_money krw(std::int64_t minor) { return money(minor, "KRW", 0); }
psw_money usd(std::int64_t minor) { return money(minor, "USD", 2); }

std::int64_t small(const psw_i128& value) {
  EXPECT_TRUE(value.hi == 0 || value.hi == -1);
  return static_cast<std::int64_t>(value.lo);
}

psw_str Entry::keep(std::string_view text) { return str(texts_.emplace_back(text)); }

Entry& Entry::step(std::uint64_t number) {
  entry_.step_id = id_of(number);
  return *this;
}
Entry& Entry::unique(std::string_view space, std::string_view key, std::uint8_t hash, std::string_view names) {
  psw_unique unique{};
  unique.space = keep(space);
  unique.key = keep(key);
  unique.names = keep(names);
  std::memset(unique.hash, hash, sizeof unique.hash);
  uniques_.push_back(unique);
  return *this;
}
psw_guard& Entry::guard(std::int32_t kind, std::int32_t fail_code, std::string_view reason) {
  psw_guard& guard = guards_.emplace_back();
  guard.kind = kind;
  guard.fail_code = fail_code;
  guard.fail_reason = keep(reason);
  return guard;
}
Entry& Entry::account(std::string_view number, std::string_view owner, const psw_money& money, std::int32_t kind) {
  psw_account account{};
  account.number = keep(number);
  account.owner = keep(owner);
  account.kind = kind;
  std::memcpy(account.currency, money.currency, sizeof account.currency);
  account.exponent = money.exponent;
  accounts_.push_back(account);
  return *this;
}
psw_account& Entry::change(const psw_account& row) {
  psw_account& account = accounts_.emplace_back(row);
  account.number = keep(view(row.number));
  account.owner = keep(view(row.owner));
  account.metadata = keep(view(row.metadata));
  return account;
}
psw_posting& Entry::posting(std::int32_t kind, std::string_view debit, std::string_view credit, const psw_money& amount, std::uint64_t id) {
  psw_posting& posting = postings.emplace_back();
  posting.kind = kind;
  posting.debit = keep(debit);
  posting.credit = keep(credit);
  posting.money = amount;
  if (id != 0) posting.id = id_of(id);
  return posting;
}
Entry& Entry::post_hold(std::uint64_t hold, std::int64_t minor) {
  posting(PSW_P_POST_HOLD, {}, {}, krw(minor)).hold = id_of(hold);
  return *this;
}
Entry& Entry::void_hold(std::uint64_t hold) {
  posting(PSW_P_VOID_HOLD, {}, {}, krw(0)).hold = id_of(hold);
  return *this;
}
psw_record& Entry::new_record(std::vector<psw_record>& list, std::uint64_t id, std::uint64_t version, std::int32_t state) {
  psw_record& record = list.emplace_back();
  record.id = id_of(id);
  record.version = version;
  record.kind = 3;
  record.state = state;
  record.money = krw(1);
  record.principal = keep("alice");
  record.note = keep("a note");
  return record;
}
psw_record& Entry::record(std::uint64_t id, std::uint64_t version, std::int32_t state) { return new_record(records_, id, version, state); }
psw_record& Entry::if_refused(std::uint64_t id, std::uint64_t version, std::int32_t state) { return new_record(refused_, id, version, state); }
Entry& Entry::kv(std::string_view key, std::string_view value, std::uint64_t version, std::int64_t expires_ms) {
  kvs_.push_back(psw_kv{keep(key), keep(value), version, expires_ms});
  return *this;
}
const psw_entry& Entry::get() {
  entry_.size = sizeof entry_;
  guard_list_.assign(guards_.begin(), guards_.end());
  entry_.uniques = list_of(uniques_.data(), uniques_.size());
  entry_.guards = list_of(guard_list_.data(), guard_list_.size());
  entry_.accounts = list_of(accounts_.data(), accounts_.size());
  entry_.postings = list_of(postings.data(), postings.size());
  entry_.records = list_of(records_.data(), records_.size());
  entry_.kvs = list_of(kvs_.data(), kvs_.size());
  entry_.if_refused = list_of(refused_.data(), refused_.size());
  return entry_;
}

namespace {
Answer copy_of(const psw_reply& reply) {
  Answer out;
  out.code = reply.code;
  out.failed = reply.failed;
  out.reason = view(reply.reason);
  out.position = view(reply.position);
  out.sequence = reply.at.position;
  out.clock_ms = reply.clock_ms;
  out.raw = reply;
  return out;
}
}  // namespace

Ledger::Ledger(std::uint64_t segment_bytes, Random random) {
  options.own_thread = false;
  options.segment_bytes = segment_bytes;
  options.random = random;
  EXPECT_EQ(open(), "");
}
Ledger::~Ledger() { crash(); }

std::string Ledger::open() {
  storage = disk.storage();
  report = {};
  Status status = Engine::open(*storage, clock, options, engine, report);
  if (!status.ok()) {
    crash();
    return status.error;
  }
  reads = std::make_unique<Reads>(*engine);
  engine->begin();
  return {};
}
void Ledger::close() {
  if (engine != nullptr) {
    EXPECT_EQ(engine->close().error, "");
  }
  crash();
}
void Ledger::crash() {
  reads.reset();
  engine.reset();
  storage.reset();
}

Answer Ledger::collect(const psw_entry& entry) {
  psw_reply reply{};
  if (engine->write(entry, reply) == Engine::Taken::commit_first) {
    commit();
    if (engine->write(entry, reply) == Engine::Taken::commit_first) ADD_FAILURE() << "an empty frame has no room";
  }
  return copy_of(reply);
}
bool Ledger::commit() { return engine->commit().ok(); }
Answer Ledger::write(const psw_entry& entry) {
  engine->begin();
  Answer answer = collect(entry);
  if (!commit()) {
    engine->lost(answer.raw);
    return copy_of(answer.raw);
  }
  return answer;
}
Answer Ledger::write(Entry& entry) { return write(entry.get()); }

Answer Ledger::lease(std::string_view owner, std::uint32_t limit, std::uint64_t lease_ms) {
  psw_read read = question(PSW_ROWS_RECORDS);
  read.owner = str(kept_.emplace_back(owner));
  read.limit = limit;
  read.lease_ms = lease_ms;
  engine->begin();
  psw_reply reply{};
  if (engine->lease_due(read, reply) == Engine::Taken::commit_first) ADD_FAILURE() << "nothing was collected";
  EXPECT_TRUE(commit());
  return copy_of(reply);
}

psw_read Ledger::question(std::int32_t what, std::string_view key) {
  psw_read read{};
  read.size = sizeof read;
  read.what = what;
  if (!key.empty()) read.key = str(kept_.emplace_back(key));
  return read;
}
Answer Ledger::read(const psw_read& read) {
  psw_reply reply{};
  EXPECT_TRUE(reads->answer(read, reply, buffer));
  return copy_of(reply);
}

void Ledger::open_account(std::string_view number, std::string_view owner, std::int64_t balance) {
  Entry entry;
  entry.step(next_step_++);
  if (account("cash:KRW").version == 0) entry.account("cash:KRW", "system", krw(0), PSW_ACCOUNT_SYSTEM);
  entry.account(number, owner);
  if (balance != 0) entry.post("cash:KRW", number, balance);
  ASSERT_EQ(write(entry).code, PSW_OK);
}
psw_account Ledger::account(std::string_view number) {
  const Answer answer = read(question(PSW_ROWS_ACCOUNTS, number));
  return answer.code == PSW_OK ? answer.rows<psw_account>()[0] : psw_account{};
}
std::int64_t Ledger::balance(std::string_view number) {
  const psw_account a = account(number);
  return small(a.credits_posted) - small(a.debits_posted);
}
std::int64_t Ledger::available(std::string_view number) {
  const psw_account a = account(number);
  return small(a.credits_posted) - small(a.debits_posted) - small(a.debits_pending) + a.overdraft_limit;
}

std::string Ledger::dump() {
  std::ostringstream out;
  const auto pages = [&](psw_read read, auto&& each) {
    for (;;) {
      const Answer answer = this->read(read);
      EXPECT_EQ(answer.code, PSW_OK);
      if (answer.raw.rows.n == 0) return;
      each(answer);
      read.after = str(kept_.emplace_back(answer.position));
    }
  };
  std::vector<std::string> numbers;
  std::vector<psw_id> records;
  const auto wide = [](const psw_i128& v) { return std::to_string(v.hi) + ":" + std::to_string(v.lo); };
  pages(question(PSW_ROWS_ACCOUNTS), [&](const Answer& answer) {
    for (const psw_account& a : answer.rows<psw_account>()) {
      numbers.emplace_back(view(a.number));
      out << "account " << view(a.number) << ' ' << view(a.owner) << ' ' << view(a.metadata) << ' ' << a.kind << a.status << a.currency << a.exponent << ' ' << a.overdraft_limit << ' '
          << a.max_balance << ' ' << a.version << ' ' << a.sequence << ' ' << a.created_ms << ' ' << wide(a.debits_pending) << wide(a.debits_posted) << wide(a.credits_pending)
          << wide(a.credits_posted) << '\n';
    }
  });
  pages(question(PSW_ROWS_RECORDS), [&](const Answer& answer) {
    for (const psw_record& r : answer.rows<psw_record>()) {
      records.push_back(r.id);
      out << "record " << to_hex(r.id) << ' ' << r.version << ' ' << r.state << ' ' << r.money.minor << view(r.bank) << view(r.reason) << view(r.note) << view(r.detail) << ' ' << r.next_action_ms << ' '
          << r.created_ms << ' ' << r.lease_epoch << view(r.lease_owner) << '\n';
    }
  });
  pages(question(PSW_ROWS_EVENTS), [&](const Answer& answer) {
    for (const psw_change& c : answer.rows<psw_change>()) out << "event " << c.sequence << ' ' << c.at_ms << ' ' << to_hex(c.record) << ' ' << c.version << ' ' << to_hex(c.step_id) << view(c.note) << '\n';
  });
  pages(question(PSW_ROWS_KV), [&](const Answer& answer) {
    for (const psw_kv& kv : answer.rows<psw_kv>()) out << "kv " << view(kv.key) << '=' << view(kv.value) << ' ' << kv.version << ' ' << kv.expires_ms << '\n';
  });
  for (const std::string& number : numbers) {
    pages(question(PSW_ROWS_POSTINGS, number), [&](const Answer& answer) {
      for (const psw_posting_row& p : answer.rows<psw_posting_row>()) {
        out << "posting " << view(p.account) << ' ' << p.account_sequence << ' ' << p.sequence << ' ' << view(p.counterparty) << ' ' << p.kind << p.side << ' ' << p.money.minor << p.money.currency << ' '
            << wide(p.balance_after) << ' ' << wide(p.available_after) << '\n';
      }
    });
  }
  const Answer totals = read(question(PSW_ROWS_TOTALS));
  for (const psw_account& a : totals.rows<psw_account>()) out << "total " << a.currency << wide(a.debits_pending) << wide(a.debits_posted) << wide(a.credits_pending) << wide(a.credits_posted) << '\n';
  for (const psw_id& record : records) {
    psw_read read = question(PSW_ROWS_EVENTS);
    read.id = record;
    const Answer history = this->read(read);
    out << "history " << to_hex(record);
    for (const psw_change& c : history.rows<psw_change>()) out << ' ' << c.version << ':' << c.state;
    out << '\n';
  }
  return out.str();
}

}  // namespace payswitch::local_ledger::test
