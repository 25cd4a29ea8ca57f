#include "app/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <future>

#include "app/control_room.h"
#include "app/exit_codes.h"
#include "app/messages.h"
#include "app/version.h"

namespace payswitch::daemon::app {
namespace {

constexpr std::uint64_t loop_stuck_ns = 5'000'000'000;

std::unique_ptr<LogSink> make_sink(config::LogFormat format) {
  if (format == config::LogFormat::journal) {
    if (auto sink = make_journald_sink()) return sink;
  }
  if (format == config::LogFormat::automatic) return make_default_sink(std::getenv("JOURNAL_STREAM"));
  return make_json_sink(STDERR_FILENO);
}

net::ListenerOptions listener_options(std::string name, const config::Listener& from, net::TlsContextPtr tls) {
  net::ListenerOptions options;
  options.name = std::move(name);
  options.tls = std::move(tls);
  const bool v6 = from.host.find(':') != std::string::npos;
  options.address = (v6 ? "[" + from.host + "]" : from.host) + ":" + std::to_string(from.port);
  const auto ms = [](std::chrono::nanoseconds ns) { return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(ns).count()); };
  options.limits.connections_max = from.connections_max;
  options.limits.header_bytes_max = from.header_bytes_max;
  options.limits.body_bytes_max = from.body_bytes_max;
  options.limits.header_ms_max = ms(from.header_timeout);
  options.limits.idle_ms_max = ms(from.idle_timeout);
  return options;
}

plugin_host::ConnectorSettings connector_settings(const config::Connector& from, const std::string& our_bank) {
  plugin_host::ConnectorSettings settings;
  settings.name = from.name;
  settings.plugin = from.plugin;
  settings.bank = from.bank;
  settings.our_bank = our_bank;
  if (from.tls) settings.tls_profile = from.name;
  settings.sha256 = from.sha256;
  settings.required = from.required;
  settings.in_flight_max = from.in_flight;
  settings.options = std::make_shared<plugin_host::TreeOptions>(from.options);
  return settings;
}

}  // namespace

Daemon::Daemon(Arguments arguments) : arguments_(std::move(arguments)), service_(ServiceManager::from_environment()) {}
Daemon::~Daemon() = default;

int Daemon::fail(int status, std::string_view reason) {
  if (logger_) {
    logger_->write(start_failed, {{"reason", reason}});
    logger_->flush();
  } else {
    std::fprintf(stderr, "payswitchd: %.*s\n", static_cast<int>(reason.size()), reason.data());
  }
  return status;
}

int Daemon::load() {
  auto loaded = load_configuration(arguments_, schemas_, trust_);
  if (!loaded.config) {
    std::fputs(loaded.report().c_str(), stderr);
    return exit_config;
  }
  config_ = std::make_shared<const config::Config>(std::move(*loaded.config));
  logger_ = std::make_unique<Logger>(clock_, make_sink(config_->log.format), config_->log.level);
  logger_->write(starting, {{"version", version_text}, {"config", arguments_.config}, {"pid", static_cast<std::int64_t>(getpid())}});
  for (const auto& problem : loaded.problems) logger_->write(configuration_warning, {{"reason", problem.to_string()}});
  if (config_->auth.mode == config::AuthMode::development) {
    if (!config_->public_listener.loopback()) return fail(exit_config, "[auth] mode = \"development\" needs [listen.public] address on loopback");
    logger_->write(development_mode, {{"address", config_->public_listener.host}});
  }
  if (config_->cash.allow == config::CashAllow::owner) logger_->write(cash_by_owner);
  return exit_ok;
}

