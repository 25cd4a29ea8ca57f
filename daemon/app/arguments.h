// The command line of payswitchd.
#pragma once

#include <string>

#include "base/result.h"

namespace payswitch::daemon::app {

enum class Action { run, check_config, print_defaults, print_reference, version, help };

struct Arguments {
  Action action = Action::run;
  std::string config = "/etc/payswitch/payswitch.toml";
  std::string plugin_directory;  // overrides paths.plugins when not empty
  bool json = false;             // --check-config
  bool force = false;            // run: although open transfers lead to a bank that no connector leads to
  bool strict = false;           // --check-config: warnings count as errors
};

// The error is a sentence that says what to write instead.
Result<Arguments> parse_arguments(int argc, char** argv);
std::string help_text();

}  // namespace payswitch::daemon::app
