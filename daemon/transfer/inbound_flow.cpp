#include "transfer/inbound_flow.h"

#include <payswitch/credit_hash.h>
#include <payswitch/failpoint.h>

#include <algorithm>

#include "ledger/account_names.h"
#include "transfer/commands.h"
#include "transfer/limits.h"
#include "transfer/mutant.h"
#include "transfer/peer_desk.h"
#include "transfer/recovery.h"
#include "transfer/saga.h"
#include "transfer/settle.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint64_t ms = 1'000'000;
constexpr ledger::Refusal too_late{PSW_RULE, "expired"};
constexpr ledger::Refusal over_receive_limit{PSW_RULE, "receive_limit_exceeded"};
constexpr ledger::Refusal moved_on{PSW_CONFLICT, "version_conflict"};
constexpr std::uint32_t tries_max = 10;
constexpr std::uint32_t conflicts_max = 1'000;  // each one is another credit that got on
constexpr std::uint32_t closed_retry_ms = 5'000;  // a bank that is closed waits for a person
constexpr std::uint32_t gate_tries_max = 8;  // a gate changes at first contact and by hand
}  // namespace

Core& InboundFlow::core() const noexcept { return loop_.core; }

void InboundFlow::start(plugin_host::InboundCall& call) {
  call_ = &call;
  reused_ = false;
  reporting_ = false;
  tries_ = 0;
  conflicts_ = 0;
  original_id_ = psw_id{};
  original_.reset();
  gate_tries_ = 0;
  rec_.clear();
  credit_ = psw_credit{};
  core().recovery->heard(call.bank);
  if (PSW_FAILPOINT("inbound.taken")) return answer(PSW_OVERLOADED, PSW_UNKNOWN);
  using plugin_host::InboundKind;
  switch (call.kind) {
    case InboundKind::hello:
      // Answered whatever it says: it decides nothing, and an operator who looks must get an answer.
      core().peers->heard(call.bank, *static_cast<const psw_history*>(call.body), nullptr);
      if (!core().client.hello<&InboundFlow::got_hello>(this)) answer(PSW_OVERLOADED, PSW_UNKNOWN);
      return;
    case InboundKind::lookup: return ask_lookup();
    case InboundKind::list: return answer(PSW_NOT_SUPPORTED, PSW_UNKNOWN);
    case InboundKind::report:
      reporting_ = true;
      decision_ = sized_copy(static_cast<const psw_decision*>(call.body));
      write_hex(decision_.op_id, op_text_);
      return ask_unique("out/");
    default: break;
  }
  credit_ = sized_copy(static_cast<const psw_credit*>(call.body));
  write_hex(credit_.op_id, op_text_);
  // A bank that is not configured has no clearing account, and an operation without an id cannot be told from any other.
  if (is_zero(credit_.op_id) || core().settings->config->bank(call.bank) == nullptr) return answer(PSW_INVALID, PSW_UNKNOWN);
  if (!fits_history()) return;
  const bool closed = core().peers->closed(call.bank);
  switch (call.kind) {
    case InboundKind::credit:
      if (!amount_ok(credit_.money.minor) || !currency_code_ok(currency_view(credit_.money.currency)) || credit_.payer.size > 64 || credit_.payee.size > 64 ||
          credit_.reference.size > reference_bytes_max)
        return answer(PSW_INVALID, PSW_UNKNOWN, "malformed");
      if (closed) return ask_unique("in/");
      rec_.row.id = core().new_id();
      if (!is_zero(credit_.reverses)) return ask_original();
      return write_credit();
    case InboundKind::cancel:
      if (closed) return ask_unique("in/");
      if (PSW_MUTANT("no_tombstone")) return ask_unique("in/");
      rec_.row.id = core().new_id();
      return write_tombstone();
    default: return ask_unique("in/");
  }
}

