// The keys and certificates that the configuration names, read and understood: at --check-config, at start, and again on SIGHUP.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/problem.h"
#include "net/tls.h"
#include "plugin_host/key_ring.h"

namespace payswitch::daemon::app {

// The name of the client profile with the system's authorities and no certificate of ours: what https means to a plugin whose
// connector has no [connector.tls]. A connector's own profile has the connector's name.
inline constexpr std::string_view system_tls_profile = "@system";

// Contexts are null where the configuration has no TLS. Immutable once made; contexts are shared by loops.
struct Trust {
  net::TlsContextPtr public_listener, admin_listener, peer_listener;
  std::map<std::string, net::TlsContextPtr, std::less<>> clients;  // by connector or login
  net::TlsContextPtr system_client;
  std::unique_ptr<plugin_host::Ed25519KeyRing> keys;
};

// Reads every file anew. Everything that does not fit is a problem with the place of its key in the configuration file; private keys
// are never part of a text.
Trust make_trust(const config::Config& config, config::Problems& problems);

}  // namespace payswitch::daemon::app
