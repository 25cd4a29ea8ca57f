// psw.http-client/1 over net's HTTP client: one client per loop, TLS profile by connector.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/trust.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/http_client.h"
#include "net/loop.h"
#include "plugin_host/services.h"

namespace payswitch::daemon::app {

// An absolute http or https URL, taken apart. Views into the text.
struct UrlParts {
  bool tls = false;
  std::string_view host;
  std::uint16_t port = 0;
  std::string_view target;  // path and query; "/" at least
};
// Empty: taken apart; else why it is none. No user name, no fragment, no character outside visible ASCII.
std::string_view split_url(std::string_view url, UrlParts& out) noexcept;

class HttpClientBridge final : public plugin_host::HttpClientPort {
 public:
  static constexpr std::uint32_t answer_bytes_default = 1 << 20;
  static constexpr std::uint64_t call_ns_default = 10'000'000'000;  // for a plugin that names no call deadline

  HttpClientBridge(const Clock& clock, Logger& logger) : clock_(clock), logger_(logger) {}
  ~HttpClientBridge() override;

  // For each loop in the order of their indices, before it runs. Registry and loop outlive the bridge.
  void add_loop(net::Loop& loop, Registry& metrics, const Trust& trust);
  // On the loop: new connections use these contexts.
  void replace_tls(unsigned loop, const Trust& trust);
  // After the loops stopped, before the host does: calls that are still open end as if the connection had died under them.
  void close();

  // On `loop` (the host brings it there). A connector reaches its own TLS profile and nobody else's.
  void request(unsigned loop, std::string_view connector, const psw_http& request, plugin_host::HttpDone done) noexcept override;

 private:
  struct Call;
  struct Side {
    std::unique_ptr<net::HttpClient> client;
    std::vector<std::string> profiles;  // connectors with a profile of their own
    Call* open = nullptr;               // list of calls under way
  };
  static void answered(void* context, const net::ClientAnswer& answer);
  void not_begun(std::string_view connector, std::string_view reason, plugin_host::HttpDone done) noexcept;

  const Clock& clock_;
  Logger& logger_;
  std::vector<std::unique_ptr<Side>> sides_;
};

}  // namespace payswitch::daemon::app
