// Log messages of this room.
#pragma once

#include "base/log.h"

namespace payswitch::daemon::control {

inline constexpr Message command_done{"PSW-CONTROL-001", Severity::notice, "command",
    "The audit line of one command of the control socket: who, with which role, what, and how it ended. One line a command, also for "
    "refused ones."};
inline constexpr Message control_listening{"PSW-CONTROL-002", Severity::notice, "control socket open",
    "payswitchctl reaches the daemon at the path shown. Who may do what is [control] in the configuration."};
inline constexpr Message peer_unknown{"PSW-CONTROL-003", Severity::warning, "control connection refused",
    "The user and group at the other end of the socket have no role in [control], or too many connections are open. Nothing was read."};
inline constexpr Message handler_lost{"PSW-CONTROL-004", Severity::error, "a command was dropped without an answer",
    "A bug: the part of the daemon that carries out this command forgot it. The client was told `internal`."};

}  // namespace payswitch::daemon::control
