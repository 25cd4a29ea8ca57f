// Accounts: open, read, freeze, close.
#include <payswitch/money.h>
#include <payswitch/str.h>

#include "api/cursor.h"
#include "api/fields.h"
#include "api/handlers.h"
#include "api/render.h"
#include "api/wire.h"

namespace payswitch::daemon::api {
namespace {

using transfer::ErrorCode;

void opened(void* context, const transfer::AccountAnswer& answer) { answer_account(*static_cast<Context*>(context), answer, Made::yes); }
void answered(void* context, const transfer::AccountAnswer& answer) { answer_account(*static_cast<Context*>(context), answer, Made::no); }

void balance_answered(void* call_context, const transfer::AccountAnswer& answer) {
  Context& context = *static_cast<Context*>(call_context);
  if (answer.code != ErrorCode::none) return context.problem(answer.code, {.member = answer.member, .detail = answer.detail, .retry_after_ms = answer.retry_after_ms});
  const psw_account& account = *answer.account;
  json::Writer out(context.arena());
  out.begin_object();
  out.member("account", view(account.number));
  out.member("currency", currency_view(account.currency));
  render_counters(out, account);
  out.member_integer("sequence", static_cast<std::int64_t>(account.sequence));
  out.end_object();
  answer_read(context, out, answer.position);
}

void accounts_listed(void* call_context, const transfer::AccountsAnswer& answer) {
  const ListCall& call = *static_cast<const ListCall*>(call_context);
  Context& context = call.context;
  if (answer.code != ErrorCode::none) return context.problem(answer.code);
  json::Writer out(context.arena(), 4096);
  out.begin_object().key("accounts").begin_array();
  for (const auto& account : answer.accounts) {
    out.begin_object();
    render_account(out, account);
    out.end_object();
  }
  out.end_array();
  call.finish(out, answer.next, answer.position);
}

void postings_listed(void* call_context, const transfer::PostingsAnswer& answer) {
  const ListCall& call = *static_cast<const ListCall*>(call_context);
  Context& context = call.context;
  if (answer.code != ErrorCode::none) return context.problem(answer.code);
  json::Writer out(context.arena(), 4096);
  out.begin_object();
  if (answer.account) {
    out.member("account", view(answer.account->number));
    out.member("currency", currency_view(answer.account->currency));
  }
  out.key("postings").begin_array();
  for (const auto& row : answer.postings) render_posting(out, row);
  out.end_array();
  call.finish(out, answer.next, answer.position);
}

// The cursor of the query, opened; empty when there is none. A wrong one fails the fields.
std::string_view read_cursor(Context& context, Fields& fields, std::string_view filter) {
  const std::string_view cursor = fields.text("cursor", false);
  if (cursor.empty()) return {};
  const auto after = open_cursor(context.services.cursor_key, filter, cursor, context.arena());
  if (!after) fields.fail(ErrorCode::cursor_invalid, "cursor", "does not belong to this list");
  return after.value_or("");
}

void change(Context& context, transfer::AccountAction action) {
  transfer::AccountCommand command;
  command.action = action;
  command.caller = context.caller();
  command.number = context.parameter;
  context.services.coordinator->change_account(command, {answered, &context});
}

transfer::AccountQuery account_query(Context& context) {
  transfer::AccountQuery query;
  query.caller = context.caller();
  query.number = context.parameter;
  query.position = context.headers.position;
  return query;
}

}  // namespace

void open_account(Context& context) {
  auto fields = Fields::of_body(context, {"number", "owner", "currency", "overdraft_limit", "max_balance", "metadata"});
  transfer::OpenAccountCommand command;
  command.caller = context.caller();
  command.idempotency_key = context.headers.idempotency_key;
  command.number = fields.token("number", false, 64);
  if (!command.number.empty() && !transfer::account_number_ok(command.number))
    fields.fail(ErrorCode::malformed_request, "number", "must be 1 to 34 letters, digits or hyphens");
  command.owner = fields.token("owner", false, auth::Principal::id_bytes_max);
  command.currency = fields.currency();
  command.overdraft_limit = fields.limit_amount("overdraft_limit", 0);
  command.max_balance = fields.limit_amount("max_balance", 0);
  command.metadata = fields.metadata();
  if (!fields.ok()) return fields.answer();
  context.services.coordinator->open_account(command, {opened, &context});
}

void list_accounts(Context& context) {
  auto fields = Fields::of_query(context, {"owner", "cursor", "limit"});
  transfer::AccountsQuery query;
  query.caller = context.caller();
  query.owner = fields.token("owner", false, auth::Principal::id_bytes_max);
  query.limit = fields.count("limit", 100, 500);
  query.position = context.headers.position;
  if (!query.owner.empty() && !query.caller.sees_all() && query.owner != query.caller.principal)
    return context.problem(ErrorCode::forbidden, {.member = "owner", .detail = "needs the scope operate"});
  json::Writer filter(context.arena(), 256);
  filter.begin_array().string("accounts").string(query.caller.principal).string(query.owner).end_array();
  query.after = read_cursor(context, fields, filter.text());
  if (!fields.ok()) return fields.answer();
  context.services.coordinator->accounts(query, {accounts_listed, ListCall::make(context, filter.text())});
}

void get_account(Context& context) { context.services.coordinator->account(account_query(context), {answered, &context}); }
void get_balance(Context& context) { context.services.coordinator->account(account_query(context), {balance_answered, &context}); }

void list_postings(Context& context) {
  auto fields = Fields::of_query(context, {"from", "to", "order", "limit", "cursor"});
  transfer::PostingsQuery query;
  query.caller = context.caller();
  query.number = context.parameter;
  query.from_ms = fields.time_or_date("from", 0);
  query.to_ms = fields.time_or_date("to", INT64_MAX);
  query.order = fields.word("order", {"newest", "oldest"}, 0) == 1 ? transfer::Order::oldest : transfer::Order::newest;
  query.limit = fields.count("limit", 100, 500);
  query.position = context.headers.position;
  json::Writer filter(context.arena(), 256);
  filter.begin_array().string("postings").string(query.caller.principal).string(query.number).integer(query.from_ms).integer(query.to_ms);
  filter.string(query.order == transfer::Order::oldest ? "oldest" : "newest").end_array();
  query.after = read_cursor(context, fields, filter.text());
  if (!fields.ok()) return fields.answer();
  context.services.coordinator->postings(query, {postings_listed, ListCall::make(context, filter.text())});
}

void freeze_account(Context& context) {
  auto fields = Fields::of_body(context, {"side"});
  static constexpr transfer::AccountAction actions[] = {transfer::AccountAction::freeze, transfer::AccountAction::freeze_debit, transfer::AccountAction::freeze_credit};
  const auto side = fields.word("side", {"both", "debit", "credit"}, 0);
  if (!fields.ok()) return fields.answer();
  change(context, actions[side]);
}

void unfreeze_account(Context& context) {
  auto fields = Fields::of_body(context, {});
  if (!fields.ok()) return fields.answer();
  change(context, transfer::AccountAction::unfreeze);
}

void close_account(Context& context) {
  auto fields = Fields::of_body(context, {});
  if (!fields.ok()) return fields.answer();
  change(context, transfer::AccountAction::close);
}

}  // namespace payswitch::daemon::api
