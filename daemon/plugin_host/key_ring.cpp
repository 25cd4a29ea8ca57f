#include "plugin_host/key_ring.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>

namespace payswitch::daemon::plugin_host {
namespace {

struct FreeKey { void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); } };
struct FreeContext { void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); } };
struct FreeBio { void operator()(BIO* bio) const noexcept { BIO_free(bio); } };

const unsigned char* bytes(std::string_view text) noexcept { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

struct Ed25519KeyRing::Key {
  std::unique_ptr<EVP_PKEY, FreeKey> pkey;
};

Ed25519KeyRing::Ed25519KeyRing() = default;
Ed25519KeyRing::~Ed25519KeyRing() = default;

Result<void> Ed25519KeyRing::add_own(const std::string& key_id, const std::string& pem) {
  if (own_.contains(key_id)) return Error{"signing key " + key_id + " is given twice"};
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  auto key = std::make_unique<Key>();
  // No pass phrase is ever asked for: the callback says there is none.
  key->pkey.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr));
  if (!key->pkey || EVP_PKEY_get_id(key->pkey.get()) != EVP_PKEY_ED25519) {
    return Error{"signing key " + key_id + " is no unencrypted Ed25519 private key in PEM form; make one with: openssl genpkey -algorithm ed25519"};
  }
  own_.emplace(key_id, std::move(key));
  signing_ = key_id;
  return {};
}

Result<void> Ed25519KeyRing::add_theirs(const std::string& bank, const std::string& key_id, const std::string& text) {
  constexpr std::string_view scheme = "ed25519:";
  constexpr std::size_t base64_bytes = 44;  // of 32 bytes
  std::array<unsigned char, 36> raw{};
  const bool formed = text.starts_with(scheme) && text.size() == scheme.size() + base64_bytes && text.back() == '=' &&
                      EVP_DecodeBlock(raw.data(), bytes(text) + scheme.size(), static_cast<int>(base64_bytes)) == 33;
  if (!formed) return Error{"key " + key_id + " of bank " + bank + " must be ed25519: and the base64 of 32 bytes"};
  if (const auto it = theirs_.find(key_id); it != theirs_.end()) return Error{"key " + key_id + " belongs to bank " + it->second.bank + " already, and is given for bank " + bank};
  auto key = std::make_unique<Key>();
  key->pkey.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), 32));
  if (!key->pkey) return Error{"key " + key_id + " of bank " + bank + " is no Ed25519 public key"};
  theirs_.emplace(key_id, Theirs{bank, std::move(key)});
  return {};
}

Result<void> Ed25519KeyRing::add_spki(const std::string& bank, const std::string& spki) {
  if (const auto it = theirs_.find(spki); it != theirs_.end() && it->second.bank != bank) return Error{"certificate key " + spki + " is given for the banks " + it->second.bank + " and " + bank};
  theirs_.insert_or_assign(spki, Theirs{bank, nullptr});
  return {};
}

bool Ed25519KeyRing::sign(std::string_view key_id, std::string_view message, std::uint8_t signature[64]) noexcept {
  const auto it = own_.find(key_id);
  if (it == own_.end()) return false;
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  std::size_t size = 64;
  return context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, it->second->pkey.get()) == 1 &&
         EVP_DigestSign(context.get(), signature, &size, bytes(message), message.size()) == 1 && size == 64;
}

std::string_view Ed25519KeyRing::verify(std::string_view key_id, std::string_view message, const std::uint8_t signature[64]) noexcept {
  const auto it = theirs_.find(key_id);
  if (it == theirs_.end() || !it->second.key) return {};
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  const bool good = context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, it->second.key->pkey.get()) == 1 &&
                    EVP_DigestVerify(context.get(), signature, 64, bytes(message), message.size()) == 1;
  return good ? std::string_view(it->second.bank) : std::string_view();
}

std::string_view Ed25519KeyRing::bank_of(std::string_view key_id_or_spki) noexcept {
  const auto it = theirs_.find(key_id_or_spki);
  return it == theirs_.end() ? std::string_view() : std::string_view(it->second.bank);
}

}  // namespace payswitch::daemon::plugin_host
