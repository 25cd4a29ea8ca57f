// Every key of the daemon's own file, once: the check, --print-defaults and the reference page are made from this table. Order is
// the order of the page. A table with a line of its own (type table) may be left out whole.
#include "config/load.h"

namespace payswitch::daemon::config {
namespace {

using enum ValueType;

constexpr std::string_view code_pattern = "[a-z][a-z0-9]{0,15}";
constexpr std::string_view prefix_pattern = "[0-9A-Za-z-]{1,24}";
constexpr std::string_view name_pattern = "[a-z0-9][a-z0-9_-]{0,31}";
constexpr std::string_view grant_pattern = "(user|group):[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}";
constexpr std::uint32_t required = PSW_KEY_REQUIRED;

constexpr KeySpec own_table[] = {
    {"switch.bank", string, "", code_pattern, "our own bank code; stored with the ledger, never changes", required},
    {"switch.prefix", string, "", prefix_pattern, "prefix of our account numbers; stored with the ledger, never changes", required},
    {"switch.timezone", string, "UTC", "[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*", "IANA time zone: days of limits and statements"},
    {"switch.ledger", string, "", name_pattern, "name of the connector that keeps accounts, transfers, users, sessions and keys", required},
    {"switch.currencies.*", integer, "", "0..4", "currency code and exponent (KRW = 0, USD = 2); stored with the ledger, an exponent never changes"},
    {"switch.sign.*", secret, "", "", "our own signing keys by key id: private key, PKCS#8 PEM"},

    {"listen.public.address", string, "127.0.0.1:8080", "", "numeric address and port of API and pages; port 0: any free one"},
    {"listen.public.public_url", url, "", "https?://[^/?#]+/?", "what clients call us; default http://<address>"},
    {"listen.public.max_connections", integer, "10000", "1..1000000", "above: 503 and closed"},
    {"listen.public.max_header", size, "16KiB", "1KiB..64KiB", "request line and headers; above: 413"},
    {"listen.public.max_body", size, "64KiB", "1KiB..16MiB", "body of a request; above: 413"},
    {"listen.public.header_timeout", duration, "5s", "100ms..5min", "from the first byte of a request to the end of its header"},
    {"listen.public.idle_timeout", duration, "60s", "1s..1h", "a connection without a request under way is closed after it"},
    {"listen.public.tls", table, "", "", "TLS 1.3; without it the listener speaks plain HTTP"},
    {"listen.public.tls.certificate", path, "", "", "PEM with chain, or \"${cred:NAME}\"", required},
    {"listen.public.tls.key", path, "", "", "PEM, readable by the daemon alone, or \"${cred:NAME}\"", required},
    {"listen.public.tls.client_ca", path, "", "", "PEM; set: a client certificate of these authorities is required"},

    {"listen.peer", table, "", "", "listener of other banks' switches; left out: no peer can call us"},
    {"listen.peer.address", string, "0.0.0.0:8443", "", "numeric address and port"},
    {"listen.peer.max_connections", integer, "1000", "1..1000000", "above: 503 and closed"},
    {"listen.peer.max_header", size, "16KiB", "1KiB..64KiB", "request line and headers; above: 413"},
    {"listen.peer.max_body", size, "1MiB", "1KiB..16MiB", "body of a request; above: 413"},
    {"listen.peer.header_timeout", duration, "5s", "100ms..5min", "from the first byte of a request to the end of its header"},
    {"listen.peer.idle_timeout", duration, "60s", "1s..1h", "a connection without a request under way is closed after it"},
    {"listen.peer.tls", table, "", "", "TLS 1.3", required},
    {"listen.peer.tls.certificate", path, "", "", "PEM with chain, or \"${cred:NAME}\"", required},
    {"listen.peer.tls.key", path, "", "", "PEM, readable by the daemon alone, or \"${cred:NAME}\"", required},
    {"listen.peer.tls.client_ca", path, "", "", "PEM: authorities of the peers' certificates", required},

    {"listen.admin.address", string, "127.0.0.1:9090", "", "numeric address and port of health, metrics and admin pages"},
    {"listen.admin.max_connections", integer, "100", "1..10000", "above: 503 and closed"},
    {"listen.admin.max_header", size, "16KiB", "1KiB..64KiB", "request line and headers; above: 413"},
    {"listen.admin.max_body", size, "64KiB", "1KiB..16MiB", "body of a request; above: 413"},
    {"listen.admin.header_timeout", duration, "5s", "100ms..5min", "from the first byte of a request to the end of its header"},
    {"listen.admin.idle_timeout", duration, "60s", "1s..1h", "a connection without a request under way is closed after it"},
    {"listen.admin.tls", table, "", "", "TLS 1.3; without it the listener speaks plain HTTP"},
    {"listen.admin.tls.certificate", path, "", "", "PEM with chain, or \"${cred:NAME}\"", required},
    {"listen.admin.tls.key", path, "", "", "PEM, readable by the daemon alone, or \"${cred:NAME}\"", required},
    {"listen.admin.tls.client_ca", path, "", "", "PEM; set: a client certificate of these authorities is required"},

    {"connector[].name", string, "", name_pattern, "unique name of this instance", required},
    {"connector[].plugin", string, "", "[A-Za-z0-9_.:-]{1,64}", "connector type: the file NAME.so in paths.plugins (NAME:TYPE when it holds several)", required},
    {"connector[].bank", string, "", code_pattern, "gateways: the bank it leads to, a [bank.CODE]"},
    {"connector[].isolation", enumeration, "none", "none|process", "process: in a runner process of its own (gateways only)"},
    {"connector[].queue", boolean, "false", "", "true: while it is down, transfers are held instead of refused"},
    {"connector[].not_after", duration, "30s", "1s..30d", "the peer shall not start later than this after acceptance"},
    {"connector[].wait", duration, "5s", "0s..60s", "how long an HTTP answer waits for a final state when the client does not say"},
    {"connector[].call_deadline", duration, "10s", "10ms..10min", "I/O of one call"},
    {"connector[].in_flight", integer, "0", "0..1000000", "calls at once; 0: the host's choice by role"},
    {"connector[].required", boolean, "true", "", "false: the daemon starts degraded when this plugin cannot be loaded"},
    {"connector[].sha256", string, "", "[0-9a-f]{64}", "pin of the plugin's file"},
    {"connector[].options", table, "", "", "the plugin's own keys: payswitchctl plugin help NAME"},
    {"connector[].tls", table, "", "", "TLS profile of its calls"},
    {"connector[].tls.certificate", path, "", "", "our client certificate, PEM, or \"${cred:NAME}\""},
    {"connector[].tls.key", path, "", "", "its key, PEM, readable by the daemon alone, or \"${cred:NAME}\""},
    {"connector[].tls.ca", path, "", "", "PEM: authorities to trust; default those of the system"},

    {"bank.*.prefix[]", string, "", prefix_pattern, "prefixes of its account numbers", required},
    {"bank.*.spki[]", string, "", "sha256/[A-Za-z0-9+/]{43}=", "its client certificates: SHA-256 of the public key"},
    {"bank.*.receive_limit.*", money, "", "1..", "what this bank may owe us, posted and pending, per currency; a currency without one is not accepted from it", 0, "minor"},
    {"bank.*.exposure.*", money, "", "1..", "what we may owe this bank, per currency", 0, "minor"},
    {"bank.*.in_doubt.count", integer, "0", "0..1000000", "at most so many transfers of unknown fate; 0: no bound"},
    {"bank.*.in_doubt.*", money, "", "1..", "budget of money of unknown fate, per currency", 0, "minor"},
    {"bank.*.keys.*", string, "", "ed25519:[A-Za-z0-9+/_-]{43}=?", "its public signing keys by key id; two live"},

    {"route[].bank", string, "", code_pattern, "transfers to this bank", required},
    {"route[].targets[]", string, "", name_pattern, "connectors of that bank, tried in order", required},
    {"route[].when", table, "", "", "narrows the route; first match in file order wins"},
    {"route[].when.currency[]", string, "", "[A-Z]{3}", "any of these currencies"},
    {"route[].when.min", money, "", "1..", "amounts from here (needs exactly one currency)", 0, "minor"},
    {"route[].when.max", money, "", "1..", "amounts up to here (needs exactly one currency)", 0, "minor"},

    {"login[].name", string, "", name_pattern, "unique name of this login; part of /login/NAME", required},
    {"login[].plugin", string, "", "[A-Za-z0-9_.:-]{1,64}", "connector type of role login", required},
    {"login[].call_deadline", duration, "10s", "10ms..10min", "I/O of one call"},
    {"login[].in_flight", integer, "0", "0..1000000", "calls at once; 0: the host's choice by role"},
    {"login[].required", boolean, "true", "", "false: the daemon starts degraded when this plugin cannot be loaded"},
    {"login[].sha256", string, "", "[0-9a-f]{64}", "pin of the plugin's file"},
    {"login[].options", table, "", "", "the plugin's own keys: payswitchctl plugin help NAME"},

    {"recovery.poll_first", duration, "500ms", "10ms..1min", "first look after a transfer whose fate is unknown; twice that each time, 20 % more or less"},
    {"recovery.poll_cap", duration, "60s", "100ms..1h", "and at most that"},
    {"recovery.lease", duration, "15s", "500ms..10min", "how long a daemon that works on a transfer has it to itself; at least a call deadline and a third more"},
    {"recovery.margin", duration, "2s", "0s..10min", "a transfer without a decision is cancelled at the peer this long after its not_after"},
    {"recovery.attention", duration, "5min", "100ms..30d", "still none this long after its not_after: attention"},

    {"auth.mode", enumeration, "required", "required|development", "development: no credential, and only on loopback"},
    {"cash.allow", enumeration, "service", "owner|service|none", "who may deposit and withdraw: an account's owner (the default in development), an API key with scope cash, nobody"},

    {"limits.transfer.*.min", money, "1", "1..", "smallest amount of one transfer", 0, "minor"},
    {"limits.transfer.*.max", money, "1000000000000000", "1..", "largest amount of one transfer", 0, "minor"},
    {"limits.transfer.*.per_account_day", money, "", "1..", "sum an account may send in a day of switch.timezone", 0, "minor"},
    {"limits.transfer.*.per_account_day_count", integer, "", "1..4000000000", "transfers an account may send in a day"},
    {"limits.transfer.*.per_owner_day", money, "", "1..", "sum all accounts of one owner may send in a day", 0, "minor"},
    {"limits.transfer.*.per_owner_day_count", integer, "", "1..4000000000", "transfers all accounts of one owner may send in a day"},
    {"limits.cash.*.per_principal_day", money, "", "1..", "deposits and withdrawals of one principal in a day", 0, "minor"},
    {"limits.requests.per_second", integer, "0", "0..1000000", "requests of one principal, a token bucket; 0: no bound"},
    {"limits.requests.burst", integer, "0", "0..1000000", "size of that bucket; 0: twice per_second"},

    {"paths.plugins", path, "/usr/lib/payswitch/plugins", "", "folder of the plugins' .so files"},
    {"paths.data", path, "/var/lib/payswitch", "", "state that is not the ledger's"},
    {"control.socket", path, "/run/payswitch/control.sock", "", "Unix socket of payswitchctl"},
    {"control.mode", string, "0660", "0[0-7]{3}", "mode of the socket file"},
    {"control.two_persons", boolean, "true", "", "resolving and repairing need the word of a second user (transfer resolve, repair collect, refund, write-off)"},
    {"control.viewer[]", string, "", grant_pattern, "may look: \"user:NAME\" or \"group:NAME\", names or numbers"},
    {"control.operator[]", string, "", grant_pattern, "may also freeze, cancel, change the log level"},
    {"control.resolver[]", string, "", grant_pattern, "may also resolve what is in doubt, work off repairs and give transfers back"},
    {"control.admin[]", string, "", grant_pattern, "may everything; root and the daemon's own user always may"},
    {"log.level", enumeration, "info", "debug|info|notice|warning|error", "least severity that is written"},
    {"log.format", enumeration, "auto", "auto|json|journal", "auto: journald fields under systemd, else JSON lines on stderr"},
    {"daemon.loops", integer, "0", "0..256", "HTTP loops; 0: one per core"},
    {"daemon.drain", duration, "20s", "0s..10min", "how long SIGTERM lets requests finish"},
    {"credentials.*", path, "", "", "name and file of a credential that systemd does not bring; mode 0400"},
};

}  // namespace

std::span<const KeySpec> own_keys() { return own_table; }

}  // namespace payswitch::daemon::config
