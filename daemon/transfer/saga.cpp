#include "transfer/saga.h"

#include <payswitch/failpoint.h>

#include <algorithm>

#include "transfer/mutant.h"
#include "transfer/peer_desk.h"
#include "transfer/recovery.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint64_t ms = 1'000'000;
constexpr std::int64_t write_retry_cap_ms = 1'000;
constexpr std::uint32_t gate_tries_max = 8;  // a gate changes at first contact and by hand

std::int32_t op_of(Send what) noexcept {
  switch (what) {
    case Send::query: return PSW_OP_QUERY;
    case Send::cancel: return PSW_OP_CANCEL;
    default: return PSW_OP_CREDIT;
  }
}
}  // namespace

void Saga::start(bool first) noexcept {
  first_ = first;
  run_ = core_.random();
  reported_ = false;
  after_all_ = false;
  answer_ = Answer::unknown;
  echo_equal_ = same_op_ = true;
  about_current_ = true;
  retry_after_ms_ = 0;
  write_tries_ = 0;
  gate_tries_ = 0;
  contradiction_ = Contradiction::none;
  repair_id_ = psw_id{};
  parent_.reset();
  told_ = Told{};
  code_.clear();
  lease_until_ns_ = core_.now_ns() + static_cast<std::uint64_t>(core_.settings->times.lease_ms) * ms;
}

void Saga::first_send(const OwnedRecord& rec) {
  rec_.copy(rec);
  start(true);
  send(Send::credit);
}

void Saga::send_cancel(const OwnedRecord& rec) {
  rec_.copy(rec);
  start(false);
  due_ = when_due(due_situation());
  if (due_.send == Send::nothing) return write_due();
  send(due_.send);
}

void Saga::resume(const psw_record& row, std::uint64_t delay_ns) {
  start(false);
  ++core_.counters.recovered;
  if (PSW_FAILPOINT("saga.resumed")) return end();
  if (!rec_.load(row)) {
    core_.notice(Notice::record_damaged, row.id, view(row.bank), "its detail cannot be read");
    return end();
  }
  if (delay_ns == 0) return look();
  phase_ = Phase::delayed;
  core_.timers.arm(*this, core_.now_ns() + delay_ns);
}

void Saga::look() {
  if (is_final(rec_.state())) return ask_after_all();
  auto now = due_situation();
  if (now.state == TransferState::held && now.queued) now.connector_back = find_way(true) || find_way(false);
  due_ = when_due(now);
  if (due_.send == Send::submit) {
    judgement_ = {Do::next_connector, TransferState::submitted};
    return write_judgement();
  }
  if (due_.expire || due_.to_doubt || due_.ask_cancel || due_.raise_attention || due_.send == Send::nothing) return write_due();
  send(due_.send);
}

void Saga::report(const psw_record& row, const psw_decision& decision, std::string_view bank, Told done) {
  start(false);
  told_ = done;
  reported_ = true;
  if (!rec_.load(row)) {
    core_.notice(Notice::record_damaged, row.id, bank, "its detail cannot be read");
    return end(false);
  }
  remember(hear(rec_, decision));
  answer_op_ = decision.op_id;
  answer_bank_ = bank;
  weigh_history(nullptr);
  settle();
}

DueSituation Saga::due_situation() const noexcept {
  const auto& times = core_.settings->times;
  const std::int64_t now_ms = core_.client.clock_ms();
  DueSituation out;
  out.state = rec_.state();
  out.queued = rec_.detail.mode == 2;
  out.hold_ended = (rec_.detail.hold_until_ms != 0 && now_ms >= rec_.detail.hold_until_ms) ||
                   (rec_.state() != TransferState::held && now_ms >= rec_.row.not_after_ms);
  out.sent_by_us = rec_.detail.sender == core_.parts.process;
  out.pending_at_peer = rec_.detail.pending_at_peer != 0;
  out.cancel_asked = rec_.detail.cancel_asked_ms != 0;
  out.not_after_passed = rec_.row.not_after_ms != 0 && now_ms >= rec_.row.not_after_ms + times.margin_ms;
  out.overdue = rec_.row.not_after_ms != 0 && now_ms >= rec_.row.not_after_ms + times.attention_after_ms;
  out.attention = rec_.row.attention != 0;
  const auto* gateway = rec_.bank().empty() ? nullptr : core_.gateway_of(rec_.bank(), view(rec_.row.connector));
  if (gateway != nullptr) {
    out.can_query = (gateway->capabilities() & PSW_CAP_QUERY) != 0;
    out.can_cancel = (gateway->capabilities() & PSW_CAP_CANCEL) != 0;
  }
  // A closed bank is asked nothing: what is open with it waits.
  out.reachable = gateway != nullptr && !core_.peers->closed(rec_.bank());
  return out;
}