// Whether the message may decide anything: it means this ledger, and comes from the one that is pinned, with the history it had. If not,
// it is answered.
bool InboundFlow::fits_history() {
  const auto& us = core().client.history();
  if (is_zero(us.ledger)) {  // before the first answer of our own ledger nobody knows whether it was meant
    not_now("starting");
    return false;
  }
  if (!is_zero(credit_.their_ledger) && !same(credit_.their_ledger, us.ledger)) {
    core().peers->wrong_ledger(call_->bank, psw_id{}, "another ledger than ours was meant");
    answer(PSW_CONFLICT, PSW_UNKNOWN, "wrong_ledger");
    return false;
  }
  switch (core().peers->heard(call_->bank, credit_.ours, nullptr)) {
    case PeerHistory::Verdict::other_ledger:
      answer(PSW_CONFLICT, PSW_UNKNOWN, "other_ledger");
      return false;
    case PeerHistory::Verdict::old_epoch:
      answer(PSW_CONFLICT, PSW_UNKNOWN, "old_epoch");
      return false;
    case PeerHistory::Verdict::fine:
    case PeerHistory::Verdict::behind:
    case PeerHistory::Verdict::lost: return true;  // lost: closed, and what is stored is repeated
  }
  return true;
}

// The gate is not the one that was guarded: pinned by another first contact, or closed meanwhile.
void InboundFlow::got_gate(const ledger::ReadReply& reply) {
  if (!core().peers->take(call_->bank, reply)) return not_taken({});
  if (core().peers->closed(call_->bank)) return ask_unique("in/");
  on_timer();
}

void InboundFlow::make_record(TransferState state) {
  auto& row = rec_.row;
  const psw_id id = row.id;
  row = psw_record{};
  row.id = id;
  row.kind = static_cast<std::int32_t>(TransferKind::incoming);
  rec_.set_state(state);
  row.payer = credit_.payer;
  row.payee = credit_.payee;
  row.principal = str(ledger::system_owner);
  row.connector = str(call_->connector);
  row.bank = str(call_->bank);
  row.money = credit_.money;
  row.parent_id = original_id_;
  row.not_after_ms = credit_.not_after_ms;
  row.created_ms = core().client.clock_ms();
  auto& detail = rec_.detail;
  detail = TransferDetail{};
  detail.op_id = credit_.op_id;
  detail.reverses = credit_.reverses;
  detail.operation_minor = credit_.money.minor;
  detail.accepted_ms = credit_.accepted_ms;
  detail.reference.bytes = view(credit_.reference);
  detail.peer = credit_.ours;
  if (state != TransferState::cancelled) std::memcpy(detail.fingerprint, credit_.hash, sizeof credit_.hash);
}

// What can be read and authenticated but will not be accepted is recorded as refused.
std::string_view InboundFlow::unknowable() const noexcept {
  const auto& currencies = core().settings->config->self.currencies;
  const auto it = currencies.find(currency_view(credit_.money.currency));
  if (it == currencies.end()) return "currency_mismatch";
  if (it->second != credit_.money.exponent) return "scale_mismatch";
  // A peer credits customers and touches nothing else: no system account, and no number that we would route elsewhere.
  if (!account_number_ok(view(credit_.payee)) || !core().settings->routes.is_here(view(credit_.payee))) return "payee_not_found";
  return {};
}

// ---- a credit that gives back what we sent ----

// Our transfer that it names, by the op_id of the attempt that they credited.
void InboundFlow::ask_original() {
  const bool asked = core().client.read<&InboundFlow::got_original_id>(ledger::ReadWhat::uniques, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    char op[id_hex_size];
    write_hex(credit_.reverses, op);
    read.space = keep.keep("out/", call_->bank);
    read.key = keep.keep({op, sizeof op});
    read.limit = 1;
  });
  if (!asked) not_taken({});
}

void InboundFlow::got_original_id(const ledger::ReadReply& reply) {
  if (!reply.ok()) return not_taken({});
  char op[id_hex_size];
  write_hex(credit_.reverses, op);
  for (const auto& unique : reply.rows<psw_unique>()) {
    if (view(unique.key) != std::string_view(op, sizeof op)) continue;
    if (const auto id = parse_ulid(view(unique.names))) original_id_ = *id;
  }
  if (is_zero(original_id_)) return write_credit();  // we never asked them: refused, and recorded as such
  const bool asked = core().client.read<&InboundFlow::got_original>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = original_id_;
    read.limit = 1;
  });
  if (!asked) not_taken({});
}

