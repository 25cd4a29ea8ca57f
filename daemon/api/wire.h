// How values look on the wire: amounts as strings of digits, times in RFC 3339, ids as ULID or hex.
#pragma once

#include <payswitch/ids.h>
#include <payswitch/money.h>

#include <cstdint>
#include <string_view>

#include "base/json.h"

namespace payswitch::daemon::api {

// Amounts are strings: 2^63 does not fit into what most JSON readers call a number.
void member_minor(json::Writer& out, std::string_view name, Int128 amount);
void member_ulid(json::Writer& out, std::string_view name, const psw_id& id);
void member_hex(json::Writer& out, std::string_view name, const psw_id& id);
void member_time(json::Writer& out, std::string_view name, std::int64_t unix_ms);

inline constexpr std::size_t time_chars = 24;
// "2026-03-01T12:00:00.000Z": exactly time_chars bytes.
void write_time(char* out, std::int64_t unix_ms) noexcept;
// RFC 3339 with seconds, with or without milliseconds, "Z" or "+09:00"; from 1970 on. False for anything else.
bool parse_time(std::string_view text, std::int64_t& unix_ms) noexcept;

}  // namespace payswitch::daemon::api
