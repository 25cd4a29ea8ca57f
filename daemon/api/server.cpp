#include "api/server.h"

#include <cstring>
#include <new>

#include "api/context.h"
#include "base/text.h"
#include "net/loop.h"

namespace payswitch::daemon::api {
namespace {

using transfer::ErrorCode;

void take(std::string_view value, std::string_view& where, bool& doubled) noexcept {
  if (where.data() != nullptr) doubled = true;
  where = value.data() ? value : std::string_view("", 0);
}

KnownHeaders known_headers(std::span<const net::Header> headers) noexcept {
  KnownHeaders known;
  for (const auto& h : headers) {
    // The length tells most of them apart, so that a request costs one comparison a header.
    switch (h.name.size()) {
      case 6:
        if (equal_ignoring_case(h.name, "prefer")) known.prefer = h.value;
        break;
      case 11:
        if (equal_ignoring_case(h.name, "traceparent")) known.traceparent = h.value;
        break;
      case 12:
        if (equal_ignoring_case(h.name, "content-type")) take(h.value, known.content_type, known.doubled);
        break;
      case 13:
        if (equal_ignoring_case(h.name, "authorization")) {
          take(h.value, known.authorization, known.doubled);
          known.has_authorization = true;
        }
        break;
      case 15:
        if (equal_ignoring_case(h.name, "idempotency-key")) {
          take(h.value, known.idempotency_key, known.doubled);
          known.has_idempotency_key = true;
        } else if (equal_ignoring_case(h.name, "accept-language")) {
          known.accept_language = h.value;
        }
        break;
      case 16:
        if (equal_ignoring_case(h.name, "content-encoding")) known.content_encoding = h.value;
        break;
      case 18:
        if (equal_ignoring_case(h.name, "payswitch-position")) take(h.value, known.position, known.doubled);
        break;
      default: break;
    }
  }
  return known;
}

// application/json, with nothing or charset=utf-8 after it (RFC 8259 needs no charset, many clients send one).
bool is_json(std::string_view type) noexcept {
  const auto semicolon = type.find(';');
  if (!equal_ignoring_case(trim(type.substr(0, semicolon)), "application/json")) return false;
  if (semicolon == std::string_view::npos) return true;
  const std::string_view parameter = trim(type.substr(semicolon + 1));
  return equal_ignoring_case(parameter, "charset=utf-8") || equal_ignoring_case(parameter, "charset=\"utf-8\"");
}

// RFC 7240: "wait=5", perhaps among others. What is not understood is ignored.
std::uint32_t wait_of(std::string_view prefer, const Services& services, bool& by_default) noexcept {
  by_default = false;
  while (!prefer.empty()) {
    const auto comma = prefer.find(',');
    const std::string_view item = trim(prefer.substr(0, comma));
    prefer = comma == std::string_view::npos ? std::string_view{} : prefer.substr(comma + 1);
    std::uint64_t seconds = 0;
    if (item.size() > 5 && equal_ignoring_case(item.substr(0, 5), "wait=") && parse_decimal(item.substr(5), seconds))
      return seconds > services.wait_ms_max / 1000 ? services.wait_ms_max : static_cast<std::uint32_t>(seconds * 1000);
  }
  by_default = true;
  return services.default_wait_ms;
}

bool credential_accepted(Context& context) noexcept {
  Services& services = context.services;
  const auto& request = context.exchange.request();
  const auto verdict = services.authenticator->check(context.headers.authorization, context.headers.has_authorization, request.remote,
                                                     context.started_ns, services.clock->wall_ms());
  if (verdict.error == auth::AuthError::stale) {
    context.problem(ErrorCode::read_only, {.detail = "the keys cannot be read from the ledger"});
    return false;
  }
  if (verdict.error != auth::AuthError::none) {
    context.problem(ErrorCode::unauthenticated);
    return false;
  }
  context.principal = *verdict.principal;
  const auto& limits = services.settings->config->limits;
  const std::uint32_t wait_ms = verdict.bucket->take(context.started_ns, limits.requests_per_second, limits.requests_burst);
  if (wait_ms != 0) {
    context.problem(ErrorCode::rate_limited, {.retry_after_ms = wait_ms});
    return false;
  }
  return true;
}

bool scope_allows(Context& context) noexcept {
  const auto wanted = context.endpoint->any_of;
  if (wanted == 0 || (context.principal.scopes() & wanted) != 0) return true;
  static constexpr struct { auth::Scopes bit; std::string_view text; } words[] = {
      {auth::scope_read, "the scope read is needed"}, {auth::scope_pay, "the scope pay is needed"},
      {auth::scope_pay | auth::scope_cash, "one of the scopes pay and cash is needed"},
      {auth::scope_pay | auth::scope_accounts, "one of the scopes pay and accounts is needed"},
      {auth::scope_accounts, "the scope accounts is needed"}, {auth::scope_operate, "the scope operate is needed"},
      {auth::scope_reverse, "the scope reverse is needed"}};
  std::string_view detail;
  for (const auto& word : words)
    if (word.bit == wanted) detail = word.text;
  context.problem(ErrorCode::forbidden, {.detail = detail});
  return false;
}

bool body_acceptable(Context& context) noexcept {
  const std::string_view body = context.exchange.request().body;
  if (!context.endpoint->has_body) {
    if (body.empty()) return true;
    context.problem(ErrorCode::malformed_request, {.detail = "this call takes no body"});
    return false;
  }
  if (body.empty()) return true;
  if (is_json(context.headers.content_type) && context.headers.content_encoding.empty()) return true;
  context.problem(HttpRefusal::unsupported_media_type, "Content-Type must be application/json, without Content-Encoding");
  return false;
}

bool key_acceptable(Context& context) noexcept {
  if (!context.headers.has_idempotency_key) {
    if (!context.endpoint->key_required) return true;
    context.problem(ErrorCode::idempotency_key_required, {.member = "Idempotency-Key", .detail = "is missing"});
    return false;
  }
  if (transfer::idempotency_key_ok(context.headers.idempotency_key)) return true;
  context.problem(ErrorCode::idempotency_key_required, {.member = "Idempotency-Key", .detail = "must be 1 to 128 visible ASCII characters"});
  return false;
}

void serve(Context& context) {
  const auto& request = context.exchange.request();
  context.headers = known_headers(request.headers);
  if (!context.headers.accept_language.empty()) context.language = choose_language(context.headers.accept_language);
  const Match found = match(request.method, request.path);
  if (!found.path_known) return context.problem(HttpRefusal::endpoint_not_found, {});
  if (!found.endpoint) return context.problem(HttpRefusal::method_not_allowed, {}, allowed_methods(request.path));
  context.endpoint = found.endpoint;
  context.parameter = found.parameter;
  if (context.headers.doubled) return context.problem(ErrorCode::malformed_request, {.detail = "a header that may stand there once is given twice"});
  if (!credential_accepted(context) || !scope_allows(context) || !body_acceptable(context) || !key_acceptable(context)) return;
  context.wait_ms = wait_of(context.headers.prefer, context.services, context.wait_by_default);
  found.endpoint->handler(context);
}

}  // namespace

void Server::handle(net::Exchange& exchange) noexcept {
  Services& services = *by_loop_[exchange.loop().index()];
  services.metrics->request_started();
  auto* context = new (exchange.arena().allocate(sizeof(Context), alignof(Context))) Context(exchange, services, services.clock->monotonic_ns());
  try {
    serve(*context);
  } catch (const std::bad_alloc&) {
    // The arena of the exchange is bounded: a request that needs more than it holds was too large. Thrown while its fields were
    // read, so nothing was given to the coordinator yet.
    services.metrics->request_finished(413);
    exchange.respond(413, {}, {});
  }
}

}  // namespace payswitch::daemon::api
