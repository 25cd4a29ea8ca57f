#include "transfer/day_window.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

namespace payswitch::daemon::transfer {

namespace {
constexpr std::int64_t day_s = 86'400;
constexpr const char* zone_folder = "/usr/share/zoneinfo/";

std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept { return a / b - (a % b < 0 ? 1 : 0); }

std::int64_t big_endian(std::string_view bytes, std::size_t at, std::size_t size) noexcept {
  std::uint64_t value = (static_cast<unsigned char>(bytes[at]) & 0x80) != 0 ? ~std::uint64_t{0} : 0;
  for (std::size_t i = 0; i != size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<std::int64_t>(value);
}

// TZif (RFC 8536): a header of 44 bytes with six counts at 20.
struct Header {
  std::size_t isut, isstd, leap, times, types, chars;
};
Header header_at(std::string_view bytes, std::size_t at) noexcept {
  const auto n = [&](std::size_t i) { return static_cast<std::size_t>(big_endian(bytes, at + 20 + 4 * i, 4)); };
  return {n(0), n(1), n(2), n(3), n(4), n(5)};
}
}  // namespace

Result<DayWindow> DayWindow::load(std::string_view zone) {
  if (zone.empty() || zone == "UTC") return DayWindow{};
  const bool plain = std::all_of(zone.begin(), zone.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' || c == '+';
  });
  const Error unknown{"time zone \"" + std::string(zone) + "\" is not known to this system (package tzdata)"};
  if (!plain || zone.front() == '/') return unknown;
  std::ifstream file(zone_folder + std::string(zone), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  constexpr std::size_t header_size = 44;
  if (bytes.size() < 2 * header_size || bytes.compare(0, 4, "TZif") != 0 || bytes[4] < '2') return unknown;
  // The first block has 32-bit times; the second, with 64-bit ones, is the one to read.
  const auto first = header_at(bytes, 0);
  const std::size_t second = header_size + first.times * 5 + first.types * 6 + first.chars + first.leap * 8 + first.isstd + first.isut;
  if (bytes.size() < second + header_size) return unknown;
  const auto h = header_at(bytes, second);
  const std::size_t times = second + header_size, kinds = times + h.times * 8, types = kinds + h.times;
  if (h.types == 0 || bytes.size() < types + h.types * 6) return unknown;
  const auto offset = [&](std::size_t type) { return static_cast<std::int32_t>(big_endian(bytes, types + type * 6, 4)); };
  DayWindow out;
  out.first_offset_s_ = offset(0);
  for (std::size_t i = 0; i != h.times; ++i) {
    const auto type = static_cast<unsigned char>(bytes[kinds + i]);
    if (type >= h.types) return unknown;
    out.changes_.push_back({big_endian(bytes, times + i * 8, 8), offset(type)});
  }
  return out;
}

std::int32_t DayWindow::offset_at(std::int64_t unix_s) const noexcept {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), unix_s, [](std::int64_t at, const Change& change) { return at < change.at_s; });
  return after == changes_.begin() ? first_offset_s_ : std::prev(after)->offset_s;
}

Day DayWindow::day_of(std::int64_t unix_ms) const noexcept {
  const std::int64_t now_s = floor_div(unix_ms, 1000);
  const std::int64_t number = floor_div(now_s + offset_at(now_s), day_s);
  // Local midnight as an instant: the offset in force there, which may differ from now's on the day of a clock change.
  const auto midnight = [&](std::int64_t day) {
    const std::int64_t local = day * day_s;
    std::int64_t guess = local - offset_at(local);
    guess = local - offset_at(guess);
    return guess;
  };
  return {midnight(number) * 1000, midnight(number + 1) * 1000, static_cast<std::int32_t>(number)};
}

}  // namespace payswitch::daemon::transfer
