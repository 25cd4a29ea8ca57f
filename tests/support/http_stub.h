// A server that answers 200 to everything and remembers what it was sent: the other side of a plugin's HTTP client.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace payswitch::test {

class HttpStub {
 public:
  HttpStub();
  ~HttpStub();
  std::uint16_t port() const noexcept { return port_; }
  // Head and body of each request so far.
  std::vector<std::string> requests() const;

 private:
  void run();
  void serve(int fd);

  int fd_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace payswitch::test
