// W3C Trace Context, level 1: the caller's trace goes on with a span of ours.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <string_view>

namespace payswitch::daemon::api {

inline constexpr std::size_t traceparent_chars = 55;  // 00-<32 hex>-<16 hex>-<2 hex>

struct TraceContext {
  psw_id trace{};
  std::uint64_t parent = 0;
  std::uint8_t flags = 0;
};
// False: absent or not well-formed (RFC: then a new trace starts); versions above 00 are read by their first four fields.
bool parse_traceparent(std::string_view text, TraceContext& out) noexcept;
// Exactly traceparent_chars bytes.
void write_traceparent(const TraceContext& context, std::uint64_t span, char* out) noexcept;
// The answer's header: the caller's trace with our span; false when the caller sent none.
bool answer_traceparent(std::string_view received, std::uint64_t span, char* out) noexcept;

}  // namespace payswitch::daemon::api
