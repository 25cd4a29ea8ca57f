#include "app/control_room.h"

namespace payswitch::daemon::app {

ControlRoom::ControlRoom(Daemon& daemon) : daemon_(daemon), server_(daemon.config().control, daemon.clock(), daemon.logger()) {
  register_status();
  register_accounts();
  register_transfers();
  register_decisions();
  register_keys();
  register_connectors();
  register_peers();
}

Result<void> ControlRoom::start() { return server_.start(); }
void ControlRoom::stop() { server_.stop(); }

}  // namespace payswitch::daemon::app
