// From the checked tree to typed structs, and the checks that look at several keys at once. Inner to config/.
#pragma once

#include <string>

#include "config/config.h"
#include "config/load.h"
#include "config/problem.h"

namespace payswitch::daemon::config {

// Fills everything but the connectors' options and roles. Tolerant: `tree` may have had problems already.
void build(const Node& tree, Config& out, Problems& problems);

// The names, routes, prefixes, limits and listeners against each other. Roles are known by now (0 where the schema was not).
void cross_check(const Config& config, Problems& problems);

// "127.0.0.1:8080", "[::1]:0". False: not a numeric address with a port.
bool parse_address(std::string_view text, std::string& host, std::uint16_t& port);

}  // namespace payswitch::daemon::config
