// A small blocking HTTP client for tests: one kept-alive connection, no library, fast enough to hammer the daemon from threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::test {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpAnswer {
  int status = 0;  // 0: the connection broke before a whole answer came
  HeaderList headers;
  std::string body;

  // Case-insensitive; empty when absent.
  std::string header(std::string_view name) const;
};

// One thread. Connects at the first request and again after a break.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port, int timeout_ms = 20'000) : port_(port), timeout_ms_(timeout_ms) {}
  ~HttpClient() { close(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpAnswer request(std::string_view method, std::string_view target, const HeaderList& headers = {}, std::string_view body = {});
  HttpAnswer get(std::string_view target, const HeaderList& headers = {}) { return request("GET", target, headers); }

  // Bytes as they are, for tests of what no client would send; read_answer() takes one answer from the stream.
  bool send_raw(std::string_view bytes);
  HttpAnswer read_answer();
  void close();

  // Every request and answer is appended to this file as one JSON line (for the check against openapi.yaml). Empty: nowhere.
  static void record_to(const std::string& path);

 private:
  bool connect();
  bool fill();

  std::uint16_t port_;
  int timeout_ms_;
  int fd_ = -1;
  std::string buffer_;
};

}  // namespace payswitch::test
