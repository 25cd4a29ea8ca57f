#include "api/trace.h"

#include <payswitch/ids.h>

#include <cstring>

namespace payswitch::daemon::api {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool parse_number(std::string_view text, std::uint64_t& out) noexcept {
  out = 0;
  for (const char c : text) {
    const auto at = digits.find(c);
    if (at == std::string_view::npos) return false;
    out = out << 4 | at;
  }
  return true;
}

void write_number(std::uint64_t value, std::size_t width, char* out) noexcept {
  for (std::size_t i = width; i-- != 0; value >>= 4) out[i] = digits[value & 15];
}

}  // namespace

bool parse_traceparent(std::string_view text, TraceContext& out) noexcept {
  if (text.size() < traceparent_chars || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  std::uint64_t version = 0, parent = 0, flags = 0;
  if (!parse_number(text.substr(0, 2), version) || version == 255 || (version == 0 && text.size() != traceparent_chars)) return false;
  if (text.size() > traceparent_chars && text[traceparent_chars] != '-') return false;
  const auto trace = parse_hex(text.substr(3, 32));
  if (!trace || is_zero(*trace) || !parse_number(text.substr(36, 16), parent) || parent == 0 || !parse_number(text.substr(53, 2), flags)) return false;
  out = {*trace, parent, static_cast<std::uint8_t>(flags)};
  return true;
}

void write_traceparent(const TraceContext& context, std::uint64_t span, char* out) noexcept {
  std::memcpy(out, "00-", 3);
  write_hex(context.trace, out + 3);
  out[35] = '-';
  write_number(span == 0 ? 1 : span, 16, out + 36);
  out[52] = '-';
  write_number(context.flags, 2, out + 53);
}

bool answer_traceparent(std::string_view received, std::uint64_t span, char* out) noexcept {
  TraceContext context;
  if (received.empty() || !parse_traceparent(received, context)) return false;
  write_traceparent(context, span, out);
  return true;
}

}  // namespace payswitch::daemon::api