int Daemon::start_plugins() {
  unsigned loops = config_->runtime.loops != 0 ? config_->runtime.loops : std::max(1U, std::thread::hardware_concurrency());
  loops = std::min(loops, 64U);
  secrets_ = std::make_unique<SecretFiles>(config_->credentials, *logger_);
  trace_ = std::make_unique<TraceLog>(*logger_);
  http_client_ = std::make_unique<HttpClientBridge>(clock_, *logger_);
  signing_keys_ = std::make_unique<plugin_host::SwitchedKeyRing>(std::move(trust_.keys));
  routes_ = std::make_unique<PluginRoutes>(*signing_keys_, config_->peer_listener.has_value(), metrics_);
  plugin_host::HostParts parts;
  parts.http_client = http_client_.get();
  parts.http_routes = routes_.get();
  parts.secrets = secrets_.get();
  parts.keys = signing_keys_.get();
  parts.trace = trace_.get();
  parts.clock = &clock_;
  parts.log = logger_.get();
  parts.metrics = &metrics_;
  parts.kv = &kv_port_;
  parts.inbound = &inbound_port_;
  parts.banks = &banks_port_;
  for (unsigned i = 0; i < loops; ++i) {
    rooms_.push_back(std::make_unique<LoopRoom>(i));
    parts.loops.push_back(&rooms_.back()->waker());
    http_client_->add_loop(rooms_.back()->loop(), metrics_, trust_);
  }
  host_ = std::make_unique<plugin_host::PluginHost>(plugin_host::HostSettings{.plugin_directory = arguments_.plugin_directory.empty() ? config_->paths.plugins : arguments_.plugin_directory}, parts);
  for (const auto* list : {&config_->connectors, &config_->logins})
    for (const auto& connector : *list)
      if (const auto added = host_->add(connector_settings(connector, config_->self.bank)); !added) return fail(exit_unavailable, added.error().message);
  for (auto& room : rooms_) {
    room->attach(*host_, clock_);
    room->start();
  }
  if (const auto started = host_->start(); !started) return fail(exit_unavailable, started.error().message);
  if (const auto up = host_->wait_ready(60'000); !up) return fail(exit_unavailable, up.error().message);
  ledger_ = host_->find(config_->self.ledger);
  if (!ledger_) return fail(exit_unavailable, "the ledger \"" + config_->self.ledger + "\" is not there");
  for (const auto& connector : config_->connectors)
    if (connector.role == config::PluginRole::gateway)
      if (auto* gateway = host_->find(connector.name)) gateways_.push_back(gateway);
  return exit_ok;
}

int Daemon::start_ledger() {
  struct Job {
    std::unique_ptr<ledger::Bootstrap> bootstrap;
    ledger::BootstrapResult result;
    std::promise<void> done;
  } job;
  LoopRoom& first = *rooms_.front();
  first.run([&] {
    job.bootstrap = std::make_unique<ledger::Bootstrap>(first.make_client(*ledger_, clock_), *config_, RandomBits::draw, &first.random(), arguments_.force);
    job.bootstrap->run(
        [](void* context, const ledger::BootstrapResult& result) {
          auto* self = static_cast<Job*>(context);
          self->result = result;
          self->done.set_value();
        },
        &job);
  });
  job.done.get_future().wait();
  if (!job.result.errors.empty()) {
    if (!job.result.contradiction) return fail(exit_unavailable, job.result.errors.front());
    for (const auto& error : job.result.errors) logger_->write(identity_contradiction, {{"reason", error}});
    logger_->flush();
    return exit_config;
  }
  for (const auto& bank : job.result.forced) logger_->write(forced_without_connector, {{"bank", bank}});
  ledger_identity_ = job.result.ledger;
  reference_key_ = job.result.reference_key;
  settings_ = transfer::make_settings(config_, reference_key_);
  return exit_ok;
}

int Daemon::start_loops() {
  api_metrics_ = std::make_unique<api::ApiMetrics>(metrics_);
  notices_ = std::make_unique<Notices>(*logger_, metrics_, clock_);
  std::uint64_t process = 0;
  std::array<std::uint64_t, 2> hash_key{}, cursor_key{};
  fill_random(&process, sizeof process);
  fill_random(hash_key.data(), sizeof hash_key);
  std::memcpy(cursor_key.data(), reference_key_.data(), std::min(reference_key_.size(), sizeof cursor_key));
  std::uint32_t wait_ms = 1'000;
  for (const auto& connector : config_->connectors)
    if (connector.role == config::PluginRole::gateway)
      wait_ms = std::max(wait_ms, static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(connector.wait).count()));

  feed_ = std::make_unique<events::Feed>(
      static_cast<unsigned>(rooms_.size()), [](void* self, unsigned loop) { static_cast<Daemon*>(self)->rooms_[loop]->loop().wake(); }, this);
  std::vector<api::Services*> services;
  std::vector<ledger::Client*> clients;
  std::vector<transfer::Coordinator*> coordinators;
  for (auto& room : rooms_) {
    authenticators_.push_back(std::make_unique<auth::Authenticator>(
        config_->auth.mode == config::AuthMode::development ? auth::AuthMode::development : auth::AuthMode::required, keys_, hash_key));
    room->run([&] {
      if (room != rooms_.front()) room->make_client(*ledger_, clock_);
      transfer::Parts parts;
      parts.ledger = ledger_;
      parts.gateways = gateways_;
      parts.clock = &clock_;
      parts.random = {RandomBits::draw, &room->random()};
      parts.changes = feed_.get();
      parts.notices = notices_.get();
      parts.loop = room->loop().index();
      parts.process = process;
      parts.our_ledger = ledger_identity_;
      parts.peers = &peers_;
      room->make_coordinator(parts, settings_);
      room->listen(*feed_);
      api::Services& s = room->services();
      s.clock = &clock_;
      s.logger = logger_.get();
      s.metrics = api_metrics_.get();
      s.authenticator = authenticators_.back().get();
      s.coordinator = &room->coordinator();
      s.settings = settings_;
      s.default_wait_ms = wait_ms;
      s.cursor_key = cursor_key;
      s.span_ids.seed(room->random().next());
    });
    services.push_back(&room->services());
    clients.push_back(&room->client());
    coordinators.push_back(&room->coordinator());
  }
  inbound_ = std::make_unique<transfer::Inbound>(coordinators);
  inbound_port_.connect(inbound_.get());
  banks_port_.connect(inbound_.get());
  kv_ = std::make_unique<ledger::KvStore>(clients, draw_from_kernel, nullptr);
  kv_port_.connect(kv_.get());
  LoopRoom& first = *rooms_.front();
  first.run([&] {
    key_reader_ = std::make_unique<KeyReader>(first.loop(), first.client(), keys_, clock_, *logger_);
    key_reader_->refresh();
    sampler_ = std::make_unique<Sampler>(rooms_, metrics_, clock_, *logger_, waiting_);
  });
  api_ = std::make_unique<api::Server>(std::move(services));
  return exit_ok;
}

int Daemon::start_listeners() {
  admin_ = std::make_unique<api::AdminServer>(api::HealthSources{[this] { return live(); }, [this] { return ready(); }, [this] { return waiting_.in_doubt(); }, [this] { return waiting_.repairs(); }}, metrics_);
  net::Loop* const admin_loops[] = {&admin_loop_};
  auto admin = net::Listener::open(listener_options("admin", config_->admin_listener, trust_.admin_listener), admin_loops, *admin_, clock_, *logger_, metrics_);
  if (!admin) return fail(exit_unavailable, admin.error().message);
  admin_listener_ = std::move(*admin);
  admin_thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "psw-admin");
    admin_loop_.run();
  });

  control_ = std::make_unique<ControlRoom>(*this);
  if (const auto started = control_->start(); !started) return fail(exit_unavailable, started.error().message);

  std::vector<net::Loop*> loops;
  for (auto& room : rooms_) loops.push_back(&room->loop());
  if (config_->peer_listener) {
    peer_handler_ = std::make_unique<PeerHandler>(*routes_);
    auto peer = net::Listener::open(listener_options("peer", *config_->peer_listener, trust_.peer_listener), loops, *peer_handler_, clock_, *logger_, metrics_);
    if (!peer) return fail(exit_unavailable, peer.error().message);
    peer_listener_ = std::move(*peer);
  }
  public_handler_ = std::make_unique<PublicHandler>(*api_, *routes_);
  auto listener = net::Listener::open(listener_options("public", config_->public_listener, trust_.public_listener), loops, *public_handler_, clock_, *logger_, metrics_);
  if (!listener) return fail(exit_unavailable, listener.error().message);
  public_listener_ = std::move(*listener);
  serving_.store(true);
  return exit_ok;
}

