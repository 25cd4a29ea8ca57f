// What one loop does about the history of other banks: guards its entries, pins, closes, asks, stores, and carries out what an operator
// wants. What is known stands in peer_history.h, shared by the loops of the process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "transfer/core.h"
#include "transfer/peer_commands.h"
#include "transfer/peer_history.h"
#include "transfer/pool.h"

namespace payswitch::daemon::transfer {

// A gate that is not the one an entry was decided on. Nothing is written; look at the gate and judge again.
inline constexpr std::string_view reason_peer_gate = "peer_gate_changed";

class PeerDesk {
 public:
  PeerDesk(Core& core, PeerHistory& known);
  ~PeerDesk();
  PeerDesk(const PeerDesk&) = delete;
  PeerDesk& operator=(const PeerDesk&) = delete;

  PeerHistory& known() noexcept { return known_; }
  bool closed(std::string_view bank) const { return known_.closed(bank); }
  // Closed because it lost history, not by hand.
  bool lost_history(std::string_view bank) const { return known_.lost_history(bank); }

  // Into an entry that decides or sends something about `bank`: it is only written while the gate is as we know it. `theirs`, where the
  // bank's word is behind the entry: at first contact its ledger is pinned in the same write instead.
  void guard(ledger::EntryBuilder& entry, std::string_view bank, const psw_history* theirs = nullptr);
  // The entry that guard() spoke in was written: if it has pinned the bank, the gate is read.
  void written(std::string_view bank) {
    if (known_.gate_version(bank) == 0) look(bank);
  }
  // Reads the gate, some time soon.
  void look(std::string_view bank);

  // What the bank says of itself. Everything but `fine` and `behind` is said to operators and means that nothing may be decided by that
  // word; `lost` closes the bank.
  PeerHistory::Verdict heard(std::string_view bank, const psw_history& theirs, const PeerFloor* floor, const psw_id& transfer = {});
  // Somebody meant another ledger than ours, or a peer said so of us.
  void wrong_ledger(std::string_view bank, const psw_id& transfer, std::string_view text);
  // Asks the bank for its history, soon, not more often than once a second.
  void ask(std::string_view bank);

  // Reads the gate of `bank` anew and calls object->Method(bool read) with it; false: nothing happens.
  template <auto Method, class T>
  bool look_again(std::string_view bank, T* object) {
    return core_.client.read<Method>(ledger::ReadWhat::kv, object, [&](psw_read& read, ledger::EntryBuilder& keep) {
      read.key = keep.keep(peer_gate_prefix, bank);
      read.limit = 1;
    });
  }
  // What such a read brought. False: the ledger did not answer.
  bool take(std::string_view bank, const ledger::ReadReply& reply);

  void tick();
  void command(const PeerCommand& command, Reply<PeerAnswer> reply);

 private:
  class Close;
  class Asked;
  class Command;
  void scanned_gates(const ledger::ReadReply& reply);
  void scanned_seen(const ledger::ReadReply& reply);
  void save_seen();
  void saved(const ledger::WriteReply& reply);
  void close(std::string_view bank, std::string_view why, const psw_history& shown);
  void write_gate(ledger::EntryBuilder& entry, std::string_view bank, const PeerGate& gate, std::uint64_t version);
  void ask_now(std::string_view bank);

  static constexpr std::uint64_t look_every_ns = 500'000'000;
  static constexpr std::uint64_t ask_every_ns = 1'000'000'000;
  static constexpr std::uint32_t closes_max = 1024, asked_max = 1024;  // at once: one per bank
  static constexpr std::uint32_t commands_max = 16;                    // of operators at once; above: ledger_busy
  Core& core_;
  PeerHistory& known_;
  std::unique_ptr<Pool<Close, PeerDesk>> closes_;
  std::unique_ptr<Pool<Asked, PeerDesk>> asked_;
  std::unique_ptr<Pool<Command, PeerDesk>> commands_;
  bool looking_ = false;
};

}  // namespace payswitch::daemon::transfer