void InboundFlow::got_original(const ledger::ReadReply& reply) {
  if (!reply.ok()) return not_taken({});
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, original_id_)) continue;
    original_ = std::make_unique<OwnedRecord>();
    if (!original_->load(row)) return answer(PSW_INTERNAL, PSW_UNKNOWN);
  }
  if (!original_) return answer(PSW_INTERNAL, PSW_UNKNOWN);
  // We have not heard yet that they credited it. Soon we shall: nothing is decided until then.
  if (is_open(original_->state()) && same(original_->detail.op_id, credit_.reverses)) return not_taken("original_open");
  write_credit();
}

// Why it may not be given back, or nothing. Only a transfer of ours that they credited, to its payer, and not more than was posted.
std::string_view InboundFlow::reversal_refusal() const noexcept {
  if (is_zero(credit_.reverses)) return {};
  if (!original_) return "reversal_exceeds_original";
  const auto& ours = *original_;
  const bool credited = ours.kind() == TransferKind::transfer && ours.state() == TransferState::completed && ours.bank() == call_->bank && same(ours.detail.op_id, credit_.reverses);
  if (!credited) return "reversal_exceeds_original";
  if (view(credit_.payee) != view(ours.row.payer)) return "payee_not_found";
  if (!same_currency(credit_.money, ours.row.money)) return "currency_mismatch";
  return credit_.money.minor > reversible_minor(ours.detail) ? "reversal_exceeds_original" : std::string_view{};
}

void InboundFlow::write_credit() {
  if (PSW_FAILPOINT("inbound.before_credit")) return not_taken("overloaded");
  auto write = core().client.begin();
  if (!write) return not_taken({});
  auto& entry = write.entry;
  char names[ulid_size];
  write_ulid(rec_.row.id, names);
  std::string_view key{op_text_, sizeof op_text_};
  if (PSW_MUTANT("peer_does_not_dedupe")) key = view(entry.keep(key, {names, sizeof names}));
  entry.unique("in/", call_->bank, key, {names, sizeof names}, credit_.hash);
  core().peers->guard(entry, call_->bank, &credit_.ours);
  auto refusal = unknowable();
  if (refusal.empty()) refusal = reversal_refusal();
  if (original_ && !refusal.empty()) entry.guard_version(original_id_, original_->row.version, moved_on);  // recorded, so it must be true then
  make_record(refusal.empty() ? TransferState::completed : TransferState::rejected);
  if (refusal.empty()) {
    const auto currency = currency_view(credit_.money.currency);
    const auto clearing = ledger::clearing_account(call_->bank, currency);
    const auto* bank = core().settings->config->bank(call_->bank);
    const auto limit = bank->receive_limit.find(currency);
    // Recorded, so it is a decision: our clock, our word, told to them. It is compared with no clock of theirs.
    if (credit_.not_after_ms > 0) entry.guard_clock_before(credit_.not_after_ms, too_late);
    if (!PSW_MUTANT("no_receive_limit")) entry.guard_receive_limit(clearing, limit != bank->receive_limit.end() ? limit->second : 0, over_receive_limit);
    entry.post(clearing, view(credit_.payee), credit_.money, rec_.row.id, rec_.row.id);
    rec_.detail.posted_minor = credit_.money.minor;
    rec_.put(entry, original_ ? "given back" : "credited");
    if (original_) {
      auto& ours = original_->detail;
      give_limits_back(entry, ours.limit_keys, credit_.money.minor, false, static_cast<std::int64_t>(ours.limit_window_ms));
      ours.reversed_posted_minor += credit_.money.minor;
      original_->put(entry, "given back by the other bank");
      ours.reversed_posted_minor -= credit_.money.minor;  // until it is durable
    }
    make_record(TransferState::rejected);
    rec_.put_if_refused(entry, "refused");
    make_record(TransferState::completed);
    rec_.detail.posted_minor = credit_.money.minor;
  } else {
    rec_.row.reason = str(refusal);
    rec_.put(entry, "refused");
  }
  core().client.write<&InboundFlow::written>(write, rec_.row.id, this);
}

