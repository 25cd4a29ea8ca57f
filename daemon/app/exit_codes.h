// How the daemon ends. Documented in --help and docs/operating; the numbers are those of sysexits.h.
#pragma once

namespace payswitch::daemon::app {

inline constexpr int exit_ok = 0;
inline constexpr int exit_usage = 64;        // the command line is wrong
inline constexpr int exit_unavailable = 69;  // something it needs is not there: a plugin, an address, the control socket
inline constexpr int exit_internal = 70;     // a bug
inline constexpr int exit_poisoned = 74;     // the ledger stopped after a failed write or sync: start again, it recovers what is durable
inline constexpr int exit_config = 78;       // the configuration is wrong, or contradicts what the ledger has stored

}  // namespace payswitch::daemon::app
