#include "transfer/pay_flow.h"

#include <payswitch/failpoint.h>

#include <algorithm>

#include "ledger/account_names.h"
#include "transfer/budget.h"
#include "transfer/credit.h"
#include "transfer/mutant.h"
#include "transfer/peer_desk.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {

constexpr std::uint32_t all_tries_max = 8;
constexpr std::uint32_t gate_tries_max = 8;    // the gate of a bank changes at first contact and by hand
constexpr std::uint32_t window_tries_max = 8;  // a day turns once; a ledger that says so again and again is not believed for ever
constexpr std::size_t reference_characters_max = 35;
constexpr std::int64_t hold_ms_max = std::int64_t{366} * 24 * 3600 * 1000;

constexpr ledger::Refusal not_found{PSW_ABSENT, "account_not_found"};
constexpr ledger::Refusal over_exposure{PSW_OVERLOADED, "peer_exposure_exceeded"};
constexpr ledger::Refusal available_changed{PSW_CONFLICT, reason_available_changed};

std::size_t characters(std::string_view utf8) noexcept {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view operation_name(TransferKind kind) noexcept { return name(kind); }

}  // namespace

void PayFlow::start(const MoneyCommand& command, Reply<TransferAnswer> reply) {
  begin(command.caller, reply, command.wait_ms);
  command_ = command;
  plan_ = Plan::undecided;
  all_tries_ = 0;
  window_tries_ = 0;
  gate_tries_ = 0;
  refusal_ = {};
  pending_code_ = ErrorCode::none;
  taken_ = TakenLimits{};
  std::string_view member;
  if (const auto code = check(member); code != ErrorCode::none) return fail(code, member);

  const auto& config = *core_.settings->config;
  money_ = psw_money{};
  money_.minor = command.amount_minor;
  set_currency(money_.currency, command.currency);
  money_.exponent = config.self.currencies.find(command.currency)->second;
  id_ = core_.new_id();
  write_ulid(id_, id_text_);

  FingerprintInput input;
  input.operation = operation_name(command.kind);
  input.payer = command.payer;
  input.payee = command.payee;
  input.amount_minor = command.all ? 0 : command.amount_minor;
  input.all = command.all;
  input.currency = command.currency;
  input.mode = command.mode == Mode::hold ? "hold" : "";
  input.reference = command.reference;
  input.metadata = command.metadata;
  core_.hasher.fingerprint(input, fingerprint_);
  decide();
}

// The order is the documented one: shape, key, amount, currency, rights.
ErrorCode PayFlow::check(std::string_view& member) const noexcept {
  const auto& c = command_;
  const auto bad = [&](std::string_view which) {
    member = which;
    return ErrorCode::malformed_request;
  };
  if (c.kind != TransferKind::deposit && !account_number_ok(c.payer)) return bad(c.kind == TransferKind::transfer ? "payer" : "account");
  if (c.kind != TransferKind::withdraw && !account_number_ok(c.payee)) return bad(c.kind == TransferKind::transfer ? "payee" : "account");
  if (c.reference.size() > reference_bytes_max || characters(c.reference) > reference_characters_max) return bad("reference");
  if (c.metadata.size() > metadata_bytes_max) return bad("metadata");
  if (c.mode == Mode::hold && c.kind != TransferKind::transfer) return bad("mode");
  // A hold blocks the payee's room too: it may not be made to last for ever.
  if (c.hold_until_ms < 0 || c.hold_until_ms > core_.parts.clock->wall_ms() + hold_ms_max) return bad("hold_until");
  if (c.not_after_ms < 0) return bad("not_after");
  if (!idempotency_key_ok(c.idempotency_key)) return ErrorCode::idempotency_key_required;
  member = "amount";
  if (c.all ? c.kind == TransferKind::deposit : !amount_ok(c.amount_minor)) return ErrorCode::amount_invalid;
  member = "currency";
  const auto& config = *core_.settings->config;
  if (config.self.currencies.find(c.currency) == config.self.currencies.end()) return ErrorCode::currency_unknown;
  member = {};
  if (c.kind == TransferKind::transfer) return c.caller.may(auth::scope_pay) ? ErrorCode::none : ErrorCode::forbidden;
  switch (config.cash.allow) {
    case config::CashAllow::owner: return c.caller.may(auth::scope_pay) || c.caller.may(auth::scope_cash) ? ErrorCode::none : ErrorCode::forbidden;
    case config::CashAllow::service: return c.caller.may(auth::scope_cash) ? ErrorCode::none : ErrorCode::forbidden;
    case config::CashAllow::none: return ErrorCode::forbidden;
  }
  return ErrorCode::forbidden;
}

bool PayFlow::for_others() const noexcept {
  return command_.kind != TransferKind::transfer && core_.settings->config->cash.allow == config::CashAllow::service;
}

