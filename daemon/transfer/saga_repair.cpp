// Two banks' final decisions differ: the money goes into a named account and into a list, once, whoever tells us how often.
#include "ledger/account_names.h"
#include "transfer/limits.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr ledger::Refusal counted{PSW_CONFLICT, "too many repairs"};  // never: the counter has no limit
}  // namespace

void Saga::open_repair(Contradiction what) {
  contradiction_ = what;
  repair_id_ = core_.new_id();
  write_tries_ = 0;
  write_repair();
}

void Saga::write_repair() {
  phase_ = Phase::repairing;
  auto write = core_.client.begin();
  if (!write) return retry_write();
  auto& entry = write.entry;
  const auto currency = rec_.currency();
  const auto clearing = ledger::clearing_account(answer_bank_, currency), suspense = ledger::suspense_account(answer_bank_, currency);
  const bool they_have_it = contradiction_ == Contradiction::they_have_it;
  const std::string_view debit = they_have_it ? suspense : clearing, credit = they_have_it ? clearing : suspense;

  // One per parent, bank and direction, for ever.
  char parent[ulid_size], repair[ulid_size];
  write_ulid(rec_.row.id, parent);
  write_ulid(repair_id_, repair);
  const std::uint8_t no_hash[32] = {};
  const auto key = entry.keep({parent, sizeof parent}, "/", answer_bank_, "/", they_have_it ? "out" : "in");
  entry.unique("repair/", {}, view(key), {repair, sizeof repair}, no_hash);
  entry.guard_counter(view(entry.keep(open_repairs_prefix, view(rec_.row.payer))), 1, INT64_MAX, 0, counted);
  entry.post(debit, credit, rec_.operation_money(), repair_id_, repair_id_);

  next_.copy(rec_);
  next_.row.attention = static_cast<std::int32_t>(Attention::contradiction);
  next_.detail.attention_since_ms = core_.client.clock_ms();
  next_.put(entry, they_have_it ? "they say applied: repair opened" : "they say refused: repair opened");

  OwnedRecord linked;
  linked.row.id = repair_id_;
  linked.row.parent_id = rec_.row.id;
  linked.row.kind = static_cast<std::int32_t>(TransferKind::repair);
  linked.set_state(TransferState::completed);
  linked.row.attention = static_cast<std::int32_t>(Attention::repair_open);
  linked.row.payer = str(debit);
  linked.row.payee = str(credit);
  linked.row.principal = str(ledger::system_owner);
  linked.row.bank = str(std::string_view(answer_bank_));
  linked.row.money = rec_.operation_money();
  linked.row.created_ms = core_.client.clock_ms();
  linked.detail.posted_minor = linked.row.money.minor;
  linked.detail.operation_minor = linked.row.money.minor;
  linked.detail.op_id = answer_op_;
  linked.detail.peer = theirs_;
  linked.detail.attention_since_ms = linked.row.created_ms;
  linked.put(entry, "opened");
  core_.client.write<&Saga::repair_written>(write, core_.hasher.step_id(repair_id_, rec_.row.version, "repair"), this);
}

void Saga::repair_written(const ledger::WriteReply& reply) {
  core_.client.saw_clock(reply.clock_ms());
  switch (reply.what()) {
    case ledger::Written::applied:
      ++core_.counters.repairs_opened;
      core_.notice(Notice::repair_opened, rec_.row.id, answer_bank_, code_);
      core_.committed(rec_.row.id, rec_.row.version + 1, rec_.state(), reply.at().position);
      return end();
    case ledger::Written::exists:
    case ledger::Written::key_reused: return end();
    case ledger::Written::conflict: return reread();
    case ledger::Written::unknown:
    case ledger::Written::not_taken: return retry_write();
    default:
      core_.notice(Notice::record_damaged, rec_.row.id, answer_bank_, reply.reason());
      return end(false);
  }
}

}  // namespace payswitch::daemon::transfer
