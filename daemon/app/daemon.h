// The composition root: builds every part in order, by hand, runs until a signal, takes them down in reverse.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api/admin.h"
#include "api/metrics.h"
#include "api/server.h"
#include "app/arguments.h"
#include "app/check_config.h"
#include "app/http_client_bridge.h"
#include "app/key_reader.h"
#include "app/late_ports.h"
#include "app/loop_room.h"
#include "app/notices.h"
#include "app/plugin_routes.h"
#include "app/sampler.h"
#include "app/secret_files.h"
#include "app/systemd.h"
#include "app/trust.h"
#include "auth/credentials.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "config/config.h"
#include "events/feed.h"
#include "ledger/bootstrap.h"
#include "ledger/kv_store.h"
#include "net/listener.h"
#include "plugin_host/host.h"
#include "transfer/inbound.h"
#include "transfer/peer_history.h"
#include "transfer/settings.h"

namespace payswitch::daemon::app {

class ControlRoom;

// One per process; all members are called on the main thread unless they say otherwise.
class Daemon {
 public:
  explicit Daemon(Arguments arguments);
  ~Daemon();

  // The whole life of the process; gives its exit status. Signals must be blocked already, so that no thread takes one.
  int run();

  // ---- for the control room (control thread) and the admin listener ----
  const config::Config& config() const noexcept { return *config_; }
  Logger& logger() noexcept { return *logger_; }
  plugin_host::PluginHost& host() noexcept { return *host_; }
  std::vector<std::unique_ptr<LoopRoom>>& rooms() noexcept { return rooms_; }
  const transfer::Settings& settings() const noexcept { return *settings_; }
  const Clock& clock() const noexcept { return clock_; }
  const psw_history& ledger_identity() const noexcept { return ledger_identity_; }
  const transfer::PeerHistory& peers() const noexcept { return peers_; }  // any thread
  KeyReader& key_reader() noexcept { return *key_reader_; }
  auth::KeyStore& keys() noexcept { return keys_; }
  std::vector<api::HealthCheck> live();   // any thread
  std::vector<api::HealthCheck> ready();  // any thread
  std::string signing_key() const { return std::string(signing_keys_->signing_key()); }  // id; any thread
  plugin_host::SwitchedKeyRing& signing_keys() noexcept { return *signing_keys_; }
  // What the control thread wants done on the main thread; it answers by itself.
  void on_main_thread(std::function<void()> work);
  std::int64_t started_ms() const noexcept { return started_ms_; }

 private:
  // Each gives an exit status, exit_ok to go on.
  int load();
  int start_plugins();
  int start_ledger();
  int start_loops();
  int start_listeners();
  int wait_for_signal();
  void shut_down();
  int fail(int status, std::string_view reason);
  void watch_loops();
  void reload_certificates();
  // The configuration that runs, with the signing keys and the other banks' keys and pins that its file names now.
  std::optional<config::Config> with_keys_of_the_file(config::Problems& problems);

  Arguments arguments_;
  ServiceManager service_;
  SystemClock clock_;
  std::int64_t started_ms_ = 0;
  LoadedSchemas schemas_;
  std::shared_ptr<const config::Config> config_;
  std::unique_ptr<Logger> logger_;
  Registry metrics_;
  std::unique_ptr<api::ApiMetrics> api_metrics_;
  auth::KeyStore keys_;
  std::unique_ptr<Notices> notices_;
  LateKvStore kv_port_;
  LateInbound inbound_port_;
  LateBanks banks_port_;

  Trust trust_;
  std::unique_ptr<plugin_host::SwitchedKeyRing> signing_keys_;
  std::mutex wanted_mutex_;
  std::vector<std::function<void()>> wanted_;
  std::unique_ptr<SecretFiles> secrets_;
  std::unique_ptr<TraceLog> trace_;

  std::vector<std::unique_ptr<LoopRoom>> rooms_;
  std::unique_ptr<HttpClientBridge> http_client_;
  std::unique_ptr<PluginRoutes> routes_;
  std::unique_ptr<plugin_host::PluginHost> host_;
  plugin_host::Participant* ledger_ = nullptr;
  std::vector<plugin_host::Participant*> gateways_;
  psw_history ledger_identity_{};
  std::string reference_key_;
  std::shared_ptr<const transfer::Settings> settings_;
  std::unique_ptr<ledger::KvStore> kv_;
  std::unique_ptr<events::Feed> feed_;
  transfer::PeerHistory peers_;
  std::unique_ptr<transfer::Inbound> inbound_;
  std::vector<std::unique_ptr<auth::Authenticator>> authenticators_;
  std::unique_ptr<KeyReader> key_reader_;
  WaitingList waiting_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<api::Server> api_;
  std::unique_ptr<PublicHandler> public_handler_;
  std::unique_ptr<PeerHandler> peer_handler_;
  std::unique_ptr<net::Listener> public_listener_;
  std::unique_ptr<net::Listener> peer_listener_;

  net::Loop admin_loop_{0};
  std::thread admin_thread_;
  std::unique_ptr<api::AdminServer> admin_;
  std::unique_ptr<net::Listener> admin_listener_;
  std::unique_ptr<ControlRoom> control_;

  std::atomic<bool> draining_{false};
  std::atomic<bool> serving_{false};  // every listener takes connections
  std::atomic<bool> loops_alive_{true};
  struct Seen {
    std::uint64_t turns = 0, at_ns = 0;
  };
  std::vector<Seen> seen_;
};

}  // namespace payswitch::daemon::app
