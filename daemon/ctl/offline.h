// Commands that need no daemon: they load one plugin into this process by the daemon's own plugin host.
#pragma once

#include <string>
#include <string_view>

#include "ctl/arguments.h"

namespace payswitch::daemon::ctl {

// What a command came to: a JSON result, or a code of config::control_error_codes() with a sentence.
struct Outcome {
  std::string result;  // JSON; empty when code is set
  std::string code;
  std::string message;

  static Outcome failed(std::string_view code, std::string message) { return {{}, std::string(code), std::move(message)}; }
};

Outcome plugin_inspect(const CommandLine& line);
Outcome plugin_help(const CommandLine& line);
Outcome plugin_sample(const CommandLine& line);
// The ledger plugin's own check of a directory; reads only. A broken invariant is `unhealthy`.
Outcome ledger_verify(const CommandLine& line);

// "x.so" and "./x" are files; a bare name is looked for in --plugins, beside this program, in /usr/lib/payswitch/plugins.
std::string plugin_file(const CommandLine& line, std::string_view name);

}  // namespace payswitch::daemon::ctl
