// What a saga writes: one entry for each judgement and each due action, always on the version it was decided on.
#include <payswitch/failpoint.h>

#include <algorithm>

#include "ledger/account_names.h"
#include "transfer/limits.h"
#include "transfer/mutant.h"
#include "transfer/peer_desk.h"
#include "transfer/saga.h"
#include "transfer/settle.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr ledger::Refusal over_exposure{PSW_OVERLOADED, "peer_exposure_exceeded"};
constexpr ledger::Refusal not_yet{PSW_OVERLOADED, "not_yet"};

std::string_view note_of(Do what) noexcept {
  switch (what) {
    case Do::complete: return "applied";
    case Do::release: return "released";
    case Do::next_connector: return "next connector";
    case Do::next_bank: return "next bank";
    case Do::keep: return "still open";
    case Do::doubt: return "in doubt";
  }
  return {};
}

bool listed(std::string_view list, std::string_view bank) noexcept {
  while (!list.empty()) {
    const auto comma = list.find(',');
    if (list.substr(0, comma) == bank) return true;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}
}  // namespace

// The next target of today's routes: of the same bank behind the connector that was tried, or of a bank that was not tried.
bool Saga::find_way(bool same_bank) {
  // What came from a bank goes back to that bank, whatever way other money to that account would take.
  if (counts_on_parent(rec_)) {
    const auto* way = same_bank ? connector_of(core_, rec_.bank(), view(rec_.row.connector)) : nullptr;
    if (way == nullptr) return false;
    way_connector_ = way->name();
    way_bank_ = rec_.bank();
    return true;
  }
  const auto decision = core_.settings->routes.find({view(rec_.row.payee), rec_.currency(), rec_.operation_money().minor});
  const bool waits = rec_.state() == TransferState::held;
  bool behind = waits;
  for (const auto* target : decision.targets) {
    const bool is_current = target->connector == view(rec_.row.connector);
    const bool fits = same_bank ? behind && target->bank == rec_.bank()
                                : target->bank != rec_.bank() && !listed(rec_.detail.refused_banks, target->bank);
    if (fits) {
      const auto* gateway = core_.gateway(target->connector);
      if (gateway != nullptr && gateway->available() && !core_.peers->closed(target->bank)) {
        way_connector_ = target->connector;
        way_bank_ = target->bank;
        return true;
      }
    }
    behind = behind || is_current;
  }
  return false;
}

psw_id Saga::own_step(std::string_view note) noexcept {
  char what[64];
  std::memcpy(what, &run_, sizeof run_);
  const auto n = std::min(note.size(), sizeof what - sizeof run_);
  std::memcpy(what + sizeof run_, note.data(), n);
  return core_.hasher.step_id(rec_.row.id, rec_.row.version, {what, sizeof run_ + n});
}

// When to look again, and nobody's lease until then.
void Saga::schedule(OwnedRecord& next, TransferState state) noexcept {
  const auto& times = core_.settings->times;
  const std::int64_t now_ms = core_.client.clock_ms();
  if (state == TransferState::in_doubt && rec_.state() != TransferState::in_doubt) next.detail.grace_ms = now_ms + times.in_doubt_grace_ms;
  next.set_state(state);
  std::int64_t delay = back_off_ms(next.detail.polls, times.poll_first_ms, times.poll_cap_ms, core_.random());
  delay = std::max<std::int64_t>(delay, retry_after_ms_);
  next.detail.polls += 1;
  next.row.next_action_ms = now_ms + delay;
  next.row.lease_owner = {};
  next.row.lease_ms = 0;
}

// The transfer that a reversal gives back from counts it: both are written by whoever ends it.
void Saga::read_parent() {
  phase_ = Phase::parent;
  const bool asked = core_.client.read<&Saga::got_parent>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = rec_.row.parent_id;
    read.limit = 1;
  });
  if (!asked) retry_write();
}

void Saga::got_parent(const ledger::ReadReply& reply) {
  if (!reply.ok()) return retry_write();
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, rec_.row.parent_id)) continue;
    parent_ = std::make_unique<OwnedRecord>();
    if (parent_->load(row)) return write_judgement();
  }
  core_.notice(Notice::record_damaged, rec_.row.id, rec_.bank(), "the transfer it gives back from cannot be read");
  end(false);
}

