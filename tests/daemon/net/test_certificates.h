// Certificates made for a test run: an authority, and what it signs.
#pragma once

#include <string>

namespace payswitch::daemon::net::testing {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

// A self-signed authority.
Identity make_authority(const std::string& name);
// Signed by the authority, valid for `host` (a name or an IPv4 address).
Identity make_identity(const Identity& authority, const std::string& host);

}  // namespace payswitch::daemon::net::testing
