#include "net/transport.h"

#include <cerrno>
#include <utility>

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "net/tls_impl.h"

namespace payswitch::daemon::net {
namespace {

bool is_address(const std::string& host) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 || ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

Transport::Transport(Fd fd, const TlsContext* tls, bool server, const std::string& host) : fd_(std::move(fd)) {
  if (tls == nullptr) {
    handshaken_ = true;
    return;
  }
  ssl_ = SSL_new(tls->native());
  PSW_ASSERT(ssl_ != nullptr && SSL_set_fd(ssl_, fd_.get()) == 1);
  if (server) {
    SSL_set_accept_state(ssl_);
    return;
  }
  SSL_set_connect_state(ssl_);
  // The certificate must carry the name or address that was asked for.
  if (is_address(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_, host.c_str());
    SSL_set1_host(ssl_, host.c_str());
  }
}

Transport::Transport(Transport&& other) noexcept
    : fd_(std::move(other.fd_)), ssl_(std::exchange(other.ssl_, nullptr)), handshaken_(other.handshaken_) {}

Transport& Transport::operator=(Transport&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::move(other.fd_);
    ssl_ = std::exchange(other.ssl_, nullptr);
    handshaken_ = other.handshaken_;
  }
  return *this;
}

Transport::~Transport() { close(); }

void Transport::close() noexcept {
  if (ssl_ != nullptr) SSL_free(std::exchange(ssl_, nullptr));
  fd_.reset();
}

Io Transport::judge(int result) noexcept {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Io::again;
    case SSL_ERROR_ZERO_RETURN: return Io::closed;
    default: return Io::failed;
  }
}

Io Transport::handshake() noexcept {
  if (handshaken_) return Io::done;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result != 1) return judge(result) == Io::again ? Io::again : Io::failed;
  handshaken_ = true;
  return Io::done;
}

Io Transport::read(char* to, std::size_t capacity, std::size_t& got) noexcept {
  got = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_, to, capacity, &got);
    return result == 1 ? Io::done : judge(result);
  }
  for (;;) {
    const ssize_t bytes = ::recv(fd_.get(), to, capacity, 0);
    if (bytes > 0) {
      got = static_cast<std::size_t>(bytes);
      return Io::done;
    }
    if (bytes == 0) return Io::closed;
    if (errno == EINTR) continue;
    return errno == EAGAIN ? Io::again : Io::failed;
  }
}

Io Transport::write(const char* from, std::size_t size, std::size_t& sent) noexcept {
  sent = 0;
  if (ssl_ != nullptr) {
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_, from, size, &sent);
    return result == 1 ? Io::done : judge(result);
  }
  for (;;) {
    const ssize_t bytes = ::send(fd_.get(), from, size, MSG_NOSIGNAL);
    if (bytes >= 0) {
      sent = static_cast<std::size_t>(bytes);
      return Io::done;
    }
    if (errno == EINTR) continue;
    return errno == EAGAIN ? Io::again : Io::failed;
  }
}

void Transport::shutdown_write() noexcept {
  if (ssl_ != nullptr && handshaken_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  ::shutdown(fd_.get(), SHUT_WR);
}

std::string Transport::peer_spki() const {
  if (ssl_ == nullptr) return {};
  const X509* certificate = SSL_get0_peer_certificate(ssl_);
  return certificate == nullptr ? std::string() : spki_of(certificate);
}

std::string Transport::verify_failure() const {
  const long result = ssl_ == nullptr ? X509_V_OK : SSL_get_verify_result(ssl_);
  return result == X509_V_OK ? failure_text() : std::string(X509_verify_cert_error_string(result));
}

std::string Transport::failure_text() {
  const unsigned long code = ERR_peek_last_error();
  if (code == 0) return {};
  const char* text = ERR_reason_error_string(code);
  return text == nullptr ? std::string() : std::string(text);
}

}  // namespace payswitch::daemon::net
