#include "control/request.h"

#include <memory_resource>

#include "base/json.h"

namespace payswitch::daemon::control {
namespace {

bool refuse(Refusal& refusal, std::string_view code, std::string message) {
  refusal = {code, std::move(message)};
  return false;
}

bool one_of(std::string_view value, std::string_view values) {
  while (!values.empty()) {
    const auto bar = values.find('|');
    if (values.substr(0, bar) == value) return true;
    values = bar == std::string_view::npos ? std::string_view() : values.substr(bar + 1);
  }
  return false;
}

bool read_argument(const json::Member& member, Request& request, Refusal& refusal) {
  const std::string name(member.name);
  for (const config::CommandArgument& known : request.command->arguments) {
    if (known.name != member.name) continue;
    const bool flag = known.kind == config::ArgumentKind::flag;
    if (flag ? !member.value.is_boolean() : !member.value.is_string())
      return refuse(refusal, "invalid", "argument \"" + name + "\" must be " + (flag ? "a boolean" : "a string"));
    if (flag) {
      if (member.value.boolean()) request.arguments[name] = "true";
      return true;
    }
    const std::string value(member.value.string());
    if (!known.values.empty() && !one_of(value, known.values))
      return refuse(refusal, "invalid", "argument \"" + name + "\" is \"" + value + "\", possible are " + std::string(known.values));
    request.arguments[name] = value;
    return true;
  }
  return refuse(refusal, "invalid", "command \"" + std::string(request.command->name) + "\" has no argument \"" + name + "\"");
}

}  // namespace

bool read_request(std::string_view line, Request& request, Refusal& refusal) {
  std::pmr::monotonic_buffer_resource arena;
  json::Value value;
  json::ParseError error;
  if (!json::parse(line, arena, value, error)) return refuse(refusal, "invalid", "the request is not JSON: " + std::string(json::to_string(error.reason)));
  if (!value.is_object()) return refuse(refusal, "invalid", "the request is not a JSON object");
  const json::Value* command = value.find("command");
  if (command == nullptr || !command->is_string()) return refuse(refusal, "invalid", "\"command\" is missing or no string");
  for (const json::Member& member : value.members())
    if (member.name != "command" && member.name != "args") return refuse(refusal, "invalid", "unknown member \"" + std::string(member.name) + "\"");
  request.command = config::find_command(command->string());
  if (request.command == nullptr) return refuse(refusal, "invalid", "there is no command \"" + std::string(command->string()) + "\"");
  if (const json::Value* arguments = value.find("args")) {
    if (!arguments->is_object()) return refuse(refusal, "invalid", "\"args\" is not an object");
    for (const json::Member& member : arguments->members())
      if (!read_argument(member, request, refusal)) return false;
  }
  for (const config::CommandArgument& known : request.command->arguments)
    if (known.required && request.arguments.find(known.name) == request.arguments.end())
      return refuse(refusal, "invalid", "argument \"" + std::string(known.name) + "\" is missing");
  return true;
}

std::string ok_line(std::string_view result_json) { return "{\"ok\":true,\"result\":" + std::string(result_json) + "}\n"; }

std::string error_line(std::string_view code, std::string_view message) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena);
  out.begin_object().member_boolean("ok", false).key("error").begin_object();
  out.member("code", code).member("message", message).end_object().end_object();
  return std::string(out.text()) + "\n";
}

}  // namespace payswitch::daemon::control