void Saga::send(Send what) {
  sent_ = what;
  phase_ = Phase::sending;
  if (PSW_MUTANT("op_id_of_each_send") && what == Send::credit && !first_) rec_.detail.op_id.b[0] ^= static_cast<std::uint8_t>(rec_.detail.polls + 1);
  answer_op_ = rec_.detail.op_id;
  answer_bank_ = rec_.bank();
  const auto connector = view(rec_.row.connector);
  auto* gateway = PSW_FAILPOINT("saga.before_send") ? nullptr : first_ ? core_.gateway(connector) : core_.gateway_of(rec_.bank(), connector);
  const std::uint64_t deadline = core_.now_ns() + call_deadline_ns(core_, gateway != nullptr ? gateway->name() : connector);
  // Whose lease may end during the call does not start it: another daemon may be at it by then.
  const bool may = gateway != nullptr && deadline < lease_until_ns_ && !core_.peers->closed(rec_.bank());
  auto* call = may ? gateway->acquire(core_.parts.loop) : nullptr;
  if (call == nullptr || (first_ && !gateway->available())) {
    if (call != nullptr) gateway->cancel(core_.parts.loop, call);
    answer_ = what == Send::credit ? Answer::not_sent : Answer::unknown;
    return judge_now();
  }
  switch (what) {
    case Send::query: ++core_.counters.queries_sent; break;
    case Send::cancel: ++core_.counters.cancels_sent; break;
    default: ++core_.counters.credits_sent; break;
  }
  call->op.kind = op_of(what);
  call->op.attempt = static_cast<std::uint32_t>(rec_.row.attempt);
  call->op.flags = first_ ? 0 : PSW_OPF_RECOVERY | PSW_OPF_RESEND;
  call->op.call_deadline_ns = deadline;
  call->op.trace_id = rec_.trace_id;
  call->op.body = &make_credit(core_, rec_, call->arena());
  floor_ = core_.peers->known().floor(rec_.bank());
  call->completion = {[](void* context, const psw_reply& reply) { static_cast<Saga*>(context)->replied(reply); }, this};
  gateway->submit(core_.parts.loop, call);
  (void)PSW_FAILPOINT("saga.sent");
}

void Saga::remember(const Heard& heard) {
  answer_ = heard.answer;
  echo_equal_ = heard.echo_equal;
  same_op_ = heard.same_op;
  code_ = heard.code;
  peer_reference_ = heard.peer_reference;
  theirs_ = heard.theirs;
  retry_after_ms_ = heard.retry_after_ms;
}

// What the bank said of itself comes before what it said of the transfer: by the word of one that has lost its memory nothing is decided.
void Saga::weigh_history(const PeerFloor* floor) {
  const auto verdict = core_.peers->heard(answer_bank_, theirs_, floor, rec_.row.id);
  const bool believed = verdict == PeerHistory::Verdict::fine || verdict == PeerHistory::Verdict::behind;
  if (!believed || core_.peers->closed(answer_bank_)) answer_ = Answer::unknown;
}

void Saga::replied(const psw_reply& reply) {
  const psw_reply nothing{};
  const psw_reply& heard = PSW_FAILPOINT("saga.replied") ? nothing : reply;
  remember(hear(rec_, op_of(sent_), heard));
  weigh_history(&floor_);
  if (answer_ == Answer::unknown && view(heard.reason) == "wrong_ledger") core_.peers->wrong_ledger(rec_.bank(), rec_.row.id, "another ledger was meant, or has answered");
  if (answer_ == Answer::unknown) core_.recovery->silent(rec_.bank());
  else if (answer_ != Answer::not_sent) core_.recovery->heard(rec_.bank());
  if (sent_ == Send::query && !after_all_ && resend_after_query(due_situation(), answer_)) {
    // Nothing there: the original goes again, with its original not_after. What comes back is judged instead.
    if (!PSW_FAILPOINT("saga.before_resend")) return send(Send::credit);
  }
  judge_now();
}

