// A connector in the real plugin host, driven by one thread: who waits for whom is out of the measurement, what the border does is in. With a
// loop of the caller's own the lanes have threads as in the daemon, and only the loop's side is driven here.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "plugin_host/host.h"

namespace payswitch::bench {

class SingleHost final : daemon::plugin_host::LoopPort {
 public:
  SingleHost(const std::string& directory, const std::string& plugin, std::shared_ptr<const daemon::plugin_host::Options> options,
             const std::string& bank = {}, daemon::plugin_host::LoopPort* loop = nullptr)
      : log_(clock_, std::make_unique<daemon::MemorySink>(), daemon::Severity::warning),
        host_({.plugin_directory = directory, .threads = loop != nullptr}, {.clock = &clock_, .loops = {loop != nullptr ? loop : this}, .log = &log_, .metrics = &metrics_}) {
    must(host_.open(plugin));
    daemon::plugin_host::ConnectorSettings settings;
    settings.name = "measured";
    settings.plugin = plugin;
    settings.bank = bank;
    settings.our_bank = "mj";
    settings.in_flight_max = 1024;
    settings.options = std::move(options);
    must(host_.add(std::move(settings)));
    must(host_.start());
    participant = host_.find("measured");
    if (loop != nullptr) must(host_.wait_ready(1000));
    while (participant->state() != daemon::plugin_host::ConnectorState::up) run();
  }
  ~SingleHost() { host_.stop(); }

  // Everything there is to do, until nothing is left.
  void run() {
    do host_.poll(0);
    while (host_.turn_lanes());
  }
  void hand_over() { host_.poll(0); }        // from the loop to the lane; and completions back
  void turn() { host_.turn_lanes(); }        // the plugin works

  daemon::plugin_host::Participant* participant = nullptr;

 private:
  void wake() noexcept override {}
  template <class Result>
  static void must(const Result& result) {
    if (result.ok()) return;
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }

  daemon::SystemClock clock_;
  daemon::Logger log_;
  daemon::Registry metrics_;
  daemon::plugin_host::PluginHost host_;
};

}  // namespace payswitch::bench
