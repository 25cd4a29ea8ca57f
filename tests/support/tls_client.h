// HTTP over TLS for tests: one request a connection, with or without a client certificate.
#pragma once

#include <string>
#include <string_view>

#include "daemon/net/test_certificates.h"
#include "support/http_client.h"

namespace payswitch::test {

using daemon::net::testing::Identity;

class TlsClient {
 public:
  // `identity` null: no client certificate.
  TlsClient(std::uint16_t port, const Identity& authority, const Identity* identity = nullptr);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // Status 0: no connection, no handshake or no answer.
  HttpAnswer request(std::string_view method, std::string_view target, std::string_view body = {}, const HeaderList& headers = {});
  HttpAnswer get(std::string_view target) { return request("GET", target); }
  // TLS version of the last connection ("TLSv1.3") and the subject's CN of its server certificate.
  const std::string& version() const noexcept { return version_; }
  const std::string& server_name() const noexcept { return server_name_; }
  // Nothing above this version is offered (TLS1_2_VERSION, …).
  void newest(int version);

 private:
  std::uint16_t port_;
  void* context_;
  std::string version_, server_name_;
};

// "sha256/…" of the certificate's public key, as [bank.x] spki wants it.
std::string spki_of(const Identity& identity);

}  // namespace payswitch::test
