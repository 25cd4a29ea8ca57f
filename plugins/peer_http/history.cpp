#include "history.h"

#include <payswitch/ids.h>

#include <charconv>

namespace payswitch::peer_http {
namespace {

bool eat(std::string_view& text, std::string_view what) {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}
bool id(std::string_view& text, psw_id& out) {
  if (text.size() < id_hex_size + 1 || text[id_hex_size] != '"') return false;
  const auto read = parse_hex(text.substr(0, id_hex_size));
  if (!read) return false;
  out = *read;
  text.remove_prefix(id_hex_size + 1);
  return true;
}
// At most 15 digits: an integer of a structured field (RFC 8941, 3.3.1) is no longer.
bool number(std::string_view& text, std::uint64_t& out) {
  std::size_t n = 0;
  while (n != text.size() && text[n] >= '0' && text[n] <= '9') ++n;
  if (n == 0 || n > 15 || (n > 1 && text.front() == '0')) return false;
  std::from_chars(text.data(), text.data() + n, out);
  text.remove_prefix(n);
  return true;
}

}  // namespace

std::string write_history(const History& h) {
  std::string out = "ledger=\"" + to_hex(h.sender.ledger) + "\", epoch=" + std::to_string(h.sender.epoch) + ", position=" + std::to_string(h.sender.position);
  if (!is_zero(h.peer)) out += ", peer=\"" + to_hex(h.peer) + "\"";
  return out;
}

std::optional<History> parse_history(std::string_view text) {
  History out;
  if (!eat(text, "ledger=\"") || !id(text, out.sender.ledger) || !eat(text, ", epoch=") || !number(text, out.sender.epoch) || !eat(text, ", position=") ||
      !number(text, out.sender.position))
    return std::nullopt;
  if (text.empty()) return out;
  if (!eat(text, ", peer=\"") || !id(text, out.peer) || !text.empty() || is_zero(out.peer)) return std::nullopt;
  return out;
}

}  // namespace payswitch::peer_http
