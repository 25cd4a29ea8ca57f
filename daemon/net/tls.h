// TLS 1.3 for listeners and clients, over OpenSSL. Contexts are built once on the control thread and shared by all loops.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace payswitch::daemon::net {

// PEM text, not paths: who reads files and credentials is configuration's business.
struct TlsServerOptions {
  std::string certificate_pem;  // with chain
  Secret<std::string> key_pem;
  std::string client_ca_pem;  // not empty: a client certificate of these authorities is required
};

struct TlsClientOptions {
  std::string ca_pem;      // authorities to trust; empty: those of the system
  std::string certificate_pem;  // our client certificate, or empty
  Secret<std::string> key_pem;
  bool allow_tls_1_2 = false;     // for the open Internet; banks speak 1.3
};

class TlsContext;  // tls_impl.h
using TlsContextPtr = std::shared_ptr<const TlsContext>;  // shared by loops and by connections that outlive a reload

Result<TlsContextPtr> make_tls_server(const TlsServerOptions& options);
Result<TlsContextPtr> make_tls_client(const TlsClientOptions& options);

}  // namespace payswitch::daemon::net
