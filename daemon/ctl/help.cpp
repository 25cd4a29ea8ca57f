#include "ctl/help.h"

#include <algorithm>
#include <vector>

namespace payswitch::daemon::ctl {
namespace {

using config::ArgumentKind;
using config::CommandArgument;
using config::CommandSpec;

std::string usage(const CommandSpec& command) {
  std::string out(command.name);
  for (const CommandArgument& argument : command.arguments) {
    std::string one;
    if (argument.kind == ArgumentKind::positional) one = argument.name;
    else if (argument.kind == ArgumentKind::flag) one = "--" + std::string(argument.name);
    else one = "--" + std::string(argument.name) + " " + (argument.kind == ArgumentKind::file ? "FILE" : argument.values.empty() ? "VALUE" : std::string(argument.values));
    if (argument.kind == ArgumentKind::positional) std::transform(one.begin(), one.end(), one.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    out += argument.required ? " " + one : " [" + one + "]";
  }
  return out;
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

std::string notes(const CommandSpec& command) {
  std::string out;
  if (command.offline) out += "without a daemon";
  else out += "role " + std::string(config::to_string(command.role));
  if (command.dangerous) out += ", needs --yes";
  return out;
}

constexpr std::string_view global_help =
    "  --json              the result as one line of JSON\n"
    "  --yes               carry out a command that changes money or access\n"
    "  --socket PATH       control socket (else $PAYSWITCH_CONTROL, else /run/payswitch/control.sock)\n"
    "  --plugins DIR       where plugins are looked for by name\n"
    "  --version, --help\n";

}  // namespace

std::string help_text(std::string_view topic) {
  std::string out = "usage: payswitchctl [OPTION…] COMMAND [ARGUMENT…]\n\nCommands\n";
  std::size_t width = 0;
  for (const CommandSpec& command : config::commands()) width = std::max(width, command.name.size());
  for (const CommandSpec& command : config::commands())
    if (topic.empty() || command.name == topic || command.name.starts_with(std::string(topic) + " "))
      out += "  " + pad(std::string(command.name), width) + "  " + std::string(command.doc) + "\n";
  out += "\n`payswitchctl COMMAND --help` shows the arguments of one.\n\nOptions\n" + std::string(global_help);
  if (!topic.empty()) return out;
  out += "\nExit status\n    0  done\n";
  for (const config::ControlErrorCode& code : config::control_error_codes())
    out += std::string(code.exit_status < 10 ? "    " : "   ") + std::to_string(code.exit_status) + "  " + pad(std::string(code.code), 13) + "  " + std::string(code.doc) + "\n";
  return out;
}

std::string command_help(const CommandSpec& command) {
  std::string out = "usage: payswitchctl " + usage(command) + "\n\n" + std::string(command.doc) + " (" + notes(command) + ")\n";
  for (const CommandArgument& argument : command.arguments) {
    const std::string name = (argument.kind == ArgumentKind::positional ? "" : "--") + std::string(argument.name);
    out += (&argument == command.arguments.data() ? "\n  " : "  ") + pad(name, 18) + "  " + std::string(argument.doc);
    if (!argument.values.empty()) out += " (" + std::string(argument.values) + ")";
    out += "\n";
  }
  return out + "\nOptions\n" + std::string(global_help);
}

std::string bash_completion() {
  std::vector<std::string> first;
  std::string seconds, options;
  for (const CommandSpec& command : config::commands()) {
    const std::string head(command.name.substr(0, command.name.find(' ')));
    if (std::find(first.begin(), first.end(), head) == first.end()) first.push_back(head);
  }
  for (const std::string& head : first) {
    std::string list;
    for (const CommandSpec& command : config::commands())
      if (command.name.starts_with(head + " ")) list += (list.empty() ? "" : " ") + std::string(command.name.substr(head.size() + 1));
    if (!list.empty()) seconds += "      " + head + ") COMPREPLY=($(compgen -W \"" + list + "\" -- \"$current\")); return ;;\n";
  }
  std::string values;
  for (const CommandSpec& command : config::commands()) {
    std::string list;
    std::string positional;
    for (const CommandArgument& argument : command.arguments) {
      std::string spaced(argument.values);
      std::replace(spaced.begin(), spaced.end(), '|', ' ');
      if (argument.kind == ArgumentKind::positional) {
        if (positional.empty()) positional = argument.name == "file" || argument.name == "plugin" || argument.name == "directory" ? "FILE" : spaced;
        continue;
      }
      list += " --" + std::string(argument.name);
      if (argument.kind == ArgumentKind::file) values += "    \"" + std::string(command.name) + " --" + std::string(argument.name) + "\") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n";
      if (!spaced.empty()) values += "    \"" + std::string(command.name) + " --" + std::string(argument.name) + "\") COMPREPLY=($(compgen -W \"" + spaced + "\" -- \"$current\")); return ;;\n";
    }
    options += "    \"" + std::string(command.name) + "\") options=\"" + (list.empty() ? list : list.substr(1)) + "\" words=\"" + positional + "\" ;;\n";
  }
  std::string heads;
  for (const std::string& head : first) heads += (heads.empty() ? "" : " ") + head;
  return "# bash completion of payswitchctl. Made by `payswitchctl completion bash`; do not edit.\n"
         "_payswitchctl() {\n"
         "  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\" command=\"\" count=0 i options=\"\" words=\"\"\n"
         "  COMPREPLY=()\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \"${COMP_WORDS[i]}\" in\n"
         "      --socket|--plugins) i=$((i + 1)) ;;\n"
         "      -*) ;;\n"
         "      *) [ $count -lt 2 ] && command=\"${command:+$command }${COMP_WORDS[i]}\" && count=$((count + 1))\n"
         "         case \"$command\" in status|health|explain|completion|connector) count=2 ;; esac ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$previous\" in\n"
         "    --socket) COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n"
         "    --plugins) COMPREPLY=($(compgen -d -- \"$current\")); return ;;\n"
         "  esac\n"
         "  case \"$command $previous\" in\n" + values +
         "  esac\n"
         "  if [ $count -eq 0 ] && [[ $current != -* ]]; then COMPREPLY=($(compgen -W \"" + heads + "\" -- \"$current\")); return; fi\n"
         "  if [ $count -eq 1 ] && [[ $current != -* ]]; then\n"
         "    case \"$command\" in\n" + seconds +
         "    esac\n"
         "  fi\n"
         "  case \"$command\" in\n" + options +
         "  esac\n"
         "  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W \"$options --json --yes --socket --plugins --help\" -- \"$current\"))\n"
         "  elif [ \"$words\" = FILE ]; then COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  elif [ -n \"$words\" ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$current\")); fi\n"
         "}\n"
         "complete -o default -F _payswitchctl payswitchctl\n";
}

}  // namespace payswitch::daemon::ctl
