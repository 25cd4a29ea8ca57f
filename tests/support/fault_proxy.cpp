#include "support/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <string>
#include <utility>

#include "support/daemon_process.h"

namespace payswitch::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t waiting_bytes_max = 1024 * 1024;  // one way of one connection: then it is not read from any more
constexpr std::size_t connections_max = 256;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

void reset(int fd) {
  const linger now{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

}  // namespace

struct FaultProxy::Pipe {
  std::deque<std::pair<Clock::time_point, std::string>> waiting;  // due, bytes
  std::size_t waiting_bytes = 0;
  std::uint64_t passed = 0, passed_before = 0;  // the latter: when a reset was asked for
  unsigned resets_asked = 0;
  bool ended = false;       // nothing more is read
  bool told = false;        // and the receiver knows
  Clock::time_point next{};  // of a trickle
};

struct FaultProxy::Connection {
  int fd[2] = {-1, -1};  // 0 who connected, 1 the target; way w goes from fd[w] to fd[1 - w]
  Pipe pipe[2];
  bool hangs = false;
};

FaultProxy::FaultProxy(std::uint16_t target) : target_(target), port_(DaemonProcess::free_port()), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(port_);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || listen(listener_, 128) != 0) std::abort();
  thread_ = std::thread([this] { run(); });
}

FaultProxy::~FaultProxy() {
  stop_ = true;
  thread_.join();
  for (auto& connection : connections_)
    for (const int fd : connection->fd)
      if (fd >= 0) close(fd);
  close(listener_);
}

template <class Change>
void FaultProxy::change(Change make) {
  const std::lock_guard guard(mutex_);
  make(faults_);
}

void FaultProxy::heal() {
  change([](Faults& f) {
    const unsigned asked = f.resets_asked;
    f = Faults{};
    f.resets_asked = asked;
  });
}
void FaultProxy::delay(Way way, unsigned ms) {
  change([&](Faults& f) { f.delay_ms[static_cast<std::size_t>(way)] = ms; });
}
void FaultProxy::trickle(Way way, unsigned bytes_per_second) {
  change([&](Faults& f) { f.bytes_per_second[static_cast<std::size_t>(way)] = bytes_per_second; });
}
void FaultProxy::drop(Way way) {
  change([&](Faults& f) { f.drop[static_cast<std::size_t>(way)] = true; });
}
void FaultProxy::hang() {
  change([](Faults& f) { f.accept = Faults::Accept::hang; });
}
void FaultProxy::refuse() {
  change([](Faults& f) { f.accept = Faults::Accept::refuse; });
}
void FaultProxy::garbage() {
  change([](Faults& f) { f.accept = Faults::Accept::garbage; });
}
void FaultProxy::reset_after(Way way, std::uint64_t bytes) {
  change([&](Faults& f) {
    f.resets[static_cast<std::size_t>(way)] = true;
    ++f.resets_asked;
    f.reset_after[static_cast<std::size_t>(way)] = bytes;
  });
}
void FaultProxy::half_close(Way way) {
  const std::lock_guard guard(mutex_);
  half_close_[static_cast<std::size_t>(way)] = true;
}
void FaultProxy::reset_all() {
  const std::lock_guard guard(mutex_);
  reset_all_ = true;
}

void FaultProxy::run() {
  std::vector<pollfd> polled;
  while (!stop_) {
    polled.assign(1, {listener_, POLLIN, 0});
    for (const auto& connection : connections_)
      for (std::size_t way = 0; way < 2; ++way)
        if (!connection->hangs && !connection->pipe[way].ended && connection->pipe[way].waiting_bytes < waiting_bytes_max) polled.push_back({connection->fd[way], POLLIN, 0});
    poll(polled.data(), polled.size(), 5);
    if ((polled[0].revents & POLLIN) != 0) accept_one();
    Faults faults;
    bool reset_now = false, close_now[2];
    {
      const std::lock_guard guard(mutex_);
      faults = faults_;
      reset_now = std::exchange(reset_all_, false);
      for (std::size_t way = 0; way < 2; ++way) close_now[way] = std::exchange(half_close_[way], false);
    }
    std::erase_if(connections_, [&](const std::unique_ptr<Connection>& connection) {
      for (std::size_t way = 0; way < 2; ++way)
        if (close_now[way]) connection->pipe[way].ended = true;
      if (!reset_now && work(*connection, faults)) return false;
      for (const int fd : connection->fd)
        if (fd >= 0) reset(fd);
      return true;
    });
  }
}

