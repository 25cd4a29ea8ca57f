// Text from outside, made safe to log and to send on.
#pragma once

#include <cstdint>

namespace payswitch::daemon::plugin_host {

// The largest length <= cap that does not cut a character in two. `data` has more than cap bytes.
std::uint64_t utf8_cut(const char* data, std::uint64_t cap) noexcept;
// Replaces every byte that is not part of a well-formed character (RFC 3629), and NUL, by '?', in place. True if there was one.
bool utf8_repair(char* data, std::uint64_t size) noexcept;

}  // namespace payswitch::daemon::plugin_host
