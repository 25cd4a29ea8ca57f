#include "auth/api_key.h"

#include <arpa/inet.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <span>

namespace payswitch::daemon::auth {
namespace {

constexpr std::string_view base32 = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view hex = "0123456789abcdef";

struct ScopeName {
  std::string_view name;
  Scopes bit;
};
constexpr ScopeName scope_names[] = {
    {"read", scope_read}, {"pay", scope_pay}, {"accounts", scope_accounts}, {"cash", scope_cash}, {"operate", scope_operate},
    {"reverse", scope_reverse}};

// 52 characters hold 260 bits: behind the last byte come zeros, as in RFC 4648.
std::string to_base32(std::span<const std::uint8_t> bytes, std::size_t chars) {
  std::string out;
  std::size_t next = 0;
  unsigned buffer = 0, bits = 0;
  while (out.size() < chars) {
    if (bits < 5) {
      buffer = (buffer << 8) | (next < bytes.size() ? bytes[next] : 0U);
      ++next;
      bits += 8;
    }
    bits -= 5;
    out.push_back(base32[(buffer >> bits) & 31]);
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto at = text.find(by);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

bool parse_ms(std::string_view text, std::int64_t& out) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
  return r.ec == std::errc{} && r.ptr == text.data() + text.size() && out >= 0;
}

bool parse_address(std::string_view text, std::array<std::uint8_t, 16>& out, bool& v4) noexcept {
  char buffer[64];
  if (text.empty() || text.size() >= sizeof buffer) return false;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = 0;
  in_addr four{};
  if (inet_pton(AF_INET, buffer, &four) == 1) {
    out = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
    std::memcpy(out.data() + 12, &four, 4);
    v4 = true;
    return true;
  }
  v4 = false;
  return inet_pton(AF_INET6, buffer, out.data()) == 1;
}

}  // namespace

Result<Network> Network::parse(std::string_view cidr) {
  Network network;
  const auto slash = cidr.find('/');
  bool v4 = false;
  if (!parse_address(cidr.substr(0, slash), network.address, v4)) return Error{"\"" + std::string(cidr) + "\" is not a network: write 10.0.0.0/8 or 2001:db8::/32"};
  unsigned bits = v4 ? 32 : 128;
  if (slash != std::string_view::npos) {
    const std::string_view text = cidr.substr(slash + 1);
    unsigned wanted = 0;
    const auto r = std::from_chars(text.data(), text.data() + text.size(), wanted);
    if (r.ec != std::errc{} || r.ptr != text.data() + text.size() || wanted > bits)
      return Error{"\"" + std::string(cidr) + "\": the prefix length is a number from 0 to " + std::to_string(bits)};
    bits = wanted;
  }
  network.prefix_bits = static_cast<std::uint8_t>(v4 ? bits + 96 : bits);
  for (unsigned i = network.prefix_bits; i < 128; ++i)
    if ((network.address[i / 8] >> (7 - i % 8)) & 1) return Error{"\"" + std::string(cidr) + "\": bits after the prefix are set"};
  return network;
}

bool Network::contains(const std::array<std::uint8_t, 16>& other) const noexcept {
  const unsigned whole = prefix_bits / 8, rest = prefix_bits % 8;
  if (!std::equal(address.begin(), address.begin() + whole, other.begin())) return false;
  return rest == 0 || ((address[whole] ^ other[whole]) >> (8 - rest)) == 0;
}

std::string Network::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (prefix_bits >= 96 && std::memcmp(address.data(), mapped, sizeof mapped) == 0) {
    inet_ntop(AF_INET, address.data() + 12, buffer, sizeof buffer);
    return std::string(buffer) + "/" + std::to_string(prefix_bits - 96);
  }
  inet_ntop(AF_INET6, address.data(), buffer, sizeof buffer);
  return std::string(buffer) + "/" + std::to_string(prefix_bits);
}

std::optional<std::array<std::uint8_t, 16>> parse_remote(std::string_view remote) noexcept {
  const auto colon = remote.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = remote.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  std::array<std::uint8_t, 16> out{};
  bool v4 = false;
  if (!parse_address(host, out, v4)) return std::nullopt;
  return out;
}

std::string ApiKey::encode() const {
  std::string out = "1 " + account + " " + scopes_text(scopes) + " ";
  for (const std::uint8_t b : hash) {
    out.push_back(hex[b >> 4]);
    out.push_back(hex[b & 15]);
  }
  out += " " + std::to_string(created_ms) + " " + std::to_string(expires_ms) + " " + std::to_string(revoked_ms) + " ";
  if (networks.empty()) out += "-";
  for (std::size_t i = 0; i < networks.size(); ++i) out += (i ? "," : "") + networks[i].text();
  return out;
}

Result<ApiKey> ApiKey::decode(std::string_view id, std::string_view value) {
  const Error bad{"the stored API key " + std::string(id) + " is damaged or of a newer format"};
  const auto fields = split(value, ' ');
  if (fields.size() != 8 || fields[0] != "1" || fields[3].size() != 64) return bad;
  ApiKey key;
  key.id = id;
  key.account = fields[1];
  if (key.account.size() > Principal::id_bytes_max || id.size() > Principal::key_id_bytes_max) return bad;
  const auto scopes = parse_scopes(fields[2]);
  if (!scopes) return bad;
  key.scopes = *scopes;
  for (std::size_t i = 0; i < 32; ++i) {
    const auto high = hex.find(fields[3][2 * i]), low = hex.find(fields[3][2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return bad;
    key.hash[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  if (!parse_ms(fields[4], key.created_ms) || !parse_ms(fields[5], key.expires_ms) || !parse_ms(fields[6], key.revoked_ms)) return bad;
  if (fields[7] != "-") {
    for (const auto part : split(fields[7], ',')) {
      auto network = Network::parse(part);
      if (!network) return bad;
      key.networks.push_back(*network);
    }
  }
  return key;
}

bool valid_service_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 40) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!plain && (i == 0 || (c != '.' && c != '_' && c != '-'))) return false;
  }
  return true;
}

Result<Scopes> parse_scopes(std::string_view list) {
  Scopes out = 0;
  for (const auto word : split(list, ',')) {
    const auto* found = std::find_if(std::begin(scope_names), std::end(scope_names), [&](const ScopeName& s) { return s.name == word; });
    if (found == std::end(scope_names)) return Error{"\"" + std::string(word) + "\" is not a scope: read, pay, accounts, cash, operate"};
    out |= found->bit;
  }
  return out;
}

std::string scopes_text(Scopes scopes) {
  std::string out;
  for (const auto& s : scope_names)
    if (scopes & s.bit) out += (out.empty() ? "" : ",") + std::string(s.name);
  return out;
}

NewApiKey make_api_key(std::string_view service_name, Scopes scopes, std::vector<Network> networks, std::int64_t now_ms,
                       std::int64_t expires_ms, const std::array<std::uint8_t, 40>& random) {
  NewApiKey made;
  made.stored.id = to_base32(std::span(random).first(8), api_key_id_chars);
  const std::string secret = to_base32(std::span(random).subspan(8), api_key_secret_chars);
  made.stored.account = "svc:" + std::string(service_name);
  made.stored.scopes = scopes;
  made.stored.hash = hash_secret(secret);
  made.stored.created_ms = now_ms;
  made.stored.expires_ms = expires_ms;
  made.stored.networks = std::move(networks);
  made.text = "psk_" + made.stored.id + "_" + secret;
  return made;
}

std::optional<ApiKeyParts> split_api_key(std::string_view text) noexcept {
  if (text.size() != api_key_chars || !text.starts_with("psk_") || text[4 + api_key_id_chars] != '_') return std::nullopt;
  const ApiKeyParts parts{text.substr(4, api_key_id_chars), text.substr(5 + api_key_id_chars)};
  const auto plain = [](std::string_view s) { return s.find_first_not_of(base32) == std::string_view::npos; };
  if (!plain(parts.id) || !plain(parts.secret)) return std::nullopt;
  return parts;
}

std::array<std::uint8_t, 32> hash_secret(std::string_view secret) noexcept {
  std::array<std::uint8_t, 32> out;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), out.data());
  return out;
}

}  // namespace payswitch::daemon::auth
