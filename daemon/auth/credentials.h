// Credential → Principal: pure given the keys and the time, and cached so that a repeated credential costs well under a microsecond.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/api_key.h"
#include "auth/principal.h"

namespace payswitch::daemon::auth {

// A token bucket per principal as one atomic number (GCRA: the time at which the bucket would be full again). Any thread.
class RateBucket {
 public:
  // 0 = may go on; else how many milliseconds to wait. rate_per_s 0 switches it off.
  std::uint32_t take(std::uint64_t now_ns, std::uint64_t rate_per_s, std::uint64_t burst) noexcept;

 private:
  std::atomic<std::uint64_t> full_at_ns_{0};
};

struct KeyEntry {
  ApiKey key;
  Principal principal;
  RateBucket* bucket = nullptr;  // of the principal, shared by its keys
};

// All keys at one moment; immutable, shared by the loops.
class KeyTable {
 public:
  static constexpr std::size_t keys_max = 10'000;

  KeyTable(std::vector<KeyEntry> entries, std::uint64_t read_at_ns);
  const KeyEntry* find(std::string_view id) const noexcept;
  std::uint64_t read_at_ns() const noexcept { return read_at_ns_; }
  std::size_t size() const noexcept { return entries_.size(); }
  const std::vector<KeyEntry>& entries() const noexcept { return entries_; }

 private:
  std::vector<KeyEntry> entries_;  // sorted by id
  std::uint64_t read_at_ns_;
};

enum class AuthError : std::uint8_t {
  none,
  missing,    // no Authorization header
  malformed,  // not "Bearer psk_…"
  refused,    // unknown, wrong secret, expired, revoked or from another network: all look the same outside
  stale,      // the keys could not be read from the ledger for longer than table_age_max: nobody is let in on old knowledge
};

struct Verdict {
  AuthError error = AuthError::missing;
  const Principal* principal = nullptr;  // valid as long as the table that was asked
  RateBucket* bucket = nullptr;
};

// Pure: the same arguments give the same verdict. `authorization` is the header's value, `remote` the peer's "address:port".
Verdict verify(const KeyTable& keys, std::string_view authorization, std::string_view remote, std::int64_t now_ms) noexcept;

// Where the newest table is published (one writer, any reader) and where the buckets of principals live for ever.
class KeyStore {
 public:

  KeyStore();
  void publish(std::vector<ApiKey> keys, std::uint64_t now_ns);  // one thread at a time
  std::shared_ptr<const KeyTable> current() const noexcept;      // any thread; nullptr before the first read
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
  RateBucket& development_bucket() noexcept { return development_bucket_; }

 private:
  std::atomic<std::shared_ptr<const KeyTable>> table_;
  std::atomic<std::uint64_t> generation_{0};
  std::unordered_map<std::string, std::unique_ptr<RateBucket>> buckets_;  // publish() only
  RateBucket development_bucket_;
};

enum class AuthMode : std::uint8_t { required, development };

// One per loop, used on that loop only: keeps the loop's table and remembers verified credentials by a keyed 128-bit hash, never
// by their text. Bound: slots_max entries, an older one is overwritten.
class Authenticator {
 public:
  static constexpr std::size_t slots_max = 4096;
  static constexpr std::uint64_t table_age_max_ns = 10'000'000'000;

  // `hash_key` is random per process.
  Authenticator(AuthMode mode, KeyStore& store, std::array<std::uint64_t, 2> hash_key);
  // The verdict's principal is valid until the next call of check().
  Verdict check(std::string_view authorization, bool present, std::string_view remote, std::uint64_t now_ns, std::int64_t now_ms) noexcept;

 private:
  struct Slot {
    std::uint64_t hash[2] = {0, 0};
    const KeyEntry* entry = nullptr;
  };
  void refresh() noexcept;

  AuthMode mode_;
  KeyStore& store_;
  std::array<std::uint64_t, 2> hash_key_;
  std::uint64_t generation_ = 0;
  std::shared_ptr<const KeyTable> table_;
  std::vector<Slot> slots_;
  Principal development_;
};

}  // namespace payswitch::daemon::auth
