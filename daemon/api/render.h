// Answers of the coordinator as JSON.
#pragma once

#include <payswitch/abi.h>

#include <span>

#include "api/context.h"
#include "base/json.h"
#include "transfer/commands.h"

namespace payswitch::daemon::api {

// The members of a transfer, without the enclosing braces' end: the caller may add more.
void render_transfer(json::Writer& out, const transfer::TransferView& view);
void render_balances(json::Writer& out, std::span<const transfer::Balance> balances);
void render_history(json::Writer& out, std::span<const psw_change> history);
void render_account(json::Writer& out, const psw_account& account);
void render_posting(json::Writer& out, const psw_posting_row& row);

// The answer to a command that made or changed a transfer: 201 for a new final one, 200 for a changed or replayed one's final state,
// 202 while it is open, or the problem. Ends the context.
enum class Made : bool { no, yes };
void answer_transfer(Context& context, const transfer::TransferAnswer& answer, Made made) noexcept;
void answer_account(Context& context, const transfer::AccountAnswer& answer, Made made) noexcept;

}  // namespace payswitch::daemon::api
