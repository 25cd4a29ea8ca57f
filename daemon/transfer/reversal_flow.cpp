#include "transfer/reversal_flow.h"

#include <algorithm>
#include <cstring>

#include "transfer/budget.h"
#include "transfer/credit.h"
#include "transfer/limits.h"
#include "transfer/peer_desk.h"
#include "transfer/saga.h"
#include "transfer/settle.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr ledger::Refusal not_found{PSW_ABSENT, "transfer_not_found"};
constexpr ledger::Refusal no_consent{PSW_ABSENT, "reversal_needs_consent"};
constexpr ledger::Refusal moved_on{PSW_CONFLICT, "version_conflict"};
constexpr ledger::Refusal over_exposure{PSW_OVERLOADED, "peer_exposure_exceeded"};
}  // namespace

void ReverseFlow::start(const ReverseCommand& command, Reply<TransferAnswer> reply) {
  begin(command.caller, reply, command.wait_ms);
  command_ = command;
  pending_code_ = ErrorCode::none;
  id_ = core_.new_id();
  write_ulid(id_, id_text_);
  if (command.consent.size() > consent_bytes_max) return fail(ErrorCode::malformed_request, "consent");
  if (!idempotency_key_ok(command.idempotency_key)) return fail(ErrorCode::idempotency_key_required);
  if (command.amount_minor != 0 && !amount_ok(command.amount_minor)) return fail(ErrorCode::amount_invalid, "amount");
  if ((command.caller.scopes & (auth::scope_pay | auth::scope_cash | auth::scope_reverse)) == 0) return fail(ErrorCode::forbidden);
  FingerprintInput input;
  input.operation = "reverse";
  input.parent = &command.transfer;
  input.posted_minor = command.amount_minor;
  core_.hasher.fingerprint(input, fingerprint_);
  read_parent();
}

void ReverseFlow::read_parent() {
  const bool asked = core_.client.read<&ReverseFlow::got_parent>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = command_.transfer;
    read.limit = 1;
  });
  if (!asked) fail_about_us(ErrorCode::overloaded);
}

void ReverseFlow::got_parent(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail_about_us(ErrorCode::overloaded);
  core_.client.saw_clock(reply.clock_ms());
  bool found = false;
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, command_.transfer)) continue;
    found = parent_.load(row);
    if (!found) return fail(ErrorCode::internal);
  }
  if (!found) return unless_known(ErrorCode::transfer_not_found);
  if (const auto code = check_rights(); code != ErrorCode::none) return unless_known(code);
  decide();
}

// Who gives back consents. Money that went to a customer is the customer's; cash is a matter of those who may move cash.
ErrorCode ReverseFlow::check_rights() {
  const auto kind = parent_.kind();
  const bool cash = kind == TransferKind::deposit || kind == TransferKind::withdraw;
  shown_ = view(parent_.row.principal) == caller_.principal || caller_.sees_all() || caller_.may(auth::scope_reverse);
  consent_ = Consent::owner;
  owned_ = view(kind == TransferKind::withdraw ? parent_.row.payer : parent_.row.payee);
  if (!cash) {
    if (caller_.may(auth::scope_reverse)) consent_ = Consent::given;
    else if (!caller_.may(auth::scope_pay)) return shown_ ? ErrorCode::forbidden : ErrorCode::transfer_not_found;
    return ErrorCode::none;
  }
  const bool may_cash = caller_.may(auth::scope_cash);
  switch (core_.settings->config->cash.allow) {
    case config::CashAllow::owner: return may_cash || caller_.may(auth::scope_pay) ? ErrorCode::none : ErrorCode::transfer_not_found;
    case config::CashAllow::service:
      consent_ = Consent::given;
      if (may_cash) return ErrorCode::none;
      break;
    case config::CashAllow::none: break;
  }
  return shown_ ? ErrorCode::forbidden : ErrorCode::transfer_not_found;
}

void ReverseFlow::decide() {
  const auto kind = parent_.kind();
  const auto& detail = parent_.detail;
  // What gives something back is not given back itself, whichever bank it started from.
  const bool of_that_kind = kind == TransferKind::deposit || kind == TransferKind::withdraw || (kind == TransferKind::transfer && parent_.bank().empty()) ||
                            (kind == TransferKind::incoming && is_zero(detail.reverses));
  const std::int64_t left = reversible_minor(detail);
  minor_ = command_.amount_minor != 0 ? command_.amount_minor : left;
  refusal_ = {};
  plan_ = Plan::post_here;
  if (!of_that_kind || parent_.state() != TransferState::completed) refusal_ = "not_reversible";
  else if (minor_ > left || minor_ == 0) refusal_ = "reversal_exceeds_original";
  if (!refusal_.empty()) {
    plan_ = Plan::refuse;
    if (minor_ <= 0) minor_ = parent_.row.money.minor;  // all of it was asked for
    return write();
  }
  if (kind == TransferKind::incoming) {
    plan_ = Plan::submit_away;
    if (const auto code = plan_away(); code != ErrorCode::none) return unless_known(code);
  }
  write();
}

