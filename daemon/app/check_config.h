// --check-config, --print-defaults and the loading of the configuration at start: one path.
#pragma once

#include <memory>
#include <optional>

#include "app/arguments.h"
#include "app/plugin_bridge.h"
#include "app/trust.h"
#include "config/load.h"

namespace payswitch::daemon::app {

config::LoadResult load_configuration(const Arguments& arguments, LoadedSchemas& schemas, Trust& trust);

// Prints every problem (text to stderr, or one JSON object to stdout) and gives the exit status.
int check_configuration(const Arguments& arguments);

}  // namespace payswitch::daemon::app
