// What no single key can know: names that must exist, prefixes that must not overlap, limits that must be there.
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "config/build.h"

namespace payswitch::daemon::config {
namespace {

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool currency_code(std::string_view code) {
  return code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool bank_code(std::string_view code) {
  return !code.empty() && code.size() <= 16 && code[0] >= 'a' && code[0] <= 'z' &&
         std::all_of(code.begin(), code.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

class CrossCheck {
 public:
  CrossCheck(const Config& config, Problems& problems) : config_(config), problems_(problems) {}

  void run() {
    currencies();
    timezone();
    names();
    ledger();
    connectors();
    banks();
    prefixes();
    routes();
    listeners();
    limits();
    key_files();
  }

 private:
  // Where a value of `bank.jh.exposure.KRW` stands; the bank's own place if it is not in the file.
  SourceLocation place(std::initializer_list<std::string_view> path, const SourceLocation& otherwise) const {
    const Node* node = &config_.effective;
    for (const std::string_view key : path) {
      node = node->find(key);
      if (node == nullptr) return otherwise;
    }
    return node->where.known() ? node->where : otherwise;
  }

  bool known_currency(std::string_view code) const { return config_.self.currencies.find(code) != config_.self.currencies.end(); }

  void check_currency(std::string_view code, const SourceLocation& where, const std::string& path) {
    if (known_currency(code)) return;
    std::vector<std::string_view> names;
    for (const auto& [name, exponent] : config_.self.currencies) names.push_back(name);
    const std::string_view best = nearest(code, names);
    problems_.error(where, path, "currency " + quoted(code) + " is not in switch.currencies" + (best.empty() ? "" : ", did you mean " + quoted(best) + "?"));
  }

  void currencies() {
    if (config_.self.currencies.empty() && config_.self.where.known())
      problems_.error(config_.self.where, "switch.currencies", "at least one currency is required, such as { KRW = 0 }");
    for (const auto& [code, exponent] : config_.self.currencies)
      if (!currency_code(code))
        problems_.error(place({"switch", "currencies", code}, config_.self.where), "switch.currencies." + code, "a currency is three capital letters (ISO 4217)");
  }

  void timezone() {
    const std::string& zone = config_.self.timezone;
    if (zone.empty() || zone == "UTC") return;
    const char* directory = std::getenv("TZDIR");
    const std::string file = std::string(directory != nullptr ? directory : "/usr/share/zoneinfo") + "/" + zone;
    struct stat status {};
    if (zone.find("..") == std::string::npos && ::stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode)) return;
    problems_.error(place({"switch", "timezone"}, config_.self.where), "switch.timezone", "this system knows no time zone " + quoted(zone) + " (" + file + ")");
  }

  void names() {
    std::set<std::string_view> seen;
    for (const Connector& connector : config_.connectors)
      if (!connector.name.empty() && !seen.insert(connector.name).second)
        problems_.error(connector.where, "connector." + connector.name, "the name " + quoted(connector.name) + " is used twice");
    for (const Connector& login : config_.logins)
      if (!login.name.empty() && !seen.insert(login.name).second)
        problems_.error(login.where, "login." + login.name, "the name " + quoted(login.name) + " is used twice");
  }

  void ledger() {
    if (config_.self.ledger.empty()) return;
    const SourceLocation where = place({"switch", "ledger"}, config_.self.where);
    const Connector* found = config_.connector(config_.self.ledger);
    if (found == nullptr) {
      std::vector<std::string_view> candidates;
      for (const Connector& connector : config_.connectors) candidates.push_back(connector.name);
      const std::string_view best = nearest(config_.self.ledger, candidates);
      return problems_.error(where, "switch.ledger", "there is no [[connector]] named " + quoted(config_.self.ledger) + (best.empty() ? "" : ", did you mean " + quoted(best) + "?"));
    }
    if (known(*found) && found->role != PluginRole::ledger)
      problems_.error(where, "switch.ledger", "connector " + quoted(found->name) + " is no ledger (plugin " + quoted(found->plugin) + ")");
  }

  static bool known(const Connector& connector) { return static_cast<std::int32_t>(connector.role) != 0; }

  void connectors() {
    for (const Connector& connector : config_.connectors) {
      const std::string path = "connector." + connector.name;
      if (!known(connector)) continue;
      switch (connector.role) {
        case PluginRole::ledger:
          if (!connector.bank.empty()) problems_.error(connector.where, path + ".bank", "a ledger is ours and leads to no other bank");
          if (connector.name != config_.self.ledger && config_.connector(config_.self.ledger) != nullptr)
            problems_.error(connector.where, path, "a second ledger: a daemon has one, switch.ledger names " + quoted(config_.self.ledger));
          if (connector.isolation == Isolation::process)
            problems_.error(connector.where, path + ".isolation", "a ledger runs in the daemon's own process");
          break;
        case PluginRole::gateway:
          if (connector.bank.empty()) problems_.error(connector.where, path + ".bank", "missing, but required: the bank this gateway leads to");
          else if (config_.bank(connector.bank) == nullptr) unknown_bank(connector.bank, connector.where, path + ".bank");
          else if (!routed(connector)) problems_.warning(connector.where, path, "no [[route]] leads to it");
          if (connector.isolation == Isolation::process)
            problems_.error(connector.where, path + ".isolation", "\"process\" is not supported by this version; write \"none\"");
          break;
        case PluginRole::login:
          problems_.error(connector.where, path, "plugin " + quoted(connector.plugin) + " is a login and belongs under [[login]]");
          break;
      }
    }
    for (const Connector& login : config_.logins)
      if (known(login) && login.role != PluginRole::login)
        problems_.error(login.where, "login." + login.name, "plugin " + quoted(login.plugin) + " is no login and belongs under [[connector]]");
  }

  bool routed(const Connector& connector) const {
    return std::any_of(config_.routes.begin(), config_.routes.end(), [&](const Route& route) {
      return std::find(route.targets.begin(), route.targets.end(), connector.name) != route.targets.end();
    });
  }

  void unknown_bank(const std::string& code, const SourceLocation& where, const std::string& path) {
    std::vector<std::string_view> candidates;
    for (const Bank& bank : config_.banks) candidates.push_back(bank.code);
    const std::string_view best = nearest(code, candidates);
    problems_.error(where, path, "there is no [bank." + code + "]" + (best.empty() ? "" : ", did you mean " + quoted(best) + "?"));
  }

  void banks() {
    for (const Bank& bank : config_.banks) {
      const std::string path = "bank." + bank.code;
      if (!bank_code(bank.code)) problems_.error(bank.where, path, "a bank code is a letter and up to 15 letters or digits, all small");
      if (bank.code == config_.self.bank) problems_.error(bank.where, path, "this is our own bank code (switch.bank)");
      if (bank.receive_limit.empty())
        problems_.error(bank.where, path + ".receive_limit", "missing, but required: at least one currency, such as { KRW = \"1000000000\" }");
      for (const auto& [table, amounts] : {std::pair{"receive_limit", &bank.receive_limit}, std::pair{"exposure", &bank.exposure}, std::pair{"in_doubt", &bank.in_doubt}})
        for (const auto& [currency, amount] : *amounts) {
          const SourceLocation where = place({"bank", bank.code, table, currency}, bank.where);
          check_currency(currency, where, path + "." + table + "." + currency);
          if (amounts != &bank.receive_limit && !bank.receive_limit.empty() && bank.receive_limit.find(currency) == bank.receive_limit.end())
            problems_.error(where, path + ".receive_limit." + currency, std::string("missing, but required, since ") + table + " names this currency");
        }
    }
  }

  void prefixes() {
    struct Owned {
      std::string_view prefix, bank;
      SourceLocation where;
    };
    std::vector<Owned> all{{config_.self.prefix, config_.self.bank, place({"switch", "prefix"}, config_.self.where)}};
    for (const Bank& bank : config_.banks)
      for (std::size_t i = 0; i < bank.prefixes.size(); ++i) all.push_back({bank.prefixes[i], bank.code, place({"bank", bank.code, "prefix"}, bank.where)});
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        if (all[i].prefix.empty() || all[j].prefix.empty() || all[i].bank == all[j].bank) continue;
        if (!all[i].prefix.starts_with(all[j].prefix) && !all[j].prefix.starts_with(all[i].prefix)) continue;
        const std::string whose = j == 0 ? "our own prefix " + quoted(all[j].prefix) : quoted(all[j].prefix) + " of bank " + quoted(all[j].bank);
        problems_.error(all[i].where, "bank." + std::string(all[i].bank) + ".prefix", quoted(all[i].prefix) + " overlaps " + whose + ": a number would belong to both");
      }
  }

  void routes() {
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const Route& route = config_.routes[i];
      const std::string path = "route[" + std::to_string(i) + "]";
      if (!route.bank.empty() && config_.bank(route.bank) == nullptr) unknown_bank(route.bank, route.where, path + ".bank");
      for (const std::string& target : route.targets) check_target(route, target, path + ".targets");
      for (const std::string& currency : route.when.currencies) check_currency(currency, route.where, path + ".when.currency");
      const bool amount = route.when.min_minor != 0 || route.when.max_minor != INT64_MAX;
      if (amount && route.when.currencies.size() != 1)
        problems_.error(route.where, path + ".when", "min and max need exactly one currency, an amount means nothing without it");
      if (route.when.min_minor > route.when.max_minor) problems_.error(route.where, path + ".when", "min is above max");
    }
    for (const Bank& bank : config_.banks)
      if (std::none_of(config_.routes.begin(), config_.routes.end(), [&](const Route& route) { return route.bank == bank.code; }))
        problems_.warning(bank.where, "bank." + bank.code, "no [[route]] leads to it: transfers to it are refused (no_route)");
  }

  void check_target(const Route& route, const std::string& target, const std::string& path) {
    const Connector* connector = config_.connector(target);
    if (connector == nullptr) {
      std::vector<std::string_view> candidates;
      for (const Connector& one : config_.connectors) candidates.push_back(one.name);
      const std::string_view best = nearest(target, candidates);
      return problems_.error(route.where, path, "there is no [[connector]] named " + quoted(target) + (best.empty() ? "" : ", did you mean " + quoted(best) + "?"));
    }
    if (known(*connector) && connector->role != PluginRole::gateway)
      return problems_.error(route.where, path, "connector " + quoted(target) + " is no gateway");
    if (!connector->bank.empty() && connector->bank != route.bank)
      problems_.error(route.where, path, "connector " + quoted(target) + " leads to bank " + quoted(connector->bank) + ", not to " + quoted(route.bank));
  }

  void listeners() {
    const Listener& open = config_.public_listener;
    if (config_.auth.mode == AuthMode::development && !open.host.empty() && !open.loopback())
      problems_.error(config_.auth.where, "auth.mode", "\"development\" asks nobody for a credential and needs a loopback address, listen.public.address is " + quoted(open.address));
    if (config_.auth.mode == AuthMode::development && !config_.admin_listener.host.empty() && !config_.admin_listener.loopback())
      problems_.error(config_.auth.where, "auth.mode", "\"development\" needs a loopback address, listen.admin.address is " + quoted(config_.admin_listener.address));
    if (config_.cash.allow == CashAllow::owner && config_.auth.mode != AuthMode::development)
      problems_.warning(config_.cash.where, "cash.allow", "\"owner\" lets every customer deposit to the own account: for demonstrations only");
    std::vector<std::pair<std::string_view, const Listener*>> all{{"public", &open}, {"admin", &config_.admin_listener}};
    if (config_.peer_listener) all.emplace_back("peer", &*config_.peer_listener);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (all[i].second->port != 0 && all[i].second->address == all[j].second->address)
          problems_.error(all[i].second->where, "listen." + std::string(all[i].first) + ".address",
                          quoted(all[i].second->address) + " is also the address of listen." + std::string(all[j].first));
  }

  void limits() {
    for (const auto& [currency, row] : config_.limits.transfer) {
      check_currency(currency, row.where, "limits.transfer." + currency);
      if (row.min > row.max) problems_.error(row.where, "limits.transfer." + currency, "min is above max");
    }
    for (const auto& [currency, amount] : config_.limits.cash_per_principal_day)
      check_currency(currency, place({"limits", "cash", currency}, config_.self.where), "limits.cash." + currency);
  }

  void key_file(const std::optional<Tls>& tls, const std::string& path) {
    struct stat status {};
    if (!tls || tls->key.empty() || ::stat(tls->key.c_str(), &status) != 0) return;  // one that is absent is named when TLS is set up
    if (tls->certificate.empty()) problems_.error(tls->where, path, "a key without its certificate");
    // Group bits may be the mask of systemd's ACL when the key is a credential; those were judged when they were read.
    const std::string directory = std::string("/run/credentials/");
    if (!tls->key.starts_with(directory) && (status.st_mode & 0077) != 0 && !credential(tls->key))
      problems_.error(tls->where, path + ".key", tls->key + " can be read by others; make it 0400 (chmod 0400)");
  }

  bool credential(const std::string& file) const {
    const char* directory = std::getenv("CREDENTIALS_DIRECTORY");
    return directory != nullptr && file.starts_with(std::string(directory) + "/");
  }

  void key_files() {
    key_file(config_.public_listener.tls, "listen.public.tls");
    key_file(config_.admin_listener.tls, "listen.admin.tls");
    if (config_.peer_listener) key_file(config_.peer_listener->tls, "listen.peer.tls");
    for (const Connector& connector : config_.connectors) key_file(connector.tls, "connector." + connector.name + ".tls");
  }

  const Config& config_;
  Problems& problems_;
};

}  // namespace

void cross_check(const Config& config, Problems& problems) { CrossCheck(config, problems).run(); }

}  // namespace payswitch::daemon::config
