#include "transfer/hold_flow.h"

#include <payswitch/failpoint.h>

#include <array>
#include <cstring>

#include "ledger/account_names.h"
#include "transfer/budget.h"
#include "transfer/credit.h"
#include "transfer/limits.h"
#include "transfer/peer_desk.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint32_t conflicts_max = 16;
// A refused post, void or cancel changes and records nothing: none of these codes is PSW_RULE.
constexpr ledger::Refusal frozen{PSW_ABSENT, "account_frozen"};
constexpr ledger::Refusal ended{PSW_ABSENT, "hold_expired"};
constexpr ledger::Refusal over_exposure{PSW_ABSENT, "peer_exposure_exceeded"};

std::string_view operation_name(HoldAction action) noexcept {
  switch (action) {
    case HoldAction::post: return "post";
    case HoldAction::void_hold: return "void";
    case HoldAction::cancel: return "cancel";
  }
  return {};
}
}  // namespace

void HoldFlow::start(const HoldCommand& command, Reply<TransferAnswer> reply) {
  begin(command.caller, reply, command.wait_ms);
  command_ = command;
  id_ = command.transfer;
  conflicts_ = 0;
  const bool has_key = !command.idempotency_key.empty();
  if (has_key ? !idempotency_key_ok(command.idempotency_key) : command.action != HoldAction::cancel) return fail(ErrorCode::idempotency_key_required);
  if (command.amount_minor != 0 && (command.action != HoldAction::post || !amount_ok(command.amount_minor))) return fail(ErrorCode::amount_invalid, "amount");
  if (!command.caller.may(auth::scope_pay)) return fail(ErrorCode::forbidden);
  FingerprintInput input;
  input.operation = operation_name(command.action);
  input.parent = &command.transfer;
  input.posted_minor = command.amount_minor;
  core_.hasher.fingerprint(input, fingerprint_);
  read();
}

void HoldFlow::read() {
  const bool asked = core_.client.read<&HoldFlow::got_record>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = id_;
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void HoldFlow::got_record(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  core_.client.saw_clock(reply.clock_ms());
  bool found = false;
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, id_)) continue;
    if (!rec_.load(row)) return fail(ErrorCode::internal);
    found = view(row.principal) == command_.caller.principal || command_.caller.sees_all();
  }
  if (!found) return fail(ErrorCode::transfer_not_found);
  decide();
}

void HoldFlow::decide() {
  const auto state = rec_.state();
  if (command_.action == HoldAction::cancel) {
    if (state == TransferState::held) {
      plan_ = Plan::void_hold;
      return write();
    }
    if (state == TransferState::submitted || state == TransferState::in_doubt) {
      if (rec_.detail.cancel_asked_ms != 0) return show();  // already asked: 202, as it stands
      plan_ = Plan::ask_cancel;
      return write();
    }
    return unless_known(ErrorCode::transfer_not_cancellable);
  }
  if (state == TransferState::voided) return unless_known(ErrorCode::hold_already_voided);
  if (state == TransferState::expired) return unless_known(ErrorCode::hold_expired);
  if (state != TransferState::held) return unless_known(ErrorCode::hold_already_posted);
  if (command_.action == HoldAction::void_hold) {
    plan_ = Plan::void_hold;
    return write();
  }
  post_minor_ = command_.amount_minor != 0 ? command_.amount_minor : rec_.row.money.minor;
  if (post_minor_ > rec_.row.money.minor) return unless_known(ErrorCode::amount_exceeds_hold);
  if (rec_.bank().empty()) {
    plan_ = Plan::post_here;
    return write();
  }
  // To another bank: the first connector of today's routes that can be used now.
  plan_ = Plan::post_away;
  const auto decision = core_.settings->routes.find({view(rec_.row.payee), rec_.currency(), post_minor_});
  trace_ = decision.trace.substr(0, route_trace_bytes_max);
  connector_.clear();
  bool over_budget = false, closed = false;
  for (const auto* target : decision.targets) {
    const auto* gateway = core_.gateway(target->connector);
    if (gateway == nullptr || !gateway->available()) continue;
    if (core_.peers->closed(target->bank)) {
      closed = true;
      continue;
    }
    if (!core_.budget->allows(target->bank, rec_.currency(), post_minor_)) {
      over_budget = true;
      continue;
    }
    connector_ = target->connector;
    bank_ = target->bank;
    break;
  }
  if (decision.kind != RouteKind::other) return unless_known(ErrorCode::no_route);
  if (connector_.empty()) return unless_known(over_budget ? ErrorCode::in_doubt_budget : closed ? ErrorCode::peer_closed : ErrorCode::connector_down);
  write();
}

