// connector NAME COMMAND [ARGUMENTS]: what a plugin offers its operators.
#include <algorithm>

#include "app/control_call.h"
#include "app/control_room.h"

namespace payswitch::daemon::app {
namespace {

constexpr std::uint64_t command_ns_max = 30'000'000'000;

// Lives until the plugin has answered.
struct PluginCommand {
  ControlCall* call;
  psw_call body{};

  static void completed(void* context, const psw_reply& reply) {
    const std::unique_ptr<PluginCommand> mine(static_cast<PluginCommand*>(context));
    ControlCall& call = *mine->call;
    const std::string_view text = view(reply.text);
    if (reply.code == PSW_NOT_SUPPORTED) return call.fail("not_found", "the connector has no such command");
    if (reply.code == PSW_TIMEOUT) return call.fail("timeout", "the connector did not answer in time; the command may still be carried out");
    if (reply.code != PSW_OK) {
      std::string why(view(reply.reason));
      if (!text.empty()) why += (why.empty() ? "" : ": ") + std::string(text);
      return call.fail(reply.code == PSW_INVALID ? "invalid" : reply.code == PSW_ABSENT ? "not_found" : "refused", why);
    }
    json::Writer out(call.memory, text.size() + 64);
    json::Value value;
    json::ParseError error;
    if (json::parse(text, call.memory, value, error, {.depth_max = 64, .values_max = 4'000'000})) out.raw(text);
    else out.begin_object().member("text", text).end_object();
    call.ok(out);
  }
};

void run_command(ControlCall& call) {
  auto* connector = call.daemon.host().find(call.request.argument("name"));
  const unsigned loop = call.daemon.rooms().front()->loop().index();
  plugin_host::Call* operation = connector != nullptr ? connector->acquire(loop) : nullptr;
  if (operation == nullptr) return call.fail("refused", connector == nullptr ? "the connector is not loaded" : "too many calls of the connector are under way");
  auto* job = new PluginCommand{&call};
  job->body.size = sizeof job->body;
  job->body.flags = 1;  // JSON wanted
  job->body.name = str(call.request.argument("command"));
  job->body.args = str(call.request.argument("args"));
  job->body.actor = str(call.request.actor);
  operation->op.kind = PSW_OP_COMMAND;
  operation->op.call_deadline_ns = call.daemon.clock().monotonic_ns() + command_ns_max;
  operation->op.body = &job->body;
  operation->completion = {PluginCommand::completed, job};
  connector->submit(loop, operation);
}

// `psw_command.role` and the roles of the control socket have the same order; the socket's begin with none.
bool may(config::ControlRole role, std::int32_t wanted) { return static_cast<std::int32_t>(role) >= wanted; }

}  // namespace

void ControlRoom::register_connectors() {
  std::map<std::string, std::vector<plugin_host::CommandText>, std::less<>> known;
  for (const auto* list : {&daemon_.config().connectors, &daemon_.config().logins})
    for (const auto& connector : *list)
      if (const auto plugin = daemon_.host().open(connector.plugin, connector.sha256)) known[connector.name] = plugin->type->commands;
  server_.on("connector", [known = std::move(known), run = on_first_loop(daemon_, run_command)](const control::Request& request, control::Answer answer) {
    const auto commands = known.find(request.argument("name"));
    if (commands == known.end()) return answer.fail("not_found", "there is no connector \"" + std::string(request.argument("name")) + "\"");
    const auto command = std::find_if(commands->second.begin(), commands->second.end(), [&](const auto& one) { return one.name == request.argument("command"); });
    if (command == commands->second.end()) {
      std::string names;
      for (const auto& one : commands->second) names += (names.empty() ? "" : ", ") + one.name;
      return answer.fail("not_found", names.empty() ? std::string("this connector has no commands") : "this connector has the commands " + names);
    }
    if (!may(request.role, command->role)) return answer.fail("forbidden", "the command \"" + command->name + "\" needs a higher role");
    if ((command->flags & PSW_COMMAND_DANGEROUS) != 0 && !request.flag("confirm")) return answer.fail("invalid", "its plugin calls this command dangerous: add --confirm");
    run(request, std::move(answer));
  });
}

}  // namespace payswitch::daemon::app
