// psw.http-routes/1: requests under a plugin's paths come to its lane as PSW_EV_HTTP and are answered by respond().
#include <cstdio>
#include <cstring>
#include <new>

#include "plugin_host/connector.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/lane.h"
#include "plugin_host/messages.h"
#include "plugin_host/reply_copy.h"
#include "plugin_host/route_desk.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

// The request itself stays with its connection until respond(): only the handle is ours.
struct HttpEvent final : EventNode {
  explicit HttpEvent(const psw_http& request) : body(request) {
    event.kind = PSW_EV_HTTP;
    event.body = &body;
  }
  psw_http body;
};

constexpr std::uint64_t handle_of(std::uint32_t index, std::uint32_t generation) noexcept { return (static_cast<std::uint64_t>(generation) << 32) | (index + 1); }

std::string_view view(psw_str text) noexcept { return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size); }

}  // namespace

std::int32_t RouteDesk::route(Lane& lane, std::string_view listener, std::string_view method, std::string_view path, psw_error* error) {
  const auto refuse = [&](std::int32_t code, const std::string& why) {
    if (error != nullptr && error->size >= sizeof(psw_error)) {
      error->code = code;
      std::snprintf(error->text, sizeof error->text, "%s", why.c_str());
    }
    return code;
  };
  if (targets_.size() >= routes_per_instance_max) return refuse(PSW_OVERLOADED, "too many routes");
  if (path.empty() || path.front() != '/') return refuse(PSW_INVALID, "a path begins with /");
  Target& target = targets_.emplace_back(*this, lane);
  const std::string why = connector_.core().parts.http_routes->route(listener, method, path, connector_.bank(), target);
  return why.empty() ? PSW_OK : refuse(PSW_INVALID, why);
}

bool RouteDesk::open(Lane& lane, RoutedRequest& request) noexcept {
  const ConnectorState state = connector_.state();
  if (state == ConnectorState::faulted || state == ConnectorState::starting || state == ConnectorState::drained) return false;
  try {
    auto event = std::make_unique<HttpEvent>(request.request());
    std::uint32_t index = 0;
    {
      const std::lock_guard guard(mutex_);
      if (closed_ || waiting_.size() - free_.size() >= routed_requests_max) return false;
      if (free_.empty()) {
        waiting_.emplace_back();
        free_.reserve(waiting_.size());
        index = static_cast<std::uint32_t>(waiting_.size() - 1);
      } else {
        index = free_.back();
        free_.pop_back();
      }
      waiting_[index].request = &request;
      ++waiting_[index].generation;
      event->body.handle = handle_of(index, waiting_[index].generation);
      event->body.size = sizeof(psw_http);
    }
    event->event.token = event->body.handle;
    if (lane.post(event.get(), false)) {
      static_cast<void>(event.release());  // the lane's now
      return true;
    }
    const std::lock_guard guard(mutex_);
    waiting_[index].request = nullptr;
    free_.push_back(index);
  } catch (const std::bad_alloc&) {
    return false;
  }
  return false;
}

std::int32_t RouteDesk::respond(const psw_http& answer) noexcept {
  RoutedRequest* request = nullptr;
  {
    const std::lock_guard guard(mutex_);
    const auto index = static_cast<std::uint32_t>(answer.handle) - 1;
    if (index >= waiting_.size() || handle_of(index, waiting_[index].generation) != answer.handle) return PSW_ABSENT;
    request = std::exchange(waiting_[index].request, nullptr);
    if (request == nullptr) return PSW_ABSENT;
    free_.push_back(index);
  }
  request->respond(answer);
  return PSW_OK;
}

void RouteDesk::close() noexcept {
  std::vector<Waiting> left;
  {
    const std::lock_guard guard(mutex_);
    closed_ = true;
    left.swap(waiting_);
    free_.clear();
  }
  psw_http answer{};
  answer.size = sizeof answer;
  answer.status = 503;
  for (const Waiting& w : left) {
    if (w.request != nullptr) w.request->respond(answer);
  }
}

namespace {

extern "C" {

constexpr std::uint32_t headers_max = 64;
constexpr std::uint64_t header_bytes_max = 8192;
constexpr std::uint64_t body_bytes_max = 8u << 20;
constexpr std::uint64_t route_bytes_max = 1024;

static bool within(psw_str text, std::uint64_t bytes_max) noexcept { return text.size <= bytes_max && (text.data != nullptr || text.size == 0); }

static bool sane(const psw_http& answer) noexcept {
  const psw_list& headers = answer.headers;
  if (answer.status < 200 || answer.status > 599 || !within(answer.body, body_bytes_max)) return false;
  if (headers.n == 0) return true;
  if (headers.data == nullptr || headers.n > headers_max || headers.stride < sizeof(psw_header) || headers.stride > list_stride_bytes_max) return false;
  for (std::uint32_t i = 0; i < headers.n; ++i) {
    psw_header header;
    std::memcpy(&header, static_cast<const char*>(headers.data) + static_cast<std::size_t>(i) * headers.stride, sizeof header);
    if (!within(header.name, header_bytes_max) || !within(header.value, header_bytes_max)) return false;
  }
  return true;
}

std::int32_t routes_route(void* ctx, std::uint32_t lane, psw_str listener, psw_str method, psw_str path, psw_error* error) noexcept {
  Connector& connector = *static_cast<Connector*>(ctx);
  Lane* const found = connector.services().lane(lane);
  if (found == nullptr || connector.services().frozen() || !within(listener, route_bytes_max) || !within(method, route_bytes_max) || !within(path, route_bytes_max)) {
    connector.broken_rule("http-routes: no such lane, not in configure, or names that make no sense");
    return PSW_INVALID;
  }
  try {
    return connector.services().routes().route(*found, view(listener), view(method), view(path), error);
  } catch (...) {
    return PSW_INTERNAL;
  }
}

std::int32_t routes_respond(void* ctx, const psw_http* answer) noexcept {
  Connector& connector = *static_cast<Connector*>(ctx);
  if (answer == nullptr || !PSW_HAS(answer, psw_http, status) || !sane(*answer)) {
    connector.broken_rule("http-routes: an answer that makes no sense");
    return PSW_INVALID;
  }
  const std::int32_t code = connector.services().routes().respond(*answer);
  if (code == PSW_ABSENT) connector.counters().stale->add();
  return code;
}

}  // extern "C"

constexpr psw_http_1 table{sizeof(psw_http_1), 0, nullptr, routes_route, routes_respond};

}  // namespace

const void* http_routes_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host
