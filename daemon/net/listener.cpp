#include "net/listener.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>

#include "base/text.h"
#include "net/address.h"
#include "net/hub.h"
#include "net/messages.h"
#include "net/poller.h"

namespace payswitch::daemon::net {
namespace {

constexpr int accepted_per_turn_max = 64;
constexpr int backlog = 4096;
constexpr auto pause_after_failure = std::chrono::milliseconds(100);

Fd reserve_descriptor() { return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

Result<Fd> listen_at(const SocketAddress& address, const std::string& text) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return errno_error("socket", text, errno);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), address.native(), address.size()) != 0) return errno_error("bind", text, errno);
  if (::listen(fd.get(), backlog) != 0) return errno_error("listen", text, errno);
  return fd;
}

class ListenerOnLoops final : public Listener, private Pollable {
 public:
  ListenerOnLoops(ListenerOptions options, Fd fd, std::span<Loop* const> loops, Handler& handler, const Clock& clock, Logger& logger, Registry& registry)
      : options_(std::move(options)), fd_(std::move(fd)), reserve_(reserve_descriptor()), loop_(*loops.front()), clock_(clock), logger_(logger),
        metrics_(registry, options_.name), tls_(options_.tls),
        accepted_(registry.counter("payswitch_http_connections_total", "Connections accepted.", {{"listener", options_.name}})),
        full_(registry.counter("payswitch_http_connections_refused_total", "Connections closed at once.", {{"listener", options_.name}, {"reason", "full"}})),
        no_descriptor_(registry.counter("payswitch_http_connections_refused_total", "Connections closed at once.", {{"listener", options_.name}, {"reason", "no_descriptor"}})),
        open_(registry.gauge("payswitch_http_connections", "Connections open now.", {{"listener", options_.name}})),
        resume_timer_(loop_.context()) {
    for (Loop* loop : loops) {
      auto& hub = hubs_.emplace_back(std::make_unique<Hub>(*loop, options_, handler, clock, logger, metrics_));
      loop->post({[](void* context) { static_cast<Hub*>(context)->attach(); }, hub.get()});
    }
    loop_.post({[](void* self) { static_cast<ListenerOnLoops*>(self)->resume(); }, this});
  }

  std::uint16_t port() const noexcept override { return SocketAddress::of_socket(fd_.get()).port(); }
  std::string_view name() const noexcept override { return options_.name; }

  void drain() noexcept override {
    if (draining_.exchange(true)) return;
    logger_.write(draining, {{"listener", options_.name}, {"connections", connections()}});
    loop_.post({[](void* self) { static_cast<ListenerOnLoops*>(self)->stop_accepting(); }, this});
  }

  std::uint32_t connections() const noexcept override {
    std::uint32_t sum = 0;
    for (const auto& hub : hubs_) sum += hub->connections();
    return sum;
  }

  void refresh_gauge() noexcept override { open_.set(connections()); }

  void replace_tls(TlsContextPtr tls) override {
    const std::lock_guard lock(tls_mutex_);
    tls_ = std::move(tls);
  }

 private:
  void resume() noexcept {
    if (accepting_ || draining_.load()) return;
    accepting_ = loop_.poller().add(fd_.get(), EPOLLIN, *this, true);
    if (!accepting_) pause();
  }

