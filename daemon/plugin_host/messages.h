// Log lines of this room. PSW-HOST-…
#pragma once

#include "base/log.h"

namespace payswitch::daemon::plugin_host::messages {

inline constexpr Message loaded{"PSW-HOST-001", Severity::info, "plugin loaded",
    "The file passed the policy, its note and descriptor were read and its code was mapped. It stays mapped until the daemon ends."};
inline constexpr Message not_loaded{"PSW-HOST-002", Severity::error, "connector did not load",
    "The field error names the plugin, the file, the step and the remedy. A connector with required = false is skipped and the daemon starts without it; transfers that need it are refused."};
inline constexpr Message state_changed{"PSW-HOST-003", Severity::notice, "connector changed state",
    "The plugin reported up, degraded, down or drained; text is its own explanation."};
inline constexpr Message faulted{"PSW-HOST-004", Severity::critical, "connector faulted",
    "An exception came out of the plugin, or it broke a rule of the border. It is not called any more; its open operations were answered with unknown, so money under way is in doubt until another connector of that bank, or a restart, finds out. Report it to the plugin's vendor with the fields where and what."};
inline constexpr Message stale_completion{"PSW-HOST-005", Severity::warning, "an answer nobody waits for",
    "The plugin answered an operation twice, long after it was answered, or one that is not its own. The answer was ignored. A single line after a restart of the other side is harmless; many are a bug of the plugin."};
inline constexpr Message flawed_reply{"PSW-HOST-006", Severity::warning, "an answer had to be put right",
    "The plugin used an unknown code or a word that this operation may not use, or sent text that is too long or not UTF-8. Unknown words became internal and unknown, text was cut or repaired. Report it to the plugin's vendor."};
inline constexpr Message call_timed_out{"PSW-HOST-007", Severity::warning, "connector did not answer in time",
    "The call deadline and the grace are over and the host answered unknown by itself. For a bank that means in doubt, not failed: the coordinator asks again. suppressed counts lines left out."};
inline constexpr Message breaker_opened{"PSW-HOST-008", Severity::warning, "breaker opened",
    "The bank behind this connector did not answer five times in a row, or half of the last answers were unknown. New credits through it are not sent until a hello succeeds."};
inline constexpr Message breaker_closed{"PSW-HOST-009", Severity::notice, "breaker closed",
    "A hello to the bank succeeded; new credits are sent again."};
inline constexpr Message long_turn{"PSW-HOST-010", Severity::warning, "connector is busy for a long time",
    "One turn of a lane has not returned for longer than the watchdog allows. While it lasts nothing else on that lane is served. A blocked database or disk is the usual reason."};
inline constexpr Message hanging{"PSW-HOST-011", Severity::critical, "connector hangs in a lifecycle step",
    "create, configure, start, stop or destroy did not return within its limit. The thread is given up and the instance is never touched again; restart the daemon to get rid of it."};
inline constexpr Message not_drained{"PSW-HOST-012", Severity::warning, "connector was not drained in time",
    "The limit of the drain passed before the plugin said drained. It is stopped all the same; what was under way is found in the ledger after the start."};
inline constexpr Message wrong_thread{"PSW-HOST-013", Severity::warning, "a plugin took events outside of its turn",
    "take() is allowed only on the thread that turns that lane. Nothing was given. Report it to the plugin's vendor."};
inline constexpr Message broken_rule{"PSW-HOST-014", Severity::warning, "a plugin broke a rule of the border",
    "It called the host with arguments that make no sense: a list without data, a text larger than any may be, a lane or state that does not exist. The call was not carried out; rule names it. Report it to the plugin's vendor; suppressed counts lines left out."};

}  // namespace payswitch::daemon::plugin_host::messages
