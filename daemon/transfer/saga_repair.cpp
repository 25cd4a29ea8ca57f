// Two banks' final decisions differ: the money goes into a named account and into a list, once, whoever tells us how often.
#include "transfer/repair.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::int64_t after_all_cap_ms = 3'600'000;  // how rarely a bank is asked about what a person has decided
}

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
  next_.row.next_action_ms = 0;  // a transfer that a person had resolved: its bank has spoken
  next_.row.lease_owner = {};
  next_.row.lease_ms = 0;
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

// ---- after a person's decision ----

// A person has decided what the bank had not. The bank is asked until it has, so that no word against the decision is missed. The question
// is a cancel, for what was given back at once, else when not_after has passed: a bank that has credited says so, and one that has not
// leaves a tombstone, so that it never will.
void Saga::ask_after_all() {
  after_all_ = true;
  write_tries_ = 0;
  const auto* gateway = core_.gateway_of(rec_.bank(), view(rec_.row.connector));
  const auto can = gateway != nullptr ? gateway->capabilities() : 0;
  const bool may_cancel = rec_.state() == TransferState::voided || due_situation().not_after_passed;
  if (may_cancel && (can & PSW_CAP_CANCEL) != 0) return send(Send::cancel);
  if ((can & PSW_CAP_QUERY) != 0) return send(Send::query);
  write_after_all();
}

void Saga::heard_after_all() {
  const bool decided = is_decision(answer_) && echo_equal_;
  const auto what = decided ? contradiction(rec_.state(), true, answer_) : Contradiction::none;
  if (what != Contradiction::none) return open_repair(what);
  write_after_all();
}

void Saga::write_after_all() {
  phase_ = Phase::after_all;
  auto write = core_.client.begin();
  if (!write) return retry_write();
  next_.copy(rec_);
  decided_on_ = rec_.row.version;
  const bool decided = is_decision(answer_) && echo_equal_;
  const std::int64_t delay = back_off_ms(rec_.detail.polls, core_.settings->times.poll_first_ms, after_all_cap_ms, core_.random());
  next_.detail.polls += 1;
  next_.row.next_action_ms = decided ? 0 : core_.client.clock_ms() + delay;
  next_.row.lease_owner = {};
  next_.row.lease_ms = 0;
  const std::string_view note = decided ? "the bank has decided the same" : "the bank was asked again";
  next_.put(write.entry, note);
  core_.client.write<&Saga::after_all_written>(write, own_step(note), this);
}

void Saga::after_all_written(const ledger::WriteReply& reply) {
  core_.client.saw_clock(reply.clock_ms());
  switch (reply.what()) {
    case ledger::Written::unknown:
    case ledger::Written::not_taken: return retry_write();
    default: return end();  // written, or somebody else has written it: then it stays due, or is done
  }
}

}  // namespace payswitch::daemon::transfer