  void pause() noexcept {
    if (accepting_) loop_.poller().remove(fd_.get(), *this);
    accepting_ = false;
    resume_timer_.expires_after(pause_after_failure);
    resume_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) resume();
    });
  }

  // First no new sockets, then the hubs: so none slips in behind the drain.
  void stop_accepting() noexcept {
    if (accepting_) loop_.poller().remove(fd_.get(), *this);
    accepting_ = false;
    resume_timer_.cancel();
    ::shutdown(fd_.get(), SHUT_RDWR);
    for (const auto& hub : hubs_) hub->drain();
  }

  void on_ready(std::uint32_t) noexcept override {
    for (int i = 0; i < accepted_per_turn_max && accepting_; ++i) {
      SocketAddress remote;
      Fd fd(::accept4(fd_.get(), remote.native(), remote.size_slot(), SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd) {
        if (errno == EAGAIN) break;
        if (errno == EINTR || errno == ECONNABORTED) continue;
        on_accept_failure(errno);
        break;
      }
      take(std::move(fd), remote);
    }
    open_.set(connections());
  }

  void on_accept_failure(int error_number) noexcept {
    std::uint64_t suppressed = 0;
    const bool write = failure_lines_.allow(clock_.monotonic_ns(), suppressed);
    if (error_number == EMFILE || error_number == ENFILE) {
      // Give up the descriptor kept for this, so that the waiting client hears the end instead of silence.
      no_descriptor_.add();
      reserve_.reset();
      Fd unwanted(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      unwanted.reset();
      reserve_ = reserve_descriptor();
      if (write) logger_.write(accept_out_of_descriptors, {{"listener", options_.name}, {"suppressed", suppressed}});
    } else if (write) {
      logger_.write(accept_failed, {{"listener", options_.name}, {"errno", error_number}, {"suppressed", suppressed}});
    }
    pause();
  }

  void take(Fd fd, const SocketAddress& remote) noexcept {
    if (connections() >= options_.limits.connections_max) {
      full_.add();
      std::uint64_t suppressed = 0;
      if (full_lines_.allow(clock_.monotonic_ns(), suppressed)) {
        logger_.write(connections_full, {{"listener", options_.name}, {"connections_max", options_.limits.connections_max}, {"suppressed", suppressed}});
      }
      if (options_.tls == nullptr) turn_away(fd.get());
      return;
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto accepted = std::make_unique<Accepted>();
    accepted->fd = std::move(fd);
    accepted->remote = remote.text();
    {
      const std::lock_guard lock(tls_mutex_);
      accepted->tls = tls_;
    }
    accepted_.add();
    fewest().adopt(std::move(accepted));
  }

  // Best effort: one send, and the client may already have gone.
  void turn_away(int fd) noexcept {
    char body[256];
    const Header headers[] = {{"Content-Type", "application/problem+json"}, {"Retry-After", "1"}};
    DateCache date;
    date.update(clock_.wall_ms());
    Answer answer{503, headers, problem_body(503, "overloaded", "retry", "too many connections", body), date.text(), true, false, false};
    char bytes[1024];
    [[maybe_unused]] const auto sent = ::send(fd, bytes, write_answer(answer, bytes), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
  }

  Hub& fewest() noexcept {
    Hub* best = hubs_.front().get();
    for (const auto& hub : hubs_) {
      if (hub->connections() < best->connections()) best = hub.get();
    }
    return *best;
  }

  const ListenerOptions options_;
  Fd fd_;
  Fd reserve_;
  Loop& loop_;
  const Clock& clock_;
  Logger& logger_;
  HubMetrics metrics_;
  std::mutex tls_mutex_;
  TlsContextPtr tls_;
  Counter& accepted_;
  Counter& full_;
  Counter& no_descriptor_;
  Gauge& open_;
  LogThrottle failure_lines_, full_lines_;
  std::atomic<bool> draining_{false};
  bool accepting_ = false;
  boost::asio::steady_timer resume_timer_;
  std::vector<std::unique_ptr<Hub>> hubs_;
};

}  // namespace

Result<std::unique_ptr<Listener>> Listener::open(ListenerOptions options, std::span<Loop* const> loops, Handler& handler, const Clock& clock,
                                                 Logger& logger, Registry& metrics) {
  PSW_ASSERT(!loops.empty());
  Fd fd;
  if (options.inherited_fd >= 0) {
    fd.reset(options.inherited_fd);
    int listening_now = 0;
    socklen_t size = sizeof listening_now;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ACCEPTCONN, &listening_now, &size) != 0 || listening_now == 0) {
      return Error{"listener " + options.name + ": the inherited descriptor " + std::to_string(options.inherited_fd) + " is not a listening socket"};
    }
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  } else {
    auto address = SocketAddress::parse(options.address);
    if (!address) return Error{"listener " + options.name + ": " + address.error().message};
    auto listening_fd = listen_at(*address, options.address);
    if (!listening_fd) return Error{"listener " + options.name + ": " + listening_fd.error().message};
    fd = std::move(*listening_fd);
  }
  const std::string where = SocketAddress::of_socket(fd.get()).text();
  auto listener = std::make_unique<ListenerOnLoops>(std::move(options), std::move(fd), loops, handler, clock, logger, metrics);
  logger.write(listening, {{"listener", listener->name()}, {"address", where}});
  return std::unique_ptr<Listener>(std::move(listener));
}

}  // namespace payswitch::daemon::net
