// A listening socket, its connections and their limits: bytes in, strictly checked requests out, answers back in order.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "net/http.h"
#include "net/limits.h"
#include "net/loop.h"
#include "net/tls.h"

namespace payswitch::daemon::net {

struct ListenerOptions {
  std::string name = "public";  // in logs and as metric label
  std::string address = "127.0.0.1:8080";  // "host:port" with a numeric host, "[::1]:8080"; port 0: any free one
  int inherited_fd = -1;        // a listening socket from the service manager; taken over, `address` is then only for logs
  Limits limits;
  TlsContextPtr tls;            // none: plain HTTP
};

// One acceptor (on the first loop) gives each new connection to the loop that has the fewest; there it stays.
class Listener {
 public:
  // Binds and listens; connections are taken as soon as the loops run. Control thread, before the loops run or while they do.
  // `handler`, clock, logger, metrics and loops outlive the listener.
  static Result<std::unique_ptr<Listener>> open(ListenerOptions options, std::span<Loop* const> loops, Handler& handler,
                                                const Clock& clock, Logger& logger, Registry& metrics);
  // Only after all its loops have stopped running. An exchange still unanswered then must never be touched again.
  virtual ~Listener() = default;

  virtual std::uint16_t port() const noexcept = 0;
  virtual std::string_view name() const noexcept = 0;
  // Any thread: stop accepting, finish requests under way (answers say Connection: close), close what is idle.
  virtual void drain() noexcept = 0;
  // Open connections, those still being closed included: 0 after drain() means finished. Any thread.
  virtual std::uint32_t connections() const noexcept = 0;
  // Writes the open connections to payswitch_http_connections. Any thread; now and then.
  virtual void refresh_gauge() noexcept = 0;
  // New connections use this context, old ones keep theirs. Any thread.
  virtual void replace_tls(TlsContextPtr tls) = 0;
};

}  // namespace payswitch::daemon::net