void InboundFlow::write_tombstone() {
  if (PSW_FAILPOINT("inbound.before_tombstone")) return not_taken("overloaded");
  auto write = core().client.begin();
  if (!write) return not_taken({});
  char names[ulid_size];
  write_ulid(rec_.row.id, names);
  const std::uint8_t no_hash[32] = {};
  write.entry.unique("in/", call_->bank, {op_text_, sizeof op_text_}, {names, sizeof names}, no_hash);
  core().peers->guard(write.entry, call_->bank, &credit_.ours);
  make_record(TransferState::cancelled);
  rec_.row.reason = str("cancelled");
  rec_.put(write.entry, "cancelled before it came");
  core().client.write<&InboundFlow::written>(write, rec_.row.id, this);
}

void InboundFlow::written(const ledger::WriteReply& reply) {
  core().client.saw(reply);
  switch (PSW_FAILPOINT("inbound.written") ? ledger::Written::unknown : reply.what()) {
    case ledger::Written::refused:
      make_record(TransferState::rejected);
      rec_.row.reason = str(rec_.own(reply.reason()));
      [[fallthrough]];
    case ledger::Written::applied:
      core().peers->written(call_->bank);
      core().committed(rec_.row.id, 1, rec_.state(), reply.at().position);
      return answer_decision(PSW_OK, reply.at());
    case ledger::Written::key_reused:
      reused_ = call_->kind == plugin_host::InboundKind::credit;
      [[fallthrough]];
    case ledger::Written::exists:
      for (const auto& unique : reply.uniques()) {
        const auto id = parse_ulid(view(unique.names));
        if (!id) break;
        rec_.row.id = *id;
        return read_record();
      }
      return answer(PSW_INTERNAL, PSW_UNKNOWN);
    case ledger::Written::unknown:
      // The commit's answer was lost: the same step again. Nothing is said to the bank before it is known.
      if (++tries_ > tries_max) return answer(PSW_TIMEOUT, PSW_UNKNOWN);
      ++core().counters.ledger_retries;
      return core().timers.arm(*this, core().now_ns() + static_cast<std::uint64_t>(core().settings->times.step_retry_ms) * ms * tries_);
    case ledger::Written::not_taken: return not_taken(reply.reason());
    case ledger::Written::conflict:
      // Our transfer that it gives back from was written meanwhile: look what is left of it.
      if (original_ && reply.reason() != reason_peer_gate && core().peers->known().gate_version(call_->bank) != 0) {
        if (++conflicts_ < conflicts_max) return ask_original();
        return not_taken(reply.reason());
      }
      // Else only the gate can be in the way of a record that is new.
      if (++gate_tries_ > gate_tries_max || !core().peers->look_again<&InboundFlow::got_gate>(call_->bank, this)) return not_taken(reply.reason());
      return;
    default: return answer(PSW_INTERNAL, PSW_UNKNOWN, reply.reason());
  }
}

// "Not recorded, come back" is only said where that is certain. After a lost answer the bank hears nothing of the kind.
void InboundFlow::not_taken(std::string_view reason) {
  if (tries_ == 0) return answer(PSW_OVERLOADED, PSW_UNKNOWN, reason);
  answer(PSW_TIMEOUT, PSW_UNKNOWN);
}

void InboundFlow::not_now(std::string_view reason) {
  psw_reply out{};
  out.size = sizeof out;
  out.code = PSW_OVERLOADED;
  out.reason = str(reason);
  out.retry_after_ms = closed_retry_ms;
  out.at = core().client.history();
  finish(out);
}

void InboundFlow::on_timer() {
  if (call_->kind == plugin_host::InboundKind::credit) return write_credit();
  write_tombstone();
}

// ---- what is stored ----

void InboundFlow::ask_unique(std::string_view space) {
  const bool asked = core().client.read<&InboundFlow::got_unique>(ledger::ReadWhat::uniques, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep(space, call_->bank);
    read.key = keep.keep({op_text_, sizeof op_text_});
    read.limit = 1;
  });
  if (!asked) answer(PSW_OVERLOADED, PSW_UNKNOWN);
}

