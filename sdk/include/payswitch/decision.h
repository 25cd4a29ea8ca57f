// What a bank said about one op_id, owned: it outlives the message it was read from. Fill it with what the *peer* said; the core
// compares it with what was asked (the echo), so copying the question into it would switch that check off.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/money.h>
#include <payswitch/outcome.h>
#include <payswitch/str.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace payswitch {

class decision {
 public:
  decision() noexcept {}
  decision(const psw_id& op, const psw_money& amount, std::string_view from, std::string_view to) : op_id(op), money(amount), payer(from), payee(to) {}
  explicit decision(const psw_decision& d)
      : word(static_cast<Outcome>(d.outcome)), op_id(d.op_id), money(d.money), payer(view(d.payer)), payee(view(d.payee)), code(view(d.code)),
        peer_reference(view(d.peer_reference)), theirs(d.theirs), their_clock_ms(d.their_clock_ms), decided_ms(d.decided_ms),
        direction(d.direction), reverses(d.reverses), verified_key(view(d.verified_key)) {
    std::memcpy(hash, d.hash, sizeof hash);
  }

  // Borrows the strings: good until this object changes.
  psw_decision abi() const noexcept {
    psw_decision out{};
    out.size = sizeof out;
    out.outcome = static_cast<std::int32_t>(word);
    out.op_id = op_id;
    out.money = money;
    out.payer = str(payer);
    out.payee = str(payee);
    out.code = str(code);
    out.peer_reference = str(peer_reference);
    std::memcpy(out.hash, hash, sizeof hash);
    out.theirs = theirs;
    out.their_clock_ms = their_clock_ms;
    out.decided_ms = decided_ms;
    out.direction = direction;
    out.reverses = reverses;
    out.verified_key = str(verified_key);
    return out;
  }

  Outcome word = Outcome::unknown;  // applied, refused or pending; set by the reply it goes into
  psw_id op_id{};
  psw_money money{};
  std::string payer, payee, code, peer_reference;
  std::uint8_t hash[32] = {};
  psw_history theirs{};
  std::int64_t their_clock_ms = 0, decided_ms = 0;
  std::int32_t direction = 1;
  psw_id reverses{};
  std::string verified_key;
};
static_assert(!std::is_aggregate_v<decision>);

}  // namespace payswitch
