// payswitchctl as a function, so that tests can call it.
#pragma once

#include <iosfwd>
#include <span>
#include <string>

namespace payswitch::daemon::ctl {

// Words without the program's name. Returns the exit status of config::control_error_codes(), 0 when done.
int run(std::span<const std::string> words, std::ostream& out, std::ostream& err);

}  // namespace payswitch::daemon::ctl
