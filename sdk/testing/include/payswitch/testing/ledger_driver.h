// Verbs for tests of a ledger on a fake host: make an entry, write it, read what is there. The same tests run against any ledger.
#pragma once

#include <payswitch/ids.h>
#include <payswitch/money.h>
#include <payswitch/outcome.h>
#include <payswitch/testing/fake_host.h>

#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::testing {

inline psw_id test_id(std::string_view name) { return derive_id(0, {name}); }
inline psw_money krw(std::int64_t minor) { return {minor, {'K', 'R', 'W', 0}, 0}; }

// An entry under construction; everything it points to lives in it.
class EntryMaker {
 public:
  explicit EntryMaker(std::string_view step) : step_(test_id(step)) {}

  EntryMaker& unique(std::string_view space, std::string_view key, std::uint8_t hash = 1, std::string_view names = "") {
    psw_unique u{keep(space), keep(key), keep(names), {}};
    std::memset(u.hash, hash, sizeof u.hash);
    uniques_.push_back(u);
    return *this;
  }
  EntryMaker& guard(std::int32_t kind, std::string_view key, std::int64_t a, std::int64_t b = 0, std::int32_t fail_code = PSW_RULE, std::string_view reason = "guarded", psw_id id = {},
                    std::string_view text = "", std::int64_t until_ms = 0) {
    guards_.push_back({kind, fail_code, keep(key), keep(text), keep(reason), id, a, b, until_ms});
    return *this;
  }
  EntryMaker& account(std::string_view number, std::string_view owner = "alice", std::int32_t kind = PSW_ACCOUNT_CUSTOMER, std::uint64_t version = 0, std::int32_t status = 0,
                      std::int64_t max_balance = 0, std::int64_t overdraft = 0, std::string_view currency = "KRW") {
    psw_account a{};
    a.number = keep(number);
    a.owner = keep(owner);
    a.kind = kind;
    a.status = status;
    set_currency(a.currency, currency);
    a.overdraft_limit = overdraft;
    a.max_balance = max_balance;
    a.version = version;
    accounts_.push_back(a);
    return *this;
  }
  EntryMaker& posting(std::int32_t kind, std::string_view debit, std::string_view credit, psw_money money, std::string_view id, std::string_view hold = "", psw_id record = {}) {
    postings_.push_back({kind, 0, keep(debit), keep(credit), money, test_id(id), hold.empty() ? psw_id{} : test_id(hold), record});
    return *this;
  }
  EntryMaker& post(std::string_view debit, std::string_view credit, std::int64_t minor, std::string_view id) { return posting(PSW_P_POST, debit, credit, krw(minor), id); }
  EntryMaker& hold(std::string_view debit, std::string_view credit, std::int64_t minor, std::string_view id) { return posting(PSW_P_HOLD, debit, credit, krw(minor), id); }
  EntryMaker& post_hold(std::string_view hold_id, std::int64_t minor, std::string_view id) { return posting(PSW_P_POST_HOLD, "", "", krw(minor), id, hold_id); }
  EntryMaker& void_hold(std::string_view hold_id, std::string_view id) { return posting(PSW_P_VOID_HOLD, "", "", krw(0), id, hold_id); }
  EntryMaker& record(psw_id id, std::uint64_t version, std::int32_t state, std::int64_t next_action_ms = 0) { return put(records_, id, version, state, next_action_ms); }
  EntryMaker& if_refused(psw_id id, std::uint64_t version, std::int32_t state) { return put(if_refused_, id, version, state, 0); }
  EntryMaker& kv(std::string_view key, std::string_view value, std::uint64_t version = 0, std::int64_t expires_ms = 0) {
    kvs_.push_back({keep(key), keep(value), version, expires_ms});
    return *this;
  }

  const psw_entry& entry() {
    entry_ = psw_entry{};
    entry_.size = sizeof entry_;
    entry_.step_id = step_;
    entry_.uniques = list_of(uniques_.data(), uniques_.size());
    entry_.guards = list_of(guards_.data(), guards_.size());
    entry_.accounts = list_of(accounts_.data(), accounts_.size());
    entry_.postings = list_of(postings_.data(), postings_.size());
    entry_.records = list_of(records_.data(), records_.size());
    entry_.kvs = list_of(kvs_.data(), kvs_.size());
    entry_.if_refused = list_of(if_refused_.data(), if_refused_.size());
    return entry_;
  }

 private:
  psw_str keep(std::string_view s) { return str(strings_.emplace_back(s)); }
  EntryMaker& put(std::vector<psw_record>& list, psw_id id, std::uint64_t version, std::int32_t state, std::int64_t next_action_ms) {
    psw_record r{};
    r.id = id;
    r.version = version;
    r.kind = 1;
    r.state = state;
    r.principal = keep("alice");
    r.next_action_ms = next_action_ms;
    r.detail = keep("detail");
    r.note = keep("note " + std::to_string(version));
    list.push_back(r);
    return *this;
  }

