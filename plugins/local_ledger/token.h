// Consistency tokens: "<first 8 hex digits of the ledger id>.<epoch>.<sequence>", for paged reads followed by "/" and where to go on.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <string_view>

namespace payswitch::local_ledger {

inline constexpr std::size_t token_bytes_max = 8 + 1 + 20 + 1 + 20;

struct Token {
  std::uint64_t epoch = 0, sequence = 0;
  std::string_view cursor;  // behind the slash
};

// Returns the number of bytes written to `out` (token_bytes_max).
std::size_t write_token(const psw_id& ledger, std::uint64_t epoch, std::uint64_t sequence, char* out) noexcept;
// False: not a token of this ledger.
bool read_token(std::string_view text, const psw_id& ledger, Token& out) noexcept;

}  // namespace payswitch::local_ledger
