// The operator's commands as data. Both ends of the control socket read this table: control/ takes role and arguments from it,
// ctl/ its help, its parser and the shell completions. It lies here because ctl/ may not see control/.
//
// Wire (one request and one answer a connection or several in turn, each one line of JSON ended by '\n'):
//   → {"command":"transfer show","args":{"id":"01J…"}}
//   ← {"ok":true,"result":…}   |   {"ok":false,"error":{"code":"not_found","message":"…"}}
// Money in results is {"minor":"15025","currency":"USD","exponent":2}; payswitchctl prints it as 150.25 USD.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "config/config.h"

namespace payswitch::daemon::config {

inline constexpr std::size_t control_request_bytes_max = 64 * 1024;
inline constexpr std::size_t control_answer_bytes_max = 16 * 1024 * 1024;

enum class ArgumentKind : unsigned char { positional, option, flag, file };

struct CommandArgument {
  std::string_view name;  // positional "id", option "owner" (--owner VALUE), flag "all" (--all), file
                         // "evidence" (--evidence PATH: payswitchctl sends name, size, SHA-256 and, where it is text, content)
  ArgumentKind kind = ArgumentKind::positional;
  bool required = false;
  std::string_view values;  // "a|b|c" when only these are possible
  std::string_view doc;
};

struct CommandSpec {
  std::string_view name;  // "transfer show"
  ControlRole role = ControlRole::viewer;
  bool dangerous = false;  // payswitchctl asks for --yes
  bool offline = false;    // carried out by payswitchctl itself, without a daemon
  std::string_view doc;
  std::span<const CommandArgument> arguments;
};

std::span<const CommandSpec> commands();
const CommandSpec* find_command(std::string_view name);
std::string_view to_string(ControlRole role);

// Error codes of an answer and the exit status payswitchctl ends with.
struct ControlErrorCode {
  std::string_view code;
  int exit_status;
  std::string_view doc;
};
std::span<const ControlErrorCode> control_error_codes();

}  // namespace payswitch::daemon::config
