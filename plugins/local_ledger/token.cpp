#include "token.h"

#include <payswitch/ids.h>

#include <charconv>
#include <cstring>

namespace payswitch::local_ledger {
namespace {

bool read_number(std::string_view& text, std::uint64_t& out) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

std::size_t write_token(const psw_id& ledger, std::uint64_t epoch, std::uint64_t sequence, char* out) noexcept {
  char hex[id_hex_size];
  write_hex(ledger, hex);
  std::memcpy(out, hex, 8);
  char* at = out + 8;
  char* const end = out + token_bytes_max;
  *at++ = '.';
  at = std::to_chars(at, end, epoch).ptr;
  *at++ = '.';
  at = std::to_chars(at, end, sequence).ptr;
  return static_cast<std::size_t>(at - out);
}

bool read_token(std::string_view text, const psw_id& ledger, Token& out) noexcept {
  char hex[id_hex_size];
  write_hex(ledger, hex);
  if (text.size() < 9 || text.substr(0, 8) != std::string_view(hex, 8) || text[8] != '.') return false;
  text.remove_prefix(9);
  if (!read_number(text, out.epoch) || text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  if (!read_number(text, out.sequence)) return false;
  if (text.empty()) return true;
  if (text.front() != '/') return false;
  out.cursor = text.substr(1);
  return true;
}

}  // namespace payswitch::local_ledger
