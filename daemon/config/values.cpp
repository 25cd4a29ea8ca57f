// Single values: durations, sizes, money, and how they are written back.
#include <charconv>
#include <limits>

#include "config/schema.h"

namespace payswitch::daemon::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr Unit duration_units[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000},
                                   {"min", 60'000'000'000}, {"h", 3'600'000'000'000}, {"d", 86'400'000'000'000}};
constexpr Unit size_units[] = {{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", std::int64_t{1} << 40}};

bool digits_then_unit(std::string_view text, std::int64_t& number, std::string_view& unit) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  if (digits == 0 || digits > 19 || (digits > 1 && text[0] == '0')) return false;
  const auto [end, code] = std::from_chars(text.data(), text.data() + digits, number);
  unit = text.substr(digits);
  return code == std::errc{} && end == text.data() + digits;
}

template <std::size_t N>
bool scale(std::int64_t& number, std::string_view unit, const Unit (&units)[N]) {
  for (const Unit& known : units)
    if (known.name == unit) return !__builtin_mul_overflow(number, known.factor, &number);
  return false;
}

template <std::size_t N>
std::string format(std::int64_t value, const Unit (&units)[N]) {
  std::size_t best = 0;
  for (std::size_t i = 0; i < N; ++i)
    if (value != 0 && value % units[i].factor == 0) best = i;
  return std::to_string(value / units[best].factor) + std::string(units[best].name);
}

}  // namespace

Result<std::int64_t> parse_duration_ns(std::string_view text) {
  std::int64_t number = 0;
  std::string_view unit;
  if (!digits_then_unit(text, number, unit) || !scale(number, unit, duration_units))
    return Error{"expected a duration such as \"100ms\", \"30s\", \"5min\", \"12h\" or \"7d\""};
  return number;
}

Result<std::int64_t> parse_size_bytes(std::string_view text) {
  std::int64_t number = 0;
  std::string_view unit;
  if (!digits_then_unit(text, number, unit) || !scale(number, unit.empty() ? "B" : unit, size_units))
    return Error{"expected a size such as \"512B\", \"64KiB\", \"1MiB\" or \"2GiB\""};
  return number;
}

Result<std::int64_t> parse_minor_units(std::string_view text) {
  std::int64_t number = 0;
  std::string_view rest;
  if (!digits_then_unit(text, number, rest) || !rest.empty() || number > 1'000'000'000'000'000)
    return Error{"expected minor units as a string of digits, at most 10^15, such as \"15000\""};
  return number;
}

Result<std::int64_t> parse_decimal_amount(std::string_view text, std::int32_t exponent) {
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot), fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  const bool one_fraction = dot == std::string_view::npos || (!fraction.empty() && fraction.size() <= static_cast<std::size_t>(exponent));
  std::int64_t units = 0, part = 0;
  std::string_view rest;
  bool fits = one_fraction && digits_then_unit(whole, units, rest) && rest.empty();
  for (std::int32_t i = 0; i < exponent; ++i) {
    const char digit = static_cast<std::size_t>(i) < fraction.size() ? fraction[static_cast<std::size_t>(i)] : '0';
    fits = fits && digit >= '0' && digit <= '9';
    part = part * 10 + (digit - '0');
    fits = fits && !__builtin_mul_overflow(units, std::int64_t{10}, &units);
  }
  if (!fits || __builtin_add_overflow(units, part, &units) || units > 1'000'000'000'000'000)
    return Error{"expected an amount with at most " + std::to_string(exponent) + " decimals, at most 10^15 minor units"};
  return units;
}

std::string format_duration(std::int64_t ns) { return ns == 0 ? "0s" : format(ns, duration_units); }
std::string format_size(std::int64_t bytes) { return format(bytes, size_units); }

}  // namespace payswitch::daemon::config
