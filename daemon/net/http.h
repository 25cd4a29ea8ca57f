// HTTP as the rooms above see it: a request, and the one place to answer it. No socket, no parser type here.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string_view>

namespace payswitch::daemon::net {

class Loop;

struct Header {
  std::string_view name;   // as received; compare without case
  std::string_view value;  // trimmed
};

// Borrowed views into the exchange's own memory, valid until respond() returns.
struct Request {
  std::string_view method;   // "GET", "POST", …
  std::string_view target;   // raw, as received
  std::string_view path;     // before '?', not decoded
  std::string_view query;    // after '?', not decoded
  std::string_view authority;
  std::span<const Header> headers;  // as before the body: trailers never appear here
  std::string_view body;
  std::string_view remote;     // "127.0.0.1:4711"
  std::string_view peer_spki;  // "sha256/…" of the client certificate, empty without one
  // First header of that name (case-insensitive), or empty with found = false.
  std::string_view header(std::string_view name, bool* found = nullptr) const noexcept;
};

// One request being answered. Lives on its connection's loop; the connection keeps it until respond() was called, even if the
// client hangs up. respond() must be called exactly once, at once or later, on the same loop.
class Exchange {
 public:
  virtual const Request& request() const noexcept = 0;
  virtual Loop& loop() noexcept = 0;
  // Memory that lives as long as the exchange; handlers put their own state here instead of on the heap.
  virtual std::pmr::memory_resource& arena() noexcept = 0;
  // Copies head and body into the connection's output buffer; Content-Length, Date and Connection are added. Written after the
  // batch, in order of the requests. The exchange must not be touched afterwards.
  virtual void respond(int status, std::span<const Header> headers, std::string_view body) noexcept = 0;
  // True once the client's side is gone: the answer will be thrown away (the work is not undone).
  virtual bool abandoned() const noexcept = 0;

 protected:
  ~Exchange() = default;
};

// What a listener serves. Called on the connection's loop with the whole request read and strictly checked.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(Exchange& exchange) noexcept = 0;
};

}  // namespace payswitch::daemon::net
