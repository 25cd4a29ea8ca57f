// Small text tools that several rooms need. Nothing here knows a domain word.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace payswitch::daemon {

std::string hex(std::span<const unsigned char> bytes);
// 2 × bytes.size() lower-case digits into out.
void hex_to(std::span<const unsigned char> bytes, char* out) noexcept;
// False unless text is exactly 2 × out.size() hex digits.
bool from_hex(std::string_view text, std::span<unsigned char> out) noexcept;

// RFC 4648, with padding.
std::string base64(std::span<const unsigned char> bytes);
// RFC 4648 section 5, without padding.
std::string base64url(std::span<const unsigned char> bytes);
// Canonical only: no padding, no other characters, unused bits zero. False otherwise.
bool from_base64url(std::string_view text, std::string& out);

inline char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
// In the header: several of these look at every header field of every request, and the length decides most of them.
inline bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && ascii_lower(a[i]) != ascii_lower(b[i])) return false;
  }
  return true;
}
std::string_view trim(std::string_view text) noexcept;
// In a time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;
// Well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text) noexcept;
// Bytes of the well-formed UTF-8 sequence at the front of text, 0 if there is none.
std::size_t utf8_sequence(std::string_view text) noexcept;

// Whole text as decimal digits without sign or leading zeros (zero itself is "0"); false otherwise or if it does not fit.
bool parse_decimal(std::string_view text, std::uint64_t& out) noexcept;
// Digits into out (at least 20 bytes, 21 with sign); returns how many.
std::size_t format_decimal(std::uint64_t value, char* out) noexcept;
std::size_t format_decimal(std::int64_t value, char* out) noexcept;

// The distance of two words in single-character edits: the nearest key of a misspelt one.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace payswitch::daemon