std::vector<api::HealthCheck> Daemon::live() { return {{"loops", loops_alive_.load(), loops_alive_.load() ? "" : "a loop does not turn"}}; }

std::vector<api::HealthCheck> Daemon::ready() {
  static constexpr std::string_view words[] = {"starting", "up", "degraded", "down", "drained", "faulted"};
  const auto state = static_cast<std::size_t>(ledger_->state());
  std::vector<api::HealthCheck> out = live();
  out.push_back({"ledger", state == 1 || state == 2, std::string(state < 6 ? words[state] : "unknown")});
  out.push_back({"accepting", serving_.load() && !draining_.load(), draining_.load() ? "the daemon is stopping" : serving_.load() ? "" : "the daemon is starting"});
  return out;
}

// A loop beats at least once a second; one that has not for five is stuck.
void Daemon::watch_loops() {
  const std::uint64_t now = clock_.monotonic_ns();
  seen_.resize(rooms_.size());
  bool alive = true;
  for (std::size_t i = 0; i < rooms_.size(); ++i) {
    const std::uint64_t turns = rooms_[i]->loop().turns();
    if (turns != seen_[i].turns || seen_[i].at_ns == 0) seen_[i] = {turns, now};
    if (now - seen_[i].at_ns > loop_stuck_ns) alive = false;
  }
  if (!alive && loops_alive_.load()) logger_->write(loop_stuck);
  loops_alive_.store(alive);
}

