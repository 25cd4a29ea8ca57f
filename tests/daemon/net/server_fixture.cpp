#include "daemon/net/server_fixture.h"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace payswitch::daemon::net::testing {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void EchoHandler::handle(Exchange& exchange) noexcept {
  const Request& request = exchange.request();
  Seen seen{std::string(request.method), std::string(request.target), std::string(request.path), std::string(request.query),
            std::string(request.authority), std::string(request.body), std::string(request.peer_spki), {}, exchange.loop().index()};
  for (const Header& header : request.headers) seen.headers.emplace_back(header.name, header.value);
  {
    const std::lock_guard lock(mutex_);
    seen_.push_back(seen);
    if (request.path == "/later") {
      later_.push_back(&exchange);
      return;
    }
  }
  if (request.path == "/header") {
    bool found = false;
    request.header("Authorization", &found);
    return exchange.respond(200, {}, found ? "authorized" : "anonymous");
  }
  if (request.path == "/big") return exchange.respond(200, {}, std::string(300'000, 'x'));
  if (request.path == "/split") {
    const Header header{"X-Evil", "a\r\nSet-Cookie: b"};
    return exchange.respond(200, {&header, 1}, "");
  }
  exchange.respond(200, {}, request.body);
}

std::size_t EchoHandler::count() const {
  const std::lock_guard lock(mutex_);
  return seen_.size();
}

Seen EchoHandler::last() const {
  const std::lock_guard lock(mutex_);
  return seen_.empty() ? Seen{} : seen_.back();
}

std::size_t EchoHandler::waiting() const {
  const std::lock_guard lock(mutex_);
  return later_.size();
}

bool EchoHandler::last_abandoned() const {
  const std::lock_guard lock(mutex_);
  return last_abandoned_;
}

void EchoHandler::answer_later() {
  std::vector<Exchange*> exchanges;
  {
    const std::lock_guard lock(mutex_);
    exchanges.swap(later_);
  }
  if (exchanges.empty()) return;
  std::reverse(exchanges.begin(), exchanges.end());
  struct Job {
    EchoHandler* self;
    std::vector<Exchange*> exchanges;
    bool done = false;
    std::condition_variable changed;
  } job{this, exchanges, false, {}};
  exchanges.front()->loop().post({[](void* context) {
    auto& work = *static_cast<Job*>(context);
    bool abandoned = false;
    for (Exchange* exchange : work.exchanges) {
      abandoned = exchange->abandoned();
      const std::string body(exchange->request().query);
      exchange->respond(200, {}, body);
    }
    const std::lock_guard lock(work.self->mutex_);
    work.self->last_abandoned_ = abandoned;
    work.done = true;
    work.changed.notify_all();
  }, &job});
  std::unique_lock lock(mutex_);
  job.changed.wait(lock, [&job] { return job.done; });
}

Server::Server(ListenerOptions options, unsigned loops) {
  options.address = options.inherited_fd >= 0 ? options.address : "127.0.0.1:0";
  auto sink = std::make_unique<MemorySink>();
  sink_ = sink.get();
  logger_ = std::make_unique<Logger>(clock_, std::move(sink), Severity::debug);
  std::vector<Loop*> borrowed;
  for (unsigned i = 0; i < loops; ++i) borrowed.push_back(loops_.emplace_back(std::make_unique<Loop>(i)).get());
  auto opened = Listener::open(std::move(options), borrowed, handler, clock_, *logger_, registry);
  if (!opened) {
    ADD_FAILURE() << opened.error().message;
    std::abort();
  }
  listener_ = std::move(*opened);
  for (const auto& loop : loops_) threads_.emplace_back([&loop] { loop->run(); });
}

Server::~Server() {
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  listener_.reset();
}

std::string Server::metrics() const {
  std::string text;
  registry.write_text(text);
  return text;
}

bool Server::wait_for_connections(std::uint32_t n, milliseconds limit) {
  return eventually([&] { return listener_->connections() == n; }, limit);
}

Client::Client(std::uint16_t port, int receive_buffer_bytes) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fd_.reset();
}

bool Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Client::fill(steady_clock::time_point until) {
  if (eof_) return false;
  const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now()).count();
  pollfd poll_fd{fd_.get(), POLLIN, 0};
  if (left <= 0 || ::poll(&poll_fd, 1, static_cast<int>(left)) <= 0) return false;
  char block[65536];
  const ssize_t got = ::recv(fd_.get(), block, sizeof block, 0);
  if (got <= 0) {
    eof_ = true;
    return false;
  }
  held_.append(block, static_cast<std::size_t>(got));
  return true;
}

std::string Client::read_all(milliseconds limit) {
  const auto until = steady_clock::now() + limit;
  while (fill(until)) {
  }
  return std::exchange(held_, {});
}

std::string Client::read_until(std::string_view text, milliseconds limit) {
  const auto until = steady_clock::now() + limit;
  while (held_.find(text) == std::string::npos && fill(until)) {
  }
  return std::exchange(held_, {});
}

std::string Client::read_answer(milliseconds limit) {
  const auto until = steady_clock::now() + limit;
  for (;;) {
    const std::size_t end = held_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t length_at = held_.find("Content-Length: ");
      const std::size_t length = length_at < end ? std::strtoul(held_.c_str() + length_at + 16, nullptr, 10) : 0;
      if (held_.size() >= end + 4 + length) {
        std::string answer = held_.substr(0, end + 4 + length);
        held_.erase(0, answer.size());
        return answer;
      }
    }
    if (!fill(until)) return {};
  }
}

bool Client::closed(milliseconds limit) {
  const auto until = steady_clock::now() + limit;
  while (fill(until)) {
  }
  return eof_;
}

void Client::half_close() { ::shutdown(fd_.get(), SHUT_WR); }

void Client::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd_.reset();
}

std::string get(std::string_view path, std::string_view extra) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(extra) + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view extra) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(extra) +
         "\r\n" + std::string(body);
}

int status_of(std::string_view answer) { return answer.size() > 12 ? std::atoi(std::string(answer.substr(9, 3)).c_str()) : 0; }

std::string body_of(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

bool eventually(const std::function<bool()>& condition, milliseconds limit) {
  const auto until = steady_clock::now() + limit;
  while (!condition()) {
    if (steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

}  // namespace payswitch::daemon::net::testing
