// Asks the ledger what is due and hands it to sagas. This is all of recovery: after a crash, a restart or a take-over the same question
// finds the same records.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "transfer/core.h"

namespace payswitch::daemon::transfer {

class Recovery {
 public:
  explicit Recovery(Core& core) noexcept : core_(core) {}
  void tick();
  // The bank shows life: its open transfers are taken now, not when they are due.
  void bank_alive(std::string_view bank);

 private:
  void leased(const ledger::ReadReply& reply);
  void leased_of_bank(const ledger::ReadReply& reply);
  void hand_out(const ledger::ReadReply& reply);

  static constexpr std::uint32_t batch = 64;
  static constexpr std::size_t banks_waiting_max = 64;
  Core& core_;
  bool asking_ = false;
  std::uint64_t due_ns_ = 0;
  std::vector<std::string> alive_;  // banks to be looked at
};

}  // namespace payswitch::daemon::transfer
