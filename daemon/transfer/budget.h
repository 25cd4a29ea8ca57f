// The in-doubt budget of each bank: how much money, and how many transfers, stand with an unknown fate for longer than a grace. Read
// from the ledger now and then; the figures are at most a second old when a transfer is admitted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "transfer/core.h"

namespace payswitch::daemon::transfer {

class Budget {
 public:
  explicit Budget(Core& core) noexcept : core_(core) {}
  bool allows(std::string_view bank, std::string_view currency, std::int64_t amount_minor) const noexcept;
  void tick();

 private:
  struct Figures {
    std::map<std::string, std::int64_t, std::less<>> money;  // by currency
    std::uint64_t count = 0;
  };
  void ask();
  void got(const ledger::ReadReply& reply);

  static constexpr std::uint32_t page = 500;
  Core& core_;
  std::map<std::string, Figures, std::less<>> figures_, next_;
  std::size_t bank_ = 0;       // index of the bank being read
  bool reading_ = false;
  std::string after_;
  std::uint64_t due_ns_ = 0;
};

}  // namespace payswitch::daemon::transfer
