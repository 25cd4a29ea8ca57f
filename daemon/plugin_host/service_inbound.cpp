// psw.inbound/1: a bank's word on its way to the core. Copied on the plugin's thread, delivered on the loop that owns the operation, answered
// by PSW_EV_DONE after the core's durable write.
#include <cstring>

#include "plugin_host/service_call.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

class Inbound final : public ServiceCall, public InboundCall {
 public:
  Inbound(Connector& connector_of_call, Lane& lane, std::uint64_t token, InboundKind what) noexcept : ServiceCall(connector_of_call, lane, token) {
    InboundCall::kind = what;
    InboundCall::connector = connector_of_call.name();
    bank = connector_of_call.bank();
  }
  std::pmr::memory_resource& arena() noexcept override { return request_arena(); }
  void run(unsigned loop) noexcept override { ServiceCall::connector().core().parts.inbound->deliver(loop, *this); }
  void answer(const psw_reply& reply) noexcept override { done(reply, like()); }

 private:
  std::int32_t like() const noexcept {
    switch (InboundCall::kind) {
      case InboundKind::credit: return PSW_OP_CREDIT;
      case InboundKind::cancel: return PSW_OP_CANCEL;
      case InboundKind::query: return PSW_OP_QUERY;
      case InboundKind::list: return PSW_OP_RECONCILE;
      case InboundKind::lookup: return PSW_OP_LOOKUP;
      case InboundKind::hello: return PSW_OP_HELLO;
      case InboundKind::report: return PSW_OP_RECALL;  // a decision as body, no word of its own
    }
    return PSW_OP_COMMAND;
  }
};

std::int32_t give_up(Inbound* call) noexcept {
  call->ServiceCall::connector().broken_rule("inbound: sizes or texts that make no sense");
  call->recycle();
  return PSW_INVALID;
}

// A key that the plugin verified must be one of this instance's bank: a third bank can decide nothing here.
bool foreign_key(Connector& connector, psw_str verified_key) noexcept {
  KeyRing* const keys = connector.core().parts.keys;
  if (verified_key.size == 0 || verified_key.data == nullptr || keys == nullptr) return false;
  const std::string_view owner = keys->bank_of(std::string_view(verified_key.data, verified_key.size));
  return owner != connector.bank();
}

std::int32_t send(Inbound* call, psw_str verified_key, psw_id id) noexcept {
  Connector& connector = call->ServiceCall::connector();
  if (foreign_key(connector, verified_key)) {
    call->refuse(PSW_INVALID, "wrong_bank", "the key is not one of the bank this connector leads to");
    return PSW_OK;
  }
  call->go(loop_of(id, static_cast<unsigned>(connector.core().loops.size())));
  return PSW_OK;
}

std::int32_t credit_like(void* ctx, std::uint32_t lane, const psw_credit* credit, std::uint64_t token, InboundKind kind) noexcept {
  if (credit == nullptr) return PSW_INVALID;
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<Inbound>(ctx, lane, token, code, kind);
  if (call == nullptr) return code;
  const psw_credit* const copy = copy_credit(*credit, call->request_arena());
  if (copy == nullptr) return give_up(call);
  call->body = copy;
  return send(call, copy->verified_key, copy->op_id);
}

extern "C" {

std::int32_t inbound_credit(void* ctx, std::uint32_t lane, const psw_credit* c, std::uint64_t token) noexcept { return credit_like(ctx, lane, c, token, InboundKind::credit); }
std::int32_t inbound_cancel(void* ctx, std::uint32_t lane, const psw_credit* c, std::uint64_t token) noexcept { return credit_like(ctx, lane, c, token, InboundKind::cancel); }
std::int32_t inbound_query(void* ctx, std::uint32_t lane, const psw_credit* c, std::uint64_t token) noexcept { return credit_like(ctx, lane, c, token, InboundKind::query); }

std::int32_t inbound_list(void* ctx, std::uint32_t lane, const psw_read* read, std::uint64_t token) noexcept {
  if (read == nullptr) return PSW_INVALID;
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<Inbound>(ctx, lane, token, code, InboundKind::list);
  if (call == nullptr) return code;
  call->body = copy_read(*read, call->request_arena());
  if (call->body == nullptr) return give_up(call);
  call->go(call->ServiceCall::connector().home_loop());
  return PSW_OK;
}

std::int32_t inbound_lookup(void* ctx, std::uint32_t lane, psw_str account, const char currency[4], std::uint64_t token) noexcept {
  if (currency == nullptr || account.size > inbound_text_bytes_max) return PSW_INVALID;
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<Inbound>(ctx, lane, token, code, InboundKind::lookup);
  if (call == nullptr) return code;
  auto* const asked = static_cast<psw_account*>(call->request_arena().try_allocate(sizeof(psw_account), alignof(psw_account)));
  if (asked == nullptr) return give_up(call);
  *asked = psw_account{};
  if (!copy_text(account, asked->number, call->request_arena())) return give_up(call);
  std::memcpy(asked->currency, currency, 3);
  call->body = asked;
  call->go(call->ServiceCall::connector().home_loop());
  return PSW_OK;
}

std::int32_t inbound_hello(void* ctx, std::uint32_t lane, const psw_history* theirs, std::uint64_t token) noexcept {
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<Inbound>(ctx, lane, token, code, InboundKind::hello);
  if (call == nullptr) return code;
  auto* const copy = static_cast<psw_history*>(call->request_arena().try_allocate(sizeof(psw_history), alignof(psw_history)));
  if (copy == nullptr) return give_up(call);
  *copy = theirs == nullptr ? psw_history{} : *theirs;
  call->body = copy;
  call->go(call->ServiceCall::connector().home_loop());
  return PSW_OK;
}

std::int32_t inbound_report(void* ctx, std::uint32_t lane, const psw_decision* decision, std::uint64_t token) noexcept {
  if (decision == nullptr) return PSW_INVALID;
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<Inbound>(ctx, lane, token, code, InboundKind::report);
  if (call == nullptr) return code;
  const psw_decision* const copy = copy_decision(*decision, call->request_arena());
  if (copy == nullptr) return give_up(call);
  call->body = copy;
  return send(call, copy->verified_key, copy->op_id);
}

}  // extern "C"

constexpr psw_inbound_1 table{sizeof(psw_inbound_1), 0, inbound_credit, inbound_cancel, inbound_query, inbound_list, inbound_lookup, inbound_hello, inbound_report};

}  // namespace

const void* inbound_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host
