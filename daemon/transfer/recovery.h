// Asks the ledger what is due and hands it to sagas. This is all of recovery: after a crash, a restart or a take-over the same question
// finds the same records.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "transfer/core.h"

namespace payswitch::daemon::transfer {

class Recovery {
 public:
  explicit Recovery(Core& core) noexcept : core_(core) {}
  void tick();
  // What a call or a message told about a bank: nothing came back, or something did. The first sign of life after a silence (or after
  // our start, when nothing is known) is bank_alive().
  void silent(std::string_view bank);
  void heard(std::string_view bank);
  // Its open transfers, all of them, are taken now, not when they are due, and asked about in the course of a second.
  void bank_alive(std::string_view bank);

 private:
  void leased(const ledger::ReadReply& reply);
  void leased_of_bank(const ledger::ReadReply& reply);
  void ask_bank();
  bool hand_out(const ledger::ReadReply& reply, bool spread);  // false: no room for all

  struct Pulse {
    bool silent = true;
    std::uint64_t next_ns = 0;  // not alive again before that: a bank that flaps is not asked about everything all the time
  };
  Pulse* pulse_of(std::string_view bank);

  static constexpr std::uint32_t batch = 64;
  static constexpr std::size_t banks_max = 1024;  // more are asked when they are due only
  Core& core_;
  bool asking_ = false;
  std::uint64_t due_ns_ = 0;
  std::map<std::string, Pulse, std::less<>> pulses_;
  std::vector<std::string> alive_;  // banks to be looked at; the last one is being looked at if asking_
};

}  // namespace payswitch::daemon::transfer
