// A socket address with its text.
#pragma once

#include <cstdint>
#include <string>

#include <sys/socket.h>

#include "base/result.h"

namespace payswitch::daemon::net {

class SocketAddress {
 public:
  SocketAddress() = default;

  // "127.0.0.1:8080", "[::1]:8080" or "localhost:8080"; other names are refused: listening must not depend on a resolver.
  static Result<SocketAddress> parse(const std::string& text);
  // A numeric host and a port; ok = false if the host is a name.
  static SocketAddress from_numeric(const std::string& host, std::uint16_t port, bool& ok);
  static SocketAddress of_native(const sockaddr* address, socklen_t size);
  // The local end of a socket.
  static SocketAddress of_socket(int fd);

  std::string text() const;
  std::uint16_t port() const noexcept;
  bool loopback() const noexcept;
  int family() const noexcept { return storage_.ss_family; }
  const sockaddr* native() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  sockaddr* native() noexcept { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  socklen_t* size_slot() noexcept { return &size_; }

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = sizeof(sockaddr_storage);
};

}  // namespace payswitch::daemon::net
