// Another bank's word: credits, cancels and questions that come in, and news about what we sent out. Each is answered after its durable
// write. Incoming money ends here: the payee is in this ledger or the refusal is recorded; routing is never asked.
//
// app/ joins this to the host: it is the InboundSink of the process and hands each call to the coordinator of its loop.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "plugin_host/services.h"
#include "transfer/coordinator.h"

namespace payswitch::daemon::transfer {

class Inbound final : public plugin_host::InboundSink, public plugin_host::BankObserver {
 public:
  // coordinators[i] is that of loop i; all outlive this object.
  explicit Inbound(std::span<Coordinator* const> coordinators);
  ~Inbound() override;
  void deliver(unsigned loop, plugin_host::InboundCall& call) noexcept override;
  // A connector's breaker closed: one loop's coordinator asks about all open transfers of the bank, whoever began them.
  void bank_alive(unsigned loop, std::string_view bank) noexcept override;

  static constexpr std::uint32_t calls_max = 1024;  // at once on one loop; above it: overloaded, nothing recorded

 private:
  struct PerLoop;
  std::vector<std::unique_ptr<PerLoop>> loops_;
};

}  // namespace payswitch::daemon::transfer
