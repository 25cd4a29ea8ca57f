#include "keys.h"

#include <payswitch/sha256.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <map>
#include <stdexcept>

namespace payswitch::simulation::peers {
namespace {

struct Material {
  std::string pem, text;  // as add_own and add_theirs want them
};

Material make_material(const std::string& key_id) {
  Sha256 hash;
  hash.update("simulated key ");
  hash.update(key_id);
  const Sha256Digest raw = hash.finish();
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()), EVP_PKEY_free);
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  unsigned char open[32];
  std::size_t size = sizeof open;
  if (!key || !bio || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 || EVP_PKEY_get_raw_public_key(key.get(), open, &size) != 1)
    throw std::runtime_error("no Ed25519 here");
  char* data = nullptr;
  const long bytes = BIO_get_mem_data(bio.get(), &data);
  unsigned char base64[64];
  EVP_EncodeBlock(base64, open, sizeof open);
  return {std::string(data, static_cast<std::size_t>(bytes)), "ed25519:" + std::string(reinterpret_cast<const char*>(base64))};
}

const Material& material(const std::string& key_id) {
  static std::map<std::string, Material> made;
  const auto at = made.find(key_id);
  return at != made.end() ? at->second : made.emplace(key_id, make_material(key_id)).first->second;
}

}  // namespace

void Wallet::hold(const std::vector<std::string>& own, const std::vector<std::pair<std::string, std::string>>& theirs) {
  auto ring = std::make_unique<daemon::plugin_host::Ed25519KeyRing>();
  for (const auto& id : own)
    if (!ring->add_own(id, material(id).pem)) throw std::runtime_error("own key " + id);
  for (const auto& [bank, id] : theirs)
    if (!ring->add_theirs(bank, id, material(id).text)) throw std::runtime_error("key " + id);
  ring_ = std::move(ring);
}

std::string Wallet::sign(std::string_view message, std::uint8_t* signature) {
  const auto id = ring_->signing_key();
  std::uint8_t bytes[64];
  if (id.empty() || !ring_->sign(id, message, bytes)) return {};
  std::copy(bytes, bytes + sizeof bytes, signature);
  return std::string(id);
}

std::int32_t Wallet::verify(std::string_view key_id, std::string_view message, const std::uint8_t* signature, std::string& bank) {
  if (ring_->bank_of(key_id).empty()) return PSW_ABSENT;
  std::uint8_t bytes[64];
  std::copy(signature, signature + sizeof bytes, bytes);
  bank = ring_->verify(key_id, message, bytes);
  return bank.empty() ? PSW_INVALID : PSW_OK;
}

}  // namespace payswitch::simulation::peers
