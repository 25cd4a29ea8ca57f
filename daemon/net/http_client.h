// HTTP calls of the daemon: pooled connections, TLS, one call deadline over everything from the resolver to the last byte, and an
// honest word about how far a failed call came. It never repeats a call by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/address.h"
#include "net/http.h"
#include "net/loop.h"
#include "net/tls.h"

namespace payswitch::daemon::net {

// Addresses of a name; empty if there are none. May block: it runs on a thread of its own, and a call's deadline does not wait for it.
using Lookup = std::vector<SocketAddress> (*)(const std::string& host, std::uint16_t port);
std::vector<SocketAddress> system_lookup(const std::string& host, std::uint16_t port);

// The furthest point a call reached; numbers as psw_http.phase. Below sent_some no byte of the request can have reached anybody.
// A call on a reused connection that dies before any answer is sent_some at least.
enum class Phase : std::int32_t { none = 0, dns = 1, connect = 2, tls = 3, sent_some = 4, sent_all = 5, got_head = 6, done = 7 };
std::string_view to_string(Phase phase) noexcept;

enum class ClientError : std::int32_t { none = 0, resolve_failed, connect_failed, tls_failed, deadline, closed, malformed_answer, answer_too_large, cancelled, unknown_tls_profile };
std::string_view to_string(ClientError error) noexcept;

// Borrowed for the call of request().
struct ClientRequest {
  std::string_view method = "GET";
  std::string_view host;  // name or numeric address; also the name the certificate must carry
  std::uint16_t port = 443;
  std::string_view target = "/";
  std::span<const Header> headers;  // Host, Content-Length and Connection are added
  std::string_view body;
  std::string_view tls_profile;           // empty: plain HTTP
  std::uint64_t call_deadline_ns = 0;     // on the monotonic clock, absolute
  std::uint32_t body_bytes_max = 1 << 20;  // of the answer
};

// Borrowed for the callback.
struct ClientAnswer {
  Phase phase = Phase::none;
  ClientError error = ClientError::none;  // none: phase is done and the rest is filled
  std::string_view detail;                // for logs
  int status = 0;
  std::span<const Header> headers;  // without trailers
  std::string_view body;
  std::string_view peer_spki;  // "sha256/…" of the server's certificate over TLS
};

struct ClientCallback {
  void (*function)(void* context, const ClientAnswer& answer) = nullptr;
  void* context = nullptr;
};

struct ClientLimits {
  std::uint32_t calls_max = 512;            // under way at once
  std::uint32_t idle_per_target_max = 16;   // kept connections per host, port and profile
  std::uint32_t idle_ms_max = 30'000;
  std::uint32_t header_bytes_max = 16 * 1024;
};

// One per loop; everything happens on it.
class HttpClient {
 public:
  // Before the loop runs, or on it.
  static std::unique_ptr<HttpClient> make(Loop& loop, const Clock& clock, Logger& logger, Registry& metrics, ClientLimits limits = {},
                                          Lookup lookup = system_lookup);
  // On the loop, or after it stopped. Calls under way are dropped without a callback.
  virtual ~HttpClient() = default;

  // Before the first call that uses it; replaces one of the same name for new connections.
  virtual void set_tls_profile(std::string_view name, TlsContextPtr context) = 0;
  // Starts a call and returns its number, or 0 when calls_max are under way: nothing was done and nothing will be. The callback
  // runs exactly once, on the loop, never inside request().
  virtual std::uint64_t request(const ClientRequest& request, ClientCallback callback) = 0;
  // Ends a call early: its callback runs with `cancelled` and the phase reached, never inside cancel(). False: no such call.
  virtual bool cancel(std::uint64_t call) noexcept = 0;
};

}  // namespace payswitch::daemon::net