// The state refuses. But if this very command made it so, it is a repeat, and answered as one.
void HoldFlow::unless_known(ErrorCode code) {
  pending_code_ = code;
  if (command_.idempotency_key.empty()) return fail(code);
  const bool asked = core_.client.read<&HoldFlow::got_unique>(ledger::ReadWhat::uniques, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep("key/", command_.caller.principal);
    read.key = keep.keep(command_.idempotency_key);
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void HoldFlow::got_unique(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  for (const auto& unique : reply.rows<psw_unique>()) {
    if (view(unique.key) != command_.idempotency_key) continue;
    if (std::memcmp(unique.hash, fingerprint_, sizeof fingerprint_) != 0) return fail(ErrorCode::idempotency_key_reused);
    replayed_ = recorded_perhaps_ = true;
    return show();
  }
  fail(pending_code_);
}

void HoldFlow::write() {
  if (PSW_FAILPOINT("hold.before_write")) return not_taken(ErrorCode::overloaded);
  auto write = core_.client.begin();
  if (!write) return not_taken(ErrorCode::overloaded);
  auto& entry = write.entry;
  next_.copy(rec_);
  decided_on_ = rec_.row.version;
  char names[ulid_size];
  write_ulid(id_, names);
  if (!command_.idempotency_key.empty())
    entry.unique("key/", command_.caller.principal, command_.idempotency_key, {names, sizeof names}, fingerprint_);

  const auto posting = core_.hasher.step_id(id_, decided_on_, "posting");
  const auto held = rec_.row.money;
  const auto payer = view(rec_.row.payer), payee = view(rec_.row.payee);
  const auto clearing = ledger::clearing_account(rec_.bank(), rec_.currency());
  const std::string_view counterpart = rec_.bank().empty() ? payee : clearing.view();
  const auto window = static_cast<std::int64_t>(rec_.detail.limit_window_ms);
  psw_money money = held;
  money.minor = post_minor_;
  next_.row.next_action_ms = 0;
  std::string_view note;
  switch (plan_) {
    case Plan::post_here:
      note = "posted";
      entry.guard_clock_before(rec_.detail.hold_until_ms, ended);
      entry.guard_may_be_debited(payer, frozen);
      entry.guard_may_be_credited(payee, frozen);
      entry.post_hold(payer, payee, money, posting, rec_.detail.hold_id, id_);
      give_limits_back(entry, rec_.detail.limit_keys, held.minor - post_minor_, false, window);
      next_.set_state(TransferState::completed);
      next_.detail.posted_minor = post_minor_;
      next_.detail.operation_minor = post_minor_;
      next_.detail.hold_id = psw_id{};
      break;
    case Plan::post_away: {
      note = "submitted";
      const auto new_clearing = ledger::clearing_account(bank_, rec_.currency());
      core_.peers->guard(entry, bank_);
      entry.guard_clock_before(rec_.detail.hold_until_ms, ended);
      entry.guard_may_be_debited(payer, frozen);
      if (const auto* bank = core_.settings->config->bank(bank_)) {
        if (const auto it = bank->exposure.find(rec_.currency()); it != bank->exposure.end()) entry.guard_exposure(new_clearing, it->second, over_exposure);
      }
      // What is posted is what is asked for, hashed and echoed: the old hold goes, p is held anew.
      entry.void_hold(payer, counterpart, held, posting, rec_.detail.hold_id, id_);
      next_.detail.hold_id = core_.hasher.step_id(id_, decided_on_, "hold");
      entry.hold(payer, new_clearing, money, next_.detail.hold_id, id_);
      if (post_minor_ != held.minor) give_limits_back(entry, rec_.detail.limit_keys, held.minor - post_minor_, false, window);
      next_.detail.operation_minor = post_minor_;
      next_.detail.route_version = core_.settings->routes.version();
      next_.detail.route_trace = next_.own(trace_);
      const auto* connector = core_.settings->config->connector(connector_);
      next_.row.not_after_ms = core_.client.clock_ms() + (connector != nullptr ? std::chrono::duration_cast<std::chrono::milliseconds>(connector->not_after).count() : 30'000);
      next_.detail.accepted_ms = core_.parts.clock->wall_ms();
      prepare_attempt(core_, next_, bank_, connector_);
      credit_hash(next_, credit_hash_);
      char op[id_hex_size];
      write_hex(next_.detail.op_id, op);
      entry.unique("out/", bank_, {op, sizeof op}, {names, sizeof names}, credit_hash_);
      break;
    }
    case Plan::void_hold:
      note = command_.action == HoldAction::cancel ? "cancelled" : "voided";
      entry.void_hold(payer, counterpart, held, posting, rec_.detail.hold_id, id_);
      give_limits_back(entry, rec_.detail.limit_keys, held.minor, true, window);
      next_.set_state(TransferState::voided);
      next_.row.reason = str(next_.own(note));
      next_.detail.hold_id = psw_id{};
      next_.detail.limit_keys = {};
      break;
    case Plan::ask_cancel:
      note = "cancel asked";
      next_.detail.cancel_asked_ms = core_.client.clock_ms();
      next_.detail.cancel_by_client = 1;
      next_.row.lease_owner = str(core_.owner);
      next_.row.lease_epoch += 1;
      next_.row.lease_ms = core_.settings->times.lease_ms;
      next_.row.next_action_ms = core_.client.clock_ms() + core_.settings->times.lease_ms;
      break;
  }
  next_.put(entry, note);
  // The command itself is part of the step: two clients that post one hold at once are two steps, of which one finds its version gone.
  // (The fingerprint holds the operation and its amount.)
  std::array<char, 32 + 64 + idempotency_key_bytes_max + 16> what;
  std::size_t n = 0;
  for (const std::string_view part : {std::string_view(reinterpret_cast<const char*>(fingerprint_), sizeof fingerprint_), command_.caller.principal.substr(0, 64),
                                      command_.idempotency_key.substr(0, idempotency_key_bytes_max), note.substr(0, 16)}) {
    if (!part.empty()) std::memcpy(what.data() + n, part.data(), part.size());
    n += part.size();
  }
  step_ = core_.hasher.step_id(id_, decided_on_, {what.data(), n});
  core_.client.write<&HoldFlow::written>(write, step_, this);
}

void HoldFlow::written(const ledger::WriteReply& reply) {
  core_.client.saw(reply);
  const auto what = PSW_FAILPOINT("hold.written") ? ledger::Written::unknown : reply.what();
  if (what != ledger::Written::not_taken) recorded_perhaps_ = what == ledger::Written::unknown || what == ledger::Written::applied || what == ledger::Written::exists;
  switch (what) {
    case ledger::Written::applied: {
      rec_.copy(next_);
      rec_.row.version = decided_on_ + 1;
      take_balances(reply);
      core_.committed(id_, rec_.row.version, rec_.state(), reply.at().position);
      ++core_.counters.accepted;
      if (plan_ == Plan::post_away || plan_ == Plan::ask_cancel) {
        if (auto* saga = PSW_FAILPOINT("hold.before_send") ? nullptr : core_.sagas->take()) {
          if (plan_ == Plan::post_away) saga->first_send(rec_);
          else saga->send_cancel(rec_);
        }
        if (core_.now_ns() < until_ns_) return show();
      }
      return answer(code_of_record());
    }
    case ledger::Written::exists:
      if (!is_own_key(reply)) return again();
      replayed_ = true;
      return show();
    case ledger::Written::key_reused:
      if (!is_own_key(reply)) return again();
      return fail(ErrorCode::idempotency_key_reused);
    case ledger::Written::conflict:
      if (reply.reason() == reason_peer_gate) core_.peers->look(bank_);
      return again();
    case ledger::Written::not_allowed: {
      const auto code = error_named(reply.reason());
      return fail(code == ErrorCode::none ? ErrorCode::internal : code);
    }
    case ledger::Written::refused: {
      const auto code = error_named(reply.reason());
      return fail(code == ErrorCode::none ? ErrorCode::internal : code);
    }
    case ledger::Written::not_taken: return not_taken(reply.reason() == "read_only" ? ErrorCode::read_only : ErrorCode::overloaded);
    case ledger::Written::unknown:
      core_.notice(Notice::ledger_retry, id_, {}, reply.reason());
      if (!retry_later()) fail(ErrorCode::outcome_unknown);
      return;
    case ledger::Written::invalid: return fail(ErrorCode::internal);
  }
}

// What was seen before: this command, or the operation at the other bank, which somebody else's post has named already?
bool HoldFlow::is_own_key(const ledger::WriteReply& reply) const noexcept {
  for (const auto& unique : reply.uniques())
    if (view(unique.space).substr(0, 4) == "key/" && view(unique.key) == command_.idempotency_key) return true;
  return false;
}

// Somebody was faster: look what it is now, and judge again.
void HoldFlow::again() {
  recorded_perhaps_ = false;
  if (++conflicts_ > conflicts_max) return fail(ErrorCode::version_conflict);
  read();
}

void HoldFlow::recycle() { core_.holds->give_back(this); }

}  // namespace payswitch::daemon::transfer
