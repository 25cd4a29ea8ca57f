// The HTTP client on a loop of its own, and a server that does with a connection what a test says.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/http_client.h"

namespace payswitch::daemon::net::testing {

struct Result {
  bool delivered = false;
  Phase phase = Phase::none;
  ClientError error = ClientError::none;
  int status = 0;
  std::string body, detail, peer_spki;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint64_t took_ms = 0;
};

class CallingLoop {
 public:
  explicit CallingLoop(ClientLimits limits = {}, Lookup lookup = system_lookup);
  ~CallingLoop();

  // Calls and waits for the answer; deadline from now.
  Result call(ClientRequest request, std::uint64_t deadline_ms = 5'000);
  // Starts and does not wait; number 0 if refused.
  std::uint64_t start(ClientRequest request, Result& result, std::atomic<bool>& done, std::uint64_t deadline_ms = 5'000);
  bool cancel(std::uint64_t number);
  void set_tls_profile(const std::string& name, TlsContextPtr context);
  std::string metrics() const;
  MemorySink& log() { return *sink_; }

 private:
  void on_loop(const std::function<void()>& work);

  SystemClock clock_;
  MemorySink* sink_;
  std::unique_ptr<Logger> logger_;
  Registry registry_;
  Loop loop_;
  std::unique_ptr<HttpClient> client_;
  std::thread thread_;
};

// Listens on loopback; hands each connection (its descriptor and its number from 0) to the script, then closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(int fd, int number)> script);
  ~ScriptedServer();
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_.load(); }
  // Reads until the end of a request's head was seen. False if the client closed.
  static bool read_head(int fd);
  static void write(int fd, std::string_view bytes);

 private:
  Fd fd_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

}  // namespace payswitch::daemon::net::testing
