// What a run of concurrent clients left behind, and what the ledger says about it: the two inputs of the money checker.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace payswitch::test {

enum class Outcome {
  ok,        // as asked
  fail,      // refused, for good
  accepted,  // recorded and not final: processing, held by a queue, in doubt
  info,      // the client does not know (timeout, reset, kill); it retries with the same key
};
enum class OperationKind { deposit, withdraw, transfer, hold, post, void_hold, cancel, read, incoming, repair };

struct AccountAfter {
  std::string account;
  std::int64_t balance = 0;
  std::int64_t available = 0;
};

// One call of one client, from invoke to completion. Times are monotonic nanoseconds of the client's machine.
struct Operation {
  int process = 0;  // calls of one process never overlap; it is also the session of C6
  OperationKind kind = OperationKind::transfer;
  std::string key;        // idempotency key; empty for a read
  std::string payer;      // a system account for a deposit
  std::string payee;      // a system account for a withdrawal
  std::int64_t amount = 0;
  std::uint64_t t0 = 0, t1 = 0;
  Outcome outcome = Outcome::info;
  std::string code;        // of a refusal
  std::string transfer_id; // as answered
  std::uint64_t sequence = 0;      // the ledger's, from the answer; 0 = not told
  std::uint64_t asked_sequence = 0;  // of a read: the token it demanded
  std::vector<AccountAfter> after;
  std::string body;        // of a final answer as received, for "repeats return equal bodies"
  std::string target = {};     // post, void_hold, cancel: the transfer acted upon
  std::string state = {};      // the transfer's, as answered; empty: not told
  std::int64_t wait_ms = 0;    // how long the client asked to be kept waiting at most; 0: C8 does not judge it
};

// The books at rest.
struct BookTransfer {
  std::string id, key, payer, payee, state, reason;
  OperationKind kind = OperationKind::transfer;
  std::int64_t amount = 0;     // what it moved, or would have
  std::uint64_t sequence = 0;  // of the write that made it what it is
  std::uint64_t first_sequence = 0;  // of the write that made it; 0: the same one
  std::int64_t asked = 0;      // what the first write reserved, where a part of it was posted; 0: the amount
  std::string bank = {};       // the other bank, and the operation's name there; empty: both legs are here
  std::string op_id = {};
};
struct BookPosting {
  std::string account, counterparty, transfer_id;
  std::uint64_t sequence = 0, account_sequence = 0;
  int side = 0;            // 1 debit, 2 credit
  int kind = 0;            // PSW_P_*: only posted money moves a balance
  std::int64_t amount = 0;
  std::int64_t balance_after = 0, available_after = 0;
};
struct Books {
  std::vector<std::string> customers;  // every customer account; all others are system accounts
  std::vector<BookTransfer> transfers;
  std::vector<BookPosting> postings;
  std::string bank = {};  // whose they are; needed between banks only
};

struct History {
  std::uint64_t seed = 0;
  bool faults = false;  // were processes killed, disks broken, networks cut?
  std::vector<Operation> operations;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stopped = {};  // when the daemon could answer nobody (SIGSTOP): C8 judges no call that touches it
};

}  // namespace payswitch::test
