#include "transfer/credit.h"

#include <payswitch/credit_hash.h>

#include <new>

#include "transfer/mutant.h"
#include "transfer/peer_desk.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::string_view leg = "credit";
constexpr std::int64_t call_deadline_default_ms = 5'000;

psw_str keep(std::pmr::memory_resource& arena, std::string_view text) {
  return ledger::EntryBuilder(arena).keep(text);
}
bool zero(const std::uint8_t (&hash)[32]) noexcept {
  for (const auto byte : hash)
    if (byte != 0) return false;
  return true;
}
}  // namespace

std::uint64_t call_deadline_ns(const Core& core, std::string_view connector) noexcept {
  const auto* configured = core.settings->config->connector(connector);
  if (configured != nullptr && configured->call_deadline.count() > 0) return static_cast<std::uint64_t>(configured->call_deadline.count());
  return static_cast<std::uint64_t>(call_deadline_default_ms) * 1'000'000;
}

void prepare_attempt(Core& core, OwnedRecord& rec, std::string_view bank, std::string_view connector) {
  const auto& our_bank = core.settings->config->self.bank;
  rec.set_state(TransferState::submitted);
  rec.row.bank = str(rec.own(bank));
  rec.row.connector = str(rec.own(connector));
  rec.row.attempt += 1;
  rec.row.reason = {};
  rec.row.lease_owner = str(core.owner);
  rec.row.lease_epoch += 1;
  rec.row.lease_ms = core.settings->times.lease_ms;
  rec.row.next_action_ms = core.client.clock_ms() + core.settings->times.lease_ms;
  auto& detail = rec.detail;
  detail.op_id = detail.idempotency_key.empty() ? derive_op_id(our_bank, rec.row.id, leg, bank)
                                                : derive_op_id(our_bank, view(rec.row.principal), detail.idempotency_key, leg, bank);
  detail.sender = core.parts.process;
  detail.polls = 0;
  detail.pending_at_peer = 0;
  detail.first_sent_ms = core.parts.clock->wall_ms();
}

void credit_hash(const OwnedRecord& rec, std::uint8_t (&out)[32]) noexcept {
  const auto hash = payswitch::credit_hash(rec.detail.op_id, rec.row.payer, rec.row.payee, rec.operation_money(), rec.detail.reverses);
  std::memcpy(out, hash.data(), sizeof out);
}

psw_credit& make_credit(const Core& core, const OwnedRecord& rec, std::pmr::memory_resource& arena) {
  auto& credit = *new (arena.allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
  credit.size = sizeof credit;
  credit.op_id = rec.detail.op_id;
  credit.transfer_id = rec.row.id;
  credit.reverses = rec.detail.reverses;
  credit.payer = keep(arena, view(rec.row.payer));
  credit.payee = keep(arena, view(rec.row.payee));
  credit.reference = keep(arena, rec.detail.reference.sealed ? std::string_view{} : rec.detail.reference.bytes);
  credit.money = rec.operation_money();
  credit.accepted_ms = rec.detail.accepted_ms;
  credit.not_after_ms = rec.row.not_after_ms;
  credit_hash(rec, credit.hash);
  credit.ours = core.client.history();
  credit.their_ledger = core.peers->known().pinned(rec.bank());
  return credit;
}

Heard hear(const OwnedRecord& rec, const psw_decision& decision) noexcept {
  Heard out;
  out.code = view(decision.code);
  out.peer_reference = view(decision.peer_reference);
  out.theirs = decision.theirs;
  std::uint8_t asked[32];
  credit_hash(rec, asked);
  const bool same_op = same(decision.op_id, rec.detail.op_id);
  out.same_op = same_op;
  switch (decision.outcome) {
    case PSW_APPLIED: {
      out.answer = Answer::applied;
      const auto money = rec.operation_money();
      out.echo_equal = same_op && decision.money.minor == money.minor && same_currency(decision.money, money) &&
                       view(decision.payee) == view(rec.row.payee) && view(decision.payer) == view(rec.row.payer) && same_hash(decision.hash, asked);
      break;
    }
    case PSW_REFUSED:
      // A tombstone knows the op_id only.
      out.answer = Answer::refused;
      out.echo_equal = same_op && (zero(decision.hash) || same_hash(decision.hash, asked));
      break;
    case PSW_PENDING: out.answer = same_op ? Answer::pending : Answer::unknown; break;
    default: break;
  }
  if (PSW_MUTANT("no_echo_check")) out.echo_equal = true;
  return out;
}

Heard hear(const OwnedRecord& rec, std::int32_t op_kind, const psw_reply& reply) noexcept {
  Heard out;
  out.retry_after_ms = reply.retry_after_ms;
  const auto reason = view(reply.reason);
  switch (reply.outcome) {
    case PSW_APPLIED:
    case PSW_REFUSED: {
      // Only a decision record decides. One that says another word than the reply is none.
      if (reply.body == nullptr) return out;
      const auto decision = sized_copy(static_cast<const psw_decision*>(reply.body));
      if (decision.outcome != reply.outcome) return out;
      out = hear(rec, decision);
      return out;
    }
    case PSW_PENDING:
      out.answer = Answer::pending;
      return out;
    case PSW_NOT_FOUND:
      if (op_kind == PSW_OP_QUERY) out.answer = Answer::not_found;
      // Where it says so, at which point of the bank's history there was nothing.
      if (reply.body != nullptr) out.theirs = sized_copy(static_cast<const psw_decision*>(reply.body)).theirs;
      return out;
    case PSW_NOT_SENT:
      if (op_kind == PSW_OP_CREDIT) out.answer = Answer::not_sent;
      return out;
    default: break;
  }
  if (PSW_MUTANT("unauthenticated_is_a_refusal") && (reason == "unauthenticated" || reason == "http_401")) out.answer = Answer::refused;
  else if (PSW_MUTANT("overload_is_a_refusal") && reply.code == PSW_OVERLOADED) out.answer = Answer::refused;
  else if (reply.code == PSW_OVERLOADED && reply.retry_after_ms != 0) out.answer = Answer::not_recorded;
  return out;
}

void send_before_the_record(Core& core, const OwnedRecord& rec) {
  auto* gateway = core.gateway(view(rec.row.connector));
  auto* call = gateway != nullptr ? gateway->acquire(core.parts.loop) : nullptr;
  if (call == nullptr) return;
  call->op.kind = PSW_OP_CREDIT;
  call->op.body = &make_credit(core, rec, call->arena());
  call->op.call_deadline_ns = core.now_ns() + call_deadline_ns(core, view(rec.row.connector));
  call->completion = {[](void*, const psw_reply&) {}, nullptr};
  gateway->submit(core.parts.loop, call);
}

}  // namespace payswitch::daemon::transfer