void FaultProxy::accept_one() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  ++made_;
  Faults faults;
  {
    const std::lock_guard guard(mutex_);
    faults = faults_;
  }
  if (faults.accept == Faults::Accept::refuse || connections_.size() == connections_max) return reset(fd);
  auto connection = std::make_unique<Connection>();
  connection->fd[0] = fd;
  if (faults.accept == Faults::Accept::garbage) {
    std::string noise(300, '\0');
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 151 + 17);
    [[maybe_unused]] const auto sent = send(fd, noise.data(), noise.size(), MSG_NOSIGNAL);
    connection->hangs = true;
  } else if (faults.accept == Faults::Accept::hang) {
    connection->hangs = true;
  } else {
    connection->fd[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = loopback(target_);
    if (connect(connection->fd[1], reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      reset(connection->fd[1]);
      return reset(fd);
    }
    fcntl(connection->fd[1], F_SETFL, O_NONBLOCK);
    const int on = 1;
    for (const int one : connection->fd) setsockopt(one, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  connections_.push_back(std::move(connection));
}

// False: it is over, reset it.
bool FaultProxy::work(Connection& connection, const Faults& faults) {
  if (connection.hangs) {
    char byte = 0;
    return recv(connection.fd[0], &byte, 1, MSG_PEEK) != 0;
  }
  for (std::size_t way = 0; way < 2; ++way)
    if (!carry(connection, way, faults)) return false;
  return !(connection.pipe[0].told && connection.pipe[1].told);
}

bool FaultProxy::carry(Connection& connection, std::size_t way, const Faults& faults) {
  Pipe& pipe = connection.pipe[way];
  const auto now = Clock::now();
  if (!pipe.ended && pipe.waiting_bytes < waiting_bytes_max) {
    char bytes[16384];
    const ssize_t n = recv(connection.fd[way], bytes, sizeof bytes, 0);
    if (n == 0) pipe.ended = true;
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (n > 0 && !faults.drop[way]) {
      pipe.waiting.emplace_back(now + std::chrono::milliseconds(faults.delay_ms[way]), std::string(bytes, static_cast<std::size_t>(n)));
      pipe.waiting_bytes += static_cast<std::size_t>(n);
    }
  }
  while (!pipe.waiting.empty() && pipe.waiting.front().first <= now) {
    std::string& front = pipe.waiting.front().second;
    std::size_t piece = front.size();
    if (faults.bytes_per_second[way] != 0) {
      if (now < pipe.next) break;
      piece = 1;
      pipe.next = now + std::chrono::microseconds(1'000'000 / faults.bytes_per_second[way]);
    }
    if (faults.resets[way]) {
      if (pipe.resets_asked != faults.resets_asked) pipe.passed_before = pipe.passed;
      pipe.resets_asked = faults.resets_asked;
      const std::uint64_t end = pipe.passed_before + faults.reset_after[way];
      if (pipe.passed >= end) return false;
      piece = std::min<std::size_t>(piece, end - pipe.passed);
    }
    const ssize_t n = send(connection.fd[1 - way], front.data(), piece, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EAGAIN || errno == EINTR) break;
      return false;
    }
    pipe.passed += static_cast<std::uint64_t>(n);
    pipe.waiting_bytes -= static_cast<std::size_t>(n);
    passed_[way] += static_cast<std::uint64_t>(n);
    front.erase(0, static_cast<std::size_t>(n));
    if (front.empty()) pipe.waiting.pop_front();
  }
  if (pipe.ended && pipe.waiting.empty() && !pipe.told) {
    shutdown(connection.fd[1 - way], SHUT_WR);
    pipe.told = true;
  }
  return true;
}

}  // namespace payswitch::test
