// The keys of psw.keys/1: our own Ed25519 private keys and the public ones of each bank. OpenSSL stays in the .cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "plugin_host/services.h"

namespace payswitch::daemon::plugin_host {

// Built at start, then immutable; any thread.
class Ed25519KeyRing final : public KeyRing {
 public:
  Ed25519KeyRing();
  ~Ed25519KeyRing() override;

  // PKCS#8 PEM. The key added last is the one we sign with. The error never contains the key.
  Result<void> add_own(const std::string& key_id, const std::string& pem);
  // "ed25519:<base64 of 32 bytes>". An id that another bank has already is refused: it could not say whose word it is.
  Result<void> add_theirs(const std::string& bank, const std::string& key_id, const std::string& text);
  // "sha256/…" of a client certificate: bank_of() knows it, verify() does not.
  Result<void> add_spki(const std::string& bank, const std::string& spki);

  bool sign(std::string_view key_id, std::string_view message, std::uint8_t signature[64]) noexcept override;
  std::string_view verify(std::string_view key_id, std::string_view message, const std::uint8_t signature[64]) noexcept override;
  std::string_view bank_of(std::string_view key_id_or_spki) noexcept override;
  std::string_view signing_key() const noexcept override { return signing_; }

 private:
  struct Key;
  struct Theirs {
    std::string bank;
    std::unique_ptr<Key> key;  // empty for an SPKI
  };
  std::map<std::string, std::unique_ptr<Key>, std::less<>> own_;
  std::map<std::string, Theirs, std::less<>> theirs_;
  std::string signing_;
};

}  // namespace payswitch::daemon::plugin_host
