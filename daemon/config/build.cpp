#include "config/build.h"

#include <arpa/inet.h>
#include <grp.h>
#include <pwd.h>

#include <array>

#include "base/text.h"
#include "config/reader.h"

namespace payswitch::daemon::config {
namespace {

AmountByCurrency amounts(const Reader& table, std::string_view except = {}) {
  AmountByCurrency out;
  for (const Member& member : table.members())
    if (member.key != except && member.value.kind == Node::Kind::string) out[member.key] = member.value.integer;
  return out;
}

std::vector<std::string> strings(const Reader& list) {
  std::vector<std::string> out;
  for (const Node& item : list.items())
    if (item.kind == Node::Kind::string) out.push_back(item.text);
  return out;
}

std::optional<Tls> tls(const Reader& table) {
  if (!table) return std::nullopt;
  return Tls{table.at("certificate").text(), table.at("key").text(), table.at("ca").text(), table.at("client_ca").text(), table.where()};
}

Listener listener(const Reader& table, const std::string& path, Problems& problems) {
  Listener out;
  out.where = table.at("address").where().known() ? table.at("address").where() : table.where();
  out.address = table.at("address").text();
  if (!out.address.empty() && !parse_address(out.address, out.host, out.port))
    problems.error(out.where, path + ".address", "expected a numeric address and a port such as \"127.0.0.1:8080\" or \"[::1]:8080\", found \"" + out.address + "\"");
  out.public_url = table.at("public_url").text();
  if (out.public_url.ends_with("/")) out.public_url.pop_back();
  out.tls = tls(table.at("tls"));
  out.connections_max = table.at("max_connections").count();
  out.header_bytes_max = table.at("max_header").count();
  out.body_bytes_max = table.at("max_body").count();
  out.header_timeout = table.at("header_timeout").duration();
  out.idle_timeout = table.at("idle_timeout").duration();
  return out;
}

Connector connector(const Reader& table) {
  Connector out;
  out.where = table.where();
  out.name = table.at("name").text();
  out.plugin = table.at("plugin").text();
  out.bank = table.at("bank").text();
  out.isolation = table.at("isolation").text() == "process" ? Isolation::process : Isolation::none;
  out.queue = table.at("queue").boolean();
  out.not_after = table.at("not_after").duration();
  out.wait = table.at("wait").duration();
  out.call_deadline = table.at("call_deadline").duration();
  out.in_flight = table.at("in_flight").count();
  out.required = table.at("required").boolean(true);
  out.sha256 = table.at("sha256").text();
  out.tls = tls(table.at("tls"));
  return out;
}

Bank bank(const Member& member) {
  const Reader table(&member.value);
  Bank out;
  out.code = member.key;
  out.where = member.where;
  out.prefixes = strings(table.at("prefix"));
  out.receive_limit = amounts(table.at("receive_limit"));
  out.exposure = amounts(table.at("exposure"));
  out.in_doubt = amounts(table.at("in_doubt"), "count");
  out.in_doubt_count = table.at("in_doubt").at("count").count();
  out.spki = strings(table.at("spki"));
  for (const Member& key : table.at("keys").members()) out.keys[key.key] = key.value.text;
  return out;
}

Route route(const Reader& table) {
  Route out;
  out.where = table.where();
  out.bank = table.at("bank").text();
  out.targets = strings(table.at("targets"));
  const Reader when = table.at("when");
  out.when.currencies = strings(when.at("currency"));
  out.when.min_minor = when.at("min").integer(0);
  out.when.max_minor = when.at("max").integer(INT64_MAX);
  return out;
}

Limits limits(const Reader& table) {
  Limits out;
  for (const Member& member : table.at("transfer").members()) {
    const Reader row(&member.value);
    TransferLimits& to = out.transfer[member.key];
    to.where = member.where;
    to.min = row.at("min").integer(to.min);
    to.max = row.at("max").integer(to.max);
    to.per_account_day = row.at("per_account_day").integer(to.per_account_day);
    to.per_account_day_count = row.at("per_account_day_count").count(to.per_account_day_count);
    to.per_owner_day = row.at("per_owner_day").integer(to.per_owner_day);
    to.per_owner_day_count = row.at("per_owner_day_count").count(to.per_owner_day_count);
  }
  for (const Member& member : table.at("cash").members())
    if (const Node* value = member.value.find("per_principal_day")) out.cash_per_principal_day[member.key] = value->integer;
  out.requests_per_second = table.at("requests").at("per_second").count();
  out.requests_burst = table.at("requests").at("burst").count();
  if (out.requests_burst == 0) out.requests_burst = 2 * out.requests_per_second;
  return out;
}

// "user:NAME|uid", "group:NAME|gid"; names are looked up in the system's databases.
bool grant(const std::string& text, ControlGrant& out) {
  const auto colon = text.find(':');
  if (colon == std::string::npos) return false;
  out.group = text.compare(0, colon, "group") == 0;
  const std::string name = text.substr(colon + 1);
  std::uint64_t number = 0;
  if (parse_decimal(name, number) && number < UINT32_MAX) {
    out.id = static_cast<std::uint32_t>(number);
    return true;
  }
  std::array<char, 16384> memory;
  if (out.group) {
    group entry{};
    group* found = nullptr;
    if (getgrnam_r(name.c_str(), &entry, memory.data(), memory.size(), &found) != 0 || found == nullptr) return false;
    out.id = found->gr_gid;
  } else {
    passwd entry{};
    passwd* found = nullptr;
    if (getpwnam_r(name.c_str(), &entry, memory.data(), memory.size(), &found) != 0 || found == nullptr) return false;
    out.id = found->pw_uid;
  }
  return true;
}

Control control(const Reader& table, Problems& problems) {
  Control out;
  out.where = table.where();
  out.socket = table.at("socket").text();
  out.two_persons = table.at("two_persons").boolean(true);
  for (const char digit : table.at("mode").text()) out.mode = out.mode * 8 + static_cast<mode_t>(digit - '0');
  constexpr std::pair<std::string_view, ControlRole> roles[] = {{"viewer", ControlRole::viewer}, {"operator", ControlRole::operator_},
                                                                {"resolver", ControlRole::resolver}, {"admin", ControlRole::admin}};
  for (const auto& [name, role] : roles)
    for (const Node& item : table.at(name).items()) {
      if (item.kind != Node::Kind::string) continue;  // refused already
      ControlGrant found;
      found.role = role;
      if (grant(item.text, found)) out.grants.push_back(found);
      else problems.error(item.where, "control." + std::string(name), "this system knows no \"" + item.text + "\"");
    }
  return out;
}

}  // namespace

bool parse_address(std::string_view text, std::string& host, std::uint16_t& port) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return false;
  std::uint64_t number = 0;
  if (!parse_decimal(text.substr(colon + 1), number) || number > 65535) return false;
  std::string_view name = text.substr(0, colon);
  in6_addr memory{};
  if (name.size() > 2 && name.front() == '[' && name.back() == ']') {
    name = name.substr(1, name.size() - 2);
    if (inet_pton(AF_INET6, std::string(name).c_str(), &memory) != 1) return false;
  } else if (inet_pton(AF_INET, std::string(name).c_str(), &memory) != 1) {
    return false;
  }
  host = std::string(name);
  port = static_cast<std::uint16_t>(number);
  return true;
}

