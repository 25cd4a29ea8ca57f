#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <unordered_map>
#include <vector>

#include <boost/asio/steady_timer.hpp>

#include "net/client_call.h"
#include "net/messages.h"
#include "net/resolver.h"

namespace payswitch::daemon::net {
namespace {

// A connection between two calls. Whatever the server says now can only be its end.
class IdleConnection final : public Pollable {
 public:
  IdleConnection(Transport transport, std::string peer_spki, std::uint64_t since_ns) : transport_(std::move(transport)), peer_spki_(std::move(peer_spki)), since_ns_(since_ns) {}
  void on_ready(std::uint32_t events) noexcept override {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ended_ = true;
  }

  Transport transport_;
  std::string peer_spki_;
  std::uint64_t since_ns_;
  bool ended_ = false;
};

class ClientOnLoop final : public HttpClient, private CallOwner {
 public:
  ClientOnLoop(Loop& loop, const Clock& clock, Logger& logger, Registry& metrics, ClientLimits limits, Lookup lookup)
      : loop_(loop), clock_(clock), logger_(logger), limits_(limits), resolver_(loop, lookup, &ClientOnLoop::on_found, this),
        duration_(metrics.duration("payswitch_http_client_duration_seconds", "Time of an outgoing call, failed ones included.")),
        in_flight_(metrics.gauge("payswitch_http_client_calls", "Outgoing calls under way.")),
        refused_(metrics.counter("payswitch_http_client_refused_total", "Outgoing calls that were not begun because too many are under way.")),
        reused_(metrics.counter("payswitch_http_client_reused_total", "Outgoing calls on a kept connection.")), idle_timer_(loop.context()) {
    for (int phase = 0; phase <= static_cast<int>(Phase::done); ++phase) {
      ended_by_phase_[static_cast<std::size_t>(phase)] = &metrics.counter(
          "payswitch_http_client_calls_total", "Outgoing calls by the furthest phase they reached.", {{"phase", to_string(static_cast<Phase>(phase))}});
    }
    loop_.on_wake({[](void* self) { static_cast<ClientOnLoop*>(self)->on_wake(); }, this});
    arm_idle_timer();
  }

  ~ClientOnLoop() override {
    loop_.forget(this);
    for (auto& [key, list] : idle_) {
      for (auto& connection : list) loop_.poller().remove(connection->transport_.fd(), *connection);
    }
  }

  void set_tls_profile(std::string_view name, TlsContextPtr context) override {
    profiles_[std::string(name)] = std::move(context);
    // Connections under the old keys are not used again.
    for (auto& [key, list] : idle_) {
      if (key.ends_with(" " + std::string(name))) std::for_each(list.begin(), list.end(), [](auto& connection) { connection->ended_ = true; });
    }
  }

  std::uint64_t request(const ClientRequest& request, ClientCallback callback) override {
    if (calls_.size() >= limits_.calls_max) {
      refused_.add();
      return 0;
    }
    TlsContextPtr tls;
    bool known = true;
    if (!request.tls_profile.empty()) {
      const auto profile = profiles_.find(request.tls_profile);
      known = profile != profiles_.end();
      if (known) tls = profile->second;
    }
    const std::uint64_t number = ++last_number_;
    auto& call = *calls_.emplace(number, std::make_unique<ClientCall>(static_cast<CallOwner&>(*this), number, request, callback, std::move(tls), clock_.monotonic_ns())).first->second;
    in_flight_.add(1);
    if (!known) {
      call.fail(ClientError::unknown_tls_profile, "no TLS profile of that name");
    } else if (clock_.monotonic_ns() >= request.call_deadline_ns) {
      call.fail(ClientError::deadline, "the call deadline passed before the call began");
    } else if (auto idle = take_idle(call.key())) {
      reused_.add();
      call.reuse(std::move(idle->transport_), std::move(idle->peer_spki_));
    } else {
      bool numeric = false;
      const SocketAddress address = SocketAddress::from_numeric(call.host(), call.port(), numeric);
      if (numeric) {
        call.connect({address});
      } else {
        call.resolving();
        resolver_.start(call.host(), call.port(), number);
      }
    }
    return number;
  }

  bool cancel(std::uint64_t number) noexcept override {
    const auto found = calls_.find(number);
    if (found == calls_.end() || found->second->ended()) return false;
    found->second->fail(ClientError::cancelled, "cancelled by the caller");
    return true;
  }

 private:
  Loop& loop() noexcept override { return loop_; }
  const ClientLimits& limits() const noexcept override { return limits_; }
  void ended(ClientCall& call) noexcept override {
    ended_.push_back(call.number());
    loop_.wake();
  }

  static void on_found(void* self, std::uint64_t number, const std::vector<SocketAddress>& addresses) {
    auto& calls = static_cast<ClientOnLoop*>(self)->calls_;
    if (const auto found = calls.find(number); found != calls.end()) found->second->connect(addresses);
  }

