// Text from outside, made safe to log and to send on.
#pragma once

#include <cstdint>
#include <cstring>

namespace payswitch::daemon::plugin_host {

// Not zero if one of eight bytes is NUL or not ASCII. Nearly all text is plain, so this is the only look it gets.
inline std::uint64_t not_plain(std::uint64_t word) noexcept {
  constexpr std::uint64_t high = 0x8080808080808080u, low = 0x0101010101010101u;
  return ((word - low) | word) & high;
}
inline bool is_plain_text(const char* data, std::uint64_t size) noexcept {
  std::uint64_t word = 0x0101010101010101u, seen = 0;
  std::uint64_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::memcpy(&word, data + i, 8);
    seen |= not_plain(word);
  }
  word = 0x0101010101010101u;
  std::memcpy(&word, data + i, size - i);
  return (seen | not_plain(word)) == 0;
}

// The largest length <= cap that does not cut a character in two. `data` has more than cap bytes.
std::uint64_t utf8_cut(const char* data, std::uint64_t cap) noexcept;
// Replaces every byte that is not part of a well-formed character (RFC 3629), and NUL, by '?', in place. True if there was one.
bool utf8_repair(char* data, std::uint64_t size) noexcept;

}  // namespace payswitch::daemon::plugin_host
