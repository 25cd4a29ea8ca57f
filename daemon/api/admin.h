// The admin listener: /livez, /readyz, /metrics, and two lists to look at, /admin/v1/transfers?state=in_doubt and /admin/v1/repairs. It has a loop and a thread of its own, so that it answers while the others are busy.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "net/http.h"

namespace payswitch::daemon::api {

struct HealthCheck {
  std::string name;  // "loops", "ledger", "drain"
  bool ok = false;
  std::string text;
};

struct HealthSources {
  std::function<std::vector<HealthCheck>()> live;   // do the loops turn?
  std::function<std::vector<HealthCheck>()> ready;  // may a load balancer send requests here?
  std::function<std::string()> in_doubt;            // JSON, a few seconds old: transfers whose fate is unknown
  std::function<std::string()> repairs;             // JSON, a few seconds old: open repairs
};

class AdminServer final : public net::Handler {
 public:
  // All functions are called on the admin loop and must not block.
  AdminServer(HealthSources sources, const Registry& metrics) : sources_(std::move(sources)), metrics_(metrics) {}
  void handle(net::Exchange& exchange) noexcept override;

 private:
  HealthSources sources_;
  const Registry& metrics_;
};

}  // namespace payswitch::daemon::api
