// The reference pages that are made from the tables; a test compares them with docs/reference.
#include <algorithm>
#include <vector>

#include "api/endpoint.h"
#include "api/error_text.h"
#include "transfer/error_code.h"

namespace payswitch::daemon::api {
namespace {

using transfer::ErrorClass;
using transfer::Recorded;

std::string scopes(auth::Scopes any_of) {
  static constexpr struct { auth::Scopes bit; std::string_view name; } names[] = {
      {auth::scope_read, "read"}, {auth::scope_pay, "pay"}, {auth::scope_accounts, "accounts"}, {auth::scope_cash, "cash"}, {auth::scope_operate, "operate"},
      {auth::scope_reverse, "reverse"}};
  std::string out;
  for (const auto& scope : names)
    if (any_of & scope.bit) out += (out.empty() ? "" : " or ") + std::string(scope.name);
  return out.empty() ? "any" : out;
}

std::string_view word(ErrorClass error_class) {
  return error_class == ErrorClass::final ? "final" : error_class == ErrorClass::retry ? "retry" : "unknown";
}
std::string_view word(Recorded recorded) { return recorded == Recorded::yes ? "yes" : recorded == Recorded::no ? "no" : "by operation"; }

}  // namespace

std::string http_api_page() {
  std::string out =
      "# HTTP API\n\n"
      "Generated from the endpoint table of the daemon; the schemas of bodies and answers are in [openapi.yaml](openapi.yaml), refusals in\n"
      "[errors.md](errors.md).\n\n"
      "Amounts are minor units as strings of digits (`\"15000\"`), times RFC 3339. Bodies are JSON objects; unknown and doubled members are\n"
      "refused. Retrying with the same `Idempotency-Key` is always safe; use a new key only after an answer of class `final`.\n\n"
      "| method | path | scope | Idempotency-Key | |\n|---|---|---|---|---|\n";
  std::vector<const Endpoint*> sorted;
  for (const Endpoint& endpoint : endpoints()) sorted.push_back(&endpoint);
  // By path, then by their order in the table. (clang 19 calls libstdc++ 12's stable_sort deprecated.)
  std::sort(sorted.begin(), sorted.end(), [](const Endpoint* a, const Endpoint* b) { return a->path != b->path ? a->path < b->path : a < b; });
  for (const Endpoint* e : sorted) {
    out += "| " + std::string(e->method) + " | `" + std::string(e->path) + "` | " + scopes(e->any_of) + " | " + (e->key_required ? "required" : "") + " | " + std::string(e->doc) + " |\n";
  }
  return out;
}

std::string errors_page() {
  std::string out =
      "# Error codes\n\n"
      "Generated from the table of the daemon. Every refusal is `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `code`,\n"
      "`class`, `detail`, `instance`, `transfer_id` and `retry_after_ms`. `title` comes in English or Korean by `Accept-Language`; the code is\n"
      "what programs read.\n\n"
      "`class`: `final`: a repeat gives the same answer. `retry`: nothing was recorded, the same key may succeed later. `unknown`: repeat with\n"
      "the same key, or ask by id. `recorded`: the refusal is kept and uses the Idempotency-Key up; *by operation*: so for a transfer, not for a\n"
      "client's own post, void or account command.\n\n"
      "| status | code | class | recorded | English | 한국어 | |\n|---|---|---|---|---|---|---|\n";
  const auto line = [&](int status, std::string_view code, std::string_view error_class, std::string_view recorded) {
    const ErrorText& text = error_text(code);
    out += "| " + std::to_string(status) + " | `" + std::string(code) + "` | " + std::string(error_class) + " | " + std::string(recorded) + " | " + std::string(text.english) + " | " +
           std::string(text.korean) + " | " + std::string(text.explanation) + " |\n";
  };
  for (const auto& row : transfer::error_table) {
    if (row.code == transfer::ErrorCode::none || row.name.empty()) continue;
    if (row.code == transfer::ErrorCode::account_not_found) {
      line(404, "endpoint_not_found", "final", "no");
      line(405, "method_not_allowed", "final", "no");
      line(415, "unsupported_media_type", "final", "no");
    }
    line(row.status, row.name, word(row.error_class), word(row.recorded));
  }
  return out;
}

}  // namespace payswitch::daemon::api
