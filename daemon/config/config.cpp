#include "config/config.h"

#include "base/assert.h"

namespace payswitch::daemon::config {

bool Listener::loopback() const noexcept { return host.starts_with("127.") || host == "::1"; }

const Connector* Config::connector(std::string_view name) const noexcept {
  for (const Connector& connector : connectors)
    if (connector.name == name) return &connector;
  return nullptr;
}

const Bank* Config::bank(std::string_view code) const noexcept {
  for (const Bank& bank : banks)
    if (bank.code == code) return &bank;
  return nullptr;
}

const Connector& Config::ledger() const {
  const Connector* found = connector(self.ledger);
  PSW_ASSERT(found != nullptr);  // load() refuses a file without it
  return *found;
}

const TransferLimits& Config::transfer_limits(std::string_view currency) const noexcept {
  static const TransferLimits none;
  const auto found = limits.transfer.find(currency);
  return found == limits.transfer.end() ? none : found->second;
}

}  // namespace payswitch::daemon::config
