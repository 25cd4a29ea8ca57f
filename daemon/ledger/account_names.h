// Names of the system accounts. A customer's number cannot contain a colon, so the two never meet.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace payswitch::daemon::ledger {

inline constexpr std::string_view system_owner = "system";
inline constexpr std::size_t system_name_bytes_max = 64;
inline constexpr std::size_t bank_code_bytes_max = 32;

// A name without memory of its own; copied freely.
class SystemName {
 public:
  std::string_view view() const noexcept { return {text_, size_}; }
  operator std::string_view() const noexcept { return view(); }  // NOLINT: it is a string

  SystemName& add(std::string_view part) noexcept {
    const std::size_t room = sizeof text_ - size_;
    const std::size_t n = part.size() < room ? part.size() : room;
    if (n != 0) std::memcpy(text_ + size_, part.data(), n);
    size_ += n;
    return *this;
  }

 private:
  char text_[system_name_bytes_max] = {};
  std::size_t size_ = 0;
};

// Counterpart of deposits and withdrawals: "cash:KRW".
inline SystemName cash_account(std::string_view currency) noexcept { return SystemName{}.add("cash:").add(currency); }
// Counterpart of imported balances: "opening:KRW".
inline SystemName opening_account(std::string_view currency) noexcept { return SystemName{}.add("opening:").add(currency); }
// What we and one bank owe each other: "clearing:jh:KRW". Per bank code, never per connector.
inline SystemName clearing_account(std::string_view bank, std::string_view currency) noexcept {
  return SystemName{}.add("clearing:").add(bank).add(":").add(currency);
}
// Money whose fate is being repaired: "suspense:jh:KRW".
inline SystemName suspense_account(std::string_view bank, std::string_view currency) noexcept {
  return SystemName{}.add("suspense:").add(bank).add(":").add(currency);
}
// What a bank gives up, or keeps, when a repair is written off: "writeoff:KRW".
inline SystemName writeoff_account(std::string_view currency) noexcept { return SystemName{}.add("writeoff:").add(currency); }
inline bool is_system_account(std::string_view number) noexcept { return number.find(':') != std::string_view::npos; }

}  // namespace payswitch::daemon::ledger