void Saga::judge_now() {
  if (!echo_equal_) core_.notice(Notice::wrong_echo, rec_.row.id, rec_.bank(), code_);
  if (after_all_) return heard_after_all();
  Situation now;
  now.state = rec_.state();
  now.cancel_asked = rec_.detail.cancel_asked_ms != 0;
  now.echo_equal = echo_equal_;
  now.first_send = first_ && !reported_;
  if (answer_ == Answer::not_sent || answer_ == Answer::refused || PSW_MUTANT("fail_over_after_timeout") || PSW_MUTANT("not_sent_of_a_resend")) {
    now.other_connector = answer_ == Answer::not_sent && find_way(true);
    now.other_bank = !now.other_connector && find_way(false);
  }
  judgement_ = judge(now, answer_);
  if (judgement_.attention == Attention::none && core_.peers->lost_history(rec_.bank())) judgement_.attention = Attention::peer_history_changed;
  if (PSW_MUTANT("not_found_is_final_after_not_after") && answer_ == Answer::not_found && core_.client.clock_ms() >= rec_.row.not_after_ms)
    judgement_ = {Do::release, TransferState::voided};
  write_tries_ = 0;
  write_judgement();
}

// What was being written is durable: it is what we know now, and whoever waits hears of it.
void Saga::took_effect(const ledger::WriteReply& reply) {
  rec_.copy(next_);
  rec_.row.version = decided_on_ + 1;
  core_.committed(rec_.row.id, rec_.row.version, rec_.state(), reply.at().position);
}

void Saga::written(const ledger::WriteReply& reply) {
  core_.client.saw(reply);
  switch (PSW_FAILPOINT("saga.written") ? ledger::Written::unknown : reply.what()) {
    case ledger::Written::applied:
      took_effect(reply);
      core_.peers->written(answer_bank_);
      return after_judgement();
    case ledger::Written::conflict:
      if (reply.reason() == reason_peer_gate || core_.peers->known().gate_version(answer_bank_) == 0) return look_at_gate();
      ++core_.counters.version_conflicts;
      return reread();
    case ledger::Written::unknown:
    case ledger::Written::not_taken:
      core_.notice(Notice::ledger_retry, rec_.row.id, rec_.bank(), reply.reason());
      return retry_write();
    default:
      // Another bank that a rule now forbids is not tried; a due hold that the clock guard sent back is looked at again later.
      if (judgement_.what == Do::next_bank || judgement_.what == Do::next_connector) {
        if (rec_.state() == TransferState::held) return end();
        judgement_ = {Do::release, TransferState::voided};
        return write_judgement();
      }
      core_.notice(Notice::record_damaged, rec_.row.id, rec_.bank(), reply.reason());
      return end(false);
  }
}

// The gate of a bank is not the one that was guarded: closed meanwhile, or pinned by another first contact. Judged again with what it is;
// a refusal that lets another bank be tried guards the gates of both.
void Saga::look_at_gate() {
  if (++gate_tries_ > gate_tries_max) return end(false);  // stays due: asked again
  gate_versions_ = gate_versions();
  look_at_gate_of(is_decision(answer_) ? answer_bank_ : way_bank_);
}

void Saga::look_at_gate_of(std::string_view bank) {
  phase_ = Phase::gate;
  gate_bank_ = bank;
  if (!core_.peers->look_again<&Saga::got_gate>(gate_bank_, this)) retry_write();
}

std::pair<std::uint64_t, std::uint64_t> Saga::gate_versions() const {
  const auto& known = core_.peers->known();
  return {known.gate_version(answer_bank_), known.gate_version(way_bank_)};
}

void Saga::got_gate(const ledger::ReadReply& reply) {
  if (!core_.peers->take(gate_bank_, reply)) return retry_write();
  const bool of_way = judgement_.what == Do::next_connector || judgement_.what == Do::next_bank;
  if (of_way && gate_bank_ != way_bank_) return look_at_gate_of(way_bank_);
  // At first contact the conflict may have been the record's own: then nothing has changed here.
  if (gate_versions() == gate_versions_) {
    ++core_.counters.version_conflicts;
    return reread();
  }
  if (core_.peers->closed(answer_bank_) && is_decision(answer_)) answer_ = Answer::unknown;
  if (rec_.state() == TransferState::held) return end();  // looked at again when it is due
  judge_now();
}

