// What the API counts. Instruments live in the registry, shared by all loops.
#pragma once

#include <array>
#include <cstdint>

#include "base/metrics.h"
#include "transfer/commands.h"

namespace payswitch::daemon::api {

enum class ShedReason : std::uint8_t { rate_limited, overloaded, read_only, shutting_down, connector_down, peer_closed, no_route, peer_exposure_exceeded, in_doubt_budget, not_after_too_short };
inline constexpr std::size_t shed_reasons = 10;

enum class PaymentOutcome : std::uint8_t { completed, held, processing, in_doubt, refused, failed, replayed, unknown };
inline constexpr std::size_t payment_outcomes = 8;

class ApiMetrics {
 public:
  explicit ApiMetrics(Registry& registry);

  void request_started() noexcept { in_flight_.add(1); }
  void request_finished(int status) noexcept;
  void payment(TransferKind kind, PaymentOutcome outcome, std::uint64_t duration_ns) noexcept;
  void shed(transfer::ErrorCode code) noexcept;  // counts the codes of class retry that refuse work, others are ignored

 private:
  static constexpr std::size_t kinds = 3;  // deposit, withdraw, transfer
  std::array<Counter*, 6> by_status_{};    // index: first digit of the status
  std::array<std::array<Counter*, payment_outcomes>, kinds> payments_{};
  std::array<Histogram*, kinds> durations_{};
  std::array<Counter*, shed_reasons> shed_{};
  Gauge& in_flight_;
};

}  // namespace payswitch::daemon::api
