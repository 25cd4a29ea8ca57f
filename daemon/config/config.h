// The whole configuration file as plain values. Built once by load(), then immutable; every thread may read it.
// Whatever another room may complain about later carries its SourceLocation, so that its error has an address too.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/secret.h"
#include "config/node.h"
#include "config/option_tree.h"
#include "config/problem.h"

namespace payswitch::daemon::config {

// Minor units by currency code. A currency that is not listed has no such limit.
using AmountByCurrency = std::map<std::string, std::int64_t, std::less<>>;

using Secret = payswitch::daemon::Secret<std::string>;

struct SigningKey {
  std::string id;  // "mj-2026a"
  Secret pem;      // private key, PKCS#8 PEM
  SourceLocation where;
};

// [switch]: our own bank. What is stored with the ledger and may not change: bank, prefix, currencies (identity.h).
struct Switch {
  std::string bank;
  std::string prefix;
  std::map<std::string, std::int32_t, std::less<>> currencies;  // code → exponent
  std::string timezone;                                         // IANA name; days of limits and statements
  std::string ledger;                                           // name of the ledger connector
  std::vector<SigningKey> sign;
  SourceLocation where;
};

// Paths of PEM files; empty where not given. ${cred:NAME} became the credential's path, so that a reload reads it again.
struct Tls {
  std::string certificate;
  std::string key;
  std::string ca;         // whom we trust as a client
  std::string client_ca;  // a listener: whose client certificates are accepted; set = required
  SourceLocation where;
};

struct Listener {
  std::string address;  // "127.0.0.1:8080", "[::1]:8080": as net::ListenerOptions wants it
  std::string host;     // numeric, without brackets
  std::uint16_t port = 0;
  std::string public_url;  // [listen.public] only: scheme and authority that clients see; empty: http://address
  std::optional<Tls> tls;
  std::uint32_t connections_max = 0;
  std::uint32_t header_bytes_max = 0;
  std::uint32_t body_bytes_max = 0;
  std::chrono::nanoseconds header_timeout{};
  std::chrono::nanoseconds idle_timeout{};
  SourceLocation where;

  bool loopback() const noexcept;
};

// The numbers of psw_type.role.
enum class PluginRole : std::int32_t { ledger = 1, gateway = 2, login = 3 };
enum class Isolation : std::uint8_t { none, process };

// [[connector]] and [[login]]: one instance of a connector type.
struct Connector {
  std::string name;
  std::string plugin;  // connector type, as HOST finds it in paths.plugins
  PluginRole role = PluginRole::gateway;
  std::string bank;  // gateways: the counterparty; else empty
  Isolation isolation = Isolation::none;
  bool queue = false;                        // true: transfers are held while it is down
  std::chrono::nanoseconds not_after{};      // the peer shall not start later than this after acceptance
  std::chrono::nanoseconds wait{};           // how long an HTTP answer waits for it by default
  std::chrono::nanoseconds call_deadline{};  // I/O of one call
  std::uint32_t in_flight = 0;               // calls at once, all loops together; 0: the host's choice by role
  bool required = true;                      // false: the daemon starts degraded without it
  std::string sha256;                        // pin of the .so, 64 hex digits, or empty
  std::optional<Tls> tls;
  OptionTree options;
  SourceLocation where;
};

// [bank.CODE]: a counterparty.
struct Bank {
  std::string code;
  std::vector<std::string> prefixes;
  AmountByCurrency receive_limit;  // what the peer may owe us, posted and pending; every currency we trade with it
  AmountByCurrency exposure;       // what we may owe the peer
  AmountByCurrency in_doubt;       // budget of money whose fate is unknown
  std::uint32_t in_doubt_count = 0;  // and how many transfers of that kind; 0: no limit
  std::vector<std::string> spki;     // "sha256/<base64>" of its client certificates
  std::map<std::string, std::string, std::less<>> keys;  // key id → "ed25519:<base64>", its public keys
  SourceLocation where;
};

// when = { currency = ["KRW"], min = "1", max = "1000000" }: all that is given must hold. min and max need exactly one currency.
struct RouteCondition {
  std::vector<std::string> currencies;  // empty: any
  std::int64_t min_minor = 0;
  std::int64_t max_minor = INT64_MAX;
};

// [[route]]: first match in file order.
struct Route {
  std::string bank;
  RouteCondition when;
  std::vector<std::string> targets;  // connector names, tried in order
  SourceLocation where;
};

enum class AuthMode : std::uint8_t { required, development };
enum class CashAllow : std::uint8_t { owner, service, none };

struct Auth {
  AuthMode mode = AuthMode::required;
  SourceLocation where;
};

struct Cash {
  CashAllow allow = CashAllow::service;
  SourceLocation where;
};

// One currency's row of [limits.transfer]. INT64_MAX / UINT32_MAX: no limit.
struct TransferLimits {
  std::int64_t min = 1;
  std::int64_t max = 1'000'000'000'000'000;
  std::int64_t per_account_day = INT64_MAX;
  std::uint32_t per_account_day_count = UINT32_MAX;
  std::int64_t per_owner_day = INT64_MAX;
  std::uint32_t per_owner_day_count = UINT32_MAX;
  SourceLocation where;
};

struct Limits {
  std::map<std::string, TransferLimits, std::less<>> transfer;  // by currency; none listed: the defaults above
  AmountByCurrency cash_per_principal_day;                      // deposits plus withdrawals of one service account
  std::uint32_t requests_per_second = 0;                        // token bucket per principal; 0: none
  std::uint32_t requests_burst = 0;
};

enum class LogFormat : std::uint8_t { automatic, json, journal };  // automatic: journald under systemd, else JSON lines on stderr

struct Log {
  Severity level = Severity::info;
  LogFormat format = LogFormat::automatic;
};

struct Paths {
  std::string plugins;  // folder of the .so files
  std::string data;     // state that is not the ledger's
};

// Who may do what on the control socket; root and the daemon's own uid are always admin.
enum class ControlRole : std::uint8_t { none, viewer, operator_, resolver, admin };

struct ControlGrant {
  bool group = false;  // id is a gid
  std::uint32_t id = 0;
  ControlRole role = ControlRole::none;
};

struct Control {
  std::string socket;
  mode_t mode = 0;
  std::vector<ControlGrant> grants;
  bool two_persons = true;  // what a person decides about money waits for the word of a second one
  SourceLocation where;
};

struct Runtime {
  std::uint32_t loops = 0;  // HTTP loops; 0: one per core
  std::chrono::nanoseconds drain{};
};

struct Config {
  std::string file;
  Switch self;
  Listener public_listener;
  Listener admin_listener;
  std::optional<Listener> peer_listener;
  std::vector<Connector> connectors;
  std::vector<Connector> logins;  // role login
  std::vector<Bank> banks;
  std::vector<Route> routes;
  Auth auth;
  Cash cash;
  Limits limits;
  Log log;
  Paths paths;
  Control control;
  Runtime runtime;
  std::vector<std::pair<std::string, std::string>> credentials;  // [credentials]: name and absolute path
  Node effective;  // the checked tree with every default: `config show`

  const Connector* connector(std::string_view name) const noexcept;
  const Bank* bank(std::string_view code) const noexcept;
  const Connector& ledger() const;  // the one [switch] names
  const TransferLimits& transfer_limits(std::string_view currency) const noexcept;
};

}  // namespace payswitch::daemon::config