void Saga::after_judgement() {
  (void)PSW_FAILPOINT("saga.judged");
  switch (judgement_.what) {
    case Do::complete:
      ++core_.counters.completed;
      return end();
    case Do::release:
      ++core_.counters.failed;
      return end();
    case Do::next_connector:
    case Do::next_bank: {
      const auto told = told_;
      start(true);
      if (told.function != nullptr) told.function(told.context, true);
      return send(Send::credit);
    }
    case Do::keep:
    case Do::doubt:
      if (judgement_.attention != Attention::none) core_.notice(Notice::attention, rec_.row.id, rec_.bank(), name(judgement_.attention));
      return end();
  }
}

void Saga::retry_write() noexcept {
  ++core_.counters.ledger_retries;
  const auto delay = std::min(write_retry_cap_ms, core_.settings->times.step_retry_ms << std::min<std::uint32_t>(write_tries_++, 5));
  core_.timers.arm(*this, core_.now_ns() + static_cast<std::uint64_t>(delay) * ms);
}

void Saga::on_timer() {
  switch (phase_) {
    case Phase::delayed: return look();
    case Phase::parent: return read_parent();
    case Phase::judging: return write_judgement();
    case Phase::due_write: return write_due();
    case Phase::reading: return reread();
    case Phase::gate: return look_at_gate();
    case Phase::repairing: return write_repair();
    case Phase::after_all: return write_after_all();
    case Phase::idle:
    case Phase::sending: return;
  }
}

// Somebody wrote this transfer since we looked. A decision is judged again; anything else is the other's business now.
void Saga::reread() {
  first_ = false;
  if (!is_decision(answer_) && !parent_ && !PSW_MUTANT("no_version_check")) return end();
  phase_ = Phase::reading;
  const bool asked = core_.client.read<&Saga::got_record>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = rec_.row.id;
    read.limit = 1;
  });
  if (!asked) retry_write();
}

void Saga::got_record(const ledger::ReadReply& reply) {
  const psw_id id = rec_.row.id;
  if (!reply.ok()) return retry_write();
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, id)) continue;
    if (!rec_.load(row)) return end(false);
    // Only the transfer that this reversal gives back from was written meanwhile: what was judged holds.
    const bool parent_moved = parent_ && rec_.row.version == decided_on_;
    parent_.reset();
    if (parent_moved) return write_judgement();
    if (PSW_MUTANT("no_version_check") && !is_decision(answer_)) return is_open(rec_.state()) ? write_judgement() : end();
    return settle();
  }
  end(false);
}

// A decision against the record as it is now.
void Saga::settle() {
  about_current_ = (same(answer_op_, rec_.detail.op_id) && answer_bank_ == rec_.bank()) || PSW_MUTANT("late_refusal_of_a_former_attempt");
  // An answer that speaks of another operation than was asked about decides nothing here. (A report may speak of a former attempt.)
  const bool decides = is_decision(answer_) && (reported_ || same_op_ || PSW_MUTANT("no_echo_check"));
  if (!decides) return end(!reported_ || !core_.peers->closed(answer_bank_));
  if (PSW_MUTANT("late_refusal_of_a_former_attempt")) echo_equal_ = true;
  if (about_current_ && (rec_.state() == TransferState::submitted || rec_.state() == TransferState::in_doubt)) return judge_now();
  const auto what = contradiction(rec_.state(), about_current_, answer_);
  if (what == Contradiction::none) {
    if (!about_current_) {
      ++core_.counters.stale_replies;
      core_.notice(Notice::stale_reply, rec_.row.id, answer_bank_, code_);
    }
    return end();
  }
  open_repair(what);
}

void Saga::end(bool recorded) {
  phase_ = Phase::idle;
  Timers::disarm(*this);
  const auto told = told_;
  told_ = Told{};
  core_.sagas->give_back(this);
  if (told.function != nullptr) told.function(told.context, recorded);
}

}  // namespace payswitch::daemon::transfer
