// peer list | show | test | open | close | accept-ledger | rotate-key: what this switch and the other banks' remember of each other.
#include <fcntl.h>
#include <payswitch/ids.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/control_call.h"
#include "app/control_room.h"
#include "transfer/peer_commands.h"

namespace payswitch::daemon::app {
namespace {

using transfer::PeerCommand;

void render_history(json::Writer& out, std::string_view name, const psw_history& h) {
  if (is_zero(h.ledger)) return;
  out.key(name).begin_object();
  api::member_hex(out, "ledger", h.ledger);
  out.member_integer("epoch", static_cast<std::int64_t>(h.epoch)).member_integer("position", static_cast<std::int64_t>(h.position)).end_object();
}

void render_gate(json::Writer& out, std::string_view bank, const transfer::PeerGate& gate) {
  out.member("bank", bank).member("state", gate.closed ? "closed" : gate.version == 0 ? "not met yet" : "open");
  if (!gate.why.empty()) out.member("why", gate.why);
  if (gate.since_ms != 0) api::member_time(out, "since", gate.since_ms);
  if (!gate.by.empty()) out.member("by", gate.by);
}

void render_connectors(json::Writer& out, Daemon& daemon, std::string_view bank) {
  out.key("connectors").begin_array();
  for (const auto& c : daemon.host().status()) {
    if (c.bank != bank) continue;
    out.begin_object().member("name", c.name).member("state", plugin_host::connector_state_name(c.state));
    if (!c.text.empty()) out.member("text", c.text);
    out.member_boolean("breaker_open", c.breaker_open).end_object();
  }
  out.end_array();
}

void render_known(json::Writer& out, Daemon& daemon, std::string_view bank) {
  const auto gate = daemon.peers().gate(bank);
  render_gate(out, bank, gate);
  const auto highest = daemon.peers().highest(bank);
  if (!is_zero(gate.ledger)) {
    api::member_hex(out, "pinned_ledger", gate.ledger);
    out.member_integer("epoch", static_cast<std::int64_t>(gate.epoch)).member_integer("highest_position", static_cast<std::int64_t>(highest.position));
  }
}

void list(Daemon& daemon, const control::Answer& answer) {
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 4096);
  out.begin_object().key("banks").begin_array();
  for (const auto& bank : daemon.config().banks) {
    out.begin_object();
    render_known(out, daemon, bank.code);
    out.end_object();
  }
  out.end_array().end_object();
  answer.ok(std::string(out.text()));
}

void show(Daemon& daemon, const control::Request& request, const control::Answer& answer) {
  const auto* bank = daemon.config().bank(request.argument("bank"));
  if (bank == nullptr) return answer.fail("not_found", "no bank of the configuration has this code");
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 4096);
  out.begin_object();
  render_known(out, daemon, bank->code);
  const auto gate = daemon.peers().gate(bank->code);
  if (gate.closed) {
    render_history(out, "it_had_told", gate.expected);
    render_history(out, "it_says", gate.shown);
  }
  render_connectors(out, daemon, bank->code);
  out.key("keys").begin_array();
  for (const auto& [id, key] : bank->keys) out.begin_object().member("id", id).member("public", key).end_object();
  out.end_array().key("certificate_keys").begin_array();
  for (const auto& spki : bank->spki) out.string(spki);
  out.end_array().end_object();
  answer.ok(std::string(out.text()));
}

void answered(void* context, const transfer::PeerAnswer& said) {
  auto& call = *static_cast<ControlCall*>(context);
  if (!said.ok) {
    const bool unknown = said.why == "bank_unknown";
    std::string text(said.why);
    if (!said.detail.empty()) text += ": " + std::string(said.detail);
    if (said.why == "other_ledger") text += ": another ledger than the pinned (or named) one speaks for it now: " + to_hex(said.shown.ledger);
    if (said.why == "already") text += ": it is so already";
    return call.fail(unknown ? "not_found" : "refused", text);
  }
  json::Writer out(call.memory, 2048);
  out.begin_object();
  render_gate(out, call.request.argument("bank"), said.gate);
  if (!is_zero(said.gate.ledger)) {
    api::member_hex(out, "pinned_ledger", said.gate.ledger);
    out.member_integer("epoch", static_cast<std::int64_t>(said.gate.epoch));
  }
  if (said.asked) {
    out.member("asked_by", said.connector);
    render_history(out, "it_says", said.shown);
    out.member_boolean("is_the_pinned_ledger", is_zero(said.gate.ledger) || same(said.gate.ledger, said.shown.ledger));
    if (said.clock_ms != 0) {
      api::member_time(out, "its_clock", said.clock_ms);
      out.member_integer("clock_offset_ms", said.offset_ms);
    }
    out.member_integer("took_ms", said.took_ms);
  }
  render_connectors(out, call.daemon, call.request.argument("bank"));
  if (call.request.command->name == "peer test") {
    // What both ends speak by: TLS 1.3 with both certificates and a signature each way, or there would have been no answer.
    const auto* bank = call.daemon.config().bank(call.request.argument("bank"));
    out.member("signed_with", call.daemon.signing_key());
    out.key("their_keys").begin_array();
    for (const auto& [id, key] : bank->keys) out.string(id);
    out.end_array();
    const auto* connector = call.daemon.config().connector(said.connector);
    if (connector != nullptr && connector->tls) out.member("tls", "TLS 1.3, certificate " + connector->tls->certificate + ", authorities " + connector->tls->ca);
  }
  out.end_object();
  call.ok(out);
}

