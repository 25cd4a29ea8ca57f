#include "net/hub.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "net/connection.h"
#include "net/messages.h"

namespace payswitch::daemon::net {
namespace {

constexpr std::uint32_t sweep_ms_max = 500;
constexpr std::uint32_t sweep_ms_min = 10;
// What a connection may leave unparsed at the front of a read: the rest of an earlier read, or an unfinished header.
constexpr std::size_t rest_bytes = Hub::read_bytes;

}  // namespace

HubMetrics::HubMetrics(Registry& registry, std::string_view listener)
    : requests(registry.counter("payswitch_http_requests_total", "Requests handed to a handler.", {{"listener", listener}})),
      malformed(registry.counter("payswitch_http_refused_total", "Requests refused before a handler saw them.", {{"listener", listener}, {"reason", "malformed"}})),
      too_large(registry.counter("payswitch_http_refused_total", "Requests refused before a handler saw them.", {{"listener", listener}, {"reason", "too_large"}})),
      received_bytes(registry.counter("payswitch_http_received_bytes_total", "Bytes received from clients.", {{"listener", listener}})),
      sent_bytes(registry.counter("payswitch_http_sent_bytes_total", "Bytes sent to clients.", {{"listener", listener}})),
      abandoned(registry.counter("payswitch_http_abandoned_total", "Connections that the client broke off in the middle of a request.", {{"listener", listener}})),
      slow_handshakes(registry.counter("payswitch_http_timeouts_total", "Connections closed for being slow.", {{"listener", listener}, {"phase", "handshake"}})),
      slow_headers(registry.counter("payswitch_http_timeouts_total", "Connections closed for being slow.", {{"listener", listener}, {"phase", "header"}})),
      slow_bodies(registry.counter("payswitch_http_timeouts_total", "Connections closed for being slow.", {{"listener", listener}, {"phase", "body"}})),
      slow_readers(registry.counter("payswitch_http_timeouts_total", "Connections closed for being slow.", {{"listener", listener}, {"phase", "write"}})),
      idle_closed(registry.counter("payswitch_http_timeouts_total", "Connections closed for being slow.", {{"listener", listener}, {"phase", "idle"}})),
      handshakes_failed(registry.counter("payswitch_http_tls_failures_total", "TLS handshakes with clients that failed.", {{"listener", listener}})) {}

void HubMetrics::add(const HubCounts& counts) noexcept {
  const auto put = [](Counter& counter, std::uint64_t n) {
    if (n > 0) counter.add(n);
  };
  put(requests, counts.requests);
  put(malformed, counts.malformed);
  put(too_large, counts.too_large);
  put(received_bytes, counts.received_bytes);
  put(sent_bytes, counts.sent_bytes);
  put(abandoned, counts.abandoned);
  put(slow_handshakes, counts.slow_handshakes);
  put(slow_headers, counts.slow_headers);
  put(slow_bodies, counts.slow_bodies);
  put(slow_readers, counts.slow_readers);
  put(idle_closed, counts.idle_closed);
  put(handshakes_failed, counts.handshakes_failed);
}

Hub::Hub(Loop& loop, const ListenerOptions& options, Handler& handler, const Clock& clock, Logger& logger, HubMetrics& metrics)
    : loop_(loop), name_(options.name), limits_(options.limits), handler_(handler), clock_(clock), logger_(logger), metrics_(metrics),
      scratch_(read_bytes + rest_bytes + 2 * std::size_t{options.limits.header_bytes_max}), fields_(options.limits.header_fields_max),
      sweep_timer_(loop.context()) {}

Hub::~Hub() {
  for (auto taken = inbox_.take_all(); Accepted* accepted = taken.next();) delete accepted;
  while (first_ != nullptr) {
    Connection* connection = first_;
    first_ = connection->next_;
    delete connection;
  }
}

void Hub::attach() {
  loop_.on_wake({[](void* self) { static_cast<Hub*>(self)->on_wake(); }, this});
  loop_.after_batch({[](void* self) { static_cast<Hub*>(self)->after_batch(); }, this});
  arm_sweep();
  loop_.wake();  // what was adopted before
}

void Hub::adopt(std::unique_ptr<Accepted> accepted) noexcept {
  connections_.fetch_add(1, std::memory_order_relaxed);
  inbox_.push(accepted.release());
  loop_.wake();
}

void Hub::drain() noexcept {
  draining_.store(true, std::memory_order_release);
  loop_.wake();
}

void Hub::refresh() noexcept {
  if (fresh_) return;
  fresh_ = true;
  now_ms_ = clock_.monotonic_ns() / 1'000'000;
  date_.update(clock_.wall_ms());
}

void Hub::mark_dirty(Connection& connection) noexcept {
  if (connection.dirty_) return;
  connection.dirty_ = true;
  dirty_.push_back(&connection);
  loop_.finish_batch();
}

void Hub::mark_again(Connection& connection) noexcept {
  if (connection.again_) return;
  connection.again_ = true;
  again_.push_back(&connection);
  loop_.wake();
}

void Hub::bury(Connection& connection) noexcept {
  buried_.push_back(&connection);
  loop_.finish_batch();
}

void Hub::log(const Message& message, LogThrottle& throttle, std::string_view remote, std::string_view reason) noexcept {
  std::uint64_t suppressed = 0;
  if (!logger_.enabled(message.severity) || !throttle.allow(now_ms() * 1'000'000, suppressed)) return;
  logger_.write(message, {{"listener", name_}, {"remote", remote}, {"reason", reason}, {"suppressed", suppressed}});
}

void Hub::on_wake() noexcept {
  for (auto taken = inbox_.take_all(); Accepted* next = taken.next();) {
    const std::unique_ptr<Accepted> accepted(next);
    auto* connection = new Connection(*this, Transport(std::move(accepted->fd), accepted->tls.get(), true), std::move(accepted->remote));
    connection->next_ = first_;
    if (first_ != nullptr) first_->previous_ = connection;
    first_ = connection;
    connection->start();
  }
  if (!draining_seen_ && draining_.load(std::memory_order_acquire)) {
    draining_seen_ = true;
    for (Connection* connection = first_; connection != nullptr; connection = connection->next_) connection->close_if_idle();
  }
  again_now_.swap(again_);
  for (Connection* connection : again_now_) {
    connection->again_ = false;
    connection->pump();
  }
  again_now_.clear();
}

void Hub::after_batch() noexcept {
  // A flush may make others dirty only through handlers, and none runs here.
  for (Connection* connection : dirty_) {
    connection->dirty_ = false;
    connection->flush();
  }
  dirty_.clear();
  for (Connection* connection : buried_) {
    std::erase(again_, connection);
    if (connection->previous_ != nullptr) connection->previous_->next_ = connection->next_;
    else first_ = connection->next_;
    if (connection->next_ != nullptr) connection->next_->previous_ = connection->previous_;
    delete connection;
    connections_.fetch_sub(1, std::memory_order_relaxed);
  }
  buried_.clear();
  if (fresh_) {
    metrics_.add(counts_);
    counts_ = {};
    fresh_ = false;
  }
}

void Hub::arm_sweep() {
  const std::uint32_t shortest = std::min({limits_.header_ms_max, limits_.body_ms_max, limits_.idle_ms_max, limits_.write_idle_ms_max, limits_.linger_ms_max});
  sweep_timer_.expires_after(std::chrono::milliseconds(std::clamp(shortest / 4, sweep_ms_min, sweep_ms_max)));
  sweep_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    sweep();
    arm_sweep();
  });
}

void Hub::sweep() noexcept {
  const std::uint64_t now = now_ms();
  for (Connection* connection = first_; connection != nullptr; connection = connection->next_) connection->sweep(now);
}

}  // namespace payswitch::daemon::net
