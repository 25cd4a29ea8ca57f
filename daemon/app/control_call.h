// One control command on its way through a loop: keeps request and answer alive until the coordinator has spoken.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/ids.h>
#include <payswitch/money.h>
#include <payswitch/str.h>

#include <functional>
#include <memory>
#include <memory_resource>
#include <string>
#include <utility>

#include "api/wire.h"
#include "app/daemon.h"
#include "base/json.h"
#include "base/text.h"
#include "control/server.h"
#include "transfer/commands.h"
#include "transfer/error_code.h"

namespace payswitch::daemon::app {

// Made on the control thread, used on the first loop, deleted by the last callback.
struct ControlCall {
  Daemon& daemon;
  control::Request request;
  control::Answer answer;
  std::pmr::monotonic_buffer_resource memory;
  std::function<void(ControlCall&)> work;

  // The operator: sees everything. Its idempotency keys are a space of its own.
  transfer::Caller caller() const { return transfer::Caller(request.actor, auth::scopes_all); }
  transfer::Coordinator& coordinator() { return daemon.rooms().front()->coordinator(); }

  // The caller's writer and its views still lie in `memory`: it goes in the loop's next turn.
  void finish() {
    daemon.rooms().front()->loop().post({[](void* self) { delete static_cast<ControlCall*>(self); }, this});
  }
  // Both end the call.
  void ok(const json::Writer& out) {
    answer.ok(std::string(out.text()));
    finish();
  }
  void fail(std::string_view code, std::string_view message) {
    answer.fail(code, message);
    finish();
  }
  void fail(transfer::ErrorCode code, std::string_view member = {}, std::string_view detail = {}) {
    using transfer::ErrorCode;
    std::string text(transfer::name(code));
    if (!member.empty()) text += " (" + std::string(member) + ")";
    if (!detail.empty()) text += ": " + std::string(detail);
    const bool missing = code == ErrorCode::account_not_found || code == ErrorCode::transfer_not_found;
    const bool invalid = code == ErrorCode::malformed_request || code == ErrorCode::amount_invalid || code == ErrorCode::currency_unknown || code == ErrorCode::cursor_invalid;
    fail(missing ? "not_found" : invalid ? "invalid" : code == ErrorCode::internal ? "internal" : "refused", text);
  }
};

// A handler that runs `work` on the first loop; `work` ends the call with ok() or fail(), at once or in a reply.
inline control::Handler on_first_loop(Daemon& daemon, std::function<void(ControlCall&)> work) {
  return [&daemon, work = std::move(work)](const control::Request& request, control::Answer answer) {
    auto* call = new ControlCall{daemon, request, std::move(answer), std::pmr::monotonic_buffer_resource(), work};
    daemon.rooms().front()->loop().post({[](void* context) {
                                           auto* self = static_cast<ControlCall*>(context);
                                           self->work(*self);
                                         },
                                         call});
  };
}

// A transfer for an operator, with what is open about it (control_transfers.cpp).
void render_transfer(json::Writer& out, const transfer::TransferView& transfer);
// The transfer id of the argument `id`; false: the call was failed.
bool read_id(ControlCall& call, psw_id& id);
void transfer_answered(void* context, const transfer::TransferAnswer& answer);

// {"minor":"15025","currency":"USD","exponent":2}: payswitchctl prints it as 150.25 USD.
inline void member_money(json::Writer& out, std::string_view name, Int128 minor, std::string_view currency, std::int32_t exponent) {
  out.key(name).begin_object();
  api::member_minor(out, "minor", minor);
  out.member("currency", currency).member_integer("exponent", exponent).end_object();
}

}  // namespace payswitch::daemon::app
