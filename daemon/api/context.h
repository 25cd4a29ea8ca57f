// One request on its way through a handler. Lives in the exchange's arena from the first look at the request until it is answered.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "api/endpoint.h"
#include "api/error_text.h"
#include "api/services.h"
#include "auth/principal.h"
#include "base/json.h"
#include "net/http.h"
#include "transfer/commands.h"
#include "transfer/error_code.h"

namespace payswitch::daemon::api {

// What a problem says beyond its code. Views are borrowed for the call.
struct ProblemDetails {
  std::string_view member = {};  // the field, header or parameter it speaks of
  std::string_view detail = {};  // a sentence or word about this case
  const psw_id* transfer_id = nullptr;
  std::uint32_t retry_after_ms = 0;
  bool replayed = false;        // a recorded refusal, told again
  std::string_view position = {};  // of the write that recorded it
};

// A refusal that has no ErrorCode because it is about HTTP alone.
enum class HttpRefusal : std::uint8_t { endpoint_not_found, method_not_allowed, unsupported_media_type };

// The headers this API looks at, found in one pass. A header that may stand there once only is remembered as doubled.
struct KnownHeaders {
  std::string_view authorization, content_type, content_encoding, idempotency_key, prefer, accept_language, traceparent, position;
  bool has_authorization = false, has_idempotency_key = false, doubled = false;
};

class Context {
 public:
  Context(net::Exchange& exchange_in, Services& services_in, std::uint64_t started) : exchange(exchange_in), services(services_in), started_ns(started) {}

  net::Exchange& exchange;
  Services& services;
  std::uint64_t started_ns;
  const Endpoint* endpoint = nullptr;
  std::string_view parameter;
  KnownHeaders headers;
  auth::Principal principal;
  Language language = Language::english;
  std::uint32_t wait_ms = 0;
  bool wait_by_default = false;  // no `Prefer: wait=N`
  json::Value body;             // the object, when the endpoint has one
  TransferKind kind = TransferKind::transfer;  // of a payment, for its metrics
  bool payment = false;

  transfer::Caller caller() const noexcept { return transfer::Caller(principal); }
  std::pmr::memory_resource& arena() noexcept { return exchange.arena(); }

  // Both answer the exchange and end this object.
  void respond(int status, std::span<const net::Header> headers, const json::Writer& body) noexcept;
  void problem(transfer::ErrorCode code, const ProblemDetails& details = {}) noexcept;
  void problem(HttpRefusal refusal, std::string_view detail, std::string_view allow = {}) noexcept;

 private:
  void write_problem(int status, std::string_view code, std::string_view error_class, const ProblemDetails& details, std::string_view allow) noexcept;
  void send(int status, std::span<const net::Header> headers, std::string_view content_type, std::string_view body) noexcept;
};
static_assert(std::is_trivially_destructible_v<Context>, "nobody destroys what lies in the arena");

}  // namespace payswitch::daemon::api
