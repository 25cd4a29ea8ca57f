// A connected, non-blocking socket with or without TLS: the same four verbs for listener and client.
#pragma once

#include <cstddef>
#include <string>

#include "base/file.h"
#include "net/tls.h"

struct ssl_st;

namespace payswitch::daemon::net {

enum class Io { done, again, closed, failed };

class Transport {
 public:
  Transport() = default;
  // `tls` may be nullptr. The server waits for the client's handshake, the client starts it towards `host` (name or address).
  Transport(Fd fd, const TlsContext* tls, bool server, const std::string& host = {});
  Transport(Transport&& other) noexcept;
  Transport& operator=(Transport&& other) noexcept;
  ~Transport();

  int fd() const noexcept { return fd_.get(); }
  bool open() const noexcept { return static_cast<bool>(fd_); }
  bool secure() const noexcept { return ssl_ != nullptr; }

  // done: keys are agreed and the peer's certificate passed. again: call when the socket is ready. Plain sockets are done at once.
  Io handshake() noexcept;
  Io read(char* to, std::size_t capacity, std::size_t& got) noexcept;
  Io write(const char* from, std::size_t size, std::size_t& sent) noexcept;
  // Says goodbye to the peer; reading goes on.
  void shutdown_write() noexcept;
  void close() noexcept;

  // "sha256/…" over the public key of the peer's certificate; empty without one.
  std::string peer_spki() const;
  // After a failed handshake: what was wrong with the peer's certificate, or the library's word.
  std::string verify_failure() const;
  // The library's word for the last failure of this thread, for logs.
  static std::string failure_text();

 private:
  Io judge(int result) noexcept;

  Fd fd_;
  ssl_st* ssl_ = nullptr;
  bool handshaken_ = false;
};

}  // namespace payswitch::daemon::net
