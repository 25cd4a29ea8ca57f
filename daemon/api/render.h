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
// `left_off`: how many older changes are not among them.
void render_history(json::Writer& out, std::span<const psw_change> history, std::uint64_t left_off, Language language);
void render_account(json::Writer& out, const psw_account& account);
// Balance, available and the four counters.
void render_counters(json::Writer& out, const psw_account& account);
void render_posting(json::Writer& out, const psw_posting_row& row);

// The answer to a command that made or changed a transfer: 201 for a new final one, 200 for a changed or replayed one's final state,
// 202 while it is open, or the problem. Ends the context.
enum class Made : bool { no, yes };
void answer_transfer(Context& context, const transfer::TransferAnswer& answer, Made made) noexcept;
void answer_account(Context& context, const transfer::AccountAnswer& answer, Made made) noexcept;

// 200 with what was read, and the position it was read at if there is one. Ends the context.
void answer_read(Context& context, json::Writer& out, std::string_view position) noexcept;

// One question for a page of a list: the context its page is rendered with, and what its cursor is bound to. Lives in the context's arena.
struct ListCall {
  Context& context;
  std::string_view filter;

  static ListCall* make(Context& context, std::string_view filter);
  // Closes the page's object: the sealed cursor of the next page (empty: this was the last), then the answer.
  void finish(json::Writer& out, std::string_view next, std::string_view position) const noexcept;
};

}  // namespace payswitch::daemon::api
