// status, health, plugin list, config show, routes explain, ledger verify, log level, explain
#include <payswitch/transfer_state.h>

#include <functional>
#include <map>
#include <string>

#include "app/control_call.h"
#include "app/control_room.h"
#include "app/message_list.h"
#include "app/version.h"
#include "config/load.h"
#include "transfer/route.h"

namespace payswitch::daemon::app {
namespace {

constexpr std::string_view states[] = {"starting", "up", "degraded", "down", "drained", "faulted"};

std::string_view state_word(plugin_host::ConnectorState state) {
  const auto i = static_cast<std::size_t>(state);
  return i < std::size(states) ? states[i] : "unknown";
}

void render_connectors(json::Writer& out, plugin_host::PluginHost& host) {
  out.key("connectors").begin_array();
  for (const auto& c : host.status()) {
    out.begin_object().member("name", c.name).member("plugin", c.plugin).member("type", c.type).member("role", c.role).member("version", c.version);
    if (!c.bank.empty()) out.member("bank", c.bank);
    out.member("state", state_word(c.state));
    if (!c.text.empty()) out.member("text", c.text);
    out.member_boolean("breaker_open", c.breaker_open).member_integer("in_flight", c.in_flight).member_integer("in_flight_max", c.in_flight_max);
    out.member_integer("calls", static_cast<std::int64_t>(c.calls)).member_integer("timeouts", static_cast<std::int64_t>(c.timeouts));
    out.member_integer("unknown", static_cast<std::int64_t>(c.unknown)).member_integer("faults", static_cast<std::int64_t>(c.faults));
    out.end_object();
  }
  out.end_array();
}

void status(Daemon& daemon, const control::Answer& answer) {
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 4096);
  std::uint64_t running = 0, waiting = 0, completed = 0, refused = 0;
  for (const auto& room : daemon.rooms()) {
    const auto& c = room->counters();
    running += c.running.load();
    waiting += c.waiting.load();
    completed += c.completed.load();
    refused += c.refused.load();
  }
  const auto& ledger = daemon.ledger_identity();
  out.begin_object().member("version", version_text).member("bank", daemon.config().self.bank);
  api::member_time(out, "started_at", daemon.started_ms());
  out.member_integer("loops", static_cast<std::int64_t>(daemon.rooms().size()));
  out.key("ledger").begin_object();
  api::member_hex(out, "id", ledger.ledger);
  out.member_integer("epoch", static_cast<std::int64_t>(ledger.epoch)).end_object();
  out.key("transfers").begin_object().member_integer("running", static_cast<std::int64_t>(running)).member_integer("waiting", static_cast<std::int64_t>(waiting));
  out.member_integer("completed", static_cast<std::int64_t>(completed)).member_integer("refused", static_cast<std::int64_t>(refused)).end_object();
  render_connectors(out, daemon.host());
  out.end_object();
  answer.ok(std::string(out.text()));
}

void health(Daemon& daemon, const control::Answer& answer) {
  std::string failed;
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 1024);
  out.begin_object().key("checks").begin_array();
  for (const auto& check : daemon.ready()) {
    out.begin_object().member("name", check.name).member_boolean("ok", check.ok).member("text", check.text).end_object();
    if (!check.ok) failed += (failed.empty() ? "" : ", ") + check.name + ": " + check.text;
  }
  out.end_array().end_object();
  failed.empty() ? answer.ok(std::string(out.text())) : answer.fail("unhealthy", failed);
}

void routes_explain(Daemon& daemon, const control::Request& request, const control::Answer& answer) {
  const auto amount = parse_minor(request.argument("amount"));
  if (!amount) return answer.fail("invalid", "amount must be minor units: digits without sign or leading zero");
  const auto decision = daemon.settings().routes.find({request.argument("to"), request.argument("currency"), *amount});
  static constexpr std::string_view kinds[] = {"here", "other", "none"};
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 1024);
  out.begin_object().member("to", request.argument("to")).member("kind", kinds[static_cast<std::size_t>(decision.kind)]);
  if (!decision.bank.empty()) out.member("bank", decision.bank);
  out.key("targets").begin_array();
  for (const auto* target : decision.targets) {
    auto* gateway = daemon.host().find(target->connector);
    out.begin_object().member("connector", target->connector).member("bank", target->bank);
    out.member_boolean("available", gateway != nullptr && gateway->available()).end_object();
  }
  out.end_array().member("why", decision.trace).end_object();
  answer.ok(std::string(out.text()));
}

