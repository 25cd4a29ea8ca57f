// Pages of a ledger's reads. A page that holds `limit` rows may have another behind it, and a shorter one is the last, unless the reply says
// otherwise: a ledger bounds the work of one read, so that a filter that hardly anything passes does not hold its reader, and then answers
// PSW_OK with what it found so far (perhaps nothing), reason `page_short`, and a position to go on from.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <cstdint>
#include <string_view>

namespace payswitch {

inline constexpr std::string_view page_short = "page_short";

// Is there to be asked for another page behind this one? `limit` is what was asked for, not 0.
inline bool page_goes_on(const psw_reply& reply, std::uint32_t limit) noexcept {
  return reply.code == PSW_OK && (reply.rows.n >= limit || view(reply.reason) == page_short);
}

}  // namespace payswitch
