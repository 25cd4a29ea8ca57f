// What the flows of one coordinator share. Internal to this room: coordinator.h is the door.
#pragma once

#include <payswitch/ids.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/client.h"
#include "transfer/coordinator.h"
#include "transfer/fingerprint.h"
#include "transfer/owned_record.h"
#include "transfer/pool.h"
#include "transfer/timers.h"

namespace payswitch::daemon::transfer {

class PayFlow;
class HoldFlow;
class ReverseFlow;
class DecideFlow;
class RepairsFlow;
class ShowFlow;
class ListFlow;
class AccountFlow;
class Saga;
class Recovery;
class Budget;
class PeerDesk;
class PeerHistory;

// Somebody who waits for the next change of a transfer.
class Waiter {
 public:
  virtual void woken() = 0;

 protected:
  ~Waiter() = default;
};

// What a caller is told when the ledger did not answer its read.
inline ErrorCode code_of(const ledger::ReadReply& reply) noexcept {
  if (reply.reason() == "position_unknown") return ErrorCode::position_invalid;
  if (reply.reason() == "position_lost") return ErrorCode::position_lost;
  return reply.code() == PSW_INVALID ? ErrorCode::cursor_invalid : ErrorCode::overloaded;
}

struct Core {
  Core(const Parts& parts, std::shared_ptr<const Settings> settings);
  ~Core();

  std::uint64_t now_ns() const noexcept { return parts.clock->monotonic_ns(); }
  std::uint64_t random() noexcept { return parts.random.function(parts.random.context); }
  psw_id new_id() noexcept { return ulids.next(client.clock_ms()); }
  plugin_host::Participant* gateway(std::string_view name) const noexcept;
  // Any instance configured for the bank: the named one if it is up, else the first that is, else the first.
  plugin_host::Participant* gateway_of(std::string_view bank, std::string_view preferred) const noexcept;
  void notice(Notice what, const psw_id& transfer, std::string_view bank, std::string_view text) noexcept;
  // After a commit: waiters of this loop and the feed hear of it.
  void committed(const psw_id& transfer, std::uint64_t version, TransferState state, std::uint64_t sequence) noexcept;
  void wake(const psw_id& transfer);
  // False: too many commands run already; the caller is told overloaded.
  bool admit() const noexcept { return !draining && counters.running < parts.running_max; }

  Parts parts;
  std::shared_ptr<const Settings> settings;
  ledger::Client client;
  Hasher hasher;
  UlidGenerator ulids;
  Timers timers;
  Counters counters;
  std::string owner;  // of leases: this process and loop
  bool draining = false;
  std::unordered_multimap<psw_id, Waiter*, IdHash, IdEqual> waiters;
  std::vector<Waiter*> waking;

  std::unique_ptr<Pool<PayFlow, Core>> pays;
  std::unique_ptr<Pool<HoldFlow, Core>> holds;
  std::unique_ptr<Pool<ReverseFlow, Core>> reversals;
  std::unique_ptr<Pool<DecideFlow, Core>> decisions;
  std::unique_ptr<Pool<RepairsFlow, Core>> repair_lists;
  std::unique_ptr<Pool<ShowFlow, Core>> shows;
  std::unique_ptr<Pool<ListFlow, Core>> lists;
  std::unique_ptr<Pool<AccountFlow, Core>> account_flows;
  std::unique_ptr<Pool<Saga, Core>> sagas;
  std::unique_ptr<Recovery> recovery;
  std::unique_ptr<Budget> budget;
  std::unique_ptr<PeerHistory> own_peers;  // unless the process brought one
  std::unique_ptr<PeerDesk> peers;
};

class Coordinator::Impl : public Core {
 public:
  using Core::Core;
};

}  // namespace payswitch::daemon::transfer
