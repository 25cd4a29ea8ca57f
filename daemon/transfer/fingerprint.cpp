#include "transfer/fingerprint.h"

// The plain functions, with their context in our own memory: EVP_DigestInit_ex2 of OpenSSL 3.0 frees and allocates one each time, which
// costs as much as hashing a command. They use the same processor instructions.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <cstring>

#include <payswitch/str.h>

#include "base/assert.h"

namespace payswitch::daemon::transfer {

namespace {
// First byte of everything hashed: no two kinds of hash, and no two versions of one, ever agree by accident.
constexpr std::uint8_t fingerprint_version = 1;
constexpr std::uint8_t reference_version = 2;
constexpr std::uint8_t step_version = 3;
}  // namespace

// Fields are gathered here and hashed in one go: one call into the library instead of one per field.
struct Hasher::Context {
  SHA256_CTX sha;
  std::array<unsigned char, 1024> buffer;
  std::size_t used = 0;

  void bytes(const void* data, std::size_t size) noexcept {
    if (size == 0) return;
    if (buffer.size() - used < size) flush();
    if (size > buffer.size()) {
      PSW_ASSERT(SHA256_Update(&sha, data, size) == 1);
      return;
    }
    std::memcpy(buffer.data() + used, data, size);
    used += size;
  }
  void flush() noexcept {
    PSW_ASSERT(SHA256_Update(&sha, buffer.data(), used) == 1);
    used = 0;
  }
};

Hasher::Hasher() : context_(std::make_unique<Context>()) {}
Hasher::~Hasher() = default;

void Hasher::begin(std::uint8_t version) noexcept {
  PSW_ASSERT(SHA256_Init(&context_->sha) == 1);
  context_->used = 0;
  context_->bytes(&version, 1);
}
void Hasher::field(std::uint8_t tag, std::string_view bytes) noexcept {
  if (bytes.empty()) return;
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const unsigned char head[5] = {tag, static_cast<unsigned char>(size), static_cast<unsigned char>(size >> 8),
                                 static_cast<unsigned char>(size >> 16), static_cast<unsigned char>(size >> 24)};
  context_->bytes(head, sizeof head);
  context_->bytes(bytes.data(), bytes.size());
}
void Hasher::field(std::uint8_t tag, std::int64_t number) noexcept {
  char bytes[8];
  for (int i = 0; i != 8; ++i) bytes[i] = static_cast<char>(static_cast<std::uint64_t>(number) >> (8 * i));
  field(tag, std::string_view(bytes, sizeof bytes));
}
void Hasher::end(Hash& out) noexcept {
  context_->flush();
  static_assert(sizeof(Hash) == SHA256_DIGEST_LENGTH);
  PSW_ASSERT(SHA256_Final(out, &context_->sha) == 1);
}

void Hasher::fingerprint(const FingerprintInput& input, Hash& out) noexcept {
  begin(fingerprint_version);
  field(1, input.operation);
  field(2, input.payer);
  field(3, input.payee);
  if (input.amount_minor != 0) field(4, input.amount_minor);
  if (input.all) field(5, "all");
  field(6, input.currency);
  field(7, input.mode);
  field(8, input.reference);
  field(9, input.metadata);
  if (input.parent != nullptr) field(10, std::string_view(reinterpret_cast<const char*>(input.parent->b), sizeof input.parent->b));
  if (input.posted_minor != 0) field(11, input.posted_minor);
  field(12, input.owner);
  if (input.overdraft_limit != 0) field(13, input.overdraft_limit);
  if (input.max_balance != 0) field(14, input.max_balance);
  end(out);
}

void Hasher::reference_tag(std::string_view key, std::string_view principal, std::string_view reference, char (&out)[32]) noexcept {
  // The key comes first and has a fixed length, the principal keeps two people's equal references apart.
  Hash hash;
  begin(reference_version);
  field(1, key);
  field(2, principal);
  field(3, reference);
  end(hash);
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i != 16; ++i) {
    out[2 * i] = digits[hash[i] >> 4];
    out[2 * i + 1] = digits[hash[i] & 15];
  }
}

psw_id Hasher::step_id(const psw_id& transfer, std::uint64_t version, std::string_view what) noexcept {
  Hash hash;
  begin(step_version);
  field(1, std::string_view(reinterpret_cast<const char*>(transfer.b), sizeof transfer.b));
  field(2, static_cast<std::int64_t>(version));
  field(3, what);
  end(hash);
  psw_id out{};
  std::memcpy(out.b, hash, sizeof out.b);
  return out;
}

}  // namespace payswitch::daemon::transfer