// Back to the bank it came from, over any connector of that bank.
ErrorCode ReverseFlow::plan_away() {
  bank_ = parent_.bank();
  const auto* gateway = connector_of(core_, bank_, {});
  if (gateway == nullptr) return ErrorCode::connector_down;
  if (core_.peers->closed(bank_)) return ErrorCode::peer_closed;
  connector_ = gateway->name();
  if (!core_.budget->allows(bank_, parent_.currency(), minor_)) return ErrorCode::in_doubt_budget;
  const auto* connector = core_.settings->config->connector(connector_);
  const auto not_after = connector != nullptr ? std::chrono::duration_cast<std::chrono::milliseconds>(connector->not_after).count() : 30'000;
  not_after_ms_ = core_.client.clock_ms() + not_after;
  if (command_.wait_of_connector && connector != nullptr) until_ns_ = std::min(until_ns_, core_.now_ns() + static_cast<std::uint64_t>(connector->wait.count()));
  return ErrorCode::none;
}

// A refusal that records nothing. But if the key is known, the command was carried out before, and is answered as it was then.
void ReverseFlow::unless_known(ErrorCode code) {
  pending_code_ = code;
  const bool asked = core_.client.read<&ReverseFlow::got_unique>(ledger::ReadWhat::uniques, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep("key/", command_.caller.principal);
    read.key = keep.keep(command_.idempotency_key);
    read.limit = 1;
  });
  if (!asked) fail_about_us(ErrorCode::overloaded);
}

void ReverseFlow::got_unique(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail_about_us(ErrorCode::overloaded);
  for (const auto& unique : reply.rows<psw_unique>()) {
    if (view(unique.key) != command_.idempotency_key) continue;
    if (std::memcmp(unique.hash, fingerprint_, sizeof fingerprint_) != 0) return fail(ErrorCode::idempotency_key_reused);
    return replay(reply.rows<psw_unique>());
  }
  if (row(pending_code_).error_class == ErrorClass::retry) return fail_about_us(pending_code_);
  fail(pending_code_);
}

// The reversal's own record; the roles of the two accounts change places.
void ReverseFlow::fill_record() {
  rec_.clear();
  auto& row = rec_.row;
  auto& detail = rec_.detail;
  row.id = id_;
  row.parent_id = parent_.row.id;
  row.kind = static_cast<std::int32_t>(TransferKind::reversal);
  row.payer = parent_.row.payee;
  row.payee = parent_.row.payer;
  row.principal = str(command_.caller.principal);
  row.money = parent_.row.money;
  row.money.minor = minor_;
  row.created_ms = core_.client.clock_ms();
  rec_.trace_id = command_.trace_id;
  detail.operation_minor = minor_;
  detail.accepted_ms = core_.parts.clock->wall_ms();
  detail.idempotency_key = command_.idempotency_key;
  detail.reference = parent_.detail.reference;
  std::memcpy(detail.fingerprint, fingerprint_, sizeof fingerprint_);
}

