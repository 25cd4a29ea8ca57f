// Copies what a plugin answered into the call's own memory and makes it harmless on the way: unknown words, over-long and broken
// text never reach the rooms above.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>

#include "plugin_host/arena.h"

namespace payswitch::daemon::plugin_host {

inline constexpr std::uint64_t reason_bytes_max = 64;
inline constexpr std::uint64_t text_bytes_max = 512;
inline constexpr std::uint64_t command_text_bytes_max = 1u << 20;  // a command's answer may be a page of JSON
inline constexpr std::uint64_t decision_text_bytes_max = 256;
inline constexpr std::uint64_t identity_text_bytes_max = 8192;
inline constexpr std::uint64_t hello_text_bytes_max = 64;
inline constexpr std::uint32_t list_stride_bytes_max = 4096;       // of a list's element: far more than any struct will grow to
inline constexpr std::uint32_t retry_after_ms_max = 3'600'000;     // a bank that says "come back in a year" is asked again in an hour
inline constexpr std::uint64_t inbound_text_bytes_max = 4096;      // of each string of a bank's word to the core

// What had to be put right; for counters and one log line. Bits.
enum ReplyFlaw : std::uint32_t {
  flaw_none = 0,
  flaw_code = 1,       // not a known code: internal
  flaw_outcome = 2,    // a word this operation may not use: unknown
  flaw_text = 4,       // cut or repaired
  flaw_too_large = 8,  // did not fit: everything but code internal, outcome unknown was dropped
  flaw_body = 16,      // applied or refused without the decision that says so: unknown
  flaw_short = 32,     // smaller than any reply can be
};

// `out` and all it points to lie in `arena`; out.handle is the reply's. Any thread that has the right to answer. Never fails: a
// reply that cannot be copied becomes internal/unknown.
std::uint32_t copy_reply(const psw_op& op, const psw_reply& reply, psw_reply& out, Arena& arena) noexcept;

// The same for messages that are not replies: one sized struct with its strings, nullptr when it does not fit. Strings keep their
// bytes. For the services.
const psw_credit* copy_credit(const psw_credit& from, Arena& arena) noexcept;  // nullptr too for a string above inbound_text_bytes_max
const psw_decision* copy_decision(const psw_decision& from, Arena& arena) noexcept;
const psw_read* copy_read(const psw_read& from, Arena& arena) noexcept;
psw_http* copy_http(const psw_http& from, Arena& arena) noexcept;  // headers included
bool copy_kvs(psw_list from, psw_list& to, Arena& arena) noexcept;
bool copy_text(psw_str from, psw_str& to, Arena& arena) noexcept;

// A reply of the host's own. `reason` is a literal: connector_down, inbox_full, breaker_open, call_deadline, connector_faulted,
// shutting_down, reply_too_large.
psw_reply host_reply(std::int32_t code, std::int32_t outcome, const char* reason, const char* text) noexcept;

}  // namespace payswitch::daemon::plugin_host
