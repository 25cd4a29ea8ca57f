// The context behind TlsContextPtr, for transport.cpp and tls.cpp.
#pragma once

#include <string>
#include <vector>

#include <openssl/ssl.h>

namespace payswitch::daemon::net {

class TlsContext {
 public:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  ~TlsContext() { SSL_CTX_free(context_); }
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  SSL_CTX* native() const noexcept { return context_; }

 private:
  SSL_CTX* context_;
};

// "sha256/…" of a certificate's SubjectPublicKeyInfo (RFC 7469 section 2.4).
std::string spki_of(const X509* certificate);

}  // namespace payswitch::daemon::net
