#include "config/commands.h"

namespace payswitch::daemon::config {
namespace {

using Argument = CommandArgument;
using enum ArgumentKind;
using enum ControlRole;

constexpr Argument number[] = {{"number", positional, true, "", "account number"}};
constexpr Argument transfer_id[] = {{"id", positional, true, "", "transfer id"}};
constexpr Argument account_open[] = {
    {"owner", option, true, "", "principal that owns it"},
    {"currency", option, true, "", "currency code"},
    {"number", option, false, "", "account number; left out: a new one"},
    {"overdraft-limit", option, false, "", "minor units it may go below zero"},
    {"max-balance", option, false, "", "minor units it may hold"},
    {"key", option, false, "", "idempotency key; left out: a new one, which is shown"}};
constexpr Argument account_list[] = {
    {"owner", option, false, "", "only this principal's"},
    {"after", option, false, "", "go on after this number"},
    {"limit", option, false, "", "at most so many rows (100, at most 500)"}};
constexpr Argument account_freeze[] = {
    {"number", positional, true, "", "account number"},
    {"side", option, false, "debit|credit|both", "what is stopped (both)"}};
constexpr Argument account_postings[] = {
    {"number", positional, true, "", "account number"},
    {"after", option, false, "", "go on after this cursor"},
    {"limit", option, false, "", "at most so many rows (100, at most 500)"}};
constexpr Argument transfer_list[] = {
    {"state", option, false, "held|submitted|in_doubt|completed|rejected|voided|expired|cancelled", "only in this state"},
    {"bank", option, false, "", "only with this bank"},
    {"reference", option, false, "", "only with this reference"},
    {"after", option, false, "", "go on after this cursor"},
    {"limit", option, false, "", "at most so many rows (100, at most 500)"}};
constexpr Argument transfer_reverse[] = {
    {"id", positional, true, "", "transfer id"},
    {"amount", option, false, "", "minor units; left out: all that is left"},
    {"consent", option, true, "", "how whoever gives back has agreed; kept in the history"},
    {"key", option, false, "", "idempotency key; left out: one made of id and amount, so that a repeat gives nothing back twice"}};
constexpr Argument transfer_resolve[] = {
    {"id", positional, true, "", "transfer id, in doubt"},
    {"completed", flag, false, "", "the other bank has credited it: the money is paid"},
    {"voided", flag, false, "", "the other bank has not credited it and never will: the money goes back"},
    {"evidence", file, false, "", "file that shows it; kept in the history. Needed, except with --confirm"},
    {"confirm", flag, false, "", "the second person's word on a proposal"}};
constexpr Argument repair_list[] = {
    {"after", option, false, "", "go on after this id"},
    {"limit", option, false, "", "at most so many rows (100, at most 500)"}};
constexpr Argument repair_id[] = {{"id", positional, true, "", "id of the repair"}};
constexpr Argument repair_end[] = {
    {"id", positional, true, "", "id of the repair"},
    {"evidence", file, false, "", "file that shows why, such as the customer's consent; kept in the history. Needed, except with --confirm"},
    {"confirm", flag, false, "", "the second person's word on a proposal"}};
constexpr Argument in_doubt_list[] = {
    {"bank", option, false, "", "only with this bank"},
    {"after", option, false, "", "go on after this cursor"},
    {"limit", option, false, "", "at most so many rows (100, at most 500)"}};
constexpr Argument key_create[] = {
    {"principal", option, true, "", "service account the key speaks for"},
    {"scopes", option, true, "", "comma-separated: read, pay, accounts, cash, operate, reverse"},
    {"expires", option, false, "", "duration from now, such as 90d; left out: never"},
    {"network", option, false, "", "comma-separated networks it works from, such as 10.0.0.0/8; left out: any"}};
constexpr Argument key_list[] = {{"principal", option, false, "", "only this principal's"}};
constexpr Argument key_revoke[] = {{"id", positional, true, "", "id of the key (psk_ID_…)"}};
constexpr Argument peer_bank[] = {{"bank", positional, true, "", "code of the other bank"}};
constexpr Argument peer_accept[] = {
    {"bank", positional, true, "", "code of the other bank"},
    {"ledger", option, false, "", "its new ledger's id; left out: whichever speaks for it now"}};
constexpr Argument peer_rotate_key[] = {
    {"action", positional, true, "list|new|use", "show our signing keys, make one, or sign with another one from now on"},
    {"id", option, false, "", "new, use: id of the key"},
    {"file", option, false, "", "new: where the private key is written; the file must not be there yet"}};
constexpr Argument plugin_inspect[] = {
    {"file", positional, true, "", "path of the .so"},
    {"no-load", flag, false, "", "read the file only, run none of its code"}};
constexpr Argument plugin_file[] = {
    {"plugin", positional, true, "", "path of the .so, or its name in the plugin directory"},
    {"type", option, false, "", "connector type, when the file holds several"}};
constexpr Argument config_show[] = {{"origin", flag, false, "", "where each value comes from"}};
constexpr Argument routes_explain[] = {
    {"to", option, true, "", "account number of the payee"},
    {"amount", option, true, "", "minor units"},
    {"currency", option, true, "", "currency code"},
    {"from", option, false, "", "account number of the payer"}};
constexpr Argument ledger_verify[] = {{"directory", positional, false, "", "of a stopped ledger; left out: the running one checks itself"},
                                      {"plugin", option, false, "", "ledger plugin of the directory (local_ledger)"}};
constexpr Argument log_level[] = {{"level", positional, false, "debug|info|notice|warning|error", "left out: shows the present one"}};
constexpr Argument connector[] = {
    {"name", positional, true, "", "of the connector or login"},
    {"command", positional, true, "", "one of its plugin's commands: payswitchctl plugin inspect"},
    {"args", positional, false, "", "its arguments, as the plugin wants them; often a JSON object"},
    {"confirm", flag, false, "", "for a command that its plugin calls dangerous"}};
constexpr Argument completion[] = {{"shell", positional, true, "bash", "the shell"}};
constexpr Argument explain[] = {{"id", positional, true, "", "id of a log line, such as PSW-NET-001"}};

constexpr CommandSpec table[] = {
    {"status", viewer, false, false, "version, connectors, transfers in flight and in doubt", {}},
    {"health", viewer, false, false, "whether the daemon can do its work; ends with 5 when it cannot", {}},
    {"account open", operator_, false, false, "open an account", account_open},
    {"account show", viewer, false, false, "one account with its counters", number},
    {"account list", viewer, false, false, "accounts by number", account_list},
    {"account freeze", operator_, true, false, "stop debits, credits or both", account_freeze},
    {"account unfreeze", operator_, true, false, "allow debits and credits again", number},
    {"account close", operator_, true, false, "close an empty account", number},
    {"account postings", viewer, false, false, "what moved on an account", account_postings},
    {"transfer show", viewer, false, false, "one transfer with its history", transfer_id},
    {"transfer list", viewer, false, false, "transfers by id", transfer_list},
    {"transfer cancel", operator_, true, false, "ask the other bank not to do it, or release a hold", transfer_id},
    {"transfer void", operator_, true, false, "release a hold", transfer_id},
    {"transfer reverse", resolver, true, false, "give back what a completed transfer moved, with the consent of whoever was credited", transfer_reverse},
    {"transfer resolve", resolver, true, false, "decide the fate of a transfer in doubt, on evidence; the bank is asked once more", transfer_resolve},
    {"repair list", viewer, false, false, "open repairs: money in suspense that waits for a person", repair_list},
    {"repair show", viewer, false, false, "one repair with its history", repair_id},
    {"repair collect", resolver, true, false, "end a repair: the customer pays, with consent", repair_end},
    {"repair refund", resolver, true, false, "end a repair: the customer gets the money back", repair_end},
    {"repair write-off", resolver, true, false, "end a repair: the bank bears it", repair_end},
    {"in-doubt list", viewer, false, false, "transfers whose fate at another bank is unknown", in_doubt_list},
    {"peer list", viewer, false, false, "what is remembered of the other banks: open or closed, ledger, position", {}},
    {"peer show", viewer, false, false, "one bank: its history, connectors and keys", peer_bank},
    {"peer test", viewer, false, false, "ask a bank who it is: ledger, clock offset, keys; changes nothing", peer_bank},
    {"peer close", operator_, true, false, "decide nothing new with a bank and send it nothing", peer_bank},
    {"peer open", operator_, true, false, "go on with a bank from what it shows now", peer_bank},
    {"peer accept-ledger", admin, true, false, "pin the ledger that speaks for a bank now", peer_accept},
    {"peer rotate-key", admin, false, false, "our own signing keys: list, make a new one, take it into use", peer_rotate_key},
    {"key create", admin, false, false, "make an API key; it is shown once", key_create},
    {"key list", admin, false, false, "API keys without their secrets", key_list},
    {"key revoke", admin, true, false, "end an API key", key_revoke},
    {"connector", viewer, false, false, "a command of a plugin; each has a role of its own", connector},
    {"plugin list", viewer, false, false, "loaded plugins and their instances", {}},
    {"plugin inspect", viewer, false, true, "what a plugin's file says about itself", plugin_inspect},
    {"plugin help", viewer, false, true, "the options of a connector type", plugin_file},
    {"plugin sample", viewer, false, true, "a commented piece of configuration", plugin_file},
    {"config show", viewer, false, false, "the configuration that is in force", config_show},
    {"routes explain", viewer, false, false, "which way a transfer would take, and why", routes_explain},
    {"ledger verify", viewer, false, false, "check the invariants of the books", ledger_verify},
    {"log level", operator_, false, false, "show or set the least severity that is written", log_level},
    {"explain", viewer, false, false, "what a log line means and what to do", explain},
    {"completion", viewer, false, true, "the completions of this program, to be sourced", completion},
};

constexpr ControlErrorCode codes[] = {
    {"usage", 2, "the command line is wrong; nothing was asked"},
    {"unreachable", 3, "no daemon answers on the socket"},
    {"forbidden", 4, "the role of this user does not allow the command"},
    {"unhealthy", 5, "health: the daemon cannot do its work; ledger verify: an invariant is broken"},
    {"not_found", 6, "there is no such account, transfer, key or id"},
    {"refused", 7, "the daemon refused it; the message carries the code of the API"},
    {"timeout", 8, "no answer in time; the command may still be carried out"},
    {"not_available", 9, "this daemon does not have that command"},
    {"invalid", 10, "an argument has a value that is not possible"},
    {"internal", 11, "a bug; the log of the daemon says more"},
};

}  // namespace

std::span<const CommandSpec> commands() { return table; }

const CommandSpec* find_command(std::string_view name) {
  for (const CommandSpec& spec : table)
    if (spec.name == name) return &spec;
  return nullptr;
}

std::string_view to_string(ControlRole role) {
  switch (role) {
    case none: return "none";
    case viewer: return "viewer";
    case operator_: return "operator";
    case resolver: return "resolver";
    case admin: return "admin";
  }
  return "none";
}

std::span<const ControlErrorCode> control_error_codes() { return codes; }

}  // namespace payswitch::daemon::config