void PayFlow::decide() {
  if (command_.all && all_tries_ == 0) return read_all();
  const auto& config = *core_.settings->config;
  if (command_.kind == TransferKind::transfer && command_.payer == command_.payee) {
    plan_ = Plan::refuse;
    refusal_ = "same_account";
    return write();
  }
  if (money_.minor == 0) {  // "all" of nothing
    plan_ = Plan::refuse;
    refusal_ = "insufficient_funds";
    return write();
  }
  refusal_ = per_transfer_limit(config.transfer_limits(command_.currency), money_.minor, reason_buffer_);
  if (!refusal_.empty()) {
    plan_ = Plan::refuse;
    return write();
  }
  if (command_.kind != TransferKind::transfer) {
    plan_ = Plan::post_here;
    return write();
  }
  if (core_.settings->routes.is_here(command_.payee)) {
    plan_ = command_.mode == Mode::hold ? Plan::hold_here : Plan::post_here;
    return write();
  }
  plan_route();
}

void PayFlow::read_all() {
  const bool asked = core_.client.read<&PayFlow::got_available>(ledger::ReadWhat::accounts, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    read.key = keep.keep(command_.payer);
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void PayFlow::got_available(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  ++all_tries_;
  money_.minor = 0;
  bool mine = false, too_much = false;
  for (const auto& account : reply.rows<psw_account>()) {
    if (view(account.number) != command_.payer) continue;
    mine = for_others() || view(account.owner) == command_.caller.principal;
    const Int128 available = from_abi(account.credits_posted) - from_abi(account.debits_posted) - from_abi(account.debits_pending) + account.overdraft_limit;
    too_much = available > amount_minor_max;
    if (available > 0 && !too_much) money_.minor = static_cast<std::int64_t>(available);
  }
  if (!mine) return about_us(ErrorCode::account_not_found);
  if (too_much) return about_us(ErrorCode::amount_invalid);  // "all" would be more than one transfer may move
  decide();
}

void PayFlow::plan_route() {
  const auto decision = core_.settings->routes.find({command_.payee, command_.currency, money_.minor});
  trace_ = decision.trace.substr(0, route_trace_bytes_max);
  if (decision.kind != RouteKind::other) return about_us(ErrorCode::no_route);
  connector_.clear();
  const auto blocked = choose_target(decision);
  if (command_.mode == Mode::hold) {
    if (connector_.empty()) {
      connector_ = decision.targets.front()->connector;
      bank_ = decision.targets.front()->bank;
    }
    plan_ = Plan::hold_away;
    return write();
  }
  const std::int64_t now_ms = core_.client.clock_ms();
  not_after_ms_ = command_.not_after_ms;
  if (connector_.empty()) {
    // Down, every one of them. A queue waits for the first that has one.
    const auto waits = std::find_if(decision.targets.begin(), decision.targets.end(), [&](const RouteTarget* target) {
      const auto* connector = core_.settings->config->connector(target->connector);
      return connector != nullptr && connector->queue;
    });
    if (waits == decision.targets.end() || blocked != ErrorCode::connector_down) return about_us(blocked);
    connector_ = (*waits)->connector;
    bank_ = (*waits)->bank;
    plan_ = Plan::hold_away;
  } else {
    plan_ = Plan::submit_away;
  }
  const auto* connector = core_.settings->config->connector(connector_);
  if (command_.wait_of_connector && connector != nullptr) until_ns_ = std::min(until_ns_, core_.now_ns() + static_cast<std::uint64_t>(connector->wait.count()));
  if (not_after_ms_ == 0) {
    not_after_ms_ = now_ms + (connector != nullptr ? std::chrono::duration_cast<std::chrono::milliseconds>(connector->not_after).count() : 30'000);
  }
  if (not_after_ms_ - now_ms < core_.settings->times.not_after_floor_ms) return about_us(ErrorCode::not_after_too_short);
  write();
}

// The first target that can be used now; why not, if there is none.
ErrorCode PayFlow::choose_target(const RouteDecision& decision) {
  ErrorCode blocked = ErrorCode::connector_down;
  for (const auto* target : decision.targets) {
    const auto* gateway = core_.gateway(target->connector);
    if (gateway == nullptr || !gateway->available()) continue;
    if (core_.peers->closed(target->bank)) {
      blocked = ErrorCode::peer_closed;
      continue;
    }
    if (!core_.budget->allows(target->bank, command_.currency, money_.minor)) {
      blocked = ErrorCode::in_doubt_budget;
      continue;
    }
    connector_ = target->connector;
    bank_ = target->bank;
    return ErrorCode::none;
  }
  return blocked;
}

// A refusal that is about us records nothing. But a repeat of a known key is answered as it was, whatever we could do today.
void PayFlow::about_us(ErrorCode code) {
  pending_code_ = code;
  const bool asked = core_.client.read<&PayFlow::got_unique>(ledger::ReadWhat::uniques, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep("key/", command_.caller.principal);
    read.key = keep.keep(command_.idempotency_key);
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void PayFlow::got_unique(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  for (const auto& unique : reply.rows<psw_unique>()) {
    if (view(unique.key) != command_.idempotency_key) continue;
    if (std::memcmp(unique.hash, fingerprint_, sizeof fingerprint_) != 0) return fail(ErrorCode::idempotency_key_reused);
    return replay(reply.rows<psw_unique>());
  }
  fail(pending_code_);
}

void PayFlow::add_guards(ledger::EntryBuilder& entry) {
  entry.guard_owner(account(), for_others() ? std::string_view{} : command_.caller.principal, not_found);
  if (plan_ == Plan::refuse) return;
  LimitQuestion question;
  question.kind = command_.kind;
  question.principal = command_.caller.principal;
  question.payer = command_.payer;
  question.currency = command_.currency;
  question.amount_minor = money_.minor;
  question.cash_by_service = for_others();
  add_limit_guards(entry, *core_.settings->config, question, core_.settings->days.day_of(core_.client.clock_ms()), taken_);
  if (command_.all) entry.guard_available(command_.payer, money_.minor, available_changed);
}

void PayFlow::add_away(ledger::EntryBuilder& entry) {
  if (plan_ == Plan::submit_away) core_.peers->guard(entry, bank_);
  const auto clearing = ledger::clearing_account(bank_, command_.currency);
  if (const auto* bank = core_.settings->config->bank(bank_)) {
    if (const auto it = bank->exposure.find(command_.currency); it != bank->exposure.end()) entry.guard_exposure(clearing, it->second, over_exposure);
  }
  entry.hold(command_.payer, clearing, money_, rec_.detail.hold_id, id_);
}

void PayFlow::write() {
  if (PSW_FAILPOINT("pay.before_write")) return not_taken(ErrorCode::overloaded);
  auto write = core_.client.begin();
  if (!write) return not_taken(ErrorCode::overloaded);
  cash_ = ledger::cash_account(command_.currency);
  auto& row = rec_.row;
  auto& detail = rec_.detail;
  row = psw_record{};
  detail = TransferDetail{};
  rec_.trace_id = command_.trace_id;
  row.id = id_;
  row.kind = static_cast<std::int32_t>(command_.kind);
  row.payer = str(command_.kind == TransferKind::deposit ? cash_.view() : command_.payer);
  row.payee = str(command_.kind == TransferKind::withdraw ? cash_.view() : command_.payee);
  row.principal = str(command_.caller.principal);
  row.money = money_;
  row.created_ms = core_.client.clock_ms();
  detail.operation_minor = money_.minor;
  detail.accepted_ms = core_.parts.clock->wall_ms();
  detail.idempotency_key = command_.idempotency_key;
  detail.reference.bytes = command_.reference;
  detail.metadata.bytes = command_.metadata;
  detail.mode = command_.mode == Mode::hold ? 1 : 0;
  detail.amount_all = command_.all ? 1 : 0;
  std::memcpy(detail.fingerprint, fingerprint_, sizeof fingerprint_);
  if (!command_.reference.empty()) {
    core_.hasher.reference_tag(core_.settings->reference_key, command_.caller.principal, command_.reference, tag_);
    row.reference_tag = {tag_, sizeof tag_};
  }

  auto& entry = write.entry;
  entry.unique("key/", command_.caller.principal, command_.idempotency_key, {id_text_, sizeof id_text_}, fingerprint_);
  add_guards(entry);
  detail.limit_keys = taken_.view();
  detail.limit_window_ms = static_cast<std::uint64_t>(taken_.window_end_ms);
  std::string_view note;
  switch (plan_) {
    case Plan::refuse:
    case Plan::undecided:
      rec_.set_state(TransferState::rejected);
      row.reason = str(refusal_);
      note = "refused";
      break;
    case Plan::post_here:
      entry.post(view(row.payer), view(row.payee), money_, id_, id_);
      rec_.set_state(TransferState::completed);
      detail.posted_minor = money_.minor;
      note = "posted";
      break;
    case Plan::hold_here:
      detail.hold_id = id_;
      entry.hold(command_.payer, command_.payee, money_, id_, id_);
      rec_.set_state(TransferState::held);
      note = "held";
      break;
    case Plan::hold_away:
    case Plan::submit_away:
      detail.hold_id = id_;
      row.bank = str(bank_);
      row.connector = str(connector_);
      detail.route_version = core_.settings->routes.version();
      detail.route_trace = trace_;
      row.not_after_ms = not_after_ms_;
      if (plan_ == Plan::hold_away) {
        detail.mode = command_.mode == Mode::hold ? 1 : 2;
        rec_.set_state(TransferState::held);
        note = detail.mode == 1 ? "held" : "queued: no connector is up";
      } else {
        prepare_attempt(core_, rec_, bank_, connector_);
        credit_hash(rec_, credit_hash_);
        char op[id_hex_size];
        write_hex(detail.op_id, op);
        entry.unique("out/", bank_, {op, sizeof op}, {id_text_, sizeof id_text_}, credit_hash_);
        note = "submitted";
      }
      add_away(entry);
      break;
  }
  if (rec_.state() == TransferState::held) {
    const bool queued = detail.mode == 2;
    detail.hold_until_ms = queued ? not_after_ms_ : command_.hold_until_ms != 0 ? command_.hold_until_ms : row.created_ms + core_.settings->times.hold_default_ms;
    row.next_action_ms = queued ? row.created_ms + core_.settings->times.poll_first_ms : detail.hold_until_ms;
  }
  rec_.put(entry, note);
  if (plan_ != Plan::refuse) {
    OwnedRecord& refused = rec_;
    const psw_record as_written = refused.row;
    const TransferDetail detail_as_written = refused.detail;
    refused.set_state(TransferState::rejected);
    refused.row.next_action_ms = 0;
    refused.row.lease_ms = 0;
    refused.row.lease_owner = {};
    refused.detail.posted_minor = 0;
    refused.detail.hold_id = psw_id{};
    refused.detail.limit_keys = {};
    refused.put_if_refused(entry, "refused");
    refused.row = as_written;
    refused.detail = detail_as_written;
  }
  if (plan_ == Plan::submit_away && PSW_MUTANT("record_after_call")) send_before_the_record(core_, rec_);
  core_.client.write<&PayFlow::written>(write, id_, this);
}

void PayFlow::written(const ledger::WriteReply& reply) {
  core_.client.saw(reply);
  const auto reason = reply.reason();
  const auto what = PSW_FAILPOINT("pay.written") ? ledger::Written::unknown : reply.what();
  // Any other answer is about an entry that was not applied before: a step that was taken is known, and answered as it was.
  if (what != ledger::Written::not_taken) recorded_perhaps_ = what == ledger::Written::unknown || what == ledger::Written::applied || what == ledger::Written::exists;
  switch (what) {
    case ledger::Written::applied: return applied(reply);
    case ledger::Written::refused:
      rec_.set_state(TransferState::rejected);
      rec_.row.reason = str(rec_.own(reason));
      rec_.row.version = 1;
      rec_.row.next_action_ms = 0;
      rec_.detail.posted_minor = 0;
      rec_.detail.limit_keys = {};
      core_.committed(id_, 1, TransferState::rejected, reply.at().position);
      return answer(code_of_record());
    case ledger::Written::exists: return replay(reply.uniques());
    case ledger::Written::key_reused: return fail(ErrorCode::idempotency_key_reused);
    case ledger::Written::conflict:
      if (reason == reason_peer_gate && ++gate_tries_ < gate_tries_max && core_.peers->look_again<&PayFlow::got_gate>(bank_, this)) return;
      if (reason == reason_peer_gate) return fail(ErrorCode::overloaded);
      if (reason == reason_window_moved) return ++window_tries_ < window_tries_max ? write() : fail(ErrorCode::overloaded);
      if (reason == reason_available_changed && all_tries_ < all_tries_max) return read_all();
      return fail(reason == reason_available_changed ? ErrorCode::overloaded : ErrorCode::internal);
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

// The bank was pinned or closed since its gate was looked at: the way is chosen again.
void PayFlow::got_gate(const ledger::ReadReply& reply) {
  if (!core_.peers->take(bank_, reply)) return fail(ErrorCode::overloaded);
  plan_route();
}

void PayFlow::applied(const ledger::WriteReply& reply) {
  rec_.row.version = 1;
  take_balances(reply);
  core_.committed(id_, 1, rec_.state(), reply.at().position);
  ++core_.counters.accepted;
  if (rec_.state() == TransferState::rejected) return answer(code_of_record());
  if (rec_.state() == TransferState::completed) ++core_.counters.completed;
  if (plan_ != Plan::submit_away) return answer();
  // Durable. From here on the saga owns the transfer; the caller waits for it, or hears that it is under way.
  if (auto* saga = PSW_FAILPOINT("pay.before_send") ? nullptr : core_.sagas->take()) saga->first_send(rec_);
  if (core_.now_ns() >= until_ns_) return answer();
  show();
}

void PayFlow::replay(const Rows<psw_unique>& uniques) {
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

void PayFlow::recycle() { core_.pays->give_back(this); }

}  // namespace payswitch::daemon::transfer