void act(ControlCall& call, PeerCommand::What what) {
  PeerCommand command;
  command.what = what;
  command.bank = call.request.argument("bank");
  command.actor = call.request.actor;
  if (const auto text = call.request.argument("ledger"); !text.empty()) {
    const auto id = parse_hex(text);
    if (!id) return call.fail("invalid", "ledger must be 32 hex digits");
    command.ledger = *id;
  }
  call.coordinator().peer(command, {answered, &call});
}

// ---- our own signing keys ----

void key_list(Daemon& daemon, const control::Answer& answer) {
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 2048);
  auto& keys = daemon.signing_keys();
  out.begin_object().key("keys").begin_array();
  for (const auto& [id, text] : keys.current().own_keys()) out.begin_object().member("id", id).member("public", text).member_boolean("signs", id == keys.signing_key()).end_object();
  out.end_array().end_object();
  answer.ok(std::string(out.text()));
}

// The file is for its owner alone and must not be there yet: no key is ever overwritten.
std::string write_key(const std::string& file, const std::string& pem) {
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return std::strerror(errno);
  const bool written = write(fd, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()) && fsync(fd) == 0;
  const std::string why = written ? "" : std::strerror(errno);
  close(fd);
  if (!written) unlink(file.c_str());
  return why;
}

void key_new(const control::Request& request, const control::Answer& answer) {
  const std::string id(request.argument("id")), file(request.argument("file"));
  if (id.empty() || file.empty() || file.front() != '/') return answer.fail("invalid", "new needs --id ID and --file with an absolute path");
  const auto made = plugin_host::make_signing_key();
  if (!made) return answer.fail("internal", made.error().message);
  if (const auto why = write_key(file, made->pem); !why.empty()) return answer.fail("refused", file + ": " + why);
  std::pmr::monotonic_buffer_resource memory;
  json::Writer out(memory, 1024);
  out.begin_object().member("id", id).member("file", file).member("public", made->public_text);
  out.member("for_the_other_banks", "\"" + id + "\" = \"" + made->public_text + "\"");
  out.member("for_our_configuration", "\"" + id + "\" = \"file:" + file + "\"");
  out.member("next", "the other banks add the key to [bank.CODE] keys and send SIGHUP; then add it to [switch.sign] above the old one, send SIGHUP, and: peer rotate-key use --id " + id).end_object();
  answer.ok(std::string(out.text()));
}

void rotate_key(Daemon& daemon, const control::Request& request, const control::Answer& answer) {
  const auto action = request.argument("action");
  if (action == "list") return key_list(daemon, answer);
  if (action == "new") return key_new(request, answer);
  daemon.on_main_thread([&daemon, id = std::string(request.argument("id")), answer] {
    if (daemon.signing_keys().use(id)) return key_list(daemon, answer);
    answer.fail("not_found", "no signing key of ours has this id: add it to [switch.sign] and send SIGHUP first");
  });
}

}  // namespace

void ControlRoom::register_peers() {
  Daemon& daemon = daemon_;
  server_.on("peer list", [&daemon](const control::Request&, control::Answer answer) { list(daemon, answer); });
  server_.on("peer show", [&daemon](const control::Request& request, control::Answer answer) { show(daemon, request, answer); });
  server_.on("peer rotate-key", [&daemon](const control::Request& request, control::Answer answer) { rotate_key(daemon, request, answer); });
  const auto on = [this](std::string_view name, PeerCommand::What what) { server_.on(name, on_first_loop(daemon_, [what](ControlCall& call) { act(call, what); })); };
  on("peer test", PeerCommand::What::test);
  on("peer open", PeerCommand::What::open);
  on("peer close", PeerCommand::What::close);
  on("peer accept-ledger", PeerCommand::What::accept_ledger);
}

}  // namespace payswitch::daemon::app
