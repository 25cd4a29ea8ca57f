// The command line against the command table. Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "config/commands.h"

namespace payswitch::daemon::ctl {

struct CommandLine {
  const config::CommandSpec* command = nullptr;
  std::map<std::string, std::string, std::less<>> arguments;  // a given flag is "true"
  std::string socket;                                         // --socket, or empty
  std::string plugin_directory;                               // --plugins, or empty
  std::string topic;                                          // with help: the words before it ("account")
  bool json = false;
  bool yes = false;
  bool help = false;
  bool version = false;
  std::string error;  // not empty: what is wrong; nothing else counts
};

// Without the program's name.
CommandLine parse_command_line(std::span<const std::string> words);

// The request line for the daemon, with '\n'.
std::string request_line(const CommandLine& line);

}  // namespace payswitch::daemon::ctl
