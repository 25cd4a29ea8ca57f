// transfer reverse | resolve, repair list | show | collect | refund | write-off: what a person decides about money
#include <payswitch/transfer_state.h>

#include <algorithm>

#include "app/control_call.h"
#include "app/control_room.h"

namespace payswitch::daemon::app {
namespace {

using transfer::Decision;
using transfer::ErrorCode;
using What = transfer::DecideAnswer::What;

std::string sentence(const transfer::DecideAnswer& answer, Decision decision) {
  switch (answer.what) {
    case What::proposed: return "proposed by " + std::string(answer.proposed_by) + "; another user confirms it with the same command and --confirm, before it expires";
    case What::decided_by_bank: return "the other bank had decided: its word counts, nobody's else";
    case What::done: break;
  }
  switch (decision) {
    case Decision::complete: return "resolved: the money is paid";
    case Decision::give_back: return "resolved: the money is back with the payer";
    case Decision::collect: return "closed: the customer has paid";
    case Decision::refund: return "closed: the customer has the money back";
    case Decision::write_off: return "closed: the bank bears it";
  }
  return {};
}

// Keeps which decision it was beside the call until it is answered.
struct Asked {
  ControlCall& call;
  Decision decision;
};

void decided(void* context, const transfer::DecideAnswer& answer) {
  const std::unique_ptr<Asked> asked(static_cast<Asked*>(context));
  auto& call = asked->call;
  if (answer.code != ErrorCode::none) return call.fail(answer.code);
  if (!answer.refusal.empty()) return call.fail("refused", std::string(answer.refusal) + (answer.heard.empty() ? "" : ". " + std::string(answer.heard)));
  static constexpr std::string_view words[] = {"done", "proposed", "decided_by_bank"};
  json::Writer out(call.memory, 2048);
  out.begin_object().member("result", words[static_cast<std::size_t>(answer.what)]).member("text", sentence(answer, asked->decision));
  if (!answer.heard.empty()) out.member("bank_said", answer.heard);
  if (!answer.proposed_by.empty()) out.member("proposed_by", answer.proposed_by);
  if (answer.what == What::proposed) api::member_time(out, "expires_at", answer.expires_ms);
  if (!is_zero(answer.made)) api::member_ulid(out, "made", answer.made);
  out.key("transfer").begin_object();
  render_transfer(out, *answer.transfer);
  out.end_object().end_object();
  call.ok(out);
}

void decide(ControlCall& call, Decision decision) {
  transfer::DecideCommand command;
  if (!read_id(call, command.subject)) return;
  command.decision = decision;
  command.person = call.request.actor;
  command.confirm = call.request.flag("confirm");
  command.evidence = call.request.argument("evidence");
  if (command.evidence.empty() && !command.confirm) return call.fail("invalid", "--evidence is missing: a file that shows what the decision rests on");
  if (command.evidence.size() > transfer::evidence_bytes_max) return call.fail("invalid", "evidence may have " + std::to_string(transfer::evidence_bytes_max) + " bytes");
  call.coordinator().decide(command, {decided, new Asked{call, decision}});
}

void resolve(ControlCall& call) {
  const bool completed = call.request.flag("completed"), voided = call.request.flag("voided");
  if (completed == voided) return call.fail("invalid", "say --completed or --voided");
  decide(call, completed ? Decision::complete : Decision::give_back);
}

void reverse(ControlCall& call) {
  transfer::ReverseCommand command;
  if (!read_id(call, command.transfer)) return;
  std::uint64_t minor = 0;
  const std::string_view amount = call.request.argument("amount");
  if (!amount.empty() && (!parse_decimal(amount, minor) || minor == 0 || minor > static_cast<std::uint64_t>(amount_minor_max))) return call.fail("invalid", "amount must be minor units, at least 1");
  std::string& key = call.request.arguments["key"];
  if (key.empty()) key = "control-reverse-" + std::string(call.request.argument("id")) + "-" + (amount.empty() ? "all" : std::string(amount));
  command.caller = call.caller();
  command.idempotency_key = key;
  command.amount_minor = static_cast<std::int64_t>(minor);
  command.consent = call.request.argument("consent");
  call.coordinator().reverse(command, {transfer_answered, &call});
}

void repairs_answered(void* context, const transfer::RepairsAnswer& answer) {
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code);
  json::Writer out(call.memory, 4096);
  out.begin_object().key("repairs").begin_array();
  for (const auto& repair : answer.repairs) {
    out.begin_object();
    api::member_ulid(out, "id", repair.id);
    member_money(out, "amount", repair.money.minor, currency_view(repair.money.currency), repair.money.exponent);
    out.member("bank", repair.bank).member("account", repair.customer);
    api::member_time(out, "opened_at", repair.opened_ms);
    api::member_ulid(out, "transfer_id", repair.parent);
    out.member("what", repair.they_have_it ? std::string_view("they credited, we gave it back") : std::string_view("we paid, they did not credit"));
    out.member("ways", repair.they_have_it ? std::string_view("collect, write-off") : std::string_view("refund, write-off"));
    out.end_object();
  }
  out.end_array();
  if (!answer.next.empty()) out.member("next", answer.next);
  out.end_object();
  call.ok(out);
}

void list_repairs(ControlCall& call) {
  transfer::RepairsQuery query;
  std::uint64_t limit = 100;
  const std::string_view text = call.request.argument("limit");
  if (!text.empty() && (!parse_decimal(text, limit) || limit == 0 || limit > 500)) return call.fail("invalid", "limit must be a number from 1 to 500");
  query.after = call.request.argument("after");
  query.limit = static_cast<std::uint32_t>(limit);
  call.coordinator().repairs(query, {repairs_answered, &call});
}

}  // namespace

void ControlRoom::register_decisions() {
  server_.on("transfer reverse", on_first_loop(daemon_, reverse));
  server_.on("transfer resolve", on_first_loop(daemon_, resolve));
  server_.on("repair list", on_first_loop(daemon_, list_repairs));
  server_.on("repair show", on_first_loop(daemon_, [](ControlCall& call) {
    transfer::TransferQuery query;
    if (!read_id(call, query.transfer)) return;
    query.caller = call.caller();
    call.coordinator().transfer(query, {transfer_answered, &call});
  }));
  server_.on("repair collect", on_first_loop(daemon_, [](ControlCall& call) { decide(call, Decision::collect); }));
  server_.on("repair refund", on_first_loop(daemon_, [](ControlCall& call) { decide(call, Decision::refund); }));
  server_.on("repair write-off", on_first_loop(daemon_, [](ControlCall& call) { decide(call, Decision::write_off); }));
}

}  // namespace payswitch::daemon::app
