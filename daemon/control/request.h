// From a request line to a command of the table, and from a result to an answer line. Pure. Inner to control/.
#pragma once

#include <string>
#include <string_view>

#include "control/server.h"

namespace payswitch::daemon::control {

struct Refusal {
  std::string_view code;
  std::string message;
};

// Fills command and arguments; false: `refusal` says why. The role is not looked at.
bool read_request(std::string_view line, Request& request, Refusal& refusal);

// Each ends with '\n'.
std::string ok_line(std::string_view result_json);
std::string error_line(std::string_view code, std::string_view message);

}  // namespace payswitch::daemon::control
