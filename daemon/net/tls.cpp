#include "net/tls.h"

#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "net/tls_impl.h"
#include "net/transport.h"

namespace payswitch::daemon::net {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<BIO> memory_bio(const std::string& text) { return Owned<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

Error tls_error(const char* what) {
  const std::string reason = Transport::failure_text();
  return Error{std::string("TLS: ") + what + (reason.empty() ? "" : ": " + reason)};
}

// The leaf first, its chain behind it.
Result<void> use_certificate(SSL_CTX* context, const std::string& certificate_pem, const std::string& key_pem) {
  const Owned<BIO> certificates = memory_bio(certificate_pem);
  const Owned<X509> leaf(PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr));
  if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) return tls_error("the certificate cannot be read");
  for (;;) {
    X509* next = PEM_read_bio_X509(certificates.get(), nullptr, nullptr, nullptr);
    if (next == nullptr) break;
    if (SSL_CTX_add0_chain_cert(context, next) != 1) {
      X509_free(next);
      return tls_error("the certificate chain cannot be used");
    }
  }
  ERR_clear_error();  // the end of the file is an error to PEM_read
  const Owned<BIO> key_text = memory_bio(key_pem);
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1) return tls_error("the private key cannot be read or does not belong to the certificate");
  return {};
}

Result<void> trust(SSL_CTX* context, const std::string& ca_pem, bool announce) {
  const Owned<BIO> text = memory_bio(ca_pem);
  int count = 0;
  for (;;) {
    const Owned<X509> authority(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!authority) break;
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
    if (announce) SSL_CTX_add_client_CA(context, authority.get());
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return tls_error("no certificate among the authorities");
  return {};
}

SSL_CTX* make_context(const SSL_METHOD* method, int lowest) {
  SSL_CTX* context = SSL_CTX_new(method);
  if (context == nullptr) return nullptr;
  SSL_CTX_set_min_proto_version(context, lowest);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

}  // namespace

std::string spki_of(const X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (size <= 0) return {};
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<std::size_t>(size), digest);
  OPENSSL_free(der);
  return "sha256/" + base64(digest);
}

Result<TlsContextPtr> make_tls_server(const TlsServerOptions& options) {
  ERR_clear_error();
  auto context = std::make_shared<const TlsContext>(make_context(TLS_server_method(), TLS1_3_VERSION));
  if (context->native() == nullptr) return tls_error("no context");
  // A resumed session carries no certificate that was checked now; connections live long, so nothing is lost.
  SSL_CTX_set_session_cache_mode(context->native(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context->native(), 0);
  if (auto used = use_certificate(context->native(), options.certificate_pem, options.key_pem.reveal()); !used) return used.error();
  if (!options.client_ca_pem.empty()) {
    if (auto trusted = trust(context->native(), options.client_ca_pem, true); !trusted) return trusted.error();
    SSL_CTX_set_verify(context->native(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return TlsContextPtr(context);
}

Result<TlsContextPtr> make_tls_client(const TlsClientOptions& options) {
  ERR_clear_error();
  auto context = std::make_shared<const TlsContext>(make_context(TLS_client_method(), options.allow_tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION));
  if (context->native() == nullptr) return tls_error("no context");
  SSL_CTX_set_verify(context->native(), SSL_VERIFY_PEER, nullptr);
  if (options.ca_pem.empty()) {
    if (SSL_CTX_set_default_verify_paths(context->native()) != 1) return tls_error("the system's authorities cannot be loaded");
  } else if (auto trusted = trust(context->native(), options.ca_pem, false); !trusted) {
    return trusted.error();
  }
  if (!options.certificate_pem.empty()) {
    if (auto used = use_certificate(context->native(), options.certificate_pem, options.key_pem.reveal()); !used) return used.error();
  }
  return TlsContextPtr(context);
}

}  // namespace payswitch::daemon::net
