#include "support/http_stub.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace payswitch::test {

HttpStub::HttpStub() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(fd_, 64) != 0 || getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0) std::abort();
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

HttpStub::~HttpStub() {
  stop_ = true;
  thread_.join();
  close(fd_);
}

std::vector<std::string> HttpStub::requests() const {
  const std::lock_guard guard(mutex_);
  return requests_;
}

void HttpStub::run() {
  while (!stop_) {
    pollfd ready{fd_, POLLIN, 0};
    if (poll(&ready, 1, 50) != 1) continue;
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) serve(fd);
  }
}

// One request, one answer, closed: the client keeps nothing.
void HttpStub::serve(int fd) {
  const timeval limit{2, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string text;
  std::size_t wanted = std::string::npos;
  char bytes[4096];
  for (ssize_t n = 0; text.size() < wanted && (n = read(fd, bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(n));
    const auto end = text.find("\r\n\r\n");
    if (wanted != std::string::npos || end == std::string::npos) continue;
    const auto length = text.find("Content-Length: ");
    wanted = end + 4 + (length < end ? static_cast<std::size_t>(std::atoi(text.c_str() + length + 16)) : 0);
  }
  {
    const std::lock_guard guard(mutex_);
    requests_.push_back(text);
  }
  constexpr char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  [[maybe_unused]] const auto written = write(fd, answer, sizeof answer - 1);
  close(fd);
}

}  // namespace payswitch::test
