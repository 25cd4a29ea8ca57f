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

std::string public_text_of(const EVP_PKEY* key) {
  std::array<unsigned char, 32> raw{};
  std::size_t size = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1 || size != raw.size()) return {};
  std::array<unsigned char, 48> base64{};
  const int n = EVP_EncodeBlock(base64.data(), raw.data(), static_cast<int>(raw.size()));
  return "ed25519:" + std::string(base64.begin(), base64.begin() + n);
}

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

std::vector<std::pair<std::string, std::string>> Ed25519KeyRing::own_keys() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [id, key] : own_) out.emplace_back(id, public_text_of(key->pkey.get()));
  return out;
}

std::string_view Ed25519KeyRing::own_key(std::string_view key_id) const noexcept {
  const auto it = own_.find(key_id);
  return it == own_.end() ? std::string_view() : std::string_view(it->first);
}

// ---- exchanged while the daemon runs ----

SwitchedKeyRing::SwitchedKeyRing(std::unique_ptr<Ed25519KeyRing> first) {
  rings_.push_back(std::move(first));
  before_.store(rings_.back().get());
  sign_with(rings_.back()->signing_key());
  current_.store(rings_.back().get(), std::memory_order_release);
}

void SwitchedKeyRing::sign_with(std::string_view key_id) {
  names_.push_back(std::make_unique<const std::string>(key_id));
  signing_.store(names_.back().get(), std::memory_order_release);
}

bool SwitchedKeyRing::exchange(std::unique_ptr<Ed25519KeyRing> next) {
  if (rings_.size() >= rings_max) return false;
  rings_.push_back(std::move(next));
  auto* fresh = rings_.back().get();
  // A call that was told the former key a moment ago still signs with it.
  before_.store(current_.load(), std::memory_order_release);
  current_.store(fresh, std::memory_order_release);
  if (fresh->own_key(signing_key()).empty()) sign_with(fresh->signing_key());
  return true;
}

bool SwitchedKeyRing::use(std::string_view key_id) {
  if (key_id.empty() || current().own_key(key_id).empty() || names_.size() >= rings_max) return false;
  sign_with(key_id);
  return true;
}

bool SwitchedKeyRing::sign(std::string_view key_id, std::string_view message, std::uint8_t signature[64]) noexcept {
  return current_.load(std::memory_order_acquire)->sign(key_id, message, signature) || before_.load(std::memory_order_acquire)->sign(key_id, message, signature);
}
std::string_view SwitchedKeyRing::verify(std::string_view key_id, std::string_view message, const std::uint8_t signature[64]) noexcept {
  return current_.load(std::memory_order_acquire)->verify(key_id, message, signature);
}
std::string_view SwitchedKeyRing::bank_of(std::string_view key_id_or_spki) noexcept { return current_.load(std::memory_order_acquire)->bank_of(key_id_or_spki); }

Result<SigningKeyPair> make_signing_key() {
  const std::unique_ptr<EVP_PKEY, FreeKey> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new(BIO_s_secmem()));
  if (!key || !bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) return Error{"a signing key cannot be made"};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  if (size <= 0) return Error{"a signing key cannot be made"};
  return SigningKeyPair{std::string(data, static_cast<std::size_t>(size)), public_text_of(key.get())};
}

}  // namespace payswitch::daemon::plugin_host
