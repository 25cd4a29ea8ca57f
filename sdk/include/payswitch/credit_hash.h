// The hash of a credit: what one op_id stands for, so that the same id with other contents is noticed by every bank it meets.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/sha256.h>
#include <payswitch/str.h>

#include <cstdint>
#include <cstring>

namespace payswitch {

// SHA-256 over version byte 1, op_id (16 bytes), payer, payee (each led by its length, 32 bits little endian), minor units (64 bits
// little endian), currency (3 letters), exponent (32 bits little endian), reverses (16 bytes, zero = none). Times, history and
// reference are not part of it: they may differ between two sends of one operation.
inline Sha256Digest credit_hash(const psw_id& op_id, psw_str payer, psw_str payee, const psw_money& money, const psw_id& reverses) noexcept {
  Sha256 hash;
  const auto number = [&hash](std::uint64_t value, int bytes) {
    std::uint8_t le[8];
    for (int i = 0; i != bytes; ++i) le[i] = static_cast<std::uint8_t>(value >> (8 * i));
    hash.update(le, static_cast<std::size_t>(bytes));
  };
  const auto text = [&hash, &number](psw_str s) {
    number(s.size, 4);
    hash.update(view(s));
  };
  number(1, 1);
  hash.update(op_id.b, sizeof op_id.b);
  text(payer);
  text(payee);
  number(static_cast<std::uint64_t>(money.minor), 8);
  hash.update(money.currency, 3);
  number(static_cast<std::uint32_t>(money.exponent), 4);
  hash.update(reverses.b, sizeof reverses.b);
  return hash.finish();
}
inline Sha256Digest credit_hash(const psw_credit& c) noexcept { return credit_hash(c.op_id, c.payer, c.payee, c.money, c.reverses); }

inline bool same_hash(const std::uint8_t (&a)[32], const std::uint8_t (&b)[32]) noexcept { return std::memcmp(a, b, sizeof a) == 0; }

}  // namespace payswitch
