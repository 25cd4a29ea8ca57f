// Base64 (RFC 4648, section 4, with padding) for signatures and digests.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::peer_http {

std::string base64(std::span<const std::uint8_t> bytes);
// Empty for anything but the one canonical spelling.
std::optional<std::vector<std::uint8_t>> parse_base64(std::string_view text);

}  // namespace payswitch::peer_http
