// psw.http-routes/1 over the named listeners: which instance a request belongs to, and the way of its answer back to the connection.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/metrics.h"
#include "net/http.h"
#include "plugin_host/services.h"

namespace payswitch::daemon::app {

class PluginRoutes final : public plugin_host::HttpRoutesPort {
 public:
  // `keys` says whose certificate that is; it outlives the routes. `peer`: whether there is a [listen.peer].
  PluginRoutes(plugin_host::KeyRing& keys, bool peer, Registry& metrics);
  ~PluginRoutes() override;

  // [control] while plugins are configured, before any listener opens. Listeners: "peer", "public". On "peer" the bank of the client's
  // certificate chooses among instances; on "public" a method and path belong to one instance.
  std::string route(std::string_view listener, std::string_view method, std::string_view path, std::string_view bank,
                    plugin_host::RouteTarget& target) override;

  // On the connection's loop. False: no plugin has the path, nothing happened.
  bool serve(std::string_view listener, net::Exchange& exchange) noexcept;
  // On the connection's loop: a refusal of ours, in the form the API has.
  static void refuse(net::Exchange& exchange, int status, std::string_view code, std::string_view error_class, std::string_view detail) noexcept;

 private:
  struct Route {
    std::string listener, method, path, bank;
    plugin_host::RouteTarget* target;
  };
  class Call;
  const Route* find(std::string_view listener, const net::Request& request, std::string_view bank, bool& path_known, bool& method_known) const noexcept;

  plugin_host::KeyRing& keys_;
  const bool peer_;
  Counter& served_;
  Counter& refused_;
  std::vector<Route> routes_;  // longest path first; immutable once listeners are open
  std::mutex mutex_;
  std::unordered_set<Call*> open_;
};

// What the peer listener serves: plugins' routes, and nothing without a certificate that the configuration knows.
class PeerHandler final : public net::Handler {
 public:
  explicit PeerHandler(PluginRoutes& routes) : routes_(routes) {}
  void handle(net::Exchange& exchange) noexcept override;

 private:
  PluginRoutes& routes_;
};

// What the public listener serves: the API's own paths first, then plugins'.
class PublicHandler final : public net::Handler {
 public:
  PublicHandler(net::Handler& api, PluginRoutes& routes) : api_(api), routes_(routes) {}
  void handle(net::Exchange& exchange) noexcept override;

 private:
  net::Handler& api_;
  PluginRoutes& routes_;
};

}  // namespace payswitch::daemon::app