int Daemon::wait_for_signal() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  std::uint64_t petted_ns = 0;
  for (;;) {
    const timespec quarter_second{0, 250'000'000};
    const int got = sigtimedwait(&signals, nullptr, &quarter_second);
    if (got == SIGTERM || got == SIGINT) return exit_ok;
    if (got == SIGHUP) reload_certificates();
    std::vector<std::function<void()>> wanted;
    {
      const std::lock_guard guard(wanted_mutex_);
      wanted.swap(wanted_);
    }
    for (const auto& work : wanted) work();
    watch_loops();
    for (auto* listener : {public_listener_.get(), peer_listener_.get(), admin_listener_.get()})
      if (listener != nullptr) listener->refresh_gauge();
    if (ledger_->state() == plugin_host::ConnectorState::faulted) {
      logger_->write(ledger_poisoned);
      return exit_poisoned;
    }
    const std::uint64_t now = clock_.monotonic_ns();
    if (service_.watchdog_interval_ms() != 0 && loops_alive_.load() && now - petted_ns >= service_.watchdog_interval_ms() * 1'000'000 / 2) {
      service_.notify("WATCHDOG=1");
      petted_ns = now;
    }
  }
}

std::optional<config::Config> Daemon::with_keys_of_the_file(config::Problems& problems) {
  config::LoadOptions options;
  options.plugins = &schemas_;
  options.plugin_directory = arguments_.plugin_directory;
  schemas_.close();
  config::LoadResult file = config::load_file(arguments_.config, options);
  if (!file.config) {
    for (const auto& problem : file.problems)
      if (problem.kind == config::ProblemKind::error) problems.error(problem.where, problem.path, problem.text);
    return std::nullopt;
  }
  config::Config out = *config_;
  out.self.sign = std::move(file.config->self.sign);
  for (auto& bank : out.banks) {
    if (const auto* now = file.config->bank(bank.code)) {
      bank.keys = now->keys;
      bank.spki = now->spki;
    }
  }
  return out;
}

