// Where plugin_host/ meets the rooms beside it: key tables for the configuration's loader, wake-ups of loops.
#pragma once

#include <payswitch/abi.h>

#include <deque>
#include <vector>

#include "config/load.h"
#include "net/loop.h"
#include "plugin_host/descriptor.h"
#include "plugin_host/host.h"

namespace payswitch::daemon::app {

// Loads each plugin once to read its key table; the code stays in the process, as it does at start.
class LoadedSchemas final : public config::PluginSchemas {
 public:
  // What was looked at before is not looked at again: its file may have been changed by now.
  Result<config::PluginSchema> schema(const config::PluginReference& plugin) override;
  // From now on no code is loaded for a schema: a plugin that is not known yet is an error that asks for a restart.
  void close() noexcept { closed_ = true; }

 private:
  struct Known {
    std::string plugin, directory;
    config::PluginSchema schema;  // set when everything about it was right
    bool whole = false;
    std::vector<psw_key> keys;
    plugin_host::Descriptor descriptor;
  };
  std::deque<Known> known_;
  bool closed_ = false;
};

// "local_ledger", or "fixtures:map_ledger" for a file that holds several types.
struct PluginName {
  std::string file, type;
};
PluginName split_plugin_name(std::string_view plugin);

class LoopWaker final : public plugin_host::LoopPort {
 public:
  explicit LoopWaker(net::Loop& loop) : loop_(loop) {}
  void wake() noexcept override { loop_.wake(); }

 private:
  net::Loop& loop_;
};

}  // namespace payswitch::daemon::app
