// Ids: 128 bits, written as 32 hex digits (op_id, ledger id, on every wire) or as a 26-character ULID (transfer ids, sortable by
// time). No id is random per try: an op_id is derived, so that a peer recognises a retry even after we lost our memory.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/sha256.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch {

inline bool same(const psw_id& a, const psw_id& b) noexcept { return std::memcmp(a.b, b.b, sizeof a.b) == 0; }
inline bool is_zero(const psw_id& a) noexcept { return same(a, psw_id{}); }
inline bool less(const psw_id& a, const psw_id& b) noexcept { return std::memcmp(a.b, b.b, sizeof a.b) < 0; }

// For containers; the ids are hashes or carry 80 random bits, so their own tail is a good hash.
struct IdHash {
  std::size_t operator()(const psw_id& id) const noexcept {
    std::uint64_t tail = 0;
    std::memcpy(&tail, id.b + 8, sizeof tail);
    return static_cast<std::size_t>(tail);
  }
};
struct IdEqual {
  bool operator()(const psw_id& a, const psw_id& b) const noexcept { return same(a, b); }
};
struct IdLess {
  bool operator()(const psw_id& a, const psw_id& b) const noexcept { return less(a, b); }
};

// ---- 32 hex digits ----
inline constexpr std::size_t id_hex_size = 32;
inline constexpr std::size_t ulid_size = 26;

inline void write_hex(const psw_id& id, char* out) noexcept {  // exactly 32 characters
  constexpr char digits[] = "0123456789abcdef";
  for (std::size_t i = 0; i != 16; ++i) {
    out[2 * i] = digits[id.b[i] >> 4];
    out[2 * i + 1] = digits[id.b[i] & 15];
  }
}
inline std::string to_hex(const psw_id& id) {
  std::string out(id_hex_size, '0');
  write_hex(id, out.data());
  return out;
}
// Lower case only: one id has one spelling.
inline std::optional<psw_id> parse_hex(std::string_view text) noexcept {
  if (text.size() != id_hex_size) return std::nullopt;
  psw_id out{};
  for (std::size_t i = 0; i != id_hex_size; ++i) {
    const char c = text[i];
    int v = -1;
    if (c >= '0' && c <= '9') v = c - '0';
    if (c >= 'a' && c <= 'f') v = c - 'a' + 10;
    if (v < 0) return std::nullopt;
    out.b[i / 2] = static_cast<std::uint8_t>(out.b[i / 2] << 4 | v);
  }
  return out;
}

// ---- ULID: 48 bits of Unix milliseconds, 80 random bits, Crockford base 32 ----
inline void write_ulid(const psw_id& id, char* out) noexcept {  // exactly 26 characters
  constexpr char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::uint64_t high = 0, low = 0;
  for (std::size_t i = 0; i != 8; ++i) {
    high = high << 8 | id.b[i];
    low = low << 8 | id.b[8 + i];
  }
  // From the end; 130 bits from 128: two leading zero bits.
  for (std::size_t i = ulid_size; i-- != 0;) {
    out[i] = digits[low & 31];
    low = low >> 5 | high << 59;
    high >>= 5;
  }
}
inline std::string to_ulid(const psw_id& id) {
  std::string out(ulid_size, '0');
  write_ulid(id, out.data());
  return out;
}
// Capital letters only, none of I L O U, first character at most 7: one id has one spelling.
inline std::optional<psw_id> parse_ulid(std::string_view text) noexcept {
  constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  if (text.size() != ulid_size || text.front() < '0' || text.front() > '7') return std::nullopt;
  psw_id out{};
  for (std::size_t i = 0; i != ulid_size; ++i) {
    const auto v = digits.find(text[i]);
    if (v == std::string_view::npos) return std::nullopt;
    for (std::size_t bit = 0; bit != 5; ++bit) {
      const std::size_t at = 5 * i + bit;
      if (at >= 2 && (v >> (4 - bit) & 1u) != 0) out.b[(at - 2) / 8] = static_cast<std::uint8_t>(out.b[(at - 2) / 8] | 1u << (7 - (at - 2) % 8));
    }
  }
  return out;
}
inline std::int64_t ulid_ms(const psw_id& id) noexcept {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i != 6; ++i) ms = ms << 8 | id.b[i];
  return ms;
}

// Makes ULIDs that only grow, also within a millisecond and when the wall clock steps back. One thread. Clock and chance are
// given by the caller; two generators are told apart by their 80 random bits.
class UlidGenerator {
 public:
  using Random = std::uint64_t (*)(void* context);  // 64 uniformly random bits
  UlidGenerator(Random random, void* context) noexcept : random_(random), context_(context) {}

  psw_id next(std::int64_t wall_ms) noexcept {
    if (wall_ms > last_ms_) {
      last_ms_ = wall_ms;
      const std::uint64_t a = random_(context_), b = random_(context_);
      for (std::size_t i = 0; i != 6; ++i) last_.b[i] = static_cast<std::uint8_t>(last_ms_ >> (40 - 8 * i));
      std::memcpy(last_.b + 6, &a, 8);
      std::memcpy(last_.b + 14, &b, 2);
      last_.b[6] &= 0x7f;  // room for 2^79 increments within this millisecond
      return last_;
    }
    for (std::size_t i = 16; i-- != 0;) {
      if (++last_.b[i] != 0) break;
    }
    return last_;
  }

 private:
  Random random_;
  void* context_;
  std::int64_t last_ms_ = -1;
  psw_id last_{};
};

// ---- derived ids ----

// First 128 bits of SHA-256 over a version byte and the fields, each led by its length (32 bits, little endian), so that no two
// lists of fields run into each other.
inline psw_id derive_id(std::uint8_t version, std::initializer_list<std::string_view> fields) noexcept {
  Sha256 hash;
  hash.update(&version, 1);
  for (const std::string_view field : fields) {
    std::uint8_t length[4];
    for (int i = 0; i != 4; ++i) length[i] = static_cast<std::uint8_t>(field.size() >> (8 * i));
    hash.update(length, sizeof length);
    hash.update(field);
  }
  const Sha256Digest digest = hash.finish();
  psw_id out{};
  std::memcpy(out.b, digest.data(), sizeof out.b);
  return out;
}

inline constexpr std::uint8_t op_id_from_key = 1;
inline constexpr std::uint8_t op_id_from_transfer = 2;

// The id of one leg at one counterparty: the same for every attempt, connector, daemon and restart; another bank, another id.
inline psw_id derive_op_id(std::string_view our_bank, std::string_view principal, std::string_view idempotency_key, std::string_view leg,
                           std::string_view counterparty) noexcept {
  return derive_id(op_id_from_key, {our_bank, principal, idempotency_key, leg, counterparty});
}
// Where no client key exists (repairs, settlements made by an operator).
inline psw_id derive_op_id(std::string_view our_bank, const psw_id& transfer_id, std::string_view leg, std::string_view counterparty) noexcept {
  return derive_id(op_id_from_transfer,
                   {our_bank, std::string_view(reinterpret_cast<const char*>(transfer_id.b), sizeof transfer_id.b), leg, counterparty});
}

}  // namespace payswitch
