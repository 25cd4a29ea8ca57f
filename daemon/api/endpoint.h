// The table of everything the public listener answers: the router, 404 and 405, and docs/reference/http-api.md all read it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "auth/principal.h"

namespace payswitch::daemon::api {

class Context;

struct Endpoint {
  std::string_view method;
  std::string_view path;       // "/v1/transfers/{id}/post": at most one parameter, a whole segment
  auth::Scopes any_of;         // one of these scopes is needed; 0: any credential
  bool key_required;           // Idempotency-Key must be there
  bool has_body;               // JSON body expected; otherwise a body is refused
  void (*handler)(Context&);
  std::string_view doc;        // one or two sentences for the reference page
};

std::span<const Endpoint> endpoints() noexcept;

struct Match {
  const Endpoint* endpoint = nullptr;  // null: see path_known
  bool path_known = false;             // another method exists: 405
  std::string_view parameter;          // what stands in place of {…}
};
// Pure. The path is taken as it came: no decoding, no merging of slashes, no dots.
Match match(std::string_view method, std::string_view path) noexcept;
// "GET, POST": for the Allow header of a 405.
std::string allowed_methods(std::string_view path);

// docs/reference/http-api.md and docs/reference/errors.md, from the tables.
std::string http_api_page();
std::string errors_page();

}  // namespace payswitch::daemon::api
