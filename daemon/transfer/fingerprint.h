// Hashes that must be the same tomorrow, after an upgrade and on another machine: the fingerprint of a command, the search tag of
// a reference, step ids. One hasher per coordinator: its context is reused, so hashing allocates nothing.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/transfer_state.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

namespace payswitch::daemon::transfer {

using Hash = std::uint8_t[32];

// The normalised command. Absent members are not hashed; what may differ between two tries of the same wish (wait, hold_until, not_after,
// trace, the route) is not part of it.
struct FingerprintInput {
  std::string_view operation;  // "deposit", "withdraw", "transfer", "post", "void", "cancel", "reverse", "open_account"
  std::string_view payer, payee, currency, reference, metadata, mode, owner;
  std::int64_t amount_minor = 0;         // 0 = absent
  std::int64_t posted_minor = 0;
  std::int64_t overdraft_limit = 0;
  std::int64_t max_balance = 0;          // 0 = absent
  bool all = false;
  const psw_id* parent = nullptr;
};

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void fingerprint(const FingerprintInput& input, Hash& out) noexcept;
  // Keyed; 32 hex digits into out.
  void reference_tag(std::string_view key, std::string_view principal, std::string_view reference, char (&out)[32]) noexcept;
  // Of a step that must be recognised when it is repeated: (transfer, version it was decided on, what).
  psw_id step_id(const psw_id& transfer, std::uint64_t version, std::string_view what) noexcept;

 private:
  void begin(std::uint8_t version) noexcept;
  void field(std::uint8_t tag, std::string_view bytes) noexcept;
  void field(std::uint8_t tag, std::int64_t number) noexcept;
  void end(Hash& out) noexcept;

  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace payswitch::daemon::transfer
