// Payswitch-History: what a bank remembers, in every message between two banks (RFC 8941 dictionary):
//   Payswitch-History: ledger="<32 hex>", epoch=1, position=812, peer="<32 hex>"
// ledger, epoch, position are the sender's; peer is the ledger id that the sender has pinned for the receiver, absent at first contact.
#pragma once

#include <payswitch/abi.h>

#include <optional>
#include <string>
#include <string_view>

namespace payswitch::peer_http {

inline constexpr std::string_view history_name = "payswitch-history";

struct History {
  psw_history sender{};
  psw_id peer{};  // zero: none pinned
};

std::string write_history(const History& history);
// Empty for any other spelling than the one that write_history makes.
std::optional<History> parse_history(std::string_view text);

}  // namespace payswitch::peer_http
