// The keys service of a simulated bank: real Ed25519 by the daemon's own key ring, with keys that follow from their names, so that a seed
// gives the same signatures on every machine.
#pragma once

#include <payswitch/testing/fake_host.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugin_host/key_ring.h"

namespace payswitch::simulation::peers {

class Wallet final : public testing::FakeHost::Keys {
 public:
  // `own`: key ids, the last one signs. `theirs`: bank and key id.
  void hold(const std::vector<std::string>& own, const std::vector<std::pair<std::string, std::string>>& theirs);
  std::string sign(std::string_view message, std::uint8_t* signature) override;
  std::int32_t verify(std::string_view key_id, std::string_view message, const std::uint8_t* signature, std::string& bank) override;

 private:
  std::unique_ptr<daemon::plugin_host::Ed25519KeyRing> ring_;
};

}  // namespace payswitch::simulation::peers
