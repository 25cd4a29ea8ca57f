#include "api/metrics.h"

#include <string_view>

namespace payswitch::daemon::api {
namespace {

constexpr std::string_view kind_names[] = {"deposit", "withdraw", "transfer"};
constexpr std::string_view outcome_names[payment_outcomes] = {"completed", "held", "processing", "in_doubt", "refused", "failed", "replayed", "unknown"};
constexpr transfer::ErrorCode shed_codes[shed_reasons] = {
    transfer::ErrorCode::rate_limited, transfer::ErrorCode::overloaded, transfer::ErrorCode::read_only, transfer::ErrorCode::shutting_down,
    transfer::ErrorCode::connector_down, transfer::ErrorCode::peer_closed, transfer::ErrorCode::no_route, transfer::ErrorCode::peer_exposure_exceeded,
    transfer::ErrorCode::in_doubt_budget, transfer::ErrorCode::not_after_too_short};

}  // namespace

ApiMetrics::ApiMetrics(Registry& registry) : in_flight_(registry.gauge("payswitch_api_requests_in_flight", "API requests being worked on")) {
  static constexpr std::string_view classes[] = {"", "1xx", "2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 1; i < by_status_.size(); ++i)
    by_status_[i] = &registry.counter("payswitch_api_requests_total", "API requests answered", {{"status", classes[i]}});
  for (std::size_t k = 0; k < kinds; ++k) {
    durations_[k] = &registry.duration("payswitch_payment_duration_seconds", "From the request to its answer, payments only", {{"kind", kind_names[k]}});
    for (std::size_t o = 0; o < payment_outcomes; ++o)
      payments_[k][o] = &registry.counter("payswitch_payments_total", "Payment requests by kind and outcome", {{"kind", kind_names[k]}, {"outcome", outcome_names[o]}});
  }
  for (std::size_t r = 0; r < shed_reasons; ++r)
    shed_[r] = &registry.counter("payswitch_requests_shed_total", "Requests refused for a reason of ours, nothing recorded", {{"reason", transfer::name(shed_codes[r])}});
}

void ApiMetrics::request_finished(int status) noexcept {
  in_flight_.add(-1);
  const auto first = static_cast<std::size_t>(status / 100);
  if (first >= 1 && first < by_status_.size()) by_status_[first]->add();
}

void ApiMetrics::payment(TransferKind kind, PaymentOutcome outcome, std::uint64_t duration_ns) noexcept {
  const auto k = static_cast<std::size_t>(kind) - 1;
  if (k >= kinds) return;
  payments_[k][static_cast<std::size_t>(outcome)]->add();
  durations_[k]->observe(duration_ns);
}

void ApiMetrics::shed(transfer::ErrorCode code) noexcept {
  for (std::size_t r = 0; r < shed_reasons; ++r)
    if (shed_codes[r] == code) shed_[r]->add();
}

}  // namespace payswitch::daemon::api
