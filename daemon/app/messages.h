// Log messages of this room.
#pragma once

#include "base/log.h"

namespace payswitch::daemon::app {

inline constexpr Message starting{"PSW-APP-001", Severity::notice, "payswitchd starts",
    "The first line of a start: version and configuration file."};
inline constexpr Message development_mode{"PSW-APP-002", Severity::warning, "development mode: every request is the principal dev, no credential is asked for",
    "[auth] mode = \"development\" is meant for trying things out. The daemon then listens on loopback only. Set mode = \"required\" and make keys with payswitchctl key create."};
inline constexpr Message cash_by_owner{"PSW-APP-003", Severity::warning, "owners may deposit to their own accounts",
    "[cash] allow = \"owner\" lets whoever owns an account create money in it. For demonstrations only."};
inline constexpr Message ready_message{"PSW-APP-004", Severity::notice, "ready",
    "Connectors are up, the ledger fits the configuration, the listeners take requests."};
inline constexpr Message start_failed{"PSW-APP-005", Severity::critical, "start failed",
    "Something the daemon needs is not there or does not fit; the reason says what. The process ends with status 69, or 78 when the configuration is to blame."};
inline constexpr Message identity_contradiction{"PSW-APP-006", Severity::critical, "the configuration contradicts what the ledger has stored",
    "Bank code, prefix, currencies and the codes of other banks are stored with the ledger and cannot change. Correct the configuration, or use another ledger."};
inline constexpr Message ledger_poisoned{"PSW-APP-007", Severity::critical, "the ledger has stopped; ending so that a restart recovers",
    "A write or sync of the ledger failed. Nothing more is acknowledged. The process ends with status 74; at the next start the ledger takes up what is durable. Check the disk."};
inline constexpr Message stopping{"PSW-APP-008", Severity::notice, "stopping: no new connections, finishing what runs",
    "A SIGTERM or SIGINT came. /readyz answers 503 from now on."};
inline constexpr Message stopped{"PSW-APP-009", Severity::notice, "stopped",
    "The last line: everything that was accepted is answered or stands in the ledger."};
inline constexpr Message drain_timed_out{"PSW-APP-010", Severity::warning, "some requests were not finished in time",
    "daemon.drain passed while requests were still running. They stand in the ledger; the next start goes on with them."};
inline constexpr Message keys_unreadable{"PSW-APP-011", Severity::error, "API keys cannot be read from the ledger",
    "The last table of keys stays in use for 10 seconds, then requests with a key are answered 503 until the ledger answers again."};
inline constexpr Message key_damaged{"PSW-APP-012", Severity::error, "a stored API key is damaged",
    "The key is ignored. Revoke it and make a new one."};
inline constexpr Message books_unbalanced{"PSW-APP-013", Severity::critical, "debits and credits differ",
    "The sum over all accounts of a currency is not zero. Stop, keep the data directory, run payswitchctl ledger verify, report it."};
inline constexpr Message loop_stuck{"PSW-APP-014", Severity::error, "a loop has not turned for some time",
    "An HTTP loop is blocked. /livez answers 503 and the watchdog is not petted, so the service manager restarts the process."};
inline constexpr Message transfer_notice{"PSW-APP-016", Severity::warning, "the coordinator noticed something about a transfer",
    "`what` names it: stale_reply and ledger_retry are harmless; wrong_echo, op_id_reused and record_damaged ask for a person; repair_opened and attention stand in a list (payswitchctl)."};
inline constexpr Message certificates_reloaded{"PSW-APP-017", Severity::notice, "SIGHUP: certificates and keys were read again",
    "Certificates, our signing keys and the keys and certificate pins of other banks, as the configuration names them now. New connections use the certificates, open ones keep theirs. The key that signed goes on signing if it is still there: payswitchctl peer rotate-key use takes another one. Nothing else of the configuration is loaded anew: that needs a restart."};
inline constexpr Message span_ended{"PSW-APP-018", Severity::debug, "a plugin's span ended",
    "What a plugin measured of its own work, with the trace it belongs to. Written at level debug only."};
inline constexpr Message secret_absent{"PSW-APP-019", Severity::warning, "a plugin asked for a credential that cannot be read",
    "The name is neither in [credentials] nor in systemd's directory, or the file may be read by others. The plugin decides whether it can do without."};
inline constexpr Message call_not_begun{"PSW-APP-020", Severity::warning, "an HTTP call of a plugin was not begun",
    "No byte left. The reason says what is wrong: the URL, a TLS profile that is not the connector's own, or too many calls under way."};
inline constexpr Message certificates_kept{"PSW-APP-021", Severity::error, "SIGHUP: certificates or keys could not be read; the old ones stay in use",
    "Each reason is a line of its own, with its place in the configuration. Correct the files and send SIGHUP again."};
inline constexpr Message configuration_warning{"PSW-APP-022", Severity::warning, "the configuration has something to look at",
    "What --check-config calls a warning: the daemon starts, but a key has no effect or a transfer cannot get through."};
inline constexpr Message forced_without_connector{"PSW-APP-030", Severity::error, "started by force: transfers are open at a bank that no connector leads to",
    "They stay as they are and their money stays reserved until a connector to the bank is configured again. payswitchctl in-doubt list --bank shows them."};

inline constexpr Message peer_history_changed{"PSW-APP-023", Severity::error, "a bank has lost history and is closed: nothing new is decided with it or sent to it",
    "It shows another epoch, or a position before one that it had told us: it was restored from a backup, or promoted with loss. Stored decisions are still repeated. Compare the books of both banks (payswitchctl peer show BANK), then payswitchctl peer open BANK."};
inline constexpr Message wrong_ledger{"PSW-APP-024", Severity::error, "a message of another ledger, or one that meant another ledger than ours, was ignored",
    "Two ledgers speak under one name, or a bank has a new ledger. Nothing was decided. If the bank has really replaced its ledger: payswitchctl peer accept-ledger BANK."};
inline constexpr Message peer_closed{"PSW-APP-025", Severity::notice, "a bank was closed by hand",
    "payswitchctl peer close. Nothing new is decided with it or sent to it until payswitchctl peer open."};
inline constexpr Message peer_opened{"PSW-APP-026", Severity::notice, "a bank was opened, or its ledger accepted, by hand",
    "payswitchctl peer open or accept-ledger. What the bank shows now is what it is measured by from here on; its open transfers are asked about at once."};

}  // namespace payswitch::daemon::app
