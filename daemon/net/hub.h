// The connections of one listener on one loop, with what they share: buffers, limits, counters, the date.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mpsc.h"
#include "net/answer.h"
#include "net/exchange.h"
#include "net/limits.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls.h"

namespace payswitch::daemon::net {

class Connection;

// An accepted socket on its way to its hub.
struct Accepted : MpscNode {
  Fd fd;
  std::string remote;
  TlsContextPtr tls;
};

// Counted without atomics during a batch, handed to the registry at its end.
struct HubCounts {
  std::uint64_t requests = 0, malformed = 0, too_large = 0, received_bytes = 0, sent_bytes = 0, abandoned = 0;
  std::uint64_t slow_handshakes = 0, slow_headers = 0, slow_bodies = 0, slow_readers = 0, idle_closed = 0, handshakes_failed = 0;
};

struct HubMetrics {
  HubMetrics(Registry& registry, std::string_view listener);
  void add(const HubCounts& counts) noexcept;
  Counter &requests, &malformed, &too_large, &received_bytes, &sent_bytes, &abandoned;
  Counter &slow_handshakes, &slow_headers, &slow_bodies, &slow_readers, &idle_closed, &handshakes_failed;
};

class Hub {
 public:
  static constexpr std::size_t read_bytes = 64 * 1024;

  Hub(Loop& loop, const ListenerOptions& options, Handler& handler, const Clock& clock, Logger& logger, HubMetrics& metrics);
  ~Hub();

  // On the loop: hooks and timer.
  void attach();
  // Any thread: gives a socket to this hub.
  void adopt(std::unique_ptr<Accepted> accepted) noexcept;
  // Any thread.
  void drain() noexcept;
  // Sockets given to this hub and not yet freed. Any thread.
  std::uint32_t connections() const noexcept { return connections_.load(std::memory_order_relaxed); }

  // For its connections.
  Loop& loop() noexcept { return loop_; }
  const Limits& limits() const noexcept { return limits_; }
  Handler& handler() noexcept { return handler_; }
  ExchangePool& exchanges() noexcept { return exchanges_; }
  HubCounts& counts() noexcept { return counts_; }
  bool draining() const noexcept { return draining_seen_; }
  std::string_view date() noexcept { refresh(); return date_.text(); }
  std::uint64_t now_ms() noexcept { refresh(); return now_ms_; }
  std::span<char> scratch() noexcept { return scratch_; }
  std::span<Header> fields() noexcept { return fields_; }
  void mark_dirty(Connection& connection) noexcept;
  void mark_again(Connection& connection) noexcept;
  void bury(Connection& connection) noexcept;
  // A line about a client, at most one a second and kind.
  void log(const Message& message, LogThrottle& throttle, std::string_view remote, std::string_view reason) noexcept;
  LogThrottle refused_lines, slow_lines, handshake_lines;

 private:
  void refresh() noexcept;
  void on_wake() noexcept;
  void after_batch() noexcept;
  void arm_sweep();
  void sweep() noexcept;

  Loop& loop_;
  const std::string name_;
  const Limits limits_;
  Handler& handler_;
  const Clock& clock_;
  Logger& logger_;
  HubMetrics& metrics_;
  MpscList<Accepted> inbox_;
  std::atomic<bool> draining_{false};
  std::atomic<std::uint32_t> connections_{0};
  bool draining_seen_ = false;
  bool fresh_ = false;  // now_ms_ and date_ are of this batch
  std::uint64_t now_ms_ = 0;
  DateCache date_;
  ExchangePool exchanges_;
  HubCounts counts_;
  std::vector<char> scratch_;
  std::vector<Header> fields_;
  std::vector<Connection*> dirty_, again_, again_now_, buried_;
  Connection* first_ = nullptr;
  boost::asio::steady_timer sweep_timer_;
};

}  // namespace payswitch::daemon::net
