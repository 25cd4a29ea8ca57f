#include "base64.h"

namespace payswitch::peer_http {
namespace {
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t n = bytes.size() - i;
    const std::uint32_t group = std::uint32_t{bytes[i]} << 16 | (n > 1 ? std::uint32_t{bytes[i + 1]} << 8 : 0u) | (n > 2 ? std::uint32_t{bytes[i + 2]} : 0u);
    out += alphabet[group >> 18];
    out += alphabet[group >> 12 & 63];
    out += n > 1 ? alphabet[group >> 6 & 63] : '=';
    out += n > 2 ? alphabet[group & 63] : '=';
  }
  return out;
}

std::optional<std::vector<std::uint8_t>> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::uint8_t> out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::size_t digits = 4;
    if (i + 4 == text.size()) {
      if (text[i + 3] == '=') digits = text[i + 2] == '=' ? 2 : 3;
    }
    std::uint32_t group = 0;
    for (std::size_t d = 0; d != 4; ++d) {
      const auto v = d < digits ? alphabet.find(text[i + d]) : 0;
      if (v == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(v);
    }
    out.push_back(static_cast<std::uint8_t>(group >> 16));
    if (digits > 2) out.push_back(static_cast<std::uint8_t>(group >> 8));
    if (digits > 3) out.push_back(static_cast<std::uint8_t>(group));
  }
  if (base64(out) != text) return std::nullopt;  // bits behind the last byte: one signature has one spelling
  return out;
}

}  // namespace payswitch::peer_http