void build(const Node& tree, Config& out, Problems& problems) {
  const Reader root(&tree);
  const Reader own = root.at("switch");
  out.self.where = own.where();
  out.self.bank = own.at("bank").text();
  out.self.prefix = own.at("prefix").text();
  out.self.timezone = own.at("timezone").text();
  out.self.ledger = own.at("ledger").text();
  for (const Member& member : own.at("currencies").members())
    out.self.currencies[member.key] = static_cast<std::int32_t>(member.value.integer);
  for (const Member& member : own.at("sign").members()) out.self.sign.push_back({member.key, Secret(member.value.text), member.where});

  const Reader listen = root.at("listen");
  out.public_listener = listener(listen.at("public"), "listen.public", problems);
  out.admin_listener = listener(listen.at("admin"), "listen.admin", problems);
  if (listen.at("peer")) out.peer_listener = listener(listen.at("peer"), "listen.peer", problems);
  if (out.public_listener.public_url.empty())
    out.public_listener.public_url = (out.public_listener.tls ? "https://" : "http://") + out.public_listener.address;

  for (const Node& item : root.at("connector").items()) out.connectors.push_back(connector(Reader(&item)));
  for (const Node& item : root.at("login").items()) out.logins.push_back(connector(Reader(&item)));
  for (const Member& member : root.at("bank").members()) out.banks.push_back(bank(member));
  for (const Node& item : root.at("route").items()) out.routes.push_back(route(Reader(&item)));

  out.auth.where = root.at("auth").at("mode").where();
  out.auth.mode = root.at("auth").at("mode").text() == "development" ? AuthMode::development : AuthMode::required;
  const std::string allow = root.at("cash").at("allow").text();
  out.cash.where = root.at("cash").at("allow").where();
  out.cash.allow = allow == "owner" ? CashAllow::owner : allow == "none" ? CashAllow::none : CashAllow::service;
  out.limits = limits(root.at("limits"));
  out.paths = {root.at("paths").at("plugins").text(), root.at("paths").at("data").text()};
  out.control = control(root.at("control"), problems);
  out.runtime = {root.at("daemon").at("loops").count(), root.at("daemon").at("drain").duration()};
  severity_from_string(root.at("log").at("level").text(), out.log.level);
  const std::string format = root.at("log").at("format").text();
  out.log.format = format == "json" ? LogFormat::json : format == "journal" ? LogFormat::journal : LogFormat::automatic;
}

}  // namespace payswitch::daemon::config
