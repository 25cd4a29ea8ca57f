// transfer show | list | cancel | void, in-doubt list
#include <payswitch/transfer_state.h>

#include <algorithm>

#include "app/control_call.h"
#include "app/control_room.h"

namespace payswitch::daemon::app {
namespace {

using transfer::ErrorCode;

void optional(json::Writer& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out.member(name, text);
}

}  // namespace

void render_transfer(json::Writer& out, const transfer::TransferView& t) {
  const std::string_view currency = currency_view(t.money.currency);
  api::member_ulid(out, "id", t.id);
  out.member("kind", name(t.kind)).member("status", public_status(t.state)).member("state", name(t.state));
  out.member("payer", t.payer).member("payee", t.payee);
  member_money(out, "amount", t.money.minor, currency, t.money.exponent);
  if (t.detail.posted_minor != 0) member_money(out, "posted_amount", t.detail.posted_minor, currency, t.money.exponent);
  if (t.detail.reversed_posted_minor != 0) member_money(out, "reversed_amount", t.detail.reversed_posted_minor, currency, t.money.exponent);
  if (t.detail.reversed_pending_minor != 0) member_money(out, "reversed_pending", t.detail.reversed_pending_minor, currency, t.money.exponent);
  if (!is_zero(t.parent_id)) api::member_ulid(out, "parent_id", t.parent_id);
  out.member("principal", t.principal);
  optional(out, "reason_code", t.reason_code);
  if (t.attention != Attention::none) out.member("attention", name(t.attention));
  optional(out, "bank", t.bank);
  optional(out, "connector", t.connector);
  optional(out, "route", t.detail.route_trace);
  if (!t.detail.reference.sealed) optional(out, "reference", t.detail.reference.bytes);
  if (!is_zero(t.detail.op_id)) api::member_hex(out, "op_id", t.detail.op_id);
  if (t.attempt > 0) out.member_integer("attempt", t.attempt);
  api::member_time(out, "created_at", t.created_ms);
  if (is_open(t.state)) {
    if (t.not_after_ms > 0) api::member_time(out, "not_after", t.not_after_ms);
    if (t.detail.hold_until_ms > 0) api::member_time(out, "hold_until", t.detail.hold_until_ms);
    if (t.next_action_ms > 0) api::member_time(out, "next_action_at", t.next_action_ms);
    out.member_integer("polls", t.detail.polls);
  }
  if (t.detail.cancel_asked_ms > 0) api::member_time(out, "cancel_asked_at", t.detail.cancel_asked_ms);
  out.member_integer("version", static_cast<std::int64_t>(t.version));
}

void transfer_answered(void* context, const transfer::TransferAnswer& answer) {
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code, answer.member, answer.detail);
  json::Writer out(call.memory, 2048);
  out.begin_object();
  render_transfer(out, *answer.transfer);
  if (answer.history_left_off != 0) out.member_integer("history_left_off", static_cast<std::int64_t>(answer.history_left_off));
  out.key("history").begin_array();
  for (const auto& change : answer.history) {
    out.begin_object().member_integer("version", static_cast<std::int64_t>(change.version));
    api::member_time(out, "at", change.at_ms);
    out.member("state", name(static_cast<TransferState>(change.state)));
    optional(out, "reason_code", view(change.reason));
    optional(out, "note", view(change.note));
    out.end_object();
  }
  out.end_array().end_object();
  call.ok(out);
}

namespace {

void transfers_answered(void* context, const transfer::TransfersAnswer& answer) {
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code);
  json::Writer out(call.memory, 4096);
  out.begin_object().key("transfers").begin_array();
  for (const auto& t : answer.transfers) {
    out.begin_object();
    render_transfer(out, t);
    out.end_object();
  }
  out.end_array();
  if (!answer.next.empty()) out.member("next", answer.next);
  out.end_object();
  call.ok(out);
}

}  // namespace

