// CRC-32C of a frame, SHA-256 chain between frames, and the 64-bit hash of the indexes in memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace payswitch::local_ledger {

// CRC-32C (Castagnoli, RFC 3720 B.4) continued from `crc`; with the SSE 4.2 instruction where the machine has it.
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) noexcept;
std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) noexcept;  // the fallback, for its test

using Digest = std::array<std::uint8_t, 32>;

// SHA-256 with a context that is made once: OpenSSL picks the SHA instructions. One thread.
class ChainHash {
 public:
  ChainHash();
  ~ChainHash();
  ChainHash(const ChainHash&) = delete;
  ChainHash& operator=(const ChainHash&) = delete;
  Digest operator()(const void* data, std::size_t size);

 private:
  void* context_;
  void* algorithm_;
};

// Keyed multiply-and-fold hash (after wyhash, public domain). Not stored anywhere, so it may change; keyed by chance at start, so
// that nobody can choose keys that collide.
class IndexHash {
 public:
  explicit IndexHash(std::uint64_t key) noexcept : key_(key) {}
  std::uint64_t operator()(std::string_view a, std::string_view b = {}) const noexcept {
    return fold(part(a, key_) ^ 0x9e3779b97f4a7c15u, part(b, key_ ^ 0xe7037ed1a0b428dbu) ^ a.size());
  }
  std::uint64_t id(const std::uint8_t (&b)[16]) const noexcept {
    std::uint64_t lo, hi;
    std::memcpy(&lo, b, 8);
    std::memcpy(&hi, b + 8, 8);
    return fold(lo ^ key_, hi ^ 0x8ebc6af09c88c6e3u);
  }

 private:
  __extension__ typedef unsigned __int128 Wide;
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  static std::uint64_t part(std::string_view text, std::uint64_t seed) noexcept {
    const char* at = text.data();
    std::size_t left = text.size();
    while (left >= 16) {
      std::uint64_t a, b;
      std::memcpy(&a, at, 8);
      std::memcpy(&b, at + 8, 8);
      seed = fold(a ^ 0xa0761d6478bd642fu, b ^ seed);
      at += 16;
      left -= 16;
    }
    std::uint64_t tail[2] = {0, 0};
    if (left != 0) std::memcpy(tail, at, left);
    return fold(tail[0] ^ 0xe7037ed1a0b428dbu ^ text.size(), tail[1] ^ seed);
  }

  std::uint64_t key_;
};

}  // namespace payswitch::local_ledger
