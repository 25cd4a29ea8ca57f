#include "app/plugin_routes.h"

#include <payswitch/str.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "base/json.h"
#include "net/loop.h"

namespace payswitch::daemon::app {
namespace {

constexpr std::string_view api_paths = "/v1/";

bool fits(std::string_view pattern, std::string_view path) noexcept {
  return pattern.ends_with('/') ? path.starts_with(pattern) : path == pattern;
}

}  // namespace

// One routed request. Made on the connection's loop and freed there once the answer was given.
class PluginRoutes::Call final : public plugin_host::RoutedRequest {
 public:
  Call(PluginRoutes& owner, net::Exchange& exchange) : owner_(owner), exchange_(exchange) {
    const net::Request& from = exchange.request();
    headers_.reserve(from.headers.size());
    for (const auto& header : from.headers) headers_.push_back({str(header.name), str(header.value)});
    request_.size = sizeof request_;
    request_.method = str(from.method);
    request_.target = str(from.target);
    request_.authority = str(from.authority);
    request_.body = str(from.body);
    request_.peer_spki = str(from.peer_spki);
    request_.remote = str(from.remote);
    request_.headers = list_of(headers_.data(), headers_.size());
  }

  const psw_http& request() const noexcept override { return request_; }

  // Any thread: keeps a copy and goes to the loop.
  void respond(const psw_http& answer) noexcept override {
    try {
      status_ = answer.status;
      body_ = view(answer.body);
      for (const psw_header& header : Rows<psw_header>(answer.headers)) answer_headers_.emplace_back(view(header.name), view(header.value));
    } catch (const std::bad_alloc&) {
      status_ = 0;
    }
    exchange_.loop().post({[](void* self) { static_cast<Call*>(self)->finish(); }, this});
  }

 private:
  void finish() noexcept {
    {
      const std::lock_guard guard(owner_.mutex_);
      owner_.open_.erase(this);
    }
    const std::unique_ptr<Call> end(this);
    if (status_ == 503 && body_.empty()) return refuse(exchange_, 503, "overloaded", "retry", "the connector that serves this path does not take it now");
    if (status_ < 200 || status_ > 599) return refuse(exchange_, 500, "internal", "unknown", "the connector that serves this path gave no answer");
    std::vector<net::Header> headers;
    // What the connection itself says is not said twice.
    for (const auto& [name, value] : answer_headers_)
      if (name != "Content-Length" && name != "Connection" && name != "Transfer-Encoding" && name != "Date") headers.push_back({name, value});
    headers.push_back({"Cache-Control", "no-store"});
    exchange_.respond(status_, headers, body_);
  }

  PluginRoutes& owner_;
  net::Exchange& exchange_;
  std::vector<psw_header> headers_;
  psw_http request_{};
  int status_ = 0;
  std::string body_;
  std::vector<std::pair<std::string, std::string>> answer_headers_;
};

PluginRoutes::PluginRoutes(plugin_host::KeyRing& keys, bool peer, Registry& metrics)
    : keys_(keys), peer_(peer), served_(metrics.counter("payswitch_plugin_requests_total", "HTTP requests handed to a plugin's route.")),
      refused_(metrics.counter("payswitch_plugin_requests_refused_total", "HTTP requests for a plugin's route that were not handed over.")) {}

// Loops have stopped: what was answered too late to be written is freed here.
PluginRoutes::~PluginRoutes() {
  for (Call* const call : open_) delete call;
}

std::string PluginRoutes::route(std::string_view listener, std::string_view method, std::string_view path, std::string_view bank,
                                plugin_host::RouteTarget& target) {
  if (listener != "peer" && listener != "public") return "there is no listener \"" + std::string(listener) + "\" for plugins; peer and public have routes";
  if (listener == "peer" && !peer_) return "this path needs [listen.peer], which is not configured";
  if (listener == "public" && path.starts_with(api_paths)) return "paths below " + std::string(api_paths) + " are the API's own";
  for (const Route& other : routes_)
    if (other.listener == listener && other.method == method && other.path == path && (listener == "public" || other.bank == bank))
      return std::string(method) + " " + std::string(path) + " is routed to another connector already";
  Route made{std::string(listener), std::string(method), std::string(path), std::string(bank), &target};
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&](const Route& other) { return other.path.size() < made.path.size(); });
  routes_.insert(at, std::move(made));
  return {};
}

const PluginRoutes::Route* PluginRoutes::find(std::string_view listener, const net::Request& request, std::string_view bank, bool& path_known,
                                              bool& method_known) const noexcept {
  for (const Route& route : routes_) {
    if (route.listener != listener || !fits(route.path, request.path)) continue;
    path_known = true;
    if (route.method != request.method) continue;
    method_known = true;
    if (listener == "public" || route.bank == bank) return &route;
  }
  return nullptr;
}

bool PluginRoutes::serve(std::string_view listener, net::Exchange& exchange) noexcept {
  const net::Request& request = exchange.request();
  const bool peer = listener == "peer";
  const std::string_view bank = peer ? keys_.bank_of(request.peer_spki) : std::string_view();
  if (peer && bank.empty()) {
    refused_.add();
    refuse(exchange, 403, "forbidden", "final", "this certificate belongs to no bank of the configuration");
    return true;
  }
  bool path_known = false, method_known = false;
  const Route* const route = find(listener, request, bank, path_known, method_known);
  if (route == nullptr) {
    if (!path_known) return false;
    refused_.add();
    if (!method_known) refuse(exchange, 405, "method_not_allowed", "final", {});
    else refuse(exchange, 404, "endpoint_not_found", "final", "no connector of this bank serves it");
    return true;
  }
  try {
    auto call = std::make_unique<Call>(*this, exchange);
    Call& mine = *call;
    {
      const std::lock_guard guard(mutex_);
      open_.insert(&mine);
    }
    static_cast<void>(call.release());  // open_ knows it; it frees itself when answered
    if (route->target->deliver(mine)) {
      served_.add();
      return true;
    }
    const std::lock_guard guard(mutex_);
    open_.erase(&mine);
    delete &mine;
  } catch (const std::bad_alloc&) {
    // Answered like a full inbox.
  }
  refused_.add();
  refuse(exchange, 503, "overloaded", "retry", "the connector that serves this path does not take it now");
  return true;
}

void PluginRoutes::refuse(net::Exchange& exchange, int status, std::string_view code, std::string_view error_class, std::string_view detail) noexcept {
  char type[96], body[512];
  std::snprintf(type, sizeof type, "urn:payswitch:error:%.*s", static_cast<int>(code.size()), code.data());
  json::Writer out(body);
  out.begin_object().member("type", type).member_integer("status", status).member("code", code).member("class", error_class);
  if (!detail.empty()) out.member("detail", detail);
  out.end_object();
  const net::Header headers[] = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}, {"Retry-After", "1"}};
  exchange.respond(status, std::span(headers, status == 503 ? 3 : 2), out.text());
}

void PeerHandler::handle(net::Exchange& exchange) noexcept {
  if (!routes_.serve("peer", exchange)) PluginRoutes::refuse(exchange, 404, "endpoint_not_found", "final", {});
}

void PublicHandler::handle(net::Exchange& exchange) noexcept {
  const net::Request& request = exchange.request();
  if (request.path.starts_with(api_paths) || !routes_.serve("public", exchange)) api_.handle(exchange);
}

}  // namespace payswitch::daemon::app
