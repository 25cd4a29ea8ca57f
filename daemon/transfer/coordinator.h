// The one place with control flow: what happens to a transfer, in which order, and what is durable before what.
//
// One coordinator per loop, without locks; no HTTP, no JSON, no sockets. It talks to participants (the ledger, gateways), reads a clock
// and a random source it was given, and is told the time by tick(). Two of them over one ledger are two daemons, or two loops of one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/clock.h"
#include "plugin_host/participant.h"
#include "transfer/commands.h"
#include "transfer/settings.h"

namespace payswitch::daemon::transfer {

// A durable change of a transfer, told after the commit.
struct Change {
  psw_id transfer{};
  std::uint64_t version = 0;
  std::uint64_t sequence = 0;  // position in the ledger
  TransferState state = TransferState::none;
};

// Who hears of changes (events/feed.h). Called on the coordinator's loop; must not block.
class ChangeSink {
 public:
  virtual void changed(unsigned loop, const Change& change) noexcept = 0;

 protected:
  ~ChangeSink() = default;
};

// What the coordinator has to say to operators; app/ turns it into log lines and metrics. Called on the loop.
enum class Notice : std::uint8_t {
  stale_reply,         // a reply that is not about the current attempt or counterparty
  wrong_echo,          // a decision record that contradicts the question
  repair_opened,
  attention,
  ledger_retry,        // a commit's answer was lost; the step is repeated
  taken_over,          // a lease of another owner was taken over
  op_id_reused,
  record_damaged,
  wrong_ledger,          // a message of another ledger than the pinned one, or one that meant another than ours: ignored
  peer_history_changed,  // a bank has lost history: closed
  peer_closed,           // by an operator
  peer_opened,           // by an operator
};
class NoticeSink {
 public:
  virtual void notice(Notice what, const psw_id& transfer, std::string_view bank, std::string_view text) noexcept = 0;

 protected:
  ~NoticeSink() = default;
};

class PeerHistory;

struct PeerCommand;
struct PeerAnswer;

struct Random {
  std::uint64_t (*function)(void* context) = nullptr;  // 64 uniformly random bits
  void* context = nullptr;
};

struct Counters {
  std::uint64_t accepted = 0, completed = 0, refused = 0, replayed = 0, failed = 0, shed = 0;
  std::uint64_t credits_sent = 0, queries_sent = 0, cancels_sent = 0, repairs_opened = 0, recovered = 0;
  std::uint64_t ledger_retries = 0, version_conflicts = 0, stale_replies = 0;
  std::uint64_t running = 0, waiting = 0;
};

// Everything outlives the coordinator.
struct Parts {
  plugin_host::Participant* ledger = nullptr;
  std::span<plugin_host::Participant* const> gateways;
  const Clock* clock = nullptr;
  Random random;
  ChangeSink* changes = nullptr;   // or null
  NoticeSink* notices = nullptr;   // or null
  unsigned loop = 0;
  std::uint64_t process = 0;       // random, of this start of the daemon: tells a restart from a first send
  std::uint32_t running_max = 4096;  // commands at once; above it: overloaded
  psw_history our_ledger{};          // as the start has found it; zero: learnt from its first answer
  PeerHistory* peers = nullptr;      // shared by the loops of a process; null: this coordinator's own
};

class Coordinator {
 public:
  Coordinator(const Parts& parts, std::shared_ptr<const Settings> settings);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // Money. A command is judged in the documented order (docs: refusal order), its first durable write decides.
  void pay(const MoneyCommand& command, Reply<TransferAnswer> reply);
  void resolve_hold(const HoldCommand& command, Reply<TransferAnswer> reply);
  void reverse(const ReverseCommand& command, Reply<TransferAnswer> reply);

  // A person's decision; only control/ gives it, and has checked who may.
  void decide(const DecideCommand& command, Reply<DecideAnswer> reply);

  void transfer(const TransferQuery& query, Reply<TransferAnswer> reply);
  void transfers(const TransfersQuery& query, Reply<TransfersAnswer> reply);
  void repairs(const RepairsQuery& query, Reply<RepairsAnswer> reply);

  void open_account(const OpenAccountCommand& command, Reply<AccountAnswer> reply);
  void change_account(const AccountCommand& command, Reply<AccountAnswer> reply);
  void account(const AccountQuery& query, Reply<AccountAnswer> reply);
  void accounts(const AccountsQuery& query, Reply<AccountsAnswer> reply);
  void postings(const PostingsQuery& query, Reply<PostingsAnswer> reply);

  // What an operator wants of another bank.
  void peer(const PeerCommand& command, Reply<PeerAnswer> reply);

  // Timers: due work, retries, waiters whose time is over. The app calls it every 20 ms or so, tests when they like.
  void tick();
  // A changed configuration, for what starts from now on.
  void adopt(std::shared_ptr<const Settings> settings);
  // Something a waiter may wait for, told by the feed. On this loop.
  void changed(const Change& change);
  // The first sign of life of a bank (its breaker closed, a message came): its open transfers are asked about soon.
  void bank_alive(std::string_view bank);
  // No new commands (shutting_down); what runs is finished. True when nothing runs any more.
  void drain();
  bool idle() const noexcept;

  const Counters& counters() const noexcept;

 private:
  class Impl;
  friend class Inbound;
  std::unique_ptr<Impl> impl_;
};

}  // namespace payswitch::daemon::transfer
