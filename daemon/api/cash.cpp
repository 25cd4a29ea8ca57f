// Deposits and withdrawals: money that enters or leaves the switch's own books.
#include "api/fields.h"
#include "api/handlers.h"
#include "api/render.h"

namespace payswitch::daemon::api {
namespace {

void answered(void* context, const transfer::TransferAnswer& answer) { answer_transfer(*static_cast<Context*>(context), answer, Made::yes); }

void move_cash(Context& context, TransferKind kind) {
  context.payment = true;
  context.kind = kind;
  auto fields = Fields::of_body(context, {"account", "amount", "currency", "reference", "metadata"});
  transfer::MoneyCommand command;
  command.kind = kind;
  command.caller = context.caller();
  command.idempotency_key = context.headers.idempotency_key;
  (kind == TransferKind::deposit ? command.payee : command.payer) = fields.token("account", true, 64);
  const Amount amount = fields.amount("amount", true, kind == TransferKind::withdraw);
  command.amount_minor = amount.minor;
  command.all = amount.all;
  command.currency = fields.currency();
  command.reference = fields.reference();
  command.metadata = fields.metadata();
  command.wait_ms = context.wait_ms;
  if (!fields.ok()) return fields.answer();
  context.services.coordinator->pay(command, {answered, &context});
}

}  // namespace

void deposit(Context& context) { move_cash(context, TransferKind::deposit); }
void withdraw(Context& context) { move_cash(context, TransferKind::withdraw); }

}  // namespace payswitch::daemon::api
