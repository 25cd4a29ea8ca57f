// Texts made from the command table: --help and the completions of bash.
#pragma once

#include <string>
#include <string_view>

#include "config/commands.h"

namespace payswitch::daemon::ctl {

// Everything, or with a topic ("account") only its commands.
std::string help_text(std::string_view topic);
std::string command_help(const config::CommandSpec& command);
std::string bash_completion();

}  // namespace payswitch::daemon::ctl