void InboundFlow::got_unique(const ledger::ReadReply& reply) {
  if (!reply.ok()) return answer(PSW_UNAVAILABLE, PSW_UNKNOWN);
  core().client.saw(reply);
  for (const auto& unique : reply.rows<psw_unique>()) {
    if (view(unique.key) != std::string_view(op_text_, sizeof op_text_)) continue;
    const auto id = parse_ulid(view(unique.names));
    if (!id) break;
    rec_.row.id = *id;
    reused_ = call_->kind == plugin_host::InboundKind::credit && !same_hash(unique.hash, credit_.hash);
    return read_record();
  }
  // Closed: what is stored was repeated above, nothing new is decided.
  const bool decides = call_->kind == plugin_host::InboundKind::credit || call_->kind == plugin_host::InboundKind::cancel;
  if (decides && core().peers->closed(call_->bank)) return not_now("peer_closed");
  if (call_->kind == plugin_host::InboundKind::cancel) {  // the planted bug only: refused, but nothing written
    make_record(TransferState::cancelled);
    rec_.row.reason = str("cancelled");
    return answer_decision(PSW_OK, reply.at());
  }
  answer(PSW_ABSENT, reporting_ ? PSW_UNKNOWN : PSW_NOT_FOUND);
}

void InboundFlow::read_record() {
  if (PSW_FAILPOINT("inbound.before_read")) return answer(PSW_UNAVAILABLE, PSW_UNKNOWN);
  const psw_id id = rec_.row.id;
  const bool asked = core().client.read<&InboundFlow::got_record>(ledger::ReadWhat::records, this, [&](psw_read& read, ledger::EntryBuilder&) {
    read.id = id;
    read.limit = 1;
  });
  if (!asked) answer(PSW_OVERLOADED, PSW_UNKNOWN);
}

void InboundFlow::got_record(const ledger::ReadReply& reply) {
  if (!reply.ok()) return answer(PSW_UNAVAILABLE, PSW_UNKNOWN);
  const psw_id id = rec_.row.id;
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, id)) continue;
    if (reporting_) {
      auto* saga = core().sagas->take();
      if (saga == nullptr) return answer(PSW_OVERLOADED, PSW_UNKNOWN);
      return saga->report(row, decision_, call_->bank, {[](void* context, bool recorded) { static_cast<InboundFlow*>(context)->told(recorded); }, this});
    }
    if (!rec_.load(row)) return answer(PSW_INTERNAL, PSW_UNKNOWN);
    // A credit that meets its tombstone is refused, whatever its hash: that is what a tombstone is for.
    if (reused_ && rec_.state() == TransferState::cancelled) reused_ = false;
    if (reused_) raise_op_id_reused();
    return answer_decision(reused_ ? PSW_CONFLICT : PSW_OK, reply.at());
  }
  answer(PSW_UNAVAILABLE, PSW_UNKNOWN);
}

// Noted on the stored transfer, once; whether the note is written changes nothing for anybody's money.
void InboundFlow::raise_op_id_reused() {
  core().notice(Notice::op_id_reused, rec_.row.id, call_->bank, {op_text_, sizeof op_text_});
  if (rec_.row.attention != 0) return;
  auto write = core().client.begin();
  if (!write) return;
  const psw_record as_read = rec_.row;
  rec_.row.attention = static_cast<std::int32_t>(Attention::op_id_reused);
  rec_.detail.attention_since_ms = core().client.clock_ms();
  rec_.put(write.entry, "the same op_id came with another hash");
  rec_.row = as_read;
  struct Nobody {
    void written(const ledger::WriteReply&) {}
  };
  static Nobody nobody;  // has no state: nothing hangs on this write
  core().client.write<&Nobody::written>(write, core().hasher.step_id(rec_.row.id, rec_.row.version, "op_id reused"), &nobody);
}

void InboundFlow::told(bool recorded) { answer(recorded ? PSW_OK : PSW_UNAVAILABLE, PSW_UNKNOWN); }

// ---- lookup and hello ----

void InboundFlow::ask_lookup() {
  const auto& asked_for = *static_cast<const psw_account*>(call_->body);
  const bool asked = core().client.read<&InboundFlow::got_account>(ledger::ReadWhat::accounts, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.key = keep.keep(view(asked_for.number));
    read.limit = 1;
  });
  if (!asked) answer(PSW_OVERLOADED, PSW_UNKNOWN);
}

