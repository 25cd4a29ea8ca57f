// The keys of psw.keys/1: our own Ed25519 private keys and the public ones of each bank. OpenSSL stays in the .cpp.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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

  // Our own keys: id and "ed25519:<base64>", the half that other banks need.
  std::vector<std::pair<std::string, std::string>> own_keys() const;
  // The id as this ring keeps it, or empty.
  std::string_view own_key(std::string_view key_id) const noexcept;

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

// The ring in use, exchanged while the daemon runs (SIGHUP), and which of our keys signs. Texts that were given out stay good: a ring that
// was in use is kept until the end. exchange() and use() on one thread, the rest on any.
class SwitchedKeyRing final : public KeyRing {
 public:
  static constexpr std::size_t rings_max = 1024;

  explicit SwitchedKeyRing(std::unique_ptr<Ed25519KeyRing> first);
  // The key that signs goes on signing if the new ring has it, else the new ring's last. False: rings_max were in use; start anew.
  bool exchange(std::unique_ptr<Ed25519KeyRing> next);
  // False: no key of ours has this id.
  bool use(std::string_view key_id);
  const Ed25519KeyRing& current() const noexcept { return *current_.load(std::memory_order_acquire); }

  bool sign(std::string_view key_id, std::string_view message, std::uint8_t signature[64]) noexcept override;
  std::string_view verify(std::string_view key_id, std::string_view message, const std::uint8_t signature[64]) noexcept override;
  std::string_view bank_of(std::string_view key_id_or_spki) noexcept override;
  std::string_view signing_key() const noexcept override { return *signing_.load(std::memory_order_acquire); }

 private:
  void sign_with(std::string_view key_id);

  std::vector<std::unique_ptr<Ed25519KeyRing>> rings_;
  std::vector<std::unique_ptr<const std::string>> names_;
  std::atomic<Ed25519KeyRing*> current_{nullptr}, before_{nullptr};
  std::atomic<const std::string*> signing_{nullptr};
};

// A new signing key: PKCS#8 PEM, and its public half as [bank.x] keys has it.
struct SigningKeyPair {
  std::string pem, public_text;
};
Result<SigningKeyPair> make_signing_key();

}  // namespace payswitch::daemon::plugin_host
