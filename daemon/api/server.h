// The public listener's handler: from a strictly checked request to the handler of its endpoint, refusals in a fixed order.
#pragma once

#include <span>
#include <vector>

#include "api/services.h"
#include "net/http.h"

namespace payswitch::daemon::api {

// One object for all loops; each request is served with the services of its loop.
//
// Order of refusals: path (404), method (405), headers that stand there twice (400), credential (401), rate (429), scope (403),
// body where none belongs or of another type (400, 415), Idempotency-Key (400), then the handler's own fields, then the coordinator.
class Server final : public net::Handler {
 public:
  // `by_loop[i]` serves net::Loop i. Borrowed.
  explicit Server(std::vector<Services*> by_loop) : by_loop_(std::move(by_loop)) {}
  void handle(net::Exchange& exchange) noexcept override;

 private:
  std::vector<Services*> by_loop_;
};

}  // namespace payswitch::daemon::api
