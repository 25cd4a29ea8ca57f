#include "app/notices.h"

#include <payswitch/ids.h>

#include "app/messages.h"

namespace payswitch::daemon::app {
namespace {
constexpr std::string_view words[] = {"stale_reply", "wrong_echo", "repair_opened", "attention", "ledger_retry", "taken_over", "op_id_reused", "record_damaged",
                                      "wrong_ledger", "peer_history_changed", "peer_closed", "peer_opened"};
}

Notices::Notices(Logger& logger, Registry& metrics, const Clock& clock) : logger_(logger), clock_(clock) {
  for (std::size_t i = 0; i < kinds; ++i)
    counters_[i] = &metrics.counter("payswitch_transfer_notices_total", "What coordinators noticed about transfers", {{"what", words[i]}});
}

void Notices::notice(transfer::Notice what, const psw_id& transfer, std::string_view bank, std::string_view text) noexcept {
  const auto i = static_cast<std::size_t>(what);
  if (i >= kinds) return;
  counters_[i]->add();
  std::uint64_t suppressed = 0;
  if (!throttles_[i].allow(clock_.monotonic_ns(), suppressed)) return;
  switch (what) {
    case transfer::Notice::wrong_ledger: return logger_.write(wrong_ledger, {{"bank", bank}, {"text", text}, {"suppressed", suppressed}});
    case transfer::Notice::peer_history_changed: return logger_.write(peer_history_changed, {{"bank", bank}, {"text", text}, {"suppressed", suppressed}});
    case transfer::Notice::peer_closed: return logger_.write(peer_closed, {{"bank", bank}, {"by", text}});
    case transfer::Notice::peer_opened: return logger_.write(peer_opened, {{"bank", bank}, {"by", text}});
    default: break;
  }
  char id[ulid_size];
  write_ulid(transfer, id);
  logger_.write(transfer_notice, {{"what", words[i]}, {"transfer_id", std::string_view(id, sizeof id)}, {"bank", bank}, {"text", text}, {"suppressed", suppressed}});
}

}  // namespace payswitch::daemon::app
