#include "support/storm/ledger_books.h"

#include <payswitch/abi.h>
#include <payswitch/ids.h>
#include <payswitch/money.h>
#include <payswitch/record.h>
#include <payswitch/str.h>
#include <payswitch/transfer_state.h>

#include <chrono>
#include <stdexcept>
#include <unordered_map>

#include "local_ledger/engine.h"
#include "local_ledger/reads.h"
#include "local_ledger/storage.h"
#include "local_ledger/verify.h"

namespace payswitch::test {
namespace {

using namespace local_ledger;

class SystemTime final : public WallClock {
 public:
  std::int64_t wall_ms() const override { return ms(std::chrono::system_clock::now()); }
  std::int64_t monotonic_ms() const override { return ms(std::chrono::steady_clock::now()); }

 private:
  template <class Point>
  static std::int64_t ms(Point point) { return std::chrono::duration_cast<std::chrono::milliseconds>(point.time_since_epoch()).count(); }
};

void expect(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error);
}

class Reader {
 public:
  explicit Reader(const std::string& directory) {
    expect(open_directory(directory, false, storage_));
    EngineOptions options;
    options.create = options.own_thread = false;
    JournalReport report;
    expect(Engine::open(*storage_, clock_, options, engine_, report));
    engine_->begin();
  }

  template <class Row, class Each>
  void all(std::int32_t what, const std::string& key, Each each) {
    Reads reads(*engine_);
    std::string after;
    for (;;) {
      psw_read read{};
      read.size = sizeof read;
      read.what = what;
      read.key = str(key);
      read.after = str(after);
      psw_reply reply{};
      if (!reads.answer(read, reply, buffer_) || reply.code != PSW_OK) throw std::runtime_error("the ledger answers a read of rows " + std::to_string(what) + " of \"" + key + "\" behind \"" + after + "\" with " + std::string(view(reply.reason)));
      if (reply.rows.n == 0) return;
      for (const auto& row : Rows<Row>(reply.rows)) each(row);
      after = view(reply.position);
    }
  }

 private:
  SystemTime clock_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Engine> engine_;
  ReadBuffer buffer_;
};

std::int64_t narrow(const psw_i128& value) { return static_cast<std::int64_t>(value.lo); }  // no test moves more than 2^63

OperationKind kind_of(const psw_record& row, const TransferDetail& detail) {
  switch (static_cast<TransferKind>(row.kind)) {
    case TransferKind::deposit: return OperationKind::deposit;
    case TransferKind::withdraw: return OperationKind::withdraw;
    case TransferKind::incoming: return OperationKind::incoming;
    case TransferKind::repair: return OperationKind::repair;
    default: return detail.mode == 1 ? OperationKind::hold : OperationKind::transfer;
  }
}

std::string id_text(const psw_id& id) {
  std::string out(ulid_size, '0');
  write_ulid(id, out.data());
  return out;
}

}  // namespace

Books read_books(const std::string& directory, const std::string& bank) {
  Books books;
  books.bank = bank;
  Reader reader(directory);
  struct Life {
    std::uint64_t first = 0, last = 0;  // sequences of the first write, and of the one that brought the last state
    std::int32_t state = 0;
  };
  std::unordered_map<psw_id, Life, IdHash, IdEqual> lives;
  reader.all<psw_change>(PSW_ROWS_EVENTS, {}, [&](const psw_change& change) {
    auto& life = lives[change.record];
    if (life.first == 0) life.first = change.sequence;
    if (life.state != change.state) life.last = change.sequence;
    life.state = change.state;
  });
  reader.all<psw_record>(PSW_ROWS_RECORDS, {}, [&](const psw_record& row) {
    TransferDetail detail;
    if (!decode_detail(view(row.detail), detail)) throw std::runtime_error("the detail of a transfer cannot be read");
    const auto& life = lives[row.id];
    BookTransfer transfer;
    transfer.id = id_text(row.id);
    transfer.kind = kind_of(row, detail);
    transfer.key = detail.idempotency_key;
    transfer.payer = view(row.payer);
    transfer.payee = view(row.payee);
    transfer.state = name(static_cast<TransferState>(row.state));
    transfer.reason = view(row.reason);
    transfer.asked = row.money.minor;
    transfer.amount = detail.posted_minor != 0 ? detail.posted_minor : row.money.minor;
    transfer.first_sequence = life.first;
    transfer.sequence = life.last;
    transfer.bank = view(row.bank);
    if (!is_zero(detail.op_id)) transfer.op_id = to_hex(detail.op_id);
    books.transfers.push_back(std::move(transfer));
  });
  std::vector<std::string> accounts;
  reader.all<psw_account>(PSW_ROWS_ACCOUNTS, {}, [&](const psw_account& account) {
    accounts.emplace_back(view(account.number));
    if (account.kind == PSW_ACCOUNT_CUSTOMER) books.customers.push_back(accounts.back());
  });
  for (const auto& account : accounts) {
    reader.all<psw_posting_row>(PSW_ROWS_POSTINGS, account, [&](const psw_posting_row& row) {
      BookPosting posting;
      posting.account = account;
      posting.counterparty = view(row.counterparty);
      posting.transfer_id = id_text(row.record);
      posting.sequence = row.sequence;
      posting.account_sequence = row.account_sequence;
      posting.side = row.side;
      posting.kind = row.kind;
      posting.amount = row.money.minor;
      posting.balance_after = narrow(row.balance_after);
      posting.available_after = narrow(row.available_after);
      books.postings.push_back(std::move(posting));
    });
  }
  return books;
}

std::string verify_books(const std::string& directory) {
  std::unique_ptr<Storage> storage;
  VerifyReport report;
  if (const Status opened = open_directory(directory, false, storage); !opened.ok()) return opened.error;
  if (const Status read = verify(*storage, report); !read.ok()) return read.error;
  return report.violation;
}

}  // namespace payswitch::test
