// Two banks' final decisions differ: the money goes into a named account and into a list, once, whoever tells us how often.
#include "transfer/repair.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

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
  const bool they_have_it = contradiction_ == Contradiction::they_have_it;
  transfer::open_repair(core_, entry, repair_id_, rec_, answer_bank_, they_have_it, answer_op_, theirs_);
  next_.copy(rec_);
  next_.row.attention = static_cast<std::int32_t>(Attention::contradiction);
  next_.detail.attention_since_ms = core_.client.clock_ms();
  next_.put(entry, they_have_it ? "they say applied: repair opened" : "they say refused: repair opened");
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