void Saga::write_judgement() {
  const bool has_ended = judgement_.what == Do::complete || judgement_.what == Do::release;
  if (has_ended && counts_on_parent(rec_) && !parent_) return read_parent();
  phase_ = Phase::judging;
  if (PSW_FAILPOINT("saga.before_write")) return retry_write();
  auto write = core_.client.begin();
  if (!write) return retry_write();
  auto& entry = write.entry;
  next_.copy(rec_);
  decided_on_ = rec_.row.version;
  const psw_id& id = rec_.row.id;
  if (has_ended && is_decision(answer_)) {
    next_.detail.peer = theirs_;
    next_.detail.peer_reference = next_.own(std::string_view(peer_reference_).substr(0, peer_reference_bytes_max));
  }
  // A decision is written while the gate of the bank whose word it is stands as we know it; so is the attempt at another one.
  if (is_decision(answer_) && judgement_.what != Do::keep && judgement_.what != Do::doubt) core_.peers->guard(entry, answer_bank_, &theirs_);
  const bool goes_on = judgement_.what == Do::next_connector || judgement_.what == Do::next_bank;
  if (goes_on && !(is_decision(answer_) && way_bank_ == answer_bank_)) core_.peers->guard(entry, way_bank_);
  switch (judgement_.what) {
    case Do::complete: complete_record(core_, entry, rec_, next_); break;
    case Do::release: {
      const std::string_view why = code_.empty() ? std::string_view("unspecified") : std::string_view(code_);
      const std::string reason = answer_ == Answer::not_sent ? std::string("peer_unreachable") : "peer_refused:" + std::string(why.substr(0, 64));
      release_record(core_, entry, rec_, next_, rec_.detail.cancel_by_client != 0 ? std::string("cancelled") : reason);
      break;
    }
    case Do::next_connector:
    case Do::next_bank: {
      const bool was_held = rec_.state() == TransferState::held;
      const bool other_bank = way_bank_ != rec_.bank();
      if (other_bank) {
        void_hold_of(core_, entry, rec_, next_);
        const auto clearing = ledger::clearing_account(way_bank_, rec_.currency());
        if (const auto* bank = core_.settings->config->bank(way_bank_)) {
          if (const auto it = bank->exposure.find(rec_.currency()); it != bank->exposure.end()) entry.guard_exposure(clearing, it->second, over_exposure);
        }
        next_.detail.hold_id = core_.hasher.step_id(id, rec_.row.version, "hold");
        entry.hold(view(rec_.row.payer), clearing, rec_.operation_money(), next_.detail.hold_id, id);
        if (answer_ == Answer::refused) next_.detail.refused_banks = next_.own(std::string(rec_.detail.refused_banks) + std::string(rec_.bank()) + ",");
      }
      prepare_attempt(core_, next_, way_bank_, way_connector_);
      if (was_held) next_.detail.mode = 0;
      if (was_held || other_bank) {
        credit_hash(next_, way_hash_);
        char op[id_hex_size], names[ulid_size];
        write_hex(next_.detail.op_id, op);
        write_ulid(id, names);
        entry.unique("out/", way_bank_, {op, sizeof op}, {names, sizeof names}, way_hash_);
      }
      break;
    }
    case Do::keep:
    case Do::doubt:
      schedule(next_, judgement_.to);
      next_.detail.pending_at_peer = judgement_.pending_at_peer ? 1 : 0;
      if (judgement_.attention != Attention::none && rec_.row.attention == 0) {
        next_.row.attention = static_cast<std::int32_t>(judgement_.attention);
        next_.detail.attention_since_ms = core_.client.clock_ms();
      }
      break;
  }
  if (has_ended && parent_ && !settle_parent(entry, *parent_, rec_.operation_money().minor, judgement_.what == Do::complete)) {
    core_.client.cancel(write);
    core_.notice(Notice::record_damaged, rec_.row.parent_id, rec_.bank(), "it does not count the reversal that ends");
    return end(false);
  }
  next_.put(entry, note_of(judgement_.what));
  core_.client.write<&Saga::written>(write, own_step(note_of(judgement_.what)), this);
}

void Saga::write_due() {
  phase_ = Phase::due_write;
  if (PSW_FAILPOINT("saga.before_due_write")) return retry_write();
  auto write = core_.client.begin();
  if (!write) return retry_write();
  auto& entry = write.entry;
  next_.copy(rec_);
  decided_on_ = rec_.row.version;
  std::string_view note = "waits";
  const std::int64_t now_ms = core_.client.clock_ms();
  if (due_.expire) {
    note = "expired";
    if (rec_.state() == TransferState::held) entry.guard_clock_reached(rec_.detail.hold_until_ms, not_yet);
    void_hold_of(core_, entry, rec_, next_);
    give_limits_back(entry, rec_.detail.limit_keys, rec_.operation_money().minor, true, static_cast<std::int64_t>(rec_.detail.limit_window_ms));
    next_.detail.limit_keys = {};
    close_record(next_, TransferState::expired, "expired");
  } else {
    const bool sends = due_.send != Send::nothing;
    if (due_.to_doubt) {
      note = "in doubt: taken over";
      next_.set_state(TransferState::in_doubt);
      next_.detail.grace_ms = now_ms + core_.settings->times.in_doubt_grace_ms;
      next_.detail.sender = core_.parts.process;
    }
    if (due_.ask_cancel) {
      note = "cancel asked: not_after has passed";
      next_.detail.cancel_asked_ms = now_ms;
    }
    if (due_.raise_attention) {
      next_.row.attention = static_cast<std::int32_t>(Attention::overdue);
      next_.detail.attention_since_ms = now_ms;
    }
    if (sends) {
      // The lease goes on through the call that follows.
      next_.row.lease_owner = str(core_.owner);
      next_.row.lease_ms = core_.settings->times.lease_ms;
      next_.row.next_action_ms = now_ms + core_.settings->times.lease_ms;
    } else {
      schedule(next_, next_.state());
      // A hold by wish has nothing to wait for but its end; a queued one is tried again before that.
      if (rec_.state() == TransferState::held)
        next_.row.next_action_ms = rec_.detail.mode == 2 ? std::min(next_.row.next_action_ms, rec_.detail.hold_until_ms) : rec_.detail.hold_until_ms;
    }
  }
  next_.put(entry, note);
  core_.client.write<&Saga::due_written>(write, own_step(note), this);
}

void Saga::due_written(const ledger::WriteReply& reply) {
  core_.client.saw(reply);
  switch (PSW_FAILPOINT("saga.due_written") ? ledger::Written::unknown : reply.what()) {
    case ledger::Written::applied:
      took_effect(reply);
      if (due_.raise_attention) core_.notice(Notice::attention, rec_.row.id, rec_.bank(), name(Attention::overdue));
      if (due_.expire || due_.send == Send::nothing) return end();
      lease_until_ns_ = core_.now_ns() + static_cast<std::uint64_t>(core_.settings->times.lease_ms) * 1'000'000;
      return send(due_.send);
    case ledger::Written::unknown:
    case ledger::Written::not_taken: return retry_write();
    default: return end();  // somebody else has it, or its clock has not come yet: it stays due
  }
}

}  // namespace payswitch::daemon::transfer
