#include "plugin_host/utf8.h"

#include <cstring>

namespace payswitch::daemon::plugin_host {
namespace {

bool follows(unsigned char byte) noexcept { return (byte & 0xC0u) == 0x80u; }

// Length of the well-formed character at `at`, or 0.
std::uint64_t character(const unsigned char* at, std::uint64_t left) noexcept {
  const unsigned char first = at[0];
  if (first < 0x80) return first == 0 ? 0 : 1;
  if (first >= 0xC2 && first <= 0xDF) return left >= 2 && follows(at[1]) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (left < 3 || !follows(at[1]) || !follows(at[2])) return 0;
    if (first == 0xE0 && at[1] < 0xA0) return 0;  // overlong
    if (first == 0xED && at[1] > 0x9F) return 0;  // surrogate
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (left < 4 || !follows(at[1]) || !follows(at[2]) || !follows(at[3])) return 0;
    if (first == 0xF0 && at[1] < 0x90) return 0;
    if (first == 0xF4 && at[1] > 0x8F) return 0;
    return 4;
  }
  return 0;
}

bool has_zero_byte(std::uint64_t word) noexcept { return ((word - 0x0101010101010101u) & ~word & 0x8080808080808080u) != 0; }

}  // namespace

std::uint64_t utf8_cut(const char* data, std::uint64_t cap) noexcept {
  std::uint64_t size = cap;
  while (size > 0 && size + 4 > cap && follows(static_cast<unsigned char>(data[size]))) --size;
  return size;
}

bool utf8_repair(char* data, std::uint64_t size) noexcept {
  bool repaired = false;
  std::uint64_t i = 0;
  while (i < size) {
    if (size - i >= 8) {
      std::uint64_t word;
      std::memcpy(&word, data + i, 8);
      if ((word & 0x8080808080808080u) == 0 && !has_zero_byte(word)) {
        i += 8;
        continue;
      }
    }
    const std::uint64_t length = character(reinterpret_cast<const unsigned char*>(data + i), size - i);
    if (length == 0) {
      data[i] = '?';
      repaired = true;
      ++i;
    } else {
      i += length;
    }
  }
  return repaired;
}

}  // namespace payswitch::daemon::plugin_host
