// Loads the configured connectors, owns them and turns their lanes. One object per process, built by app/ (or by a test, or by
// the simulator: nothing in here needs a thread, a socket or a real clock unless HostSettings says so).
//
// Order of use, all on one thread (the control thread):
//   open(plugin)…        file policy, ELF without running code, dlopen, descriptor: gives the schema that config/ checks options with
//   add(settings)…       create and configure one instance
//   start()              start every instance, begin to turn the lanes; ready() of the plugin comes later
//   poll(loop)           by each loop after each of its batches, and when its LoopPort was woken
//   drain(), stop()      the way out
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "plugin_host/descriptor.h"
#include "plugin_host/options.h"
#include "plugin_host/participant.h"
#include "plugin_host/services.h"

namespace payswitch::daemon::plugin_host {

// One loop as the host needs it. app/ wraps net::Loop; a test or the simulator brings its own.
class LoopPort {
 public:
  virtual ~LoopPort() = default;
  // Any thread. PluginHost::poll(index) is to run soon on this loop. Cheap, never blocks, never allocates.
  virtual void wake() noexcept = 0;
};

// One configured use of a connector type.
struct ConnectorSettings {
  std::string name;          // unique: [[connector]] name
  std::string plugin;        // `plugin = ` of the configuration: the file's name in the plugin directory without ".so", which is also
                             // the id of the type ("local_ledger"); "file:type" for one of several types in a file
  std::string bank;          // counterparty of a gateway
  std::string our_bank;      // [switch] bank
  std::string tls_profile;   // of psw.http-client/1 for this instance; empty: none
  std::string sha256;        // optional pin, 64 hex digits
  bool required = true;      // false: a failure is logged and the daemon starts degraded
  std::uint64_t call_grace_ms = 250;     // after a call deadline, before the host answers unknown itself
  std::uint32_t in_flight_max = 0;       // calls open at once, of all loops together: a busy loop borrows what the others leave, up to four
                                         // even shares; 0: 4096 for a ledger, 256 otherwise
  std::uint64_t lifecycle_limit_ms = 10'000;  // create, configure, start, stop, destroy: each; afterwards it counts as hanging
  std::shared_ptr<const Options> options;     // shared: the plugin may read it as long as its instance lives
};

struct HostSettings {
  std::string plugin_directory;
  // True in the daemon: lanes have threads of their own and lifecycle calls run on a control thread under a limit. False: one
  // thread drives everything through poll() and turn_lanes(), nothing waits, time is the clock's.
  bool threads = true;
  bool allow_foreign_files = false;  // payswitchctl on a build tree: plugins need not belong to root or us
  bool commands_only = false;  // payswitchctl's offline commands: instances are created and configured, not started; needs threads = false
  std::uint64_t turn_warn_ms = 1000;   // watchdog: a turn running longer is logged and counted
  std::uint64_t drain_limit_ms = 20'000;
};

// What the host stands on. All outlive it. Pointers may be null: the service is then absent (service() gives NULL).
struct HostParts {
  const Clock* clock = nullptr;            // required
  std::vector<LoopPort*> loops;            // index = net::Loop::index(); 1 to 64
  Logger* log = nullptr;                   // required
  Registry* metrics = nullptr;             // required
  InboundSink* inbound = nullptr;
  BankObserver* banks = nullptr;           // null: nobody wants to know
  KvStore* kv = nullptr;
  HttpClientPort* http_client = nullptr;
  HttpRoutesPort* http_routes = nullptr;
  SecretSource* secrets = nullptr;
  KeyRing* keys = nullptr;
  TraceSink* trace = nullptr;
};

struct LaneStatus {
  std::string_view mode;       // "shared", "blocking", "loop"
  std::uint32_t threads = 0;
  std::uint32_t queued = 0;    // in the inbox now
  std::uint32_t inbox_max = 0;
  std::uint64_t turns = 0;
  std::uint64_t turn_ns_max = 0;  // since the last status()
};

struct ConnectorStatus {
  std::string name, plugin, type, version, build, bank, role, text;
  ConnectorState state = ConnectorState::starting;
  bool breaker_open = false;
  std::uint32_t in_flight = 0, in_flight_max = 0;
  std::uint64_t calls = 0, timeouts = 0, late = 0, stale = 0, unknown = 0, faults = 0, refused_full = 0;
  std::vector<LaneStatus> lanes;
};

// Both live as long as the host.
struct OpenPlugin {
  const Descriptor* file = nullptr;
  const TypeDescriptor* type = nullptr;
};

class PluginHost {
 public:
  PluginHost(HostSettings settings, HostParts parts);
  ~PluginHost();  // stop() if it was not called
  PluginHost(const PluginHost&) = delete;
  PluginHost& operator=(const PluginHost&) = delete;

  // Steps 1, 2, 5 and 6 of the pipeline. The same file opens once, however often it is named. [control]
  Result<OpenPlugin> open(std::string_view plugin, std::string_view sha256 = {});

  // create and configure. The error names connector, file, step and remedy. With required = false a failure is remembered (status()
  // shows it, find() gives nullptr) and the result is ok. [control]
  Result<void> add(ConnectorSettings settings);

  // start of every instance; lanes are turned from here on. The loops may be polling already; add() must be over. [control]
  Result<void> start();

  // Until every required instance is up or degraded, at most limit_ms; names those that are not. Needs threads. [control]
  Result<void> wait_ready(std::uint64_t limit_ms);

  // RELOADABLE options changed: every lane of the instance gets EV_CONFIG. [control]
  Result<void> reconfigure(std::string_view name, std::shared_ptr<const Options> options);

  // nullptr: no such connector, or it did not load. Valid until the host dies; call before or after start(). Any thread.
  Participant* find(std::string_view name) noexcept;

  std::vector<ConnectorStatus> status() const;  // any thread

  // Hands over what was submitted on this loop, turns shared lanes that live on it, runs completions, answers calls whose deadline
  // passed. To be called on the loop after each batch. Returns when it wants to be called again although nobody woke it: monotonic
  // ns, or UINT64_MAX.
  std::uint64_t poll(unsigned loop) noexcept;

  // threads = false only: turns every lane that has something to do, once; true if any had. Then poll() brings the completions.
  bool turn_lanes() noexcept;

  // New operations are refused, lanes get EV_DRAIN, waits for DRAINED of all up to the limit; false: some were not. [control]
  bool drain();
  // Stops and destroys, in reverse order of add(); then answers what is still open with unknown. The loops must still be polled or
  // already be stopped; completions of calls that are open now run in the next poll(). [control]
  void stop();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace payswitch::daemon::plugin_host
