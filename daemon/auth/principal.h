// Who asks: the one shape every credential becomes before anything is decided.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/assert.h"

namespace payswitch::daemon::auth {

enum class PrincipalKind : std::uint8_t {
  nobody = 0,       // no credential was accepted; never reaches a handler that needs a scope
  development = 1,  // [auth] mode = "development": the principal `dev`, loopback only
  service = 2,      // a service account, by one of its API keys: `svc:<name>`
};

// What a credential may do. Ownership of the debited account is asked for as well, whatever the scopes say.
using Scopes = std::uint32_t;
inline constexpr Scopes scope_read = 1;       // read own accounts and transfers
inline constexpr Scopes scope_pay = 2;        // open, post, void and cancel transfers from own accounts
inline constexpr Scopes scope_accounts = 4;   // open, freeze, unfreeze and close accounts of any owner
inline constexpr Scopes scope_cash = 8;       // deposit to and withdraw from any account ([cash] allow = "service")
inline constexpr Scopes scope_operate = 16;   // see every account and transfer
inline constexpr Scopes scope_reverse = 32;   // give completed transfers back for payees whose consent it keeps
inline constexpr Scopes scopes_all = 63;

// A value: copied freely, no memory of its own, usable on any thread. `id` scopes idempotency keys and owns accounts: it is the
// service account or user, never the key it came with, so all keys of one account share one idempotency space.
class Principal {
 public:
  static constexpr std::size_t id_bytes_max = 64;
  static constexpr std::size_t key_id_bytes_max = 16;

  Principal() = default;
  // Too long a text is a bug: names are checked when an account or key is made.
  Principal(PrincipalKind kind, std::string_view id, Scopes scopes, std::string_view key_id = {}, std::int64_t auth_time_ms = 0)
      : kind_(kind), id_size_(static_cast<std::uint8_t>(id.size())), key_id_size_(static_cast<std::uint8_t>(key_id.size())),
        scopes_(scopes), auth_time_ms_(auth_time_ms) {
    PSW_ASSERT(id.size() <= id_bytes_max && key_id.size() <= key_id_bytes_max);
    if (!id.empty()) std::memcpy(id_, id.data(), id.size());
    if (!key_id.empty()) std::memcpy(key_id_, key_id.data(), key_id.size());
  }

  PrincipalKind kind() const noexcept { return kind_; }
  std::string_view id() const noexcept { return {id_, id_size_}; }
  std::string_view key_id() const noexcept { return {key_id_, key_id_size_}; }  // of an API key; empty otherwise
  Scopes scopes() const noexcept { return scopes_; }
  bool may(Scopes wanted) const noexcept { return (scopes_ & wanted) == wanted; }
  std::int64_t auth_time_ms() const noexcept { return auth_time_ms_; }  // Unix ms of the proof; 0 = not known

 private:
  PrincipalKind kind_ = PrincipalKind::nobody;
  std::uint8_t id_size_ = 0;
  std::uint8_t key_id_size_ = 0;
  Scopes scopes_ = 0;
  std::int64_t auth_time_ms_ = 0;
  char id_[id_bytes_max] = {};
  char key_id_[key_id_bytes_max] = {};
};

}  // namespace payswitch::daemon::auth
