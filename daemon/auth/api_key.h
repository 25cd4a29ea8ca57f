// API keys: `psk_<id>_<secret>`, shown once, stored as a hash in the ledger's kv under "apikey/<id>".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/result.h"

namespace payswitch::daemon::auth {

inline constexpr std::string_view api_key_kv_prefix = "apikey/";
inline constexpr std::size_t api_key_id_chars = 12;      // 60 random bits, base32
inline constexpr std::size_t api_key_secret_chars = 52;  // 256 random bits, base32
inline constexpr std::size_t api_key_chars = 4 + api_key_id_chars + 1 + api_key_secret_chars;
inline constexpr unsigned live_keys_per_account_max = 2;
inline constexpr std::size_t networks_per_key_max = 8;

// An address range; IPv4 is kept as ::ffff:a.b.c.d, so one compare serves both.
struct Network {
  std::array<std::uint8_t, 16> address{};
  std::uint8_t prefix_bits = 0;

  static Result<Network> parse(std::string_view cidr);  // "10.0.0.0/8", "192.0.2.7", "2001:db8::/32"
  bool contains(const std::array<std::uint8_t, 16>& other) const noexcept;
  std::string text() const;
};

// "127.0.0.1:4711" or "[::1]:4711"; nullopt when it is neither.
std::optional<std::array<std::uint8_t, 16>> parse_remote(std::string_view remote) noexcept;

// What is stored of a key. The secret itself is nowhere.
struct ApiKey {
  std::string id;
  std::string account;  // principal id, "svc:shop"
  Scopes scopes = 0;
  std::array<std::uint8_t, 32> hash{};  // SHA-256 of the secret's text; 256 random bits need no slow hash
  std::int64_t created_ms = 0;
  std::int64_t expires_ms = 0;  // 0 = never
  std::int64_t revoked_ms = 0;  // 0 = live
  std::vector<Network> networks;  // empty = from anywhere

  bool live(std::int64_t now_ms) const noexcept { return revoked_ms == 0 && (expires_ms == 0 || now_ms < expires_ms); }
  // The kv value: format version, account, scopes, hash, created, expires, revoked and networks, parted by one space each.
  std::string encode() const;
  static Result<ApiKey> decode(std::string_view id, std::string_view value);
};

// Service account names: [a-z0-9][a-z0-9._-]{0,39}. The principal is "svc:<name>".
bool valid_service_name(std::string_view name) noexcept;

// "read,pay" → bits; an unknown word is an error that names it.
Result<Scopes> parse_scopes(std::string_view list);
std::string scopes_text(Scopes scopes);

struct NewApiKey {
  ApiKey stored;
  std::string text;  // shown once, kept nowhere
};
// `random` are 40 unpredictable bytes.
NewApiKey make_api_key(std::string_view service_name, Scopes scopes, std::vector<Network> networks, std::int64_t now_ms,
                       std::int64_t expires_ms, const std::array<std::uint8_t, 40>& random);

// The two parts of a well-formed key, or nullopt. Views into `text`.
struct ApiKeyParts {
  std::string_view id, secret;
};
std::optional<ApiKeyParts> split_api_key(std::string_view text) noexcept;

std::array<std::uint8_t, 32> hash_secret(std::string_view secret) noexcept;

}  // namespace payswitch::daemon::auth
