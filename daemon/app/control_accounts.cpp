// account open | show | list | freeze | unfreeze | close | postings
#include "app/control_call.h"
#include "app/control_room.h"

namespace payswitch::daemon::app {
namespace {

using transfer::AccountAnswer;
using transfer::ErrorCode;

void render(json::Writer& out, const psw_account& account) {
  static constexpr std::string_view words[] = {"open", "frozen_debit", "frozen_credit", "frozen"};
  const std::string_view currency = currency_view(account.currency);
  const Int128 balance = from_abi(account.credits_posted) - from_abi(account.debits_posted);
  out.begin_object();
  out.member("number", view(account.number)).member("owner", view(account.owner));
  out.member("status", account.status & 4 ? std::string_view("closed") : words[account.status & 3]);
  member_money(out, "balance", balance, currency, account.exponent);
  member_money(out, "available", balance - from_abi(account.debits_pending) + account.overdraft_limit, currency, account.exponent);
  member_money(out, "debits_pending", from_abi(account.debits_pending), currency, account.exponent);
  member_money(out, "debits_posted", from_abi(account.debits_posted), currency, account.exponent);
  member_money(out, "credits_pending", from_abi(account.credits_pending), currency, account.exponent);
  member_money(out, "credits_posted", from_abi(account.credits_posted), currency, account.exponent);
  member_money(out, "overdraft_limit", account.overdraft_limit, currency, account.exponent);
  if (account.max_balance > 0 && account.max_balance != INT64_MAX) member_money(out, "max_balance", account.max_balance, currency, account.exponent);
  api::member_time(out, "created_at", account.created_ms);
  out.member_integer("version", static_cast<std::int64_t>(account.version)).member_integer("sequence", static_cast<std::int64_t>(account.sequence));
  out.end_object();
}

void account_answered(void* context, const AccountAnswer& answer) {
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code, answer.member, answer.detail);
  json::Writer out(call.memory, 1024);
  render(out, *answer.account);
  call.ok(out);
}

void accounts_answered(void* context, const transfer::AccountsAnswer& answer) {
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code);
  json::Writer out(call.memory, 4096);
  out.begin_object().key("accounts").begin_array();
  for (const auto& account : answer.accounts) render(out, account);
  out.end_array();
  if (!answer.next.empty()) out.member("next", answer.next);
  out.end_object();
  call.ok(out);
}

void postings_answered(void* context, const transfer::PostingsAnswer& answer) {
  static constexpr std::string_view kinds[] = {"unknown", "post", "hold", "post_hold", "void_hold"};
  auto& call = *static_cast<ControlCall*>(context);
  if (answer.code != ErrorCode::none) return call.fail(answer.code);
  json::Writer out(call.memory, 4096);
  out.begin_object().key("postings").begin_array();
  for (const auto& row : answer.postings) {
    const std::string_view currency = currency_view(row.money.currency);
    out.begin_object().member_integer("sequence", static_cast<std::int64_t>(row.account_sequence));
    api::member_time(out, "at", row.at_ms);
    out.member("kind", row.kind >= 1 && row.kind <= 4 ? kinds[row.kind] : kinds[0]).member("side", row.side == 1 ? "debit" : "credit").member("counterparty", view(row.counterparty));
    member_money(out, "amount", row.money.minor, currency, row.money.exponent);
    member_money(out, "balance_after", from_abi(row.balance_after), currency, row.money.exponent);
    if (!is_zero(row.record)) api::member_ulid(out, "transfer_id", row.record);
    out.end_object();
  }
  out.end_array();
  if (!answer.next.empty()) out.member("next", answer.next);
  out.end_object();
  call.ok(out);
}

bool read_number(ControlCall& call, std::string_view name, std::uint64_t max, std::uint64_t& value) {
  const std::string_view text = call.request.argument(name);
  if (text.empty()) return true;
  if (parse_decimal(text, value) && value <= max) return true;
  call.fail("invalid", std::string(name) + " must be a number up to " + std::to_string(max));
  return false;
}

void change(ControlCall& call, transfer::AccountAction action) {
  transfer::AccountCommand command;
  command.action = action;
  command.caller = call.caller();
  command.number = call.request.argument("number");
  call.coordinator().change_account(command, {account_answered, &call});
}

void open_account(ControlCall& call) {
  transfer::OpenAccountCommand command;
  std::uint64_t overdraft = 0, max_balance = 0;
  if (!read_number(call, "overdraft-limit", static_cast<std::uint64_t>(amount_minor_max), overdraft) ||
      !read_number(call, "max-balance", static_cast<std::uint64_t>(amount_minor_max), max_balance))
    return;
  // Without a key of the operator's own, each call opens another account.
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string& key = call.request.arguments["key"];
  if (key.empty())
    for (std::uint64_t bits = draw_from_kernel(nullptr); bits != 0; bits >>= 4) key += hex[bits & 15];
  command.caller = call.caller();
  command.idempotency_key = key;
  command.number = call.request.argument("number");
  command.owner = call.request.argument("owner");
  command.currency = call.request.argument("currency");
  command.overdraft_limit = static_cast<std::int64_t>(overdraft);
  command.max_balance = static_cast<std::int64_t>(max_balance);
  call.coordinator().open_account(command, {account_answered, &call});
}

}  // namespace

void ControlRoom::register_accounts() {
  server_.on("account open", on_first_loop(daemon_, open_account));
  server_.on("account show", on_first_loop(daemon_, [](ControlCall& call) {
    transfer::AccountQuery query;
    query.caller = call.caller();
    query.number = call.request.argument("number");
    call.coordinator().account(query, {account_answered, &call});
  }));
  server_.on("account list", on_first_loop(daemon_, [](ControlCall& call) {
    transfer::AccountsQuery query;
    std::uint64_t limit = 100;
    if (!read_number(call, "limit", 500, limit)) return;
    query.caller = call.caller();
    query.owner = call.request.argument("owner");
    query.after = call.request.argument("after");
    query.limit = static_cast<std::uint32_t>(limit);
    call.coordinator().accounts(query, {accounts_answered, &call});
  }));
  server_.on("account freeze", on_first_loop(daemon_, [](ControlCall& call) {
    const std::string_view side = call.request.argument("side", "both");
    change(call, side == "debit" ? transfer::AccountAction::freeze_debit : side == "credit" ? transfer::AccountAction::freeze_credit : transfer::AccountAction::freeze);
  }));
  server_.on("account unfreeze", on_first_loop(daemon_, [](ControlCall& call) { change(call, transfer::AccountAction::unfreeze); }));
  server_.on("account close", on_first_loop(daemon_, [](ControlCall& call) { change(call, transfer::AccountAction::close); }));
  server_.on("account postings", on_first_loop(daemon_, [](ControlCall& call) {
    transfer::PostingsQuery query;
    std::uint64_t limit = 100;
    if (!read_number(call, "limit", 500, limit)) return;
    query.caller = call.caller();
    query.number = call.request.argument("number");
    query.after = call.request.argument("after");
    query.limit = static_cast<std::uint32_t>(limit);
    call.coordinator().postings(query, {postings_answered, &call});
  }));
}

}  // namespace payswitch::daemon::app
