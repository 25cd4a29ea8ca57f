#include "auth/siphash.h"

#include <bit>
#include <cstring>

namespace payswitch::daemon::auth {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1; v1 = std::rotl(v1, 13); v1 ^= v0; v0 = std::rotl(v0, 32);
    v2 += v3; v3 = std::rotl(v3, 16); v3 ^= v2;
    v0 += v3; v3 = std::rotl(v3, 21); v3 ^= v0;
    v2 += v1; v1 = std::rotl(v1, 17); v1 ^= v2; v2 = std::rotl(v2, 32);
  }
  void compress(std::uint64_t word) noexcept { v3 ^= word; round(); round(); v0 ^= word; }
  std::uint64_t finish() noexcept { round(); round(); round(); round(); return v0 ^ v1 ^ v2 ^ v3; }
};

}  // namespace

std::array<std::uint64_t, 2> siphash128(std::array<std::uint64_t, 2> key, std::string_view data) noexcept {
  static_assert(std::endian::native == std::endian::little, "words are read as little-endian");
  State s{0x736f6d6570736575ULL ^ key[0], 0x646f72616e646f6dULL ^ key[1] ^ 0xee, 0x6c7967656e657261ULL ^ key[0],
          0x7465646279746573ULL ^ key[1]};
  std::size_t i = 0;
  for (; i + 8 <= data.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, data.data() + i, 8);
    s.compress(word);
  }
  std::uint64_t last = static_cast<std::uint64_t>(data.size()) << 56;
  for (std::size_t k = 0; i + k < data.size(); ++k) last |= static_cast<std::uint64_t>(static_cast<unsigned char>(data[i + k])) << (8 * k);
  s.compress(last);
  s.v2 ^= 0xee;
  const std::uint64_t low = s.finish();
  s.v1 ^= 0xdd;
  return {low, s.finish()};
}

}  // namespace payswitch::daemon::auth
