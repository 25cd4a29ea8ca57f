#include "app/arguments.h"

#include <string_view>

namespace payswitch::daemon::app {

Result<Arguments> parse_arguments(int argc, char** argv) {
  Arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const auto value = [&](std::string_view name, std::string& into) -> Result<bool> {
      if (word.starts_with(std::string(name) + "=")) {
        into = word.substr(name.size() + 1);
        return true;
      }
      if (word != name) return false;
      if (i + 1 == argc) return Error{std::string(name) + " needs a value"};
      into = argv[++i];
      return true;
    };
    if (word == "--help" || word == "-h") out.action = Action::help;
    else if (word == "--version") out.action = Action::version;
    else if (word == "--check-config") out.action = Action::check_config;
    else if (word == "--print-defaults") out.action = Action::print_defaults;
    else if (word == "--print-reference") out.action = Action::print_reference;
    else if (word == "--json") out.json = true;
    else if (word == "--strict") out.strict = true;
    else if (word == "--force") out.force = true;
    else {
      auto taken = value("--config", out.config);
      if (taken && !*taken) taken = value("--plugins", out.plugin_directory);
      if (!taken) return taken.error();
      if (!*taken) return Error{"\"" + std::string(word) + "\" is not an option of payswitchd; try payswitchd --help"};
    }
  }
  if (out.action != Action::check_config && (out.json || out.strict)) return Error{"--json and --strict belong to --check-config"};
  if (out.action != Action::run && out.force) return Error{"--force belongs to a start"};
  return out;
}

std::string help_text() {
  return
      R"(payswitchd: a payment switch. Takes deposits, withdrawals and transfers over HTTP and routes them to connector plugins.

usage: payswitchd --config FILE [--force]             run (in the foreground; systemd or a shell keeps it)
       payswitchd --config FILE --check-config        say everything that is wrong with the file, then end
                  [--json] [--strict]                   as JSON; warnings count as errors
       payswitchd --print-defaults                    a complete commented configuration
       payswitchd --version | --help

  --config FILE     /etc/payswitch/payswitch.toml when left out
  --plugins DIR     look for plugins here instead of in paths.plugins
  --force           start although transfers are open at a bank that no connector leads to any more; they stay as they are

To begin: write the smallest configuration, run it, ask it.
  cat > payswitch.toml <<'TOML'
  [switch]
  bank = "mj"
  prefix = "mj-"
  currencies = { KRW = 0 }
  ledger = "books"
  [listen.public]
  address = "127.0.0.1:8080"
  [listen.admin]
  address = "127.0.0.1:9090"
  [auth]
  mode = "development"
  [cash]
  allow = "owner"
  [[connector]]
  name = "books"
  plugin = "local_ledger"
  options = { directory = "./books" }
  [control]
  socket = "./control.sock"
  TOML
  payswitchd --config payswitch.toml --check-config && payswitchd --config payswitch.toml &
  curl -X POST http://127.0.0.1:8080/v1/accounts -H 'Idempotency-Key: first' -H 'Content-Type: application/json' -d '{"currency":"KRW"}'
  curl http://127.0.0.1:9090/readyz?verbose
  payswitchctl --socket ./control.sock status

signals: SIGTERM, SIGINT  stop accepting, finish what runs (daemon.drain, 20 s), end with 0
         SIGHUP           read certificates, signing keys, and keys and pins of the banks again; nothing else of the configuration
exit status: 0 ended in order · 64 command line · 69 something it needs is not there · 70 bug · 74 the ledger stopped after a failed
             write or sync (start again: it recovers) · 78 configuration
)";
}

}  // namespace payswitch::daemon::app
