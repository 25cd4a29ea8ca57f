#include "api/wire.h"

#include <algorithm>
#include <cstring>

namespace payswitch::daemon::api {

void member_minor(json::Writer& out, std::string_view name, Int128 amount) {
  if (amount >= INT64_MIN && amount <= INT64_MAX) {  // all but sums over very many accounts; 128-bit divisions are slow
    out.member_integer_string(name, static_cast<std::int64_t>(amount));
    return;
  }
  char buffer[42];
  char* end = buffer + sizeof buffer;
  char* p = end;
  Uint128 rest = amount < 0 ? Uint128{0} - static_cast<Uint128>(amount) : static_cast<Uint128>(amount);
  do {
    *--p = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (amount < 0) *--p = '-';
  out.member(name, {p, static_cast<std::size_t>(end - p)});
}

void member_ulid(json::Writer& out, std::string_view name, const psw_id& id) {
  char text[ulid_size];
  write_ulid(id, text);
  out.member(name, {text, sizeof text});
}

void member_hex(json::Writer& out, std::string_view name, const psw_id& id) {
  char text[id_hex_size];
  write_hex(id, text);
  out.member(name, {text, sizeof text});
}

void member_time(json::Writer& out, std::string_view name, std::int64_t unix_ms) {
  char text[time_chars];
  write_time(text, unix_ms);
  out.member(name, {text, sizeof text});
}

// Civil date from days since 1970 (Howard Hinnant, "chrono-compatible low-level date algorithms").
void write_time(char* out, std::int64_t unix_ms) noexcept {
  const std::int64_t ms = std::clamp<std::int64_t>(unix_ms, 0, 253'402'300'799'999);
  std::int64_t days = ms / 86'400'000, rest = ms % 86'400'000;
  days += 719'468;
  const std::int64_t era = days / 146'097, doe = days % 146'097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const std::int64_t day = doy - (153 * mp + 2) / 5 + 1, month = mp < 10 ? mp + 3 : mp - 9;
  const std::int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  const auto digits = [](char* at, std::int64_t value, int width) {
    for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  };
  std::memcpy(out, "0000-00-00T00:00:00.000Z", 24);
  digits(out, year, 4);
  digits(out + 5, month, 2);
  digits(out + 8, day, 2);
  digits(out + 11, rest / 3'600'000, 2);
  digits(out + 14, rest / 60'000 % 60, 2);
  digits(out + 17, rest / 1000 % 60, 2);
  digits(out + 20, rest % 1000, 3);
}

bool parse_time(std::string_view text, std::int64_t& unix_ms) noexcept {
  const auto number = [&](std::size_t at, std::size_t width, std::int64_t& out) {
    if (at + width > text.size()) return false;
    out = 0;
    for (std::size_t i = at; i < at + width; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      out = out * 10 + (text[i] - '0');
    }
    return true;
  };
  std::int64_t year, month, day, hour, minute, second, ms = 0, offset = 0;
  if (text.size() < 20 || !number(0, 4, year) || text[4] != '-' || !number(5, 2, month) || text[7] != '-' || !number(8, 2, day) ||
      text[10] != 'T' || !number(11, 2, hour) || text[13] != ':' || !number(14, 2, minute) || text[16] != ':' || !number(17, 2, second))
    return false;
  static constexpr int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1970 || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 || day < 1) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day > month_days[month - 1] + (month == 2 && leap ? 1 : 0)) return false;
  std::size_t at = 19;
  if (text[at] == '.') {
    if (!number(at + 1, 3, ms)) return false;
    at += 4;
  }
  if (at >= text.size()) return false;
  if (text[at] == 'Z') {
    if (at + 1 != text.size()) return false;
  } else {
    std::int64_t h, m;
    if ((text[at] != '+' && text[at] != '-') || at + 6 != text.size() || !number(at + 1, 2, h) || text[at + 3] != ':' || !number(at + 4, 2, m) || h > 23 || m > 59)
      return false;
    offset = (h * 60 + m) * (text[at] == '-' ? -1 : 1);
  }
  const std::int64_t y = year - (month <= 2 ? 1 : 0), era = y / 400, yoe = y - era * 400;
  const std::int64_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  const std::int64_t days = era * 146'097 + doe - 719'468;
  unix_ms = ((days * 24 + hour) * 60 + minute - offset) * 60'000 + second * 1000 + ms;
  return unix_ms >= 0;
}

}  // namespace payswitch::daemon::api
