// A result for people: money with its decimals, lists as tables, the rest as "name: value". Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace payswitch::daemon::ctl {

std::string render(const json::Value& result);

// "15025", 2 → "150.25". Digits with an optional minus; anything else is given back as it is.
std::string decimal(std::string_view minor, std::int64_t exponent);

}  // namespace payswitch::daemon::ctl
