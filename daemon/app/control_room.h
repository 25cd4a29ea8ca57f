// The commands of payswitchctl, joined to the parts they ask. One file per group of commands.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/daemon.h"
#include "base/result.h"
#include "control/server.h"

namespace payswitch::daemon::app {

class ControlRoom {
 public:
  explicit ControlRoom(Daemon& daemon);
  Result<void> start();
  void stop();

 private:
  void register_status();
  void register_accounts();
  void register_transfers();
  void register_decisions();
  void register_keys();
  void register_connectors();
  void register_peers();

  Daemon& daemon_;
  control::Server server_;
};

}  // namespace payswitch::daemon::app
