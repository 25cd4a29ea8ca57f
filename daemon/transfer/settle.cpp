#include "transfer/settle.h"

#include "ledger/account_names.h"
#include "transfer/limits.h"

namespace payswitch::daemon::transfer {

void close_record(OwnedRecord& next, TransferState state, std::string_view reason) {
  next.set_state(state);
  next.row.reason = str(next.own(reason));
  next.row.next_action_ms = 0;
  next.row.lease_owner = {};
  next.row.lease_ms = 0;
}

void complete_record(Core& core, ledger::EntryBuilder& entry, const OwnedRecord& rec, OwnedRecord& next) {
  const auto clearing = ledger::clearing_account(rec.bank(), rec.currency());
  const auto posting = core.hasher.step_id(rec.row.id, rec.row.version, "posting");
  entry.post_hold(view(rec.row.payer), clearing, rec.operation_money(), posting, rec.detail.hold_id, rec.row.id);
  close_record(next, TransferState::completed, {});
  next.detail.posted_minor = rec.operation_money().minor;
  next.detail.hold_id = psw_id{};
}

void void_hold_of(Core& core, ledger::EntryBuilder& entry, const OwnedRecord& rec, OwnedRecord& next) {
  const auto clearing = ledger::clearing_account(rec.bank(), rec.currency());
  const auto credit = rec.bank().empty() ? view(rec.row.payee) : clearing.view();
  entry.void_hold(view(rec.row.payer), credit, rec.operation_money(), core.hasher.step_id(rec.row.id, rec.row.version, "posting"), rec.detail.hold_id, rec.row.id);
  next.detail.hold_id = psw_id{};
}

void release_record(Core& core, ledger::EntryBuilder& entry, const OwnedRecord& rec, OwnedRecord& next, std::string_view reason) {
  void_hold_of(core, entry, rec, next);
  give_limits_back(entry, rec.detail.limit_keys, rec.operation_money().minor, true, static_cast<std::int64_t>(rec.detail.limit_window_ms));
  next.detail.limit_keys = {};
  close_record(next, TransferState::voided, reason);
}

bool settle_parent(ledger::EntryBuilder& entry, OwnedRecord& parent, std::int64_t minor, bool completed) {
  if (parent.detail.reversed_pending_minor < minor) return false;
  parent.detail.reversed_pending_minor -= minor;
  if (completed) parent.detail.reversed_posted_minor += minor;
  parent.put(entry, completed ? "reversal completed" : "reversal not made");
  return true;
}

plugin_host::Participant* connector_of(const Core& core, std::string_view bank, std::string_view behind) {
  bool reached = behind.empty();
  for (const auto& connector : core.settings->config->connectors) {
    if (connector.bank == bank && reached) {
      auto* gateway = core.gateway(connector.name);
      if (gateway != nullptr && gateway->available()) return gateway;
    }
    reached = reached || connector.name == behind;
  }
  return nullptr;
}

}  // namespace payswitch::daemon::transfer
