#include "hashing.h"

#include <openssl/evp.h>

#include "status.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace payswitch::local_ledger {
namespace {

constexpr auto make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i != 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit != 8; ++bit) c = (c & 1u) != 0 ? (c >> 1) ^ 0x82f63b78u : c >> 1;
    table[i] = c;
  }
  return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::uint32_t crc, const unsigned char* at, std::size_t size) noexcept {
  std::uint64_t c = ~crc;
  while (size >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    c = _mm_crc32_u64(c, word);
    at += 8;
    size -= 8;
  }
  auto c32 = static_cast<std::uint32_t>(c);
  while (size-- != 0) c32 = _mm_crc32_u8(c32, *at++);
  return ~c32;
}
const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) noexcept {
  const auto* at = static_cast<const unsigned char*>(data);
  crc = ~crc;
  while (size-- != 0) crc = table[(crc ^ *at++) & 0xffu] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) noexcept {
#if defined(__x86_64__)
  if (has_sse42) return crc32c_sse42(crc, static_cast<const unsigned char*>(data), size);
#endif
  return crc32c_portable(crc, data, size);
}

ChainHash::ChainHash() : context_(EVP_MD_CTX_new()), algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {
  PSW_LEDGER_ASSERT(context_ != nullptr && algorithm_ != nullptr);
}

ChainHash::~ChainHash() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
  EVP_MD_free(static_cast<EVP_MD*>(algorithm_));
}

Digest ChainHash::operator()(const void* data, std::size_t size) {
  Digest out{};
  auto* context = static_cast<EVP_MD_CTX*>(context_);
  unsigned length = 0;
  const bool done = EVP_DigestInit_ex2(context, static_cast<EVP_MD*>(algorithm_), nullptr) == 1 && EVP_DigestUpdate(context, data, size) == 1 &&
                    EVP_DigestFinal_ex(context, out.data(), &length) == 1;
  PSW_LEDGER_ASSERT(done && length == out.size());
  return out;
}

}  // namespace payswitch::local_ledger