// The running books: one row per currency, all accounts summed; debits and credits must be equal, posted and pending.
struct Verify {
  ControlCall* call;
  void got(const ledger::ReadReply& reply) {
    ControlCall& mine = *call;
    delete this;
    if (!reply.ok()) return mine.fail("refused", "the ledger does not answer");
    json::Writer out(mine.memory, 1024);
    std::string broken;
    out.begin_object().key("currencies").begin_array();
    for (const psw_account& row : reply.rows<psw_account>()) {
      const std::string_view currency = currency_view(row.currency);
      const Int128 posted = from_abi(row.debits_posted) - from_abi(row.credits_posted), pending = from_abi(row.debits_pending) - from_abi(row.credits_pending);
      out.begin_object().member("currency", currency);
      member_money(out, "debits_posted", from_abi(row.debits_posted), currency, row.exponent);
      member_money(out, "credits_posted", from_abi(row.credits_posted), currency, row.exponent);
      member_money(out, "pending", from_abi(row.debits_pending), currency, row.exponent);
      out.member_boolean("balanced", posted == 0 && pending == 0).end_object();
      if (posted != 0 || pending != 0) broken += std::string(currency) + ": debits and credits differ by " + format_total(posted) + " posted, " + format_total(pending) + " pending; ";
    }
    out.end_array().member_integer("sequence", static_cast<std::int64_t>(reply.at().position)).end_object();
    broken.empty() ? mine.ok(out) : mine.fail("unhealthy", broken);
  }
};

void ledger_verify(ControlCall& call) {
  auto* job = new Verify{&call};
  const bool asked = call.daemon.rooms().front()->client().read<&Verify::got>(ledger::ReadWhat::totals, job, [](psw_read& read, ledger::EntryBuilder&) { read.limit = 500; });
  if (asked) return;
  delete job;
  call.fail("refused", "overloaded");
}

void log_level(Daemon& daemon, const control::Request& request, const control::Answer& answer) {
  if (const std::string_view word = request.argument("level"); !word.empty()) {
    Severity severity{};
    if (!severity_from_string(word, severity)) return answer.fail("invalid", "level must be debug, info, notice, warning or error");
    daemon.logger().set_level(severity);
  }
  answer.ok("{\"level\":\"" + std::string(to_string(daemon.logger().level())) + "\"}");
}

using PluginMessages = std::map<std::string, plugin_host::MessageText, std::less<>>;

void explain(const PluginMessages& of_plugins, const control::Request& request, const control::Answer& answer) {
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 1024);
  const Message* message = find_message(request.argument("id"));
  if (!message) {
    const auto found = of_plugins.find(request.argument("id"));
    if (found == of_plugins.end()) return answer.fail("not_found", "no log line of the daemon or of a loaded plugin has this id");
    const auto& text = found->second;
    out.begin_object().member("id", text.id).member("severity", text.severity).member("text", text.text).member("explanation", text.explanation).end_object();
    return answer.ok(std::string(out.text()));
  }
  out.begin_object().member("id", message->id).member("severity", to_string(message->severity)).member("text", message->text).member("explanation", message->explanation).end_object();
  answer.ok(std::string(out.text()));
}

}  // namespace

void ControlRoom::register_status() {
  Daemon& daemon = daemon_;
  server_.on("status", [&daemon](const control::Request&, control::Answer answer) { status(daemon, answer); });
  server_.on("health", [&daemon](const control::Request&, control::Answer answer) { health(daemon, answer); });
  server_.on("plugin list", [&daemon](const control::Request&, control::Answer answer) {
    std::pmr::monotonic_buffer_resource memory;
    json::Writer out(memory, 4096);
    out.begin_object();
    render_connectors(out, daemon.host());
    out.end_object();
    answer.ok(std::string(out.text()));
  });
  server_.on("config show", [&daemon](const control::Request& request, control::Answer answer) { answer.ok(config::show_json(daemon.config(), request.flag("origin"))); });
  server_.on("routes explain", [&daemon](const control::Request& request, control::Answer answer) { routes_explain(daemon, request, answer); });
  server_.on("ledger verify", on_first_loop(daemon_, ledger_verify));
  server_.on("log level", [&daemon](const control::Request& request, control::Answer answer) { log_level(daemon, request, answer); });
  PluginMessages of_plugins;
  for (const auto* list : {&daemon.config().connectors, &daemon.config().logins})
    for (const auto& connector : *list)
      if (const auto plugin = daemon.host().open(connector.plugin, connector.sha256))
        for (const auto& text : plugin->type->messages) of_plugins.emplace(text.id, text);
  server_.on("explain", [of_plugins = std::move(of_plugins)](const control::Request& request, control::Answer answer) { explain(of_plugins, request, answer); });
}

}  // namespace payswitch::daemon::app
