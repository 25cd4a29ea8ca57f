// `payswitchctl ledger verify DIRECTORY`: the ledger plugin's own offline command, in this process. The instance is configured but not
// started, so nothing is locked, cut or written.
#include <unistd.h>

#include <filesystem>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ctl/offline.h"
#include "ctl/schema.h"
#include "plugin_host/host.h"

namespace payswitch::daemon::ctl {
namespace {

constexpr std::uint64_t verify_ms_max = 24 * 3'600'000;  // a day

// One thread does everything here: it looks by itself.
class NobodyToWake final : public plugin_host::LoopPort {
 public:
  void wake() noexcept override {}
};

struct Waiting {
  bool done = false;
  std::int32_t code = PSW_INTERNAL;
  std::string text, reason;

  static void completed(void* context, const psw_reply& reply) {
    auto& waiting = *static_cast<Waiting*>(context);
    waiting.done = true;
    waiting.code = reply.code;
    waiting.text.assign(reply.text.data == nullptr ? "" : reply.text.data, static_cast<std::size_t>(reply.text.size));
    waiting.reason.assign(reply.reason.data == nullptr ? "" : reply.reason.data, static_cast<std::size_t>(reply.reason.size));
  }
};

Result<std::shared_ptr<const plugin_host::Options>> options_for(const plugin_host::TypeDescriptor& type, const std::string& directory) {
  config::Node table;
  config::Node value;
  value.kind = config::Node::Kind::string;
  value.text = std::filesystem::absolute(directory).lexically_normal().string();
  table.members.push_back({"directory", {}, std::move(value)});
  const config::ProcessEnvironment environment;
  config::CheckContext context;
  context.environment = &environment;
  context.base_directory = ".";
  config::Problems problems;
  config::check_table(table, "options", specs_of(type), context, problems);
  if (problems.any_error()) return Error{type.id + " cannot be opened with a directory alone: " + problems.sorted().front().to_string()};
  return std::shared_ptr<const plugin_host::Options>(std::make_shared<plugin_host::TreeOptions>(config::OptionTree(std::move(table), "options", {})));
}

Outcome run_command(plugin_host::PluginHost& host, plugin_host::Participant& ledger, const Clock& clock) {
  plugin_host::Call* call = ledger.acquire(0);
  if (call == nullptr) return Outcome::failed("internal", "the plugin host has no room for a call");
  psw_call body{};
  body.size = sizeof body;
  body.flags = 1;  // JSON wanted
  body.name = {"verify", 6};
  body.args = {"{}", 2};
  body.actor = {"payswitchctl", 12};
  Waiting waiting;
  call->op.kind = PSW_OP_COMMAND;
  call->op.call_deadline_ns = clock.monotonic_ns() + verify_ms_max * 1'000'000;
  call->op.body = &body;
  call->completion = {Waiting::completed, &waiting};
  ledger.submit(0, call);
  while (!waiting.done) {
    host.poll(0);
    host.turn_lanes();
  }
  if (waiting.code == PSW_OK) return {waiting.text, {}, {}};
  if (waiting.code == PSW_NOT_SUPPORTED) return Outcome::failed("not_available", "this ledger plugin has no command \"verify\"");
  return Outcome::failed(waiting.code == PSW_RULE ? "unhealthy" : "refused", waiting.text.empty() ? waiting.reason : waiting.text);
}

}  // namespace

Outcome ledger_verify(const CommandLine& line) {
  const auto given = line.arguments.find("plugin");
  const std::string name = given == line.arguments.end() ? "local_ledger" : given->second;
  const std::string directory = line.arguments.find("directory")->second;
  if (!std::filesystem::is_directory(directory)) return Outcome::failed("not_found", directory + " is no directory");
  const std::string file = std::filesystem::absolute(plugin_file(line, name)).string();

  SystemClock clock;
  NobodyToWake loop;
  Logger logger(clock, make_json_sink(STDERR_FILENO), Severity::warning);
  Registry metrics;
  plugin_host::HostParts parts;
  parts.clock = &clock;
  parts.loops = {&loop};
  parts.log = &logger;
  parts.metrics = &metrics;
  plugin_host::HostSettings settings;
  settings.threads = false;
  settings.commands_only = true;
  settings.allow_foreign_files = true;
  settings.turn_warn_ms = verify_ms_max;
  settings.plugin_directory = std::filesystem::path(file).parent_path().string();
  plugin_host::PluginHost host(settings, parts);

  const std::string stem = std::filesystem::path(file).stem().string();
  const auto plugin = host.open(stem);
  if (!plugin.ok()) return Outcome::failed("refused", plugin.error().message);
  if (plugin->type->role != plugin_host::Role::ledger) return Outcome::failed("invalid", file + " is no ledger");
  auto options = options_for(*plugin->type, directory);
  if (!options.ok()) return Outcome::failed("invalid", options.error().message);

  plugin_host::ConnectorSettings connector;
  connector.name = "ledger";
  connector.plugin = stem;
  connector.options = *options;
  Result<void> ready = host.add(std::move(connector));
  if (ready.ok()) ready = host.start();
  if (!ready.ok()) return Outcome::failed("refused", ready.error().message);
  plugin_host::Participant* ledger = host.find("ledger");
  if (ledger == nullptr) return Outcome::failed("internal", "the plugin did not load");
  Outcome outcome = run_command(host, *ledger, clock);
  host.stop();
  return outcome;
}

}  // namespace payswitch::daemon::ctl