void ReverseFlow::write() {
  auto write = core_.client.begin();
  if (!write) return not_taken(ErrorCode::overloaded);
  auto& entry = write.entry;
  fill_record();
  auto& row = rec_.row;
  auto& detail = rec_.detail;
  entry.unique("key/", command_.caller.principal, command_.idempotency_key, {id_text_, sizeof id_text_}, fingerprint_);
  // What nobody could give back is not a matter of consent; but who may not know of it hears that it does not exist.
  if (refusal_ != "not_reversible" || !shown_) {
    entry.guard_owner(owned_, consent_ == Consent::owner ? caller_.principal : std::string_view{}, shown_ ? no_consent : not_found);
  }
  note_ = plan_ == Plan::refuse ? "refused" : plan_ == Plan::post_here ? "posted" : "submitted";
  if (!command_.consent.empty()) note_.append("\nconsent: ").append(command_.consent);
  auto& parent = parent_.detail;
  const TransferDetail parent_as_read = parent;
  switch (plan_) {
    case Plan::refuse:
      // Recorded, so it must be true when it is written.
      entry.guard_version(parent_.row.id, parent_.row.version, moved_on);
      rec_.set_state(TransferState::rejected);
      row.reason = str(refusal_);
      break;
    case Plan::post_here:
      entry.post(view(row.payer), view(row.payee), row.money, id_, id_);
      give_limits_back(entry, parent.limit_keys, minor_, false, static_cast<std::int64_t>(parent.limit_window_ms));
      rec_.set_state(TransferState::completed);
      detail.posted_minor = minor_;
      parent.reversed_posted_minor += minor_;
      parent_.put(entry, "reversed");
      break;
    case Plan::submit_away: {
      core_.peers->guard(entry, bank_);
      detail.reverses = parent.op_id;
      detail.hold_id = id_;
      detail.route_version = core_.settings->routes.version();
      row.not_after_ms = not_after_ms_;
      prepare_attempt(core_, rec_, bank_, connector_);
      credit_hash(rec_, credit_hash_);
      char op[id_hex_size];
      write_hex(detail.op_id, op);
      entry.unique("out/", bank_, {op, sizeof op}, {id_text_, sizeof id_text_}, credit_hash_);
      const auto clearing = ledger::clearing_account(bank_, rec_.currency());
      if (const auto* bank = core_.settings->config->bank(bank_)) {
        if (const auto it = bank->exposure.find(rec_.currency()); it != bank->exposure.end()) entry.guard_exposure(clearing, it->second, over_exposure);
      }
      entry.hold(view(row.payer), clearing, row.money, detail.hold_id, id_);
      parent.reversed_pending_minor += minor_;
      parent_.put(entry, "reversal under way");
      break;
    }
  }
  parent = parent_as_read;  // until it is durable
  rec_.put(entry, note_);
  if (plan_ != Plan::refuse) {
    const psw_record as_written = row;
    const TransferDetail detail_as_written = detail;
    rec_.set_state(TransferState::rejected);
    row.next_action_ms = 0;
    row.lease_ms = 0;
    row.lease_owner = {};
    detail.posted_minor = 0;
    detail.hold_id = psw_id{};
    rec_.put_if_refused(entry, "refused");
    row = as_written;
    detail = detail_as_written;
  }
  core_.client.write<&ReverseFlow::written>(write, id_, this);
}

void ReverseFlow::written(const ledger::WriteReply& reply) {
  core_.client.saw(reply);
  const auto reason = reply.reason();
  const auto what = reply.what();
  if (what != ledger::Written::not_taken) recorded_perhaps_ = what == ledger::Written::unknown || what == ledger::Written::applied || what == ledger::Written::exists;
  switch (what) {
    case ledger::Written::applied: {
      rec_.row.version = 1;
      take_balances(reply);
      core_.committed(id_, 1, rec_.state(), reply.at().position);
      ++core_.counters.accepted;
      if (plan_ == Plan::refuse) return answer(code_of_record());
      if (plan_ == Plan::post_here) {
        ++core_.counters.completed;
        return answer();
      }
      if (auto* saga = core_.sagas->take()) saga->first_send(rec_);
      return core_.now_ns() >= until_ns_ ? answer() : show();
    }
    case ledger::Written::refused:
      rec_.set_state(TransferState::rejected);
      rec_.row.reason = str(rec_.own(reason));
      rec_.row.version = 1;
      rec_.row.next_action_ms = 0;
      rec_.detail.posted_minor = 0;
      core_.committed(id_, 1, TransferState::rejected, reply.at().position);
      return answer(code_of_record());
    case ledger::Written::exists: return replay(reply.uniques());
    case ledger::Written::key_reused: return fail(ErrorCode::idempotency_key_reused);
    case ledger::Written::conflict:
      if (reason == reason_peer_gate) core_.peers->look(bank_);
      // Another reversal of this transfer was faster: look what is left, and judge again. Each round somebody gets on.
      ++core_.counters.version_conflicts;
      if (core_.now_ns() >= patience_ns_) return fail_about_us(ErrorCode::overloaded);
      return read_parent();
    case ledger::Written::not_allowed: {
      const auto code = error_named(reason);
      return fail(code == ErrorCode::none ? ErrorCode::internal : code);
    }
    case ledger::Written::not_taken: return not_taken(reason == "read_only" ? ErrorCode::read_only : ErrorCode::overloaded);
    case ledger::Written::unknown:
      core_.notice(Notice::ledger_retry, id_, {}, reason);
      if (!retry_later()) fail(ErrorCode::outcome_unknown);
      return;
    case ledger::Written::invalid: return fail(ErrorCode::internal, {}, rec_.own(reply.text()));
  }
}

void ReverseFlow::replay(const Rows<psw_unique>& uniques) {
  for (const auto& unique : uniques) {
    if (view(unique.key) != command_.idempotency_key || view(unique.space).substr(0, 4) != "key/") continue;
    const auto id = parse_ulid(view(unique.names));
    if (!id) return fail(ErrorCode::idempotency_key_reused);
    id_ = *id;
    replayed_ = recorded_perhaps_ = true;
    return show();
  }
  fail(ErrorCode::internal);
}

void ReverseFlow::recycle() { core_.reversals->give_back(this); }

}  // namespace payswitch::daemon::transfer
