#include "transfer/decide_flow.h"

#include "transfer/repair.h"
#include "transfer/saga.h"
#include "transfer/settle.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::string_view proposal_prefix = "proposal/";

std::string_view outcome_word(const psw_reply& reply) noexcept {
  switch (reply.outcome) {
    case PSW_APPLIED: return "applied";
    case PSW_REFUSED: return "refused";
    case PSW_PENDING: return "recorded there, still working";
    case PSW_NOT_FOUND: return "no record of it at this moment, which decides nothing";
    case PSW_NOT_SENT: return "nothing: the question did not leave";
    default: return "nothing that decides";
  }
}

// The next line of a kv's value.
std::string line_of(std::string_view& text) {
  const auto end = text.find('\n');
  std::string out(text.substr(0, end));
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return out;
}
}  // namespace

void DecideFlow::start(const DecideCommand& command, Reply<DecideAnswer> reply) {
  command_ = command;
  reply_ = reply;
  person_ = command.person;
  evidence_ = command.evidence;
  command_.person = {};
  command_.evidence = {};
  heard_.clear();
  refusal_.clear();
  parent_.reset();
  proposal_ = Proposal{};
  what_ = DecideAnswer::What::done;
  made_ = core_.new_id();
  step_ = core_.new_id();
  expires_ms_ = 0;
  tries_ = rounds_ = 0;
  ++core_.counters.running;
  if (person_.empty() || evidence_.size() > evidence_bytes_max) return fail(ErrorCode::malformed_request);
  read_subject();
}

void DecideFlow::read_subject() {
  const bool asked = core_.client.read<&DecideFlow::got_subject>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = command_.subject;
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void DecideFlow::got_subject(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  core_.client.saw_clock(reply.clock_ms());
  bool found = false;
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, command_.subject)) continue;
    found = true;
    if (!rec_.load(row)) return fail(ErrorCode::internal);
  }
  if (!found) return fail(ErrorCode::transfer_not_found);
  if (about_repair(command_.decision)) {
    if (rec_.kind() != TransferKind::repair || rec_.row.attention != static_cast<std::int32_t>(Attention::repair_open)) return refuse("this is no open repair");
    const bool they_have_it = view(rec_.row.payer).starts_with("suspense:");
    if (command_.decision == Decision::collect && !they_have_it) return refuse("nothing is to be collected: the customer has paid and the other bank has not credited; refund it, or write it off");
    if (command_.decision == Decision::refund && they_have_it) return refuse("nothing is to be refunded: the customer has the money back and the other bank has credited; collect it, or write it off");
    return read_parent();
  }
  if (rec_.state() != TransferState::in_doubt) return refuse("only a transfer in doubt is resolved; this one is " + std::string(name(rec_.state())));
  if (heard_.empty()) return ask_bank();
  if (counts_on_parent(rec_)) return read_parent();
  look_for_proposal();
}

// Once more before a person decides: if the bank has decided, its word counts and no person's.
void DecideFlow::ask_bank() {
  auto* gateway = core_.gateway_of(rec_.bank(), view(rec_.row.connector));
  auto* call = gateway != nullptr && (gateway->capabilities() & PSW_CAP_QUERY) != 0 ? gateway->acquire(core_.parts.loop) : nullptr;
  if (call == nullptr) {
    heard_ = "bank " + std::string(rec_.bank()) + " was not asked: " + (gateway == nullptr ? "no connector leads there" : "its connector cannot ask now");
    if (counts_on_parent(rec_)) return read_parent();
    return look_for_proposal();
  }
  ++core_.counters.queries_sent;
  heard_ = "bank " + std::string(rec_.bank()) + " was asked by " + std::string(gateway->name());
  call->op.kind = PSW_OP_QUERY;
  call->op.attempt = static_cast<std::uint32_t>(rec_.row.attempt);
  call->op.flags = PSW_OPF_RESEND;
  call->op.call_deadline_ns = core_.now_ns() + call_deadline_ns(core_, gateway->name());
  call->op.body = &make_credit(core_, rec_, call->arena());
  call->completion = {[](void* context, const psw_reply& answer) { static_cast<DecideFlow*>(context)->got_bank(answer); }, this};
  gateway->submit(core_.parts.loop, call);
}

void DecideFlow::got_bank(const psw_reply& reply) {
  const auto heard = hear(rec_, PSW_OP_QUERY, reply);
  heard_.append(" and answered: ").append(outcome_word(reply));
  for (const std::string_view more : {heard.code, view(reply.reason), view(reply.text)})
    if (!more.empty()) heard_.append(" (").append(more.substr(0, 200)).append(")");
  if (is_decision(heard.answer) && !heard.echo_equal) heard_ += ", but about something else than was asked";
  if (!is_decision(heard.answer) || !heard.echo_equal) return read_subject();
  decision_ = sized_copy(static_cast<const psw_decision*>(reply.body));
  const auto keep = [](std::string& text, psw_str& from) {
    text = view(from);
    from = str(std::string_view(text));
  };
  keep(d_payer_, decision_.payer);
  keep(d_payee_, decision_.payee);
  keep(d_code_, decision_.code);
  keep(d_reference_, decision_.peer_reference);
  decision_.verified_key = {};
  read_for_bank();
}

