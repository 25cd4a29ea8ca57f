// What an operator may do about another bank, and what he hears. Carried out on the coordinator's loop.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "transfer/peer_history.h"

namespace payswitch::daemon::transfer {

struct PeerCommand {
  enum class What : std::uint8_t {
    close,          // nothing is decided or sent any more
    open,           // history goes on from what the bank shows now; refused for another ledger than the pinned one
    accept_ledger,  // the ledger that speaks for the bank now is pinned; an open bank stays open, a closed one closed
    test,           // asks only
  };
  What what = What::test;
  std::string_view bank;   // borrowed until the answer, as all texts
  std::string_view actor;
  psw_id ledger{};         // accept_ledger: only this one, if not zero
};

struct PeerAnswer {
  bool ok = false;
  std::string_view why;     // not ok: bank_unknown, no_connector, no_answer, other_ledger, already, ledger_busy, changed_meanwhile
  std::string_view detail;
  PeerGate gate;            // as it is now
  bool asked = false;       // the bank was asked, and said:
  psw_history shown{};
  std::int64_t clock_ms = 0;      // its clock when it answered
  std::int64_t offset_ms = 0;     // its clock minus ours, taken in the middle of the exchange
  std::int64_t took_ms = 0;
  std::string_view connector;
};

}  // namespace payswitch::daemon::transfer