void Daemon::on_main_thread(std::function<void()> work) {
  const std::lock_guard guard(wanted_mutex_);
  wanted_.push_back(std::move(work));
}

// All files are read before any is used: either all listeners, connectors and keys are the new ones, or none is.
void Daemon::reload_certificates() {
  config::Problems problems;
  const std::optional<config::Config> config = with_keys_of_the_file(problems);
  Trust fresh;
  if (config) fresh = make_trust(*config, problems);
  if (problems.any_error()) {
    for (const auto& problem : problems.sorted()) logger_->write(certificates_kept, {{"reason", problem.to_string()}});
    return;
  }
  if (!signing_keys_->exchange(std::move(fresh.keys))) return logger_->write(certificates_kept, {{"reason", "keys were read again too often; start the daemon anew"}});
  if (fresh.public_listener) public_listener_->replace_tls(fresh.public_listener);
  if (fresh.admin_listener) admin_listener_->replace_tls(fresh.admin_listener);
  if (fresh.peer_listener) peer_listener_->replace_tls(fresh.peer_listener);
  for (auto& room : rooms_) room->run([&] { http_client_->replace_tls(room->loop().index(), fresh); });
  logger_->write(certificates_reloaded, {{"signing_key", signing_keys_->signing_key()}});
}

// Stop accepting, finish what runs, then take the parts down from the outside in.
void Daemon::shut_down() {
  logger_->write(stopping);
  service_.notify("STOPPING=1\nSTATUS=finishing what runs");
  draining_.store(true);
  public_listener_->drain();
  if (peer_listener_) peer_listener_->drain();
  for (auto& room : rooms_) room->run([&] { room->coordinator().drain(); });
  const std::uint64_t until = clock_.monotonic_ns() + static_cast<std::uint64_t>(config_->runtime.drain.count());
  const auto connections = [&] { return public_listener_->connections() + (peer_listener_ ? peer_listener_->connections() : 0); };
  const auto finished = [&] {
    return connections() == 0 && std::all_of(rooms_.begin(), rooms_.end(), [](const auto& room) { return room->idle(); });
  };
  while (!finished() && clock_.monotonic_ns() < until) usleep(10'000);
  if (!finished()) logger_->write(drain_timed_out, {{"connections", connections()}});
}

int Daemon::run() {
  started_ms_ = clock_.wall_ms();
  using Step = int (Daemon::*)();
  int status = exit_ok;
  for (const Step step : {&Daemon::load, &Daemon::start_plugins, &Daemon::start_ledger, &Daemon::start_loops, &Daemon::start_listeners}) {
    status = (this->*step)();
    if (status != exit_ok) break;
  }
  if (status == exit_ok) {
    logger_->write(ready_message, {{"address", config_->public_listener.host}, {"port", public_listener_->port()}, {"loops", rooms_.size()}, {"ledger", config_->self.ledger}});
    service_.notify("READY=1\nSTATUS=ready");
    status = wait_for_signal();
    if (status == exit_ok) shut_down();
  }
  if (status == exit_poisoned) {
    // Nothing more may be acknowledged, and nothing in memory is worth saving: what is durable is in the journal.
    logger_->flush();
    std::_Exit(status);
  }
  if (control_) control_->stop();
  admin_loop_.stop();
  if (admin_thread_.joinable()) admin_thread_.join();
  if (host_ && status == exit_ok) host_->drain();
  if (!rooms_.empty() && key_reader_) rooms_.front()->run([&] {
    sampler_.reset();
    key_reader_.reset();
  });
  for (auto& room : rooms_) room->stop();
  if (http_client_) http_client_->close();
  if (host_) host_->stop();
  public_listener_.reset();
  peer_listener_.reset();
  admin_listener_.reset();
  if (logger_) {
    logger_->write(stopped, {{"status", status}});
    logger_->flush();
  }
  return status;
}

}  // namespace payswitch::daemon::app
