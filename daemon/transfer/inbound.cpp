#include "transfer/inbound.h"

#include "transfer/inbound_flow.h"
#include "transfer/recovery.h"

namespace payswitch::daemon::transfer {

struct Inbound::PerLoop : InboundLoop {
  using InboundLoop::InboundLoop;
};

Inbound::Inbound(std::span<Coordinator* const> coordinators) {
  for (auto* coordinator : coordinators) loops_.push_back(std::make_unique<PerLoop>(*coordinator->impl_, calls_max));
}
Inbound::~Inbound() = default;

void Inbound::deliver(unsigned loop, plugin_host::InboundCall& call) noexcept {
  auto& mine = *loops_[loop];
  auto* flow = mine.core.draining ? nullptr : mine.flows.take();
  if (flow == nullptr) {
    psw_reply reply{};
    reply.size = sizeof reply;
    reply.code = PSW_OVERLOADED;
    reply.retry_after_ms = 1'000;
    return call.answer(reply);
  }
  flow->start(call);
}

void Inbound::bank_alive(unsigned loop, std::string_view bank) noexcept { loops_[loop]->core.recovery->bank_alive(bank); }

}  // namespace payswitch::daemon::transfer
