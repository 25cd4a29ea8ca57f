#include "net/address.h"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/text.h"

namespace payswitch::daemon::net {

SocketAddress SocketAddress::from_numeric(const std::string& host, std::uint16_t port, bool& ok) {
  SocketAddress address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  ok = true;
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage_, &v4, sizeof v4);
    address.size_ = sizeof v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage_, &v6, sizeof v6);
    address.size_ = sizeof v6;
  } else {
    ok = false;
  }
  return address;
}

Result<SocketAddress> SocketAddress::parse(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::uint64_t port = 0;
  if (colon == std::string::npos || !parse_decimal(std::string_view(text).substr(colon + 1), port) || port > 65535) {
    return Error{"address \"" + text + "\": expected HOST:PORT with a port from 0 to 65535"};
  }
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string::npos) return Error{"address \"" + text + "\": an IPv6 host stands in brackets"};
  if (host == "localhost") host = "127.0.0.1";
  bool ok = false;
  const SocketAddress address = from_numeric(host, static_cast<std::uint16_t>(port), ok);
  if (!ok) return Error{"address \"" + text + "\": the host is not a numeric address"};
  return address;
}

SocketAddress SocketAddress::of_native(const sockaddr* native, socklen_t size) {
  PSW_ASSERT(size <= sizeof(sockaddr_storage));
  SocketAddress address;
  std::memcpy(&address.storage_, native, size);
  address.size_ = size;
  return address;
}

SocketAddress SocketAddress::of_socket(int fd) {
  SocketAddress address;
  ::getsockname(fd, address.native(), &address.size_);
  return address;
}

std::uint16_t SocketAddress::port() const noexcept {
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  return 0;
}

bool SocketAddress::loopback() const noexcept {
  if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr) != 0;
  return family() == AF_INET && (ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr) >> 24) == 127;
}

std::string SocketAddress::text() const {
  char host[INET6_ADDRSTRLEN] = "";
  const void* bytes = family() == AF_INET6 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr)
                                           : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr);
  if (family() != AF_INET6 && family() != AF_INET) return "local";
  ::inet_ntop(family(), bytes, host, sizeof host);
  const std::string port_text = std::to_string(port());
  return family() == AF_INET6 ? "[" + std::string(host) + "]:" + port_text : std::string(host) + ":" + port_text;
}

}  // namespace payswitch::daemon::net
