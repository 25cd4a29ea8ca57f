#include "support/tls_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

namespace payswitch::test {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(SSL* p) const { SSL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

Owned<X509> certificate_of(const std::string& pem) {
  const Owned<BIO> text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509>(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
}

}  // namespace

TlsClient::TlsClient(std::uint16_t port, const Identity& authority, const Identity* identity) : port_(port), context_(SSL_CTX_new(TLS_client_method())) {
  auto* context = static_cast<SSL_CTX*>(context_);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate_of(authority.certificate_pem).get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (identity == nullptr) return;
  SSL_CTX_use_certificate(context, certificate_of(identity->certificate_pem).get());
  const Owned<BIO> text(BIO_new_mem_buf(identity->key_pem.data(), static_cast<int>(identity->key_pem.size())));
  const Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_PrivateKey(context, key.get());
}

TlsClient::~TlsClient() { SSL_CTX_free(static_cast<SSL_CTX*>(context_)); }

void TlsClient::newest(int version) { SSL_CTX_set_max_proto_version(static_cast<SSL_CTX*>(context_), version); }

HttpAnswer TlsClient::request(std::string_view method, std::string_view target, std::string_view body, const HeaderList& headers) {
  HttpAnswer out;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port_);
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string received;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    const Owned<SSL> ssl(SSL_new(static_cast<SSL_CTX*>(context_)));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_connect(ssl.get()) == 1) {
      version_ = SSL_get_version(ssl.get());
      const Owned<X509> server(SSL_get1_peer_certificate(ssl.get()));
      char name[128] = "";
      X509_NAME_get_text_by_NID(X509_get_subject_name(server.get()), NID_commonName, name, sizeof name);
      server_name_ = name;
      std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) + "\r\nConnection: close\r\n";
      for (const auto& [key, value] : headers) text += key + ": " + value + "\r\n";
      if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
      text += "\r\n" + std::string(body);
      SSL_write(ssl.get(), text.data(), static_cast<int>(text.size()));
      char bytes[16384];
      for (int n = 0; (n = SSL_read(ssl.get(), bytes, sizeof bytes)) > 0;) received.append(bytes, static_cast<std::size_t>(n));
    }
  }
  close(fd);
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos || received.size() < 12) return out;
  out.status = std::atoi(received.c_str() + 9);
  out.body = received.substr(end + 4);
  for (auto at = received.find("\r\n") + 2; at < end;) {
    const auto stop = received.find("\r\n", at);
    const auto colon = received.find(':', at);
    if (colon < stop) out.headers.emplace_back(received.substr(at, colon - at), received.substr(colon + 2, stop - colon - 2));
    at = stop + 2;
  }
  return out;
}

std::string spki_of(const Identity& identity) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate_of(identity.certificate_pem).get()), &der);
  unsigned char digest[SHA256_DIGEST_LENGTH], text[64];
  SHA256(der, static_cast<std::size_t>(size), digest);
  OPENSSL_free(der);
  const int n = EVP_EncodeBlock(text, digest, sizeof digest);
  return "sha256/" + std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(n));
}

}  // namespace payswitch::test
