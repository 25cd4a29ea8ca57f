#include "ctl/arguments.h"

#include <memory_resource>
#include <vector>

#include "base/json.h"

namespace payswitch::daemon::ctl {
namespace {

using config::ArgumentKind;
using config::CommandArgument;

class Parser {
 public:
  explicit Parser(std::span<const std::string> words) : words_(words) {}

  CommandLine run() {
    command();
    while (at_ < words_.size() && out_.error.empty()) word();
    if (out_.error.empty() && !out_.help && !out_.version) complete();
    return out_;
  }

 private:
  void fail(std::string text) {
    if (out_.error.empty()) out_.error = std::move(text);
  }

  // The longest run of words at the front (global options skipped) that is a command's name.
  void command() {
    std::string name;
    while (at_ < words_.size() && out_.error.empty()) {
      if (words_[at_].starts_with("-")) {
        if (!global_option()) return fail("unknown option " + words_[at_] + " before the command");
        continue;
      }
      const std::string longer = name.empty() ? words_[at_] : name + " " + words_[at_];
      bool prefix = false;
      for (const config::CommandSpec& spec : config::commands()) prefix = prefix || spec.name == longer || spec.name.starts_with(longer + " ");
      if (!prefix) break;
      name = longer;
      ++at_;
      if (const config::CommandSpec* found = config::find_command(name)) {
        out_.command = found;
        break;
      }
    }
    out_.topic = name;
    if (out_.command == nullptr && at_ < words_.size()) unknown_command(name.empty() ? words_[at_] : name + " " + words_[at_]);
  }

  void unknown_command(const std::string& name) {
    std::vector<std::string_view> names;
    for (const config::CommandSpec& spec : config::commands()) names.push_back(spec.name);
    const std::string_view best = config::nearest(name, names);
    fail("unknown command \"" + name + "\"" + (best.empty() ? std::string() : ", did you mean \"" + std::string(best) + "\"?"));
  }

  // Those that every command has. True: it was one.
  bool global_option() {
    const std::string& word = words_[at_];
    bool* flag = word == "--json" ? &out_.json : word == "--yes" ? &out_.yes : word == "--help" || word == "-h" ? &out_.help : word == "--version" ? &out_.version : nullptr;
    if (flag != nullptr) {
      *flag = true;
      ++at_;
      return true;
    }
    for (const auto& [name, target] : {std::pair{std::string_view("--socket"), &out_.socket}, std::pair{std::string_view("--plugins"), &out_.plugin_directory}})
      if (word == name || word.starts_with(std::string(name) + "=")) {
        value(name, *target);
        return true;
      }
    return false;
  }

  // `--name VALUE` or `--name=VALUE`.
  void value(std::string_view name, std::string& target) {
    const std::string& word = words_[at_++];
    if (word.size() > name.size()) {
      target = word.substr(name.size() + 1);
    } else if (at_ < words_.size()) {
      target = words_[at_++];
    } else {
      fail(std::string(name) + " needs a value");
    }
  }

  void word() {
    const std::string& word = words_[at_];
    if (!options_ended_ && word == "--") {
      options_ended_ = true;
      ++at_;
    } else if (!options_ended_ && word.size() > 1 && word.starts_with("-")) {
      if (!global_option()) own_option();
    } else {
      positional();
    }
  }

  void own_option() {
    const std::string& word = words_[at_];
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string_view> known{"--json", "--yes", "--help", "--socket", "--plugins"};
    std::vector<std::string> own;
    for (const CommandArgument& argument : out_.command->arguments) {
      if (argument.kind == ArgumentKind::positional) continue;
      const std::string option = "--" + std::string(argument.name);
      own.push_back(option);
      if (option != name) continue;
      std::string& target = out_.arguments[std::string(argument.name)];
      if (argument.kind == ArgumentKind::option || argument.kind == ArgumentKind::file) return value(option, target);
      if (word != name) return fail(option + " takes no value");
      target = "true";
      ++at_;
      return;
    }
    known.insert(known.end(), own.begin(), own.end());
    const std::string_view best = config::nearest(name, known);
    fail("\"" + std::string(out_.command->name) + "\" has no option " + name + (best.empty() ? std::string() : ", did you mean " + std::string(best) + "?"));
  }

  void positional() {
    std::size_t index = 0;
    for (const CommandArgument& argument : out_.command->arguments) {
      if (argument.kind != ArgumentKind::positional || index++ < positionals_) continue;
      out_.arguments[std::string(argument.name)] = words_[at_++];
      ++positionals_;
      return;
    }
    fail("\"" + std::string(out_.command->name) + "\" takes no further argument \"" + words_[at_] + "\"");
  }

  void complete() {
    if (out_.command == nullptr) return fail(out_.topic.empty() ? "no command given" : "\"" + out_.topic + "\" needs a further word: payswitchctl " + out_.topic + " --help");
    for (const CommandArgument& argument : out_.command->arguments) {
      const auto found = out_.arguments.find(argument.name);
      const std::string shown = (argument.kind == ArgumentKind::positional ? "" : "--") + std::string(argument.name);
      if (found == out_.arguments.end()) {
        if (argument.required) return fail(shown + " is missing: " + std::string(argument.doc));
        continue;
      }
      if (argument.values.empty()) continue;
      const std::string bars = "|" + std::string(argument.values) + "|";
      if (bars.find("|" + found->second + "|") == std::string::npos)
        return fail(shown + " is \"" + found->second + "\", possible are " + std::string(argument.values));
    }
  }

  std::span<const std::string> words_;
  std::size_t at_ = 0;
  std::size_t positionals_ = 0;
  bool options_ended_ = false;
  CommandLine out_;
};

}  // namespace

CommandLine parse_command_line(std::span<const std::string> words) { return Parser(words).run(); }

std::string request_line(const CommandLine& line) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena);
  out.begin_object().member("command", line.command->name).key("args").begin_object();
  for (const CommandArgument& argument : line.command->arguments) {
    const auto found = line.arguments.find(argument.name);
    if (found == line.arguments.end()) continue;
    if (argument.kind == ArgumentKind::flag) out.member_boolean(argument.name, true);
    else out.member(argument.name, found->second);
  }
  out.end_object().end_object();
  return std::string(out.text()) + "\n";
}

}  // namespace payswitch::daemon::ctl
