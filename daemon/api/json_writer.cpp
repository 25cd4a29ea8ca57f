#include "api/json_writer.h"

#include <algorithm>
#include <cstring>

namespace payswitch::daemon::api {
namespace {

constexpr std::string_view hex = "0123456789abcdef";

// Length of the UTF-8 sequence at s[i] (RFC 3629, no surrogates, shortest form), or 0.
std::size_t utf8_length(std::string_view s, std::size_t i) noexcept {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(s[k]); };
  const unsigned char b = byte(i);
  const auto tail = [&](std::size_t n) {
    if (s.size() - i <= n) return false;
    for (std::size_t k = 1; k <= n; ++k)
      if ((byte(i + k) & 0xc0) != 0x80) return false;
    return true;
  };
  if (b >= 0xc2 && b <= 0xdf) return tail(1) ? 2 : 0;
  if (b >= 0xe0 && b <= 0xef) {
    if (!tail(2)) return 0;
    if (b == 0xe0 && byte(i + 1) < 0xa0) return 0;
    if (b == 0xed && byte(i + 1) > 0x9f) return 0;
    return 3;
  }
  if (b >= 0xf0 && b <= 0xf4) {
    if (!tail(3)) return 0;
    if (b == 0xf0 && byte(i + 1) < 0x90) return 0;
    if (b == 0xf4 && byte(i + 1) > 0x8f) return 0;
    return 4;
  }
  return 0;
}

}  // namespace

JsonWriter::JsonWriter(std::pmr::memory_resource& arena, std::size_t first_bytes)
    : arena_(arena), data_(static_cast<char*>(arena.allocate(first_bytes, 1))), room_(first_bytes) {}

// The old buffer stays in the arena until the exchange ends: growth doubles, so at most as much again is lost.
void JsonWriter::grow(std::size_t more) {
  const std::size_t room = std::max(room_ * 2, size_ + more);
  char* data = static_cast<char*>(arena_.allocate(room, 1));
  std::memcpy(data, data_, size_);
  data_ = data;
  room_ = room;
}

void JsonWriter::put(std::string_view s) {
  if (room_ - size_ < s.size()) grow(s.size());
  std::memcpy(data_ + size_, s.data(), s.size());
  size_ += s.size();
}

void JsonWriter::comma() {
  if (need_comma_) put(',');
  need_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() { comma(); put('{'); need_comma_ = false; return *this; }
JsonWriter& JsonWriter::end_object() { put('}'); need_comma_ = true; return *this; }
JsonWriter& JsonWriter::begin_array() { comma(); put('['); need_comma_ = false; return *this; }
JsonWriter& JsonWriter::end_array() { put(']'); need_comma_ = true; return *this; }

JsonWriter& JsonWriter::key(std::string_view name) {
  comma();
  put('"');
  put(name);
  put("\":");
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  comma();
  put('"');
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
      ++i;
      continue;
    }
    const std::size_t length = c >= 0x80 ? utf8_length(text, i) : 0;
    if (length) {
      i += length;
      continue;
    }
    put(text.substr(start, i - start));
    if (c == '"' || c == '\\') { put('\\'); put(static_cast<char>(c)); }
    else if (c == '\n') put("\\n");
    else if (c == '\t') put("\\t");
    else if (c == '\r') put("\\r");
    else if (c >= 0x80) put("\xef\xbf\xbd");
    else { put("\\u00"); put(hex[c >> 4]); put(hex[c & 15]); }
    start = ++i;
  }
  put(text.substr(start));
  put('"');
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t n) {
  comma();
  char buffer[20];
  char* end = buffer + sizeof buffer;
  char* p = end;
  std::uint64_t u = n < 0 ? 0 - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
  do { *--p = static_cast<char>('0' + u % 10); u /= 10; } while (u);
  if (n < 0) *--p = '-';
  put({p, static_cast<std::size_t>(end - p)});
  return *this;
}

JsonWriter& JsonWriter::boolean(bool b) { comma(); put(b ? "true" : "false"); return *this; }
JsonWriter& JsonWriter::null() { comma(); put("null"); return *this; }
JsonWriter& JsonWriter::raw(std::string_view json) { comma(); put(json); return *this; }

JsonWriter& JsonWriter::minor(__int128 amount) {
  comma();
  char buffer[44];
  char* end = buffer + sizeof buffer;
  char* p = end;
  const bool negative = amount < 0;
  unsigned __int128 u = negative ? 0 - static_cast<unsigned __int128>(amount) : static_cast<unsigned __int128>(amount);
  *--p = '"';
  do { *--p = static_cast<char>('0' + static_cast<int>(u % 10)); u /= 10; } while (u);
  if (negative) *--p = '-';
  *--p = '"';
  put({p, static_cast<std::size_t>(end - p)});
  return *this;
}

JsonWriter& JsonWriter::time(std::int64_t unix_ms) {
  comma();
  char buffer[26];
  buffer[0] = buffer[25] = '"';
  write_time(buffer + 1, unix_ms);
  put({buffer, sizeof buffer});
  return *this;
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

namespace {
constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
}

void write_ulid(char* out, const unsigned char* bytes) noexcept {
  unsigned __int128 v = 0;
  for (int i = 0; i < 16; ++i) v = v << 8 | bytes[i];
  for (int i = 25; i >= 0; --i, v >>= 5) out[i] = crockford[static_cast<std::size_t>(v & 31)];
}

bool parse_ulid(std::string_view text, unsigned char* bytes) noexcept {
  if (text.size() != 26 || text[0] > '7') return false;
  unsigned __int128 v = 0;
  for (const char c : text) {
    const auto at = crockford.find(c);
    if (at == std::string_view::npos) return false;
    v = v << 5 | at;
  }
  for (int i = 15; i >= 0; --i, v >>= 8) bytes[i] = static_cast<unsigned char>(v & 255);
  return true;
}

}  // namespace payswitch::daemon::api
