// Transfers between accounts, here or at another bank, and what becomes of them.
#include <payswitch/ids.h>
#include <payswitch/transfer_state.h>

#include "api/cursor.h"
#include "api/fields.h"
#include "api/handlers.h"
#include "api/render.h"
#include "api/trace.h"

namespace payswitch::daemon::api {
namespace {

using transfer::ErrorCode;

void made(void* context, const transfer::TransferAnswer& answer) { answer_transfer(*static_cast<Context*>(context), answer, Made::yes); }
void changed(void* context, const transfer::TransferAnswer& answer) { answer_transfer(*static_cast<Context*>(context), answer, Made::no); }

// False: the path does not hold an id, and the context was answered as for one that nobody has.
bool read_id(Context& context, psw_id& id) {
  const auto parsed = parse_ulid(context.parameter);
  if (!parsed) {
    context.problem(ErrorCode::transfer_not_found);
    return false;
  }
  id = *parsed;
  return true;
}

void act(Context& context, transfer::HoldAction action) {
  transfer::HoldCommand command;
  command.action = action;
  command.caller = context.caller();
  command.idempotency_key = context.headers.idempotency_key;
  command.wait_ms = context.wait_ms;
  auto fields = action == transfer::HoldAction::post ? Fields::of_body(context, {"amount"}) : Fields::of_body(context, {});
  if (action == transfer::HoldAction::post) command.amount_minor = fields.amount("amount", false, false).minor;
  if (!fields.ok()) return fields.answer();
  if (!read_id(context, command.transfer)) return;
  context.services.coordinator->resolve_hold(command, {changed, &context});
}

void listed(void* call_context, const transfer::TransfersAnswer& answer) {
  const ListCall& call = *static_cast<const ListCall*>(call_context);
  Context& context = call.context;
  if (answer.code != ErrorCode::none) return context.problem(answer.code, {.member = answer.code == ErrorCode::cursor_invalid ? "cursor" : ""});
  json::Writer out(context.arena(), 4096);
  out.begin_object().key("transfers").begin_array();
  for (const auto& view : answer.transfers) {
    out.begin_object();
    render_transfer(out, view);
    out.end_object();
  }
  out.end_array();
  call.finish(out, answer.next, answer.position);
}

}  // namespace

void make_transfer(Context& context) {
  context.payment = true;
  context.kind = TransferKind::transfer;
  auto fields = Fields::of_body(context, {"payer", "payee", "amount", "currency", "mode", "reference", "hold_until", "not_after", "metadata"});
  transfer::MoneyCommand command;
  command.kind = TransferKind::transfer;
  command.caller = context.caller();
  command.idempotency_key = context.headers.idempotency_key;
  command.payer = fields.token("payer", true, 64);
  command.payee = fields.token("payee", true, 64);
  const Amount amount = fields.amount("amount", true, true);
  command.amount_minor = amount.minor;
  command.all = amount.all;
  command.currency = fields.currency();
  command.mode = fields.word("mode", {"auto", "hold"}, 0) == 1 ? transfer::Mode::hold : transfer::Mode::automatic;
  command.reference = fields.reference();
  command.hold_until_ms = fields.time("hold_until");
  command.not_after_ms = fields.time("not_after");
  command.metadata = fields.metadata();
  command.wait_ms = context.wait_ms;
  command.wait_of_connector = context.wait_by_default;
  if (TraceContext trace; !context.headers.traceparent.empty() && parse_traceparent(context.headers.traceparent, trace)) command.trace_id = trace.trace;
  if (!fields.ok()) return fields.answer();
  context.services.coordinator->pay(command, {made, &context});
}

void post_transfer(Context& context) { act(context, transfer::HoldAction::post); }
void void_transfer(Context& context) { act(context, transfer::HoldAction::void_hold); }
void cancel_transfer(Context& context) { act(context, transfer::HoldAction::cancel); }

void reverse_transfer(Context& context) {
  transfer::ReverseCommand command;
  command.caller = context.caller();
  command.idempotency_key = context.headers.idempotency_key;
  command.wait_ms = context.wait_ms;
  command.wait_of_connector = context.wait_by_default;
  auto fields = Fields::of_body(context, {"amount"});
  command.amount_minor = fields.amount("amount", false, false).minor;
  if (TraceContext trace; !context.headers.traceparent.empty() && parse_traceparent(context.headers.traceparent, trace)) command.trace_id = trace.trace;
  if (!fields.ok()) return fields.answer();
  if (!read_id(context, command.transfer)) return;
  context.services.coordinator->reverse(command, {made, &context});
}

void get_transfer(Context& context) {
  auto fields = Fields::of_query(context, {});
  if (!fields.ok()) return fields.answer();
  transfer::TransferQuery query;
  query.caller = context.caller();
  if (!read_id(context, query.transfer)) return;
  query.wait_ms = context.headers.prefer.empty() ? 0 : context.wait_ms;
  query.position = context.headers.position;
  context.services.coordinator->transfer(query, {changed, &context});
}

void list_transfers(Context& context) {
  auto fields = Fields::of_query(context, {"state", "bank", "reference", "principal", "cursor", "limit"});
  transfer::TransfersQuery query;
  query.caller = context.caller();
  std::string_view states = fields.text("state", false);
  while (!states.empty()) {
    const auto comma = states.find(',');
    const auto state = state_named(states.substr(0, comma));
    if (!state) fields.fail(ErrorCode::malformed_request, "state", "must be states parted by commas: held, submitted, in_doubt, completed, rejected, voided, expired, cancelled");
    query.state_mask |= state ? state_bit(*state) : 0;
    states = comma == std::string_view::npos ? std::string_view{} : states.substr(comma + 1);
  }
  query.bank = fields.token("bank", false, 64);
  query.reference = fields.text("reference", false);
  query.principal = fields.token("principal", false, 64);
  query.limit = fields.count("limit", 100, 500);
  query.position = context.headers.position;
  // References are kept under a key of their principal: without a name, the caller's own are meant.
  if (!query.reference.empty() && query.principal.empty()) query.principal = query.caller.principal;
  if (!query.principal.empty() && !query.caller.sees_all() && query.principal != query.caller.principal)
    return context.problem(ErrorCode::forbidden, {.member = "principal", .detail = "needs the scope operate"});

  json::Writer filter(context.arena(), 256);
  filter.begin_array().string("transfers").string(query.caller.principal).integer(query.state_mask).string(query.bank).string(query.reference).string(query.principal).end_array();
  if (const std::string_view cursor = fields.text("cursor", false); !cursor.empty()) {
    const auto after = open_cursor(context.services.cursor_key, filter.text(), cursor, context.arena());
    if (!after) fields.fail(ErrorCode::cursor_invalid, "cursor", "does not belong to this list");
    query.after = after.value_or("");
  }
  if (!fields.ok()) return fields.answer();
  auto* call = ListCall::make(context, filter.text());
  context.services.coordinator->transfers(query, {listed, call});
}

}  // namespace payswitch::daemon::api