void InboundFlow::got_account(const ledger::ReadReply& reply) {
  const auto& asked_for = *static_cast<const psw_account*>(call_->body);
  if (!reply.ok()) return answer(PSW_UNAVAILABLE, PSW_UNKNOWN);
  for (const auto& account : reply.rows<psw_account>()) {
    if (account.kind != PSW_ACCOUNT_CUSTOMER || view(account.number) != view(asked_for.number)) continue;
    if ((account.status & PSW_STATUS_CLOSED) != 0) return answer(PSW_RULE, PSW_UNKNOWN, "account_closed");
    if ((account.status & PSW_STATUS_NO_CREDIT) != 0) return answer(PSW_RULE, PSW_UNKNOWN, "account_frozen");
    if (currency_view(account.currency) != currency_view(asked_for.currency)) return answer(PSW_RULE, PSW_UNKNOWN, "currency_mismatch");
    return answer(PSW_OK, PSW_UNKNOWN);
  }
  answer(PSW_RULE, PSW_UNKNOWN, "payee_not_found");
}

void InboundFlow::got_hello(const ledger::ReadReply& reply) {
  if (!reply.ok()) return answer(PSW_UNAVAILABLE, PSW_UNKNOWN);
  core().client.saw_clock(reply.clock_ms());
  const auto& self = core().settings->config->self;
  auto& arena = call_->arena();
  auto* currencies = static_cast<psw_money*>(arena.allocate(sizeof(psw_money) * self.currencies.size(), alignof(psw_money)));
  std::uint32_t n = 0;
  for (const auto& [code, exponent] : self.currencies) {
    currencies[n] = psw_money{};
    set_currency(currencies[n].currency, code);
    currencies[n++].exponent = exponent;
  }
  psw_hello hello{};
  hello.size = sizeof hello;
  hello.bank = str(std::string_view(self.bank));
  hello.history = reply.at();
  hello.clock_ms = core().client.clock_ms();
  hello.currencies = {currencies, n, sizeof(psw_money)};
  psw_reply out{};
  out.size = sizeof out;
  out.body = &hello;
  out.at = reply.at();
  finish(out);
}

// ---- answers ----

void InboundFlow::answer_decision(std::int32_t code, const psw_history& at) {
  if (PSW_FAILPOINT("inbound.decided")) return answer(PSW_TIMEOUT, PSW_UNKNOWN);
  psw_decision decision{};
  decision.size = sizeof decision;
  const bool applied = rec_.state() == TransferState::completed;
  decision.outcome = applied ? PSW_APPLIED : PSW_REFUSED;
  decision.op_id = rec_.detail.op_id;
  decision.money = rec_.row.money;
  decision.payer = rec_.row.payer;
  decision.payee = rec_.row.payee;
  if (!applied) decision.code = str(view(rec_.row.reason).substr(0, view(rec_.row.reason).find(':')));
  char reference[ulid_size];
  write_ulid(rec_.row.id, reference);
  decision.peer_reference = {reference, sizeof reference};
  std::memcpy(decision.hash, rec_.detail.fingerprint, sizeof decision.hash);
  decision.theirs = at;
  decision.decided_ms = rec_.row.created_ms;
  decision.direction = 2;
  decision.reverses = rec_.detail.reverses;
  psw_reply out{};
  out.size = sizeof out;
  out.code = code;
  out.outcome = decision.outcome;
  if (code == PSW_CONFLICT) out.reason = str("op_id_reused");
  out.body = &decision;
  out.at = at;
  finish(out);
}

void InboundFlow::answer(std::int32_t code, std::int32_t outcome, std::string_view reason) {
  psw_reply out{};
  out.size = sizeof out;
  out.code = code;
  out.outcome = outcome;
  out.reason = str(reason);
  if (code == PSW_OVERLOADED) out.retry_after_ms = 1'000;
  out.at = core().client.history();
  finish(out);
}

void InboundFlow::finish(const psw_reply& reply) {
  Timers::disarm(*this);
  auto* call = call_;
  call_ = nullptr;
  call->answer(reply);
  loop_.flows.give_back(this);
}

}  // namespace payswitch::daemon::transfer
