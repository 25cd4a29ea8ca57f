#include "ledger/client.h"

namespace payswitch::daemon::ledger {

Written WriteReply::what() const noexcept {
  switch (reply_.code) {
    case PSW_OK: return Written::applied;
    case PSW_RULE: return Written::refused;
    case PSW_EXISTS: return Written::exists;
    // A unique with another hash is told with the uniques seen; a version, lease, kv or epoch without.
    case PSW_CONFLICT: return reply_.failed < 0 && reply_.rows.n != 0 ? Written::key_reused : Written::conflict;
    case PSW_ABSENT: return Written::not_allowed;
    case PSW_INVALID:
    case PSW_NOT_SUPPORTED: return Written::invalid;
    // A guard of ours may name one of these codes as well: then it says which guard.
    case PSW_UNAVAILABLE:
      if (view(reply_.reason) == "connector_stopped") return Written::unknown;  // it was under way when the ledger was stopped
      [[fallthrough]];
    case PSW_OVERLOADED: return reply_.failed >= 0 ? Written::not_allowed : Written::not_taken;
    default: return Written::unknown;
  }
}

}  // namespace payswitch::daemon::ledger