void DecideFlow::read_for_bank() {
  const bool asked = core_.client.read<&DecideFlow::got_for_bank>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = command_.subject;
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void DecideFlow::got_for_bank(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, command_.subject)) continue;
    auto* saga = core_.sagas->take();
    if (saga == nullptr) break;
    return saga->report(row, decision_, view(row.bank), {[](void* context, bool recorded) { static_cast<DecideFlow*>(context)->bank_decided(recorded); }, this});
  }
  fail(ErrorCode::overloaded);
}

void DecideFlow::bank_decided(bool recorded) {
  if (!recorded) return fail(ErrorCode::overloaded);
  what_ = DecideAnswer::What::decided_by_bank;
  show();
}

void DecideFlow::read_parent() {
  if (is_zero(rec_.row.parent_id)) return look_for_proposal();
  const bool asked = core_.client.read<&DecideFlow::got_parent>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = rec_.row.parent_id;
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void DecideFlow::got_parent(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  parent_.reset();
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, rec_.row.parent_id)) continue;
    parent_ = std::make_unique<OwnedRecord>();
    if (!parent_->load(row)) return fail(ErrorCode::internal);
  }
  if (!parent_) return fail(ErrorCode::internal);
  look_for_proposal();
}

// ---- two persons ----

std::string DecideFlow::basis() const {
  if (about_repair(command_.decision)) return "repair " + std::to_string(rec_.row.version);
  char op[id_hex_size];
  write_hex(rec_.detail.op_id, op);
  return "attempt " + std::to_string(rec_.row.attempt) + " " + std::string(op, sizeof op) + (rec_.detail.cancel_asked_ms != 0 ? " cancel asked" : "") + " " +
         std::string(name(static_cast<Attention>(rec_.row.attention)));
}

void DecideFlow::look_for_proposal() {
  if (!core_.settings->config->control.two_persons) return write_decision();
  const bool asked = core_.client.read<&DecideFlow::got_proposal>(ledger::ReadWhat::kv, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    char id[ulid_size];
    write_ulid(command_.subject, id);
    read.key = keep.keep(proposal_prefix, {id, sizeof id});
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void DecideFlow::got_proposal(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(ErrorCode::overloaded);
  proposal_ = Proposal{};
  for (const auto& row : reply.rows<psw_kv>()) {
    auto text = view(row.value);
    proposal_.version = row.version;
    proposal_.decision = line_of(text);
    proposal_.person = line_of(text);
    proposal_.basis = line_of(text);
    proposal_.evidence = text;
    expires_ms_ = row.expires_ms;
  }
  judge_proposal();
}

void DecideFlow::judge_proposal() {
  const bool there = proposal_.version != 0;
  const bool fits = there && proposal_.basis == basis();
  if (!command_.confirm) {
    if (fits && proposal_.decision == name(command_.decision) && proposal_.person != person_)
      return refuse(proposal_.person + " has proposed the same already: look at it, then give the same command with --confirm");
    return write_proposal();
  }
  if (!there) return refuse("there is no proposal to confirm: it was never made, or has expired");
  if (!fits) return refuse("the proposal of " + proposal_.person + " is void: the transfer has moved on since; look at it and propose again");
  if (proposal_.decision != name(command_.decision)) return refuse(proposal_.person + " has proposed \"" + proposal_.decision + "\", not \"" + std::string(name(command_.decision)) + "\"");
  if (proposal_.person == person_) return refuse("two persons decide: " + person_ + " has proposed it and cannot confirm it");
  write_decision();
}

// ---- the answer ----

void DecideFlow::show() {
  const bool asked = core_.client.read<&DecideFlow::got_shown>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = command_.subject;
    read.limit = 1;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void DecideFlow::got_shown(const ledger::ReadReply& reply) {
  bool found = false;
  for (const auto& row : reply.rows<psw_record>())
    if (same(row.id, command_.subject)) found = rec_.load(row);
  if (!found) return fail(ErrorCode::overloaded);
  const auto view_of_record = rec_.shown();
  DecideAnswer answer;
  answer.transfer = &view_of_record;
  finish(answer);
}

void DecideFlow::refuse(std::string text) {
  refusal_ = std::move(text);
  const auto view_of_record = rec_.shown();
  DecideAnswer answer;
  answer.transfer = &view_of_record;
  answer.refusal = refusal_;
  finish(answer);
}

void DecideFlow::fail(ErrorCode code) {
  DecideAnswer answer;
  answer.code = code;
  finish(answer);
}

void DecideFlow::finish(DecideAnswer& answer) {
  Timers::disarm(*this);
  answer.what = what_;
  answer.heard = heard_;
  answer.proposed_by = proposal_.person;
  answer.expires_ms = expires_ms_;
  if (about_repair(command_.decision) && what_ == DecideAnswer::What::done && answer.code == ErrorCode::none && answer.refusal.empty()) answer.made = made_;
  --core_.counters.running;
  const auto reply = reply_;
  reply(answer);
  core_.decisions->give_back(this);
}

}  // namespace payswitch::daemon::transfer
