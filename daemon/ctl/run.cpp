#include "ctl/run.h"

#include <cstdlib>
#include <memory_resource>
#include <ostream>

#include "base/json.h"
#include "ctl/arguments.h"
#include "ctl/client.h"
#include "ctl/evidence.h"
#include "ctl/help.h"
#include "ctl/offline.h"
#include "ctl/render.h"
#include "ctl/version.h"

namespace payswitch::daemon::ctl {
namespace {

constexpr std::size_t result_values_max = 4'000'000;  // of an answer of control_answer_bytes_max

int status_of(std::string_view code) {
  for (const config::ControlErrorCode& known : config::control_error_codes())
    if (known.code == code) return known.exit_status;
  return 11;  // internal
}

int fail(const CommandLine& line, std::string_view code, std::string_view message, std::ostream& out, std::ostream& err) {
  if (line.json) {
    std::pmr::monotonic_buffer_resource arena;
    json::Writer json(arena);
    json.begin_object().member_boolean("ok", false).key("error").begin_object().member("code", code).member("message", message);
    out << json.end_object().end_object().text() << "\n";
  } else {
    err << "payswitchctl: " << message << (code == "usage" ? "" : " (" + std::string(code) + ")") << "\n";
  }
  return status_of(code);
}

int show(const CommandLine& line, const std::string& result, std::ostream& out, std::ostream& err) {
  if (line.json) {
    out << "{\"ok\":true,\"result\":" << result << "}\n";
    return 0;
  }
  std::pmr::monotonic_buffer_resource arena;
  json::Value value;
  json::ParseError error;
  if (!json::parse(result, arena, value, error, {.depth_max = 64, .values_max = result_values_max}))
    return fail(line, "internal", "the result is not JSON: " + std::string(json::to_string(error.reason)), out, err);
  out << render(value);
  return 0;
}

std::string socket_of(const CommandLine& line) {
  if (!line.socket.empty()) return line.socket;
  const char* set = std::getenv("PAYSWITCH_CONTROL");
  return set != nullptr && *set != '\0' ? set : "/run/payswitch/control.sock";
}

int ask(CommandLine line, std::ostream& out, std::ostream& err) {
  std::string answer;
  if (const std::string trouble = attach_files(line); !trouble.empty()) return fail(line, "usage", trouble, out, err);
  switch (ask_daemon(socket_of(line), request_line(line), answer)) {
    case Exchange::unreachable: return fail(line, "unreachable", answer, out, err);
    case Exchange::timed_out: return fail(line, "timeout", answer, out, err);
    case Exchange::answered: break;
  }
  std::pmr::monotonic_buffer_resource arena;
  json::Value value;
  json::ParseError error;
  if (!json::parse(answer, arena, value, error, {.depth_max = 64, .values_max = result_values_max}) || !value.is_object())
    return fail(line, "internal", "the daemon's answer is not JSON", out, err);
  const json::Value* ok = value.find("ok");
  if (ok != nullptr && ok->is_boolean() && ok->boolean()) {
    if (line.json) {
      out << answer << "\n";
      return 0;
    }
    const json::Value* result = value.find("result");
    out << (result == nullptr ? "done\n" : render(*result));
    return 0;
  }
  const json::Value* problem = value.find("error");
  const json::Value* code = problem != nullptr && problem->is_object() ? problem->find("code") : nullptr;
  const json::Value* message = problem != nullptr && problem->is_object() ? problem->find("message") : nullptr;
  if (code == nullptr || message == nullptr || !code->is_string() || !message->is_string()) return fail(line, "internal", "the daemon's answer has no error", out, err);
  return fail(line, code->string(), message->string(), out, err);
}

int offline(const CommandLine& line, std::ostream& out, std::ostream& err) {
  const std::string_view name = line.command->name;
  Outcome outcome;
  if (name == "completion") {
    out << bash_completion();
    return 0;
  }
  if (name == "plugin inspect") outcome = plugin_inspect(line);
  else if (name == "plugin help") outcome = plugin_help(line);
  else if (name == "plugin sample") outcome = plugin_sample(line);
  else outcome = ledger_verify(line);
  return outcome.code.empty() ? show(line, outcome.result, out, err) : fail(line, outcome.code, outcome.message, out, err);
}

}  // namespace

int run(std::span<const std::string> words, std::ostream& out, std::ostream& err) {
  const CommandLine line = parse_command_line(words);
  if (!line.error.empty()) {
    const int status = fail(line, "usage", line.error, out, err);
    if (!line.json) err << "payswitchctl --help shows the commands\n";
    return status;
  }
  if (line.version) {
    out << "payswitchctl " << version_text << "\n";
    return 0;
  }
  if (line.help) {
    out << (line.command != nullptr ? command_help(*line.command) : help_text(line.topic));
    return 0;
  }
  if (line.command->dangerous && !line.yes)
    return fail(line, "usage", "\"" + std::string(line.command->name) + "\" changes money or access: add --yes", out, err);
  const bool local_books = line.command->name == "ledger verify" && line.arguments.find("directory") != line.arguments.end();
  return line.command->offline || local_books ? offline(line, out, err) : ask(line, out, err);
}

}  // namespace payswitch::daemon::ctl
