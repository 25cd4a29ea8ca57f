#include "api/render.h"

#include <payswitch/str.h>

#include <cstdio>
#include <cstring>

#include "api/cursor.h"
#include "api/history_text.h"
#include "api/wire.h"

namespace payswitch::daemon::api {
namespace {

using transfer::ErrorCode;

std::string_view currency_of(const char (&code)[4]) noexcept { return currency_view(code); }

void optional(json::Writer& out, std::string_view name, std::string_view text) {
  if (!text.empty()) out.member(name, text);
}
void optional_time(json::Writer& out, std::string_view name, std::int64_t ms) {
  if (ms > 0) member_time(out, name, ms);
}

PaymentOutcome outcome_of(const transfer::TransferAnswer& answer) noexcept {
  if (answer.code == ErrorCode::outcome_unknown) return PaymentOutcome::unknown;
  if (answer.code != ErrorCode::none) return PaymentOutcome::refused;
  if (answer.replayed) return PaymentOutcome::replayed;
  switch (answer.transfer->state) {
    case TransferState::held: return PaymentOutcome::held;
    case TransferState::submitted: return PaymentOutcome::processing;
    case TransferState::in_doubt: return PaymentOutcome::in_doubt;
    case TransferState::completed: return PaymentOutcome::completed;
    default: return PaymentOutcome::failed;
  }
}

void limit_detail(const transfer::TransferAnswer& answer, char (&text)[160], std::string_view& out) {
  int n = std::snprintf(text, sizeof text, "%.*s: the limit is %lld", static_cast<int>(std::min<std::size_t>(answer.detail.size(), 64)), answer.detail.data(),
                        static_cast<long long>(answer.limit_minor));
  if (answer.frees_at_ms > 0 && n > 0 && static_cast<std::size_t>(n) + time_chars + 12 < sizeof text) {
    std::memcpy(text + n, ", it frees at ", 14);
    write_time(text + n + 14, answer.frees_at_ms);
    n += 14 + static_cast<int>(time_chars);
  }
  out = {text, static_cast<std::size_t>(n)};
}

}  // namespace

void render_transfer(json::Writer& out, const transfer::TransferView& view) {
  const auto& detail = view.detail;
  member_ulid(out, "id", view.id);
  out.member("kind", name(view.kind));
  out.member("status", public_status(view.state));
  out.member("state", name(view.state));
  out.member("payer", view.payer);
  out.member("payee", view.payee);
  member_minor(out, "amount", view.money.minor);
  out.member("currency", currency_of(view.money.currency));
  if (detail.posted_minor != 0) member_minor(out, "posted_amount", detail.posted_minor);
  if (detail.reversed_posted_minor != 0) member_minor(out, "reversed_amount", detail.reversed_posted_minor);
  if (detail.reversed_pending_minor != 0) member_minor(out, "reversed_pending", detail.reversed_pending_minor);
  if (detail.mode == 1) out.member("mode", "hold");
  optional(out, "reason_code", view.reason_code);
  if (view.attention != Attention::none) {
    out.key("attention").begin_object();
    out.member("reason", name(view.attention));
    optional_time(out, "since", detail.attention_since_ms);
    out.end_object();
  }
  if (!detail.reference.sealed) optional(out, "reference", detail.reference.bytes);
  if (!detail.metadata.sealed && !detail.metadata.bytes.empty()) out.key("metadata").raw(detail.metadata.bytes);
  optional(out, "bank", view.bank);
  optional(out, "connector", view.connector);
  optional(out, "peer_reference", detail.peer_reference);
  if (view.attempt > 0) out.member_integer("attempt", view.attempt);
  if (!is_zero(view.parent_id)) member_ulid(out, "parent_id", view.parent_id);
  member_time(out, "created_at", view.created_ms);
  if (view.state == TransferState::held) optional_time(out, "hold_until", detail.hold_until_ms);
  if (is_open(view.state)) optional_time(out, "not_after", view.not_after_ms);
  optional_time(out, "cancel_asked_at", detail.cancel_asked_ms);
  out.member_integer("version", static_cast<std::int64_t>(view.version));
}

void render_balances(json::Writer& out, std::span<const transfer::Balance> balances) {
  out.key("balances").begin_array();
  for (const auto& b : balances) {
    out.begin_object();
    out.member("account", b.account);
    member_minor(out, "balance", from_abi(b.balance));
    member_minor(out, "available", from_abi(b.available));
    out.member_integer("sequence", static_cast<std::int64_t>(b.sequence));
    out.end_object();
  }
  out.end_array();
}

void render_history(json::Writer& out, std::span<const psw_change> history, std::uint64_t left_off, Language language) {
  if (left_off != 0) out.member_integer("history_left_off", static_cast<std::int64_t>(left_off));
  out.key("history").begin_array();
  for (const auto& change : history) {
    out.begin_object();
    out.member_integer("version", static_cast<std::int64_t>(change.version));
    member_time(out, "at", change.at_ms);
    out.member("state", name(static_cast<TransferState>(change.state)));
    const HistoryText& words = history_text(view(change.note), static_cast<TransferState>(change.state));
    out.member("event", words.code);
    out.member("text", language == Language::korean ? words.korean : words.english);
    if (change.attention != 0) out.member("attention", name(static_cast<Attention>(change.attention)));
    if (change.attempt > 0) out.member_integer("attempt", change.attempt);
    optional(out, "reason_code", view(change.reason));
    // Its first line: what follows is for operators (who decided, on what evidence).
    optional(out, "note", view(change.note).substr(0, view(change.note).find('\n')));
    out.member_integer("sequence", static_cast<std::int64_t>(change.sequence));
    out.end_object();
  }
  out.end_array();
}

void render_counters(json::Writer& out, const psw_account& account) {
  const Int128 balance = from_abi(account.credits_posted) - from_abi(account.debits_posted);
  const Int128 debits_pending = from_abi(account.debits_pending);
  member_minor(out, "balance", balance);
  member_minor(out, "available", balance - debits_pending + account.overdraft_limit);
  member_minor(out, "debits_pending", debits_pending);
  member_minor(out, "debits_posted", from_abi(account.debits_posted));
  member_minor(out, "credits_pending", from_abi(account.credits_pending));
  member_minor(out, "credits_posted", from_abi(account.credits_posted));
}

void render_account(json::Writer& out, const psw_account& account) {
  static constexpr std::string_view words[] = {"open", "frozen_debit", "frozen_credit", "frozen"};
  const std::string_view number = view(account.number);
  out.member("number", number);
  out.member("owner", view(account.owner));
  out.member("currency", currency_of(account.currency));
  out.member("kind", account.kind == 1 ? std::string_view("customer") : number.substr(0, number.find(':')));
  out.member("status", account.status & 4 ? std::string_view("closed") : words[account.status & 3]);
  render_counters(out, account);
  member_minor(out, "overdraft_limit", account.overdraft_limit);
  if (account.max_balance > 0 && account.max_balance != INT64_MAX) member_minor(out, "max_balance", account.max_balance);
  if (!empty(account.metadata)) {
    // Written by this API as an object; anything else (an import) is shown as text.
    const std::string_view metadata = view(account.metadata);
    if (metadata.front() == '{') out.key("metadata").raw(metadata);
  }
  member_time(out, "created_at", account.created_ms);
  out.member_integer("version", static_cast<std::int64_t>(account.version));
  out.member_integer("sequence", static_cast<std::int64_t>(account.sequence));
}

void render_posting(json::Writer& out, const psw_posting_row& row) {
  static constexpr std::string_view kinds[] = {"unknown", "post", "hold", "post_hold", "void_hold"};
  out.begin_object();
  out.member_integer("sequence", static_cast<std::int64_t>(row.account_sequence));
  member_time(out, "at", row.at_ms);
  out.member("kind", row.kind >= 1 && row.kind <= 4 ? kinds[row.kind] : kinds[0]);
  out.member("side", row.side == 1 ? "debit" : "credit");
  out.member("counterparty", view(row.counterparty));
  member_minor(out, "amount", row.money.minor);
  out.member("currency", currency_of(row.money.currency));
  member_minor(out, "balance_after", from_abi(row.balance_after));
  member_minor(out, "available_after", from_abi(row.available_after));
  if (!is_zero(row.record)) member_ulid(out, "transfer_id", row.record);
  out.end_object();
}

void answer_transfer(Context& context, const transfer::TransferAnswer& answer, Made made) noexcept {
  if (context.payment) context.services.metrics->payment(context.kind, outcome_of(answer), context.services.clock->monotonic_ns() - context.started_ns);
  std::array<net::Header, 4> headers;
  std::size_t n = 0;
  if (answer.code != ErrorCode::none) {
    char text[160];
    ProblemDetails details{answer.member, answer.detail, answer.transfer ? &answer.transfer->id : nullptr, answer.retry_after_ms, answer.replayed, answer.position};
    if (answer.code == ErrorCode::limit_exceeded) limit_detail(answer, text, details.detail);
    return context.problem(answer.code, details);
  }
  PSW_ASSERT(answer.transfer != nullptr);
  const auto& view = *answer.transfer;
  json::Writer out(context.arena(), 1024);
  out.begin_object();
  render_transfer(out, view);
  if (!answer.balances.empty()) render_balances(out, answer.balances);
  if (!answer.history.empty()) render_history(out, answer.history, answer.history_left_off, context.language);
  out.end_object();

  char location[14 + ulid_size] = "/v1/transfers/";
  write_ulid(view.id, location + 14);
  int status = made == Made::yes ? 201 : 200;
  if (is_open(view.state) && context.endpoint->method == "POST") {
    status = 202;
    headers[n++] = {"Retry-After", "1"};
  }
  if (made == Made::yes || status == 202) headers[n++] = {"Location", {location, sizeof location}};
  if (answer.replayed) headers[n++] = {"Idempotent-Replayed", "true"};
  if (!answer.position.empty()) headers[n++] = {"Payswitch-Position", answer.position};
  context.respond(status, std::span(headers.data(), n), out);
}

void answer_account(Context& context, const transfer::AccountAnswer& answer, Made made) noexcept {
  if (answer.code != ErrorCode::none) return context.problem(answer.code, {answer.member, answer.detail, nullptr, answer.retry_after_ms, answer.replayed, answer.position});
  PSW_ASSERT(answer.account != nullptr);
  json::Writer out(context.arena(), 1024);
  out.begin_object();
  render_account(out, *answer.account);
  out.end_object();
  std::array<net::Header, 3> headers;
  std::size_t n = 0;
  char location[13 + 64] = "/v1/accounts/";
  const std::string_view number = view(answer.account->number).substr(0, 64);
  std::memcpy(location + 13, number.data(), number.size());
  if (made == Made::yes) headers[n++] = {"Location", {location, 13 + number.size()}};
  if (answer.replayed) headers[n++] = {"Idempotent-Replayed", "true"};
  if (!answer.position.empty()) headers[n++] = {"Payswitch-Position", answer.position};
  context.respond(made == Made::yes ? 201 : 200, std::span(headers.data(), n), out);
}

void answer_read(Context& context, json::Writer& out, std::string_view position) noexcept {
  const net::Header header{"Payswitch-Position", position};
  context.respond(200, position.empty() ? std::span<const net::Header>{} : std::span(&header, 1), out);
}

ListCall* ListCall::make(Context& context, std::string_view filter) {
  return new (context.arena().allocate(sizeof(ListCall), alignof(ListCall))) ListCall{context, filter};
}

void ListCall::finish(json::Writer& out, std::string_view next, std::string_view position) const noexcept {
  if (!next.empty()) out.member("next", seal_cursor(context.services.cursor_key, filter, next, context.arena()));
  out.end_object();
  answer_read(context, out, position);
}

}  // namespace payswitch::daemon::api
