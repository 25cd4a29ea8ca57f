// A plugin's key table as configuration's engine wants it.
#pragma once

#include <vector>

#include "config/schema.h"
#include "plugin_host/descriptor.h"

namespace payswitch::daemon::ctl {

// Views into `type`.
std::vector<config::KeySpec> specs_of(const plugin_host::TypeDescriptor& type);

}  // namespace payswitch::daemon::ctl
