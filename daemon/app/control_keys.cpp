// key create | list | revoke
#include <algorithm>

#include "app/control_call.h"
#include "app/control_room.h"
#include "config/schema.h"

namespace payswitch::daemon::app {
namespace {

std::string service_name(std::string_view principal) {
  return std::string(principal.starts_with("svc:") ? principal.substr(4) : principal);
}

void render(json::Writer& out, const auth::ApiKey& key, std::int64_t now_ms) {
  out.member("id", key.id).member("principal", key.account).member("scopes", auth::scopes_text(key.scopes));
  out.member("status", key.revoked_ms != 0 ? "revoked" : key.live(now_ms) ? "live" : "expired");
  api::member_time(out, "created_at", key.created_ms);
  if (key.expires_ms != 0) api::member_time(out, "expires_at", key.expires_ms);
  if (key.revoked_ms != 0) api::member_time(out, "revoked_at", key.revoked_ms);
  if (!key.networks.empty()) {
    out.key("networks").begin_array();
    for (const auto& network : key.networks) out.string(network.text());
    out.end_array();
  }
}

// A key being written. The version guard makes two operators who touch one key at once see each other.
struct KeyWrite {
  ControlCall* call;
  auth::ApiKey key;
  std::string secret_text;  // create only: shown once
  std::uint64_t version = 0;

  void submit() {
    auto& client = call->daemon.rooms().front()->client();
    auto write = client.begin();
    if (!write) return done("refused", "overloaded: the ledger takes nothing more at present");
    write.entry.kv(std::string(auth::api_key_kv_prefix) + key.id, key.encode(), version);
    psw_id step{};
    fill_random(step.b, sizeof step.b);
    client.write<&KeyWrite::written>(write, step, this);
  }
  void written(const ledger::WriteReply& reply) {
    if (reply.what() == ledger::Written::conflict) return done("refused", "version_conflict: somebody changed the key at the same time");
    if (reply.what() == ledger::Written::unknown) return done("timeout", "it is not known whether it was written: look with payswitchctl key list");
    if (reply.what() != ledger::Written::applied) return done("refused", "the ledger did not take it: " + std::string(reply.reason()));
    call->daemon.key_reader().refresh();
    json::Writer out(call->memory, 512);
    out.begin_object();
    render(out, key, call->daemon.clock().wall_ms());
    if (!secret_text.empty()) out.member("key", secret_text).member("note", "shown once: keep it now");
    out.end_object();
    auto* finished = call;
    delete this;
    finished->ok(out);
  }
  void done(std::string_view code, const std::string& text) {
    auto* finished = call;
    delete this;
    finished->fail(code, text);
  }
};

void create(ControlCall& call) {
  const std::string name = service_name(call.request.argument("principal"));
  if (!auth::valid_service_name(name)) return call.fail("invalid", "principal must be a service account: small letters, digits, '.', '_', '-', at most 40");
  const auto scopes = auth::parse_scopes(call.request.argument("scopes"));
  if (!scopes) return call.fail("invalid", scopes.error().message);
  std::vector<auth::Network> networks;
  std::string_view list = call.request.argument("network");
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto network = auth::Network::parse(list.substr(0, comma));
    if (!network) return call.fail("invalid", network.error().message);
    if (networks.size() == auth::networks_per_key_max) return call.fail("invalid", "at most 8 networks");
    networks.push_back(*network);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  const std::int64_t now_ms = call.daemon.clock().wall_ms();
  std::int64_t expires_ms = 0;
  if (const std::string_view expires = call.request.argument("expires"); !expires.empty()) {
    const auto duration = config::parse_duration_ns(expires);
    if (!duration) return call.fail("invalid", duration.error().message);
    expires_ms = now_ms + *duration / 1'000'000;
  }
  // Judged by the table read last, at most a second old: enough for a rule that keeps order among operators.
  const auto table = call.daemon.keys().current();
  if (!table) return call.fail("refused", "the keys have not been read from the ledger yet: try again");
  const auto live = std::count_if(table->entries().begin(), table->entries().end(), [&](const auth::KeyEntry& e) { return e.key.account == "svc:" + name && e.key.live(now_ms); });
  if (live >= auth::live_keys_per_account_max) return call.fail("refused", "svc:" + name + " has two live keys: revoke one first");
  if (table->size() >= auth::KeyTable::keys_max) return call.fail("refused", "there are 10000 keys already");
  std::array<std::uint8_t, 40> random{};
  fill_random(random.data(), random.size());
  auto made = auth::make_api_key(name, *scopes, std::move(networks), now_ms, expires_ms, random);
  auto* write = new KeyWrite{&call, std::move(made.stored), std::move(made.text)};
  write->submit();
}

// Reads the one key first, so that the write names the version it was decided on.
struct KeyRevoke {
  ControlCall* call;
  void got(const ledger::ReadReply& reply) {
    ControlCall& mine = *call;
    delete this;
    if (!reply.ok()) return mine.fail("refused", "the ledger does not answer");
    for (const psw_kv& row : reply.rows<psw_kv>()) {
      auto key = auth::ApiKey::decode(mine.request.argument("id"), view(row.value));
      if (!key) return mine.fail("refused", key.error().message);
      if (key->revoked_ms != 0) return mine.fail("refused", "the key is revoked already");
      key->revoked_ms = mine.daemon.clock().wall_ms();
      auto* write = new KeyWrite{&mine, std::move(*key), {}, row.version};
      return write->submit();
    }
    mine.fail("not_found", "there is no such key");
  }
};

void revoke(ControlCall& call) {
  const std::string_view id = call.request.argument("id");
  if (id.size() != auth::api_key_id_chars) return call.fail("not_found", "there is no such key; its id are the 12 characters after psk_");
  auto* job = new KeyRevoke{&call};
  const bool asked = call.daemon.rooms().front()->client().read<&KeyRevoke::got>(ledger::ReadWhat::kv, job, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.key = keep.keep(auth::api_key_kv_prefix, id);
    read.limit = 1;
  });
  if (asked) return;
  delete job;
  call.fail("refused", "overloaded");
}

void list(ControlCall& call) {
  const auto table = call.daemon.keys().current();
  if (!table) return call.fail("refused", "the keys have not been read from the ledger yet: try again");
  const std::string_view wanted = call.request.argument("principal");
  json::Writer out(call.memory, 4096);
  out.begin_object().key("keys").begin_array();
  for (const auto& entry : table->entries()) {
    if (!wanted.empty() && entry.key.account != "svc:" + service_name(wanted)) continue;
    out.begin_object();
    render(out, entry.key, call.daemon.clock().wall_ms());
    out.end_object();
  }
  out.end_array().end_object();
  call.ok(out);
}

}  // namespace

void ControlRoom::register_keys() {
  server_.on("key create", on_first_loop(daemon_, create));
  server_.on("key list", on_first_loop(daemon_, list));
  server_.on("key revoke", on_first_loop(daemon_, revoke));
}

}  // namespace payswitch::daemon::app
