#include "api/endpoint.h"

#include "api/handlers.h"

namespace payswitch::daemon::api {
namespace {

using namespace payswitch::daemon::auth;

// Hot ones first: the table is searched from the top.
constexpr Endpoint table[] = {
    {"POST", "/v1/transfers", scope_pay, true, true, make_transfer,
     "Moves money from one account to another, here or at another bank. `mode: hold` only reserves it. `amount: \"all\"` takes what is available."},
    {"POST", "/v1/deposits", scope_pay | scope_cash, true, true, deposit, "Pays cash in to an account; who may is set by `[cash] allow`."},
    {"POST", "/v1/withdrawals", scope_pay | scope_cash, true, true, withdraw, "Pays cash out of an account; who may is set by `[cash] allow`."},
    {"GET", "/v1/transfers/{id}", scope_read, false, false, get_transfer, "One transfer with its history: the newest 500 changes in order, and `history_left_off` when there are older ones. `Prefer: wait=N` waits up to N seconds for a final state."},
    {"GET", "/v1/accounts/{number}/balance", scope_read, false, false, get_balance, "The counters of an account at one moment."},
    {"GET", "/v1/accounts/{number}", scope_read, false, false, get_account, "One account."},
    {"POST", "/v1/transfers/{id}/post", scope_pay, true, true, post_transfer, "Posts a hold, wholly or in part (`amount`); the rest is released."},
    {"POST", "/v1/transfers/{id}/void", scope_pay, true, true, void_transfer, "Voids a hold: the reserved money is available again."},
    {"POST", "/v1/transfers/{id}/cancel", scope_pay, false, true, cancel_transfer,
     "Asks that a transfer be not made: a hold is voided, a transfer under way is cancelled at the other bank if that has not acted yet."},
    {"POST", "/v1/transfers/{id}/reverse", scope_pay | scope_cash | scope_reverse, true, true, reverse_transfer,
     "Gives back what a completed transfer moved, wholly or in part (`amount`), as often as something is left. Whoever was credited consents: the account's owner calls, or a service with the scope reverse. Money that came from another bank goes back to that bank."},
    {"GET", "/v1/transfers", scope_read, false, false, list_transfers,
     "Transfers of the caller, newest first, by `state` (several parted by commas), `bank`, `reference`; with the scope operate everybody's, or those of one `principal` (a `reference` is looked for among one principal's, the caller's unless named)."},
    {"GET", "/v1/accounts/{number}/postings", scope_read, false, false, list_postings,
     "The account's postings, each with counterparty, amount and balance after; `order` newest (first, the default) or oldest, `from` and `to` (times or dates, half-open)."},
    {"POST", "/v1/accounts", scope_pay | scope_accounts, true, true, open_account, "Opens an account; without `number` one is made. For another `owner` the scope accounts is needed."},
    {"GET", "/v1/accounts", scope_read, false, false, list_accounts, "Accounts of the caller; with the scope operate everybody's, or those of one `owner`."},
    {"POST", "/v1/accounts/{number}/freeze", scope_accounts, false, true, freeze_account, "Freezes an account: `side` both (default), debit or credit."},
    {"POST", "/v1/accounts/{number}/unfreeze", scope_accounts, false, true, unfreeze_account, "Takes both freezes off."},
    {"POST", "/v1/accounts/{number}/close", scope_pay | scope_accounts, false, true, close_account, "Closes an empty account. Its history stays."},
    {"GET", "/v1/me", 0, false, false, get_me, "Who the credential stands for and what it may do."},
};

// `parameter` is what stands for {…}; an empty segment, or one with a percent sign, is no parameter.
bool fits(std::string_view pattern, std::string_view path, std::string_view& parameter) noexcept {
  const auto open = pattern.find('{');
  if (open == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, open), after = pattern.substr(pattern.find('}') + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after)) return false;
  const std::string_view middle = path.substr(before.size(), path.size() - before.size() - after.size());
  if (middle.find_first_of("/%") != std::string_view::npos) return false;
  parameter = middle;
  return true;
}

}  // namespace

std::span<const Endpoint> endpoints() noexcept { return table; }

Match match(std::string_view method, std::string_view path) noexcept {
  Match out;
  for (const Endpoint& endpoint : table) {
    std::string_view parameter;
    if (!fits(endpoint.path, path, parameter)) continue;
    out.path_known = true;
    if (endpoint.method != method) continue;
    out.endpoint = &endpoint;
    out.parameter = parameter;
    return out;
  }
  return out;
}

std::string allowed_methods(std::string_view path) {
  std::string out;
  for (const Endpoint& endpoint : table) {
    std::string_view parameter;
    if (!fits(endpoint.path, path, parameter)) continue;
    if (!out.empty()) out += ", ";
    out += endpoint.method;
  }
  return out;
}

}  // namespace payswitch::daemon::api
