// Money is an integer count of minor units and a currency; there is no floating point and no number without a currency anywhere.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace payswitch {

__extension__ typedef __int128 Int128;            // totals: a sum of 2^64 amounts cannot overflow it
__extension__ typedef unsigned __int128 Uint128;

inline constexpr std::int64_t amount_minor_max = 1'000'000'000'000'000;       // one request, 10^15
inline constexpr std::int64_t counter_minor_max = std::int64_t{1} << 62;      // any counter of an account, pending included
inline constexpr std::int32_t exponent_max = 6;                               // minor units per major: 10^exponent (KRW 0, USD 2, KWD 3)
inline constexpr std::size_t amount_digits_max = 16;                          // "1000000000000000"

constexpr std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t out = 0;
  return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}
constexpr std::optional<std::int64_t> checked_sub(std::int64_t a, std::int64_t b) noexcept {
  std::int64_t out = 0;
  return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
}

// An amount of one request: positive and at most 10^15.
constexpr bool amount_ok(std::int64_t minor) noexcept { return minor > 0 && minor <= amount_minor_max; }

struct Currency {
  char code[4] = {};  // ISO 4217, three capital letters
  std::int32_t exponent = 0;

  std::string_view name() const noexcept { return currency_view(code); }
  friend bool operator==(const Currency& a, const Currency& b) noexcept {
    return std::memcmp(a.code, b.code, sizeof a.code) == 0 && a.exponent == b.exponent;
  }
};

constexpr bool currency_code_ok(std::string_view code) noexcept {
  if (code.size() != 3) return false;
  for (const char c : code) {
    if (c < 'A' || c > 'Z') return false;
  }
  return true;
}

// Empty for a code that is not three capital letters, or an exponent outside 0..6.
inline std::optional<Currency> make_currency(std::string_view code, std::int32_t exponent) noexcept {
  if (!currency_code_ok(code) || exponent < 0 || exponent > exponent_max) return std::nullopt;
  Currency out;
  set_currency(out.code, code);
  out.exponent = exponent;
  return out;
}

struct Money {
  std::int64_t minor = 0;
  Currency currency;

  friend bool operator==(const Money&, const Money&) = default;
};

inline Money from_abi(const psw_money& m) noexcept {
  Money out;
  out.minor = m.minor;
  std::memcpy(out.currency.code, m.currency, sizeof m.currency);
  out.currency.exponent = m.exponent;
  return out;
}
inline psw_money to_abi(const Money& m) noexcept {
  psw_money out{};
  out.minor = m.minor;
  std::memcpy(out.currency, m.currency.code, sizeof out.currency);
  out.exponent = m.currency.exponent;
  return out;
}
inline bool same_currency(const psw_money& a, const psw_money& b) noexcept {
  return std::memcmp(a.currency, b.currency, sizeof a.currency) == 0 && a.exponent == b.exponent;
}
// Empty when the currencies (or their exponents) differ, or on overflow.
inline std::optional<Money> add(const Money& a, const Money& b) noexcept {
  if (!(a.currency == b.currency)) return std::nullopt;
  const auto sum = checked_add(a.minor, b.minor);
  if (!sum) return std::nullopt;
  return Money{*sum, a.currency};
}
inline std::optional<Money> subtract(const Money& a, const Money& b) noexcept {
  if (!(a.currency == b.currency)) return std::nullopt;
  const auto difference = checked_sub(a.minor, b.minor);
  if (!difference) return std::nullopt;
  return Money{*difference, a.currency};
}

constexpr Int128 from_abi(psw_i128 v) noexcept { return static_cast<Int128>(static_cast<Uint128>(static_cast<std::uint64_t>(v.hi)) << 64 | v.lo); }
constexpr psw_i128 to_abi(Int128 v) noexcept {
  const auto bits = static_cast<Uint128>(v);
  return psw_i128{static_cast<std::uint64_t>(bits), static_cast<std::int64_t>(static_cast<std::uint64_t>(bits >> 64))};
}

// ---- text ----

// The wire form of an amount: digits only, no sign, no leading zero, not zero, at most 10^15. Empty for anything else.
constexpr std::optional<std::int64_t> parse_minor(std::string_view text) noexcept {
  if (text.empty() || text.size() > amount_digits_max || text.front() == '0') return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');  // at most 16 digits: below 2^63
  }
  return amount_ok(value) ? std::optional(value) : std::nullopt;
}

inline std::string format_total(Int128 value) {
  char buffer[41];
  char* at = buffer + sizeof buffer;
  const bool negative = value < 0;
  Uint128 rest = negative ? Uint128{0} - static_cast<Uint128>(value) : static_cast<Uint128>(value);
  do {
    *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (negative) *--at = '-';
  return std::string(at, static_cast<std::size_t>(buffer + sizeof buffer - at));
}
inline std::string format_minor(std::int64_t minor) { return format_total(minor); }

// What people read: 15025 with exponent 2 is "150.25"; -5 is "-0.05".
inline std::string format_decimal(Int128 minor, std::int32_t exponent) {
  std::string digits = format_total(minor < 0 ? -minor : minor);
  const auto places = static_cast<std::size_t>(exponent < 0 ? 0 : exponent);
  if (places != 0) {
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  if (minor < 0) digits.insert(0, 1, '-');
  return digits;
}
inline std::string format_decimal(const Money& m) {
  std::string out = format_decimal(Int128{m.minor}, m.currency.exponent);
  out += ' ';
  out += m.currency.name();
  return out;
}

// What people type: "150.25" or "150" with exponent 2. Exactly `exponent` places or none; positive; at most 10^15 minor units.
constexpr std::optional<std::int64_t> parse_decimal(std::string_view text, std::int32_t exponent) noexcept {
  if (exponent < 0 || exponent > exponent_max) return std::nullopt;
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view places = dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1);
  if (whole.empty() || whole.size() > amount_digits_max || (whole.size() > 1 && whole.front() == '0')) return std::nullopt;
  if (dot != std::string_view::npos && (places.empty() || places.size() != static_cast<std::size_t>(exponent))) return std::nullopt;
  Int128 value = 0;
  for (const char c : whole) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  for (std::size_t i = 0; i != static_cast<std::size_t>(exponent); ++i) {
    const char c = places.empty() ? '0' : places[i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  if (value <= 0 || value > amount_minor_max) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace payswitch