namespace {

// What happens next to a transfer whose fate is unknown, in words.
std::string_view next_words(const transfer::TransferView& t) {
  if (t.detail.cancel_asked_ms > 0) return t.detail.cancel_by_client != 0 ? "asks the bank not to do it: the client cancelled" : "asks the bank not to do it: not_after has passed";
  return "asks the bank what became of it, sends it again if it knows nothing";
}

std::string age_text(std::int64_t ms) {
  const std::int64_t s = std::max<std::int64_t>(ms, 0) / 1000;
  if (s < 120) return std::to_string(s) + " s";
  if (s < 7'200) return std::to_string(s / 60) + " min";
  if (s < 172'800) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86'400) + " days";
}

void in_doubt_answered(void* context, const transfer::TransfersAnswer& answer) {
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code);
  const std::int64_t now_ms = call.daemon.clock().wall_ms();
  json::Writer out(call.memory, 4096);
  out.begin_object().key("transfers").begin_array();
  for (const auto& t : answer.transfers) {
    out.begin_object();
    api::member_ulid(out, "id", t.id);
    member_money(out, "amount", t.money.minor, currency_view(t.money.currency), t.money.exponent);
    out.member("bank", t.bank).member("age", age_text(now_ms - t.created_ms)).member("payer", t.payer).member("payee", t.payee);
    if (t.attention != Attention::none) out.member("attention", name(t.attention));
    out.member("next", next_words(t));
    if (t.next_action_ms > 0) out.member("in", t.next_action_ms > now_ms ? age_text(t.next_action_ms - now_ms) : std::string("now"));
    out.end_object();
  }
  out.end_array();
  if (!answer.next.empty()) out.member("next", answer.next);
  out.end_object();
  call.ok(out);
}

}  // namespace

bool read_id(ControlCall& call, psw_id& id) {
  const auto parsed = parse_ulid(call.request.argument("id"));
  if (!parsed) {
    call.fail("invalid", "id must be a transfer id: 26 capital letters and digits");
    return false;
  }
  id = *parsed;
  return true;
}

namespace {

void list(ControlCall& call, std::int64_t states, void (*answered)(void*, const transfer::TransfersAnswer&) = transfers_answered) {
  transfer::TransfersQuery query;
  std::uint64_t limit = 100;
  const std::string_view text = call.request.argument("limit");
  if (!text.empty() && (!parse_decimal(text, limit) || limit == 0 || limit > 500)) return call.fail("invalid", "limit must be a number from 1 to 500");
  query.caller = call.caller();
  query.state_mask = states;
  query.bank = call.request.argument("bank");
  query.reference = call.request.argument("reference");
  query.after = call.request.argument("after");
  query.limit = static_cast<std::uint32_t>(limit);
  call.coordinator().transfers(query, {answered, &call});
}

void act(ControlCall& call, transfer::HoldAction action) {
  transfer::HoldCommand command;
  if (!read_id(call, command.transfer)) return;
  // Voiding twice is refused by the state, so the key only has to be there.
  std::string& key = call.request.arguments["key"];
  key = "control-" + std::string(call.request.argument("id"));
  command.action = action;
  command.caller = call.caller();
  command.idempotency_key = key;
  call.coordinator().resolve_hold(command, {transfer_answered, &call});
}

}  // namespace

void ControlRoom::register_transfers() {
  server_.on("transfer show", on_first_loop(daemon_, [](ControlCall& call) {
    transfer::TransferQuery query;
    if (!read_id(call, query.transfer)) return;
    query.caller = call.caller();
    call.coordinator().transfer(query, {transfer_answered, &call});
  }));
  server_.on("transfer list", on_first_loop(daemon_, [](ControlCall& call) {
    const auto state = state_named(call.request.argument("state"));
    list(call, state ? state_bit(*state) : 0);
  }));
  server_.on("in-doubt list", on_first_loop(daemon_, [](ControlCall& call) { list(call, state_bit(TransferState::in_doubt), in_doubt_answered); }));
  server_.on("transfer cancel", on_first_loop(daemon_, [](ControlCall& call) { act(call, transfer::HoldAction::cancel); }));
  server_.on("transfer void", on_first_loop(daemon_, [](ControlCall& call) { act(call, transfer::HoldAction::void_hold); }));
}

}  // namespace payswitch::daemon::app