  void on_wake() {
    resolver_.deliver();
    std::vector<std::uint64_t> ended;
    ended.swap(ended_);
    for (const std::uint64_t number : ended) {
      auto node = calls_.extract(number);
      ClientCall& call = *node.mapped();
      in_flight_.add(-1);
      duration_.observe(clock_.monotonic_ns() - call.started_ns());
      ended_by_phase_[static_cast<std::size_t>(call.phase())]->add();
      if (call.error() != ClientError::none) log_failure(call);
      call.deliver();
      keep(call);
    }
  }

  void log_failure(const ClientCall& call) {
    std::uint64_t suppressed = 0;
    if (!failure_lines_.allow(clock_.monotonic_ns(), suppressed)) return;
    logger_.write(call_failed, {{"host", call.host()}, {"port", call.port()}, {"phase", to_string(call.phase())}, {"error", to_string(call.error())},
                                {"reason", call.detail()}, {"suppressed", suppressed}});
  }

  std::unique_ptr<IdleConnection> take_idle(const std::string& key) {
    const auto found = idle_.find(key);
    if (found == idle_.end()) return nullptr;
    auto& list = found->second;
    while (!list.empty()) {
      auto connection = std::move(list.back());  // the one used last: the least likely to have been closed meanwhile
      list.pop_back();
      loop_.poller().remove(connection->transport_.fd(), *connection);
      if (!connection->ended_) return connection;
    }
    return nullptr;
  }

  void keep(ClientCall& call) {
    Transport transport;
    std::string peer_spki;
    if (!call.give_back(transport, peer_spki)) return;
    auto& list = idle_[call.key()];
    if (list.size() >= limits_.idle_per_target_max) return;
    auto& connection = list.emplace_back(std::make_unique<IdleConnection>(std::move(transport), std::move(peer_spki), clock_.monotonic_ns()));
    if (!loop_.poller().add(connection->transport_.fd(), EPOLLIN | EPOLLRDHUP, *connection)) list.pop_back();
  }

  void arm_idle_timer() {
    idle_timer_.expires_after(std::chrono::milliseconds(std::clamp<std::uint32_t>(limits_.idle_ms_max / 4, 10, 1000)));
    idle_timer_.async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& error) {
      if (error || alive.expired()) return;
      const std::uint64_t now = clock_.monotonic_ns();
      for (auto& [key, list] : idle_) {
        std::erase_if(list, [&](const std::unique_ptr<IdleConnection>& connection) {
          if (!connection->ended_ && now - connection->since_ns_ < std::uint64_t{limits_.idle_ms_max} * 1'000'000) return false;
          loop_.poller().remove(connection->transport_.fd(), *connection);
          return true;
        });
      }
      std::erase_if(idle_, [](const auto& entry) { return entry.second.empty(); });
      arm_idle_timer();
    });
  }

  Loop& loop_;
  const Clock& clock_;
  Logger& logger_;
  const ClientLimits limits_;
  Resolver resolver_;
  Histogram& duration_;
  Gauge& in_flight_;
  Counter& refused_;
  Counter& reused_;
  std::array<Counter*, static_cast<std::size_t>(Phase::done) + 1> ended_by_phase_{};
  LogThrottle failure_lines_;
  std::map<std::string, TlsContextPtr, std::less<>> profiles_;
  std::unordered_map<std::uint64_t, std::unique_ptr<ClientCall>> calls_;
  std::unordered_map<std::string, std::vector<std::unique_ptr<IdleConnection>>> idle_;
  std::vector<std::uint64_t> ended_;
  std::uint64_t last_number_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // a timer's handler may already be queued when the client is freed
  boost::asio::steady_timer idle_timer_;
};

}  // namespace

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::none: return "none";
    case Phase::dns: return "dns";
    case Phase::connect: return "connect";
    case Phase::tls: return "tls";
    case Phase::sent_some: return "sent_some";
    case Phase::sent_all: return "sent_all";
    case Phase::got_head: return "got_head";
    case Phase::done: return "done";
  }
  return "none";
}

std::string_view to_string(ClientError error) noexcept {
  switch (error) {
    case ClientError::none: return "none";
    case ClientError::resolve_failed: return "resolve_failed";
    case ClientError::connect_failed: return "connect_failed";
    case ClientError::tls_failed: return "tls_failed";
    case ClientError::deadline: return "deadline";
    case ClientError::closed: return "closed";
    case ClientError::malformed_answer: return "malformed_answer";
    case ClientError::answer_too_large: return "answer_too_large";
    case ClientError::cancelled: return "cancelled";
    case ClientError::unknown_tls_profile: return "unknown_tls_profile";
  }
  return "none";
}

std::unique_ptr<HttpClient> HttpClient::make(Loop& loop, const Clock& clock, Logger& logger, Registry& metrics, ClientLimits limits, Lookup lookup) {
  return std::make_unique<ClientOnLoop>(loop, clock, logger, metrics, limits, lookup);
}

}  // namespace payswitch::daemon::net
