// The arguments of a command: one flat JSON object of strings and integers. Anything else is refused.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch::sim_bank {

using Args = std::map<std::string, std::string, std::less<>>;

// Empty for text that is not such an object; a member that comes twice is an error too. Of escapes only \" and \\ are read.
std::optional<Args> parse_args(std::string_view json);
std::string_view arg(const Args& args, std::string_view name, std::string_view otherwise = "");

}  // namespace payswitch::sim_bank
