#include "api/context.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "api/messages.h"
#include "api/trace.h"
#include "api/wire.h"
#include "base/text.h"

namespace payswitch::daemon::api {
namespace {

std::string_view class_name(transfer::ErrorClass error_class) noexcept {
  switch (error_class) {
    case transfer::ErrorClass::final: return "final";
    case transfer::ErrorClass::retry: return "retry";
    case transfer::ErrorClass::unknown: return "unknown";
  }
  return "unknown";
}

constexpr std::string_view last_resort =
    R"({"type":"urn:payswitch:error:internal","title":"Something went wrong here","status":500,"code":"internal","class":"unknown"})";

}  // namespace

void Context::send(int status, std::span<const net::Header> more, std::string_view content_type, std::string_view text) noexcept {
  std::array<net::Header, 12> all;
  std::size_t n = 0;
  all[n++] = {"Content-Type", content_type};
  all[n++] = {"Cache-Control", "no-store"};
  for (const auto& header : more)
    if (n < all.size() - 1) all[n++] = header;
  char trace[traceparent_chars];
  if (answer_traceparent(headers.traceparent, services.span_ids(), trace)) all[n++] = {"traceparent", {trace, sizeof trace}};
  services.metrics->request_finished(status);
  if (services.logger->enabled(Severity::debug)) [[unlikely]] {
    const auto& request = exchange.request();
    const std::string_view trace_id = headers.traceparent.size() >= 35 ? headers.traceparent.substr(3, 32) : std::string_view();
    services.logger->write(request_answered, {{"method", request.method}, {"path", request.path.substr(0, 200)}, {"status", status}, {"trace_id", trace_id},
                                              {"micros", static_cast<std::int64_t>((services.clock->monotonic_ns() - started_ns) / 1000)}});
  }
  exchange.respond(status, std::span(all.data(), n), text);
}

void Context::respond(int status, std::span<const net::Header> more, const json::Writer& out) noexcept {
  if (!out.ok()) return send(500, {}, "application/problem+json", last_resort);
  send(status, more, "application/json", out.text());
}

void Context::write_problem(int status, std::string_view code, std::string_view error_class, const ProblemDetails& details, std::string_view allow) noexcept {
  const ErrorText& text = error_text(code);
  json::Writer out(arena());
  constexpr std::string_view urn = "urn:payswitch:error:";
  char type[96];
  std::memcpy(type, urn.data(), urn.size());
  const std::size_t type_size = urn.size() + std::min(code.size(), sizeof type - urn.size());
  std::memcpy(type + urn.size(), code.data(), type_size - urn.size());
  out.begin_object();
  out.member("type", {type, type_size});
  out.member("title", language == Language::korean ? text.korean : text.english);
  out.member_integer("status", status);
  out.member("code", code);
  out.member("class", error_class);
  if (!details.member.empty() || !details.detail.empty()) {
    char detail[512];
    const int n = std::snprintf(detail, sizeof detail, "%.*s%s%.*s", static_cast<int>(std::min<std::size_t>(details.member.size(), 200)), details.member.data(),
                                details.member.empty() || details.detail.empty() ? "" : ": ",
                                static_cast<int>(std::min<std::size_t>(details.detail.size(), 300)), details.detail.data());
    out.member("detail", {detail, static_cast<std::size_t>(std::min<int>(n, sizeof detail - 1))});
  }
  if (details.transfer_id) {
    char instance[14 + ulid_size] = "/v1/transfers/";
    write_ulid(*details.transfer_id, instance + 14);
    out.member("instance", {instance, sizeof instance});
    out.member("transfer_id", {instance + 14, ulid_size});
  } else {
    out.member("instance", exchange.request().path.substr(0, 200));
  }
  if (details.retry_after_ms) out.member_integer("retry_after_ms", details.retry_after_ms);
  out.end_object();

  std::array<net::Header, 5> more;
  std::size_t n = 0;
  char seconds[21];
  if (details.retry_after_ms) more[n++] = {"Retry-After", {seconds, format_decimal(std::uint64_t{(details.retry_after_ms + 999) / 1000}, seconds)}};
  if (details.replayed) more[n++] = {"Idempotent-Replayed", "true"};
  if (!details.position.empty()) more[n++] = {"Payswitch-Position", details.position};
  if (!allow.empty()) more[n++] = {"Allow", allow};
  if (status == 401) more[n++] = {"WWW-Authenticate", "Bearer"};
  send(status, std::span(more.data(), n), "application/problem+json", out.ok() ? out.text() : last_resort);
}

void Context::problem(transfer::ErrorCode code, const ProblemDetails& details) noexcept {
  const auto& row = transfer::row(code);
  services.metrics->shed(code);
  ProblemDetails told = details;
  if (row.error_class == transfer::ErrorClass::retry && told.retry_after_ms == 0) told.retry_after_ms = 1000;
  const std::string_view name = row.name.empty() ? std::string_view("internal") : row.name;
  write_problem(row.status, name, class_name(row.error_class), told, {});
}

void Context::problem(HttpRefusal refusal, std::string_view detail, std::string_view allow) noexcept {
  ProblemDetails details;
  details.detail = detail;
  switch (refusal) {
    case HttpRefusal::endpoint_not_found: return write_problem(404, "endpoint_not_found", "final", details, {});
    case HttpRefusal::method_not_allowed: return write_problem(405, "method_not_allowed", "final", details, allow);
    case HttpRefusal::unsupported_media_type: return write_problem(415, "unsupported_media_type", "final", details, {});
  }
}

}  // namespace payswitch::daemon::api
