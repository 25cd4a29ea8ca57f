// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein 2012): a keyed hash, so that a cache never keeps a secret's text and
// nobody without the key can build a collision.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace payswitch::daemon::auth {

std::array<std::uint64_t, 2> siphash128(std::array<std::uint64_t, 2> key, std::string_view data) noexcept;

}  // namespace payswitch::daemon::auth
