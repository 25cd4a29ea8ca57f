// The HTTP requests that wait for one instance's answer.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "plugin_host/services.h"

namespace payswitch::daemon::plugin_host {

class Connector;
class Lane;

inline constexpr std::uint32_t routed_requests_max = 1024;  // waiting for respond(); above it 503
inline constexpr std::uint32_t routes_per_instance_max = 64;

class RouteDesk {
 public:
  RouteDesk(Connector& connector) : connector_(connector) {}
  RouteDesk(const RouteDesk&) = delete;
  RouteDesk& operator=(const RouteDesk&) = delete;

  // [control] in configure. A code.
  std::int32_t route(Lane& lane, std::string_view listener, std::string_view method, std::string_view path, psw_error* error);
  // [any] A code; a second answer or a foreign handle is ABSENT.
  std::int32_t respond(const psw_http& answer) noexcept;
  // The instance is gone: what still waits is answered 503.
  void close() noexcept;

 private:
  struct Target final : RouteTarget {
    Target(RouteDesk& of, Lane& to) : desk(of), lane(to) {}
    bool deliver(RoutedRequest& request) noexcept override { return desk.open(lane, request); }
    RouteDesk& desk;
    Lane& lane;
  };
  struct Waiting {
    RoutedRequest* request = nullptr;
    std::uint32_t generation = 0;
  };
  bool open(Lane& lane, RoutedRequest& request) noexcept;

  Connector& connector_;
  std::deque<Target> targets_;  // never moved: HttpRoutesPort keeps references
  std::mutex mutex_;
  std::vector<Waiting> waiting_;
  std::vector<std::uint32_t> free_;
  bool closed_ = false;
};

}  // namespace payswitch::daemon::plugin_host