  psw_id step_;
  std::deque<std::string> strings_;
  std::vector<psw_unique> uniques_;
  std::vector<psw_guard> guards_;
  std::vector<psw_account> accounts_;
  std::vector<psw_posting> postings_;
  std::vector<psw_record> records_, if_refused_;
  std::vector<psw_kv> kvs_;
  psw_entry entry_{};
};

struct Wrote {
  Code code = Code::internal;
  std::string reason, position;
  std::int32_t failed = 0;
  std::uint64_t sequence = 0;
  std::int64_t clock_ms = 0;
  std::vector<std::string> rows;  // accounts or uniques, by name
};
struct AccountSeen {
  std::string number, owner;
  std::int32_t status = 0;
  std::uint64_t version = 0, sequence = 0;
  Int128 debits_pending = 0, debits_posted = 0, credits_pending = 0, credits_posted = 0;
  std::int64_t balance() const { return static_cast<std::int64_t>(credits_posted - debits_posted); }
  std::int64_t available() const { return static_cast<std::int64_t>(credits_posted - debits_posted - debits_pending); }
};
struct RecordSeen {
  psw_id id{};
  std::uint64_t version = 0, lease_epoch = 0;
  std::int32_t state = 0;
  std::string reason, lease_owner, note;
  std::int64_t lease_ms = 0;
};

class LedgerDriver {
 public:
  explicit LedgerDriver(FakeHost& host) : host_(host) {}

  Wrote write(EntryMaker& entry) {
    Wrote out;
    ask(PSW_OP_WRITE, &entry.entry(), [&out](const psw_reply& r) {
      out.code = code_of(r.code);
      out.reason = view(r.reason);
      out.position = view(r.position);
      out.failed = r.failed;
      out.sequence = r.at.position;
      out.clock_ms = r.clock_ms;
      if (r.code == PSW_EXISTS || r.code == PSW_CONFLICT) {
        for (const psw_unique& u : rows<psw_unique>(r.rows)) out.rows.emplace_back(view(u.names));
      } else {
        for (const psw_account& a : rows<psw_account>(r.rows)) out.rows.emplace_back(view(a.number));
      }
    });
    return out;
  }
  Wrote write(EntryMaker&& entry) { return write(entry); }

  psw_read read_of(std::int32_t what) const {
    psw_read q{};
    q.size = sizeof q;
    q.what = what;
    q.consistency = PSW_READ_STRONG;
    return q;
  }
  template <class Row, class F>
  Code read(const psw_read& q, F&& each) {
    Code code = Code::internal;
    ask(q.lease_ms != 0 ? PSW_OP_LEASE_DUE : PSW_OP_READ, &q, [&](const psw_reply& r) {
      code = code_of(r.code);
      position = view(r.position);
      for (const Row& row : rows<Row>(r.rows)) each(row);
    });
    return code;
  }
  AccountSeen account(std::string_view number) {
    psw_read q = read_of(PSW_ROWS_ACCOUNTS);
    q.key = str(number);
    AccountSeen out;
    read<psw_account>(q, [&out](const psw_account& a) {
      out = {std::string(view(a.number)), std::string(view(a.owner)), a.status, a.version, a.sequence, from_abi(a.debits_pending), from_abi(a.debits_posted), from_abi(a.credits_pending), from_abi(a.credits_posted)};
    });
    return out;
  }
  RecordSeen record(const psw_id& id) {
    psw_read q = read_of(PSW_ROWS_RECORDS);
    q.id = id;
    RecordSeen out;
    read<psw_record>(q, [&out](const psw_record& r) { out = seen(r); });
    return out;
  }
  std::vector<RecordSeen> lease_due(std::string_view owner, std::uint64_t lease_ms, std::uint32_t limit = 10) {
    psw_read q = read_of(PSW_ROWS_RECORDS);
    q.owner = str(owner);
    q.lease_ms = lease_ms;
    q.limit = limit;
    std::vector<RecordSeen> out;
    read<psw_record>(q, [&out](const psw_record& r) { out.push_back(seen(r)); });
    return out;
  }

  std::string position;  // of the last read

 private:
  static RecordSeen seen(const psw_record& r) {
    return {r.id, r.version, r.lease_epoch, r.state, std::string(view(r.reason)), std::string(view(r.lease_owner)), std::string(view(r.note)), r.lease_ms};
  }
  template <class F>
  void ask(std::int32_t kind, const void* body, F&& take) {
    psw_op op{};
    op.kind = kind;
    op.body = body;
    if (kind == PSW_OP_READ && host_.try_read(op, take)) return;
    host_.submit(op, take);
    host_.run();
  }
  FakeHost& host_;
};

}  // namespace payswitch::testing
