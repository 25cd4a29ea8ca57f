// A listener on loops of its own with a handler that tests control, and a blocking client that speaks raw bytes to it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/listener.h"

namespace payswitch::daemon::net::testing {

// What a handler saw, copied.
struct Seen {
  std::string method, target, path, query, authority, body, peer_spki;
  std::vector<std::pair<std::string, std::string>> headers;
  unsigned loop = 0;
};

// Answers 200 with the body it got, at once. /later is kept until answer_later(). /header shows whether Authorization arrived.
class EchoHandler final : public Handler {
 public:
  void handle(Exchange& exchange) noexcept override;
  std::size_t count() const;
  Seen last() const;
  std::size_t waiting() const;
  // Posts the answers of all kept exchanges to their loops, newest first, and waits until they were given.
  void answer_later();
  bool last_abandoned() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Seen> seen_;
  std::vector<Exchange*> later_;
  bool last_abandoned_ = false;
};

class Server {
 public:
  explicit Server(ListenerOptions options = {}, unsigned loops = 1);
  ~Server();

  std::uint16_t port() const { return listener_->port(); }
  Listener& listener() { return *listener_; }
  Loop& loop(std::size_t i = 0) { return *loops_[i]; }
  MemorySink& log() { return *sink_; }
  std::string metrics() const;
  // Waits until the listener counts n connections.
  bool wait_for_connections(std::uint32_t n, std::chrono::milliseconds limit = std::chrono::seconds(5));

  EchoHandler handler;
  Registry registry;

 private:
  SystemClock clock_;
  MemorySink* sink_;
  std::unique_ptr<Logger> logger_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Listener> listener_;
  std::vector<std::thread> threads_;
};

// Raw bytes over TCP, blocking, every wait bounded.
class Client {
 public:
  explicit Client(std::uint16_t port, int receive_buffer_bytes = 0);
  bool send(std::string_view bytes);
  // Everything until the server closes, or the time is over.
  std::string read_all(std::chrono::milliseconds limit = std::chrono::seconds(5));
  // At least until `text` was seen (or the connection closed, or the time is over).
  std::string read_until(std::string_view text, std::chrono::milliseconds limit = std::chrono::seconds(5));
  // One answer with Content-Length; "" if it does not come.
  std::string read_answer(std::chrono::milliseconds limit = std::chrono::seconds(5));
  bool closed(std::chrono::milliseconds limit = std::chrono::seconds(5));
  void half_close();
  void reset();  // closes with RST
  void close() { fd_.reset(); }
  int fd() const { return fd_.get(); }

 private:
  bool fill(std::chrono::steady_clock::time_point until);
  Fd fd_;
  std::string held_;
  bool eof_ = false;
};

std::string get(std::string_view path, std::string_view extra = {});
std::string post(std::string_view path, std::string_view body, std::string_view extra = {});
int status_of(std::string_view answer);
std::string body_of(std::string_view answer);
bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(5));

}  // namespace payswitch::daemon::net::testing
