#include "transfer/account_flow.h"

#include <algorithm>

#include "ledger/account_names.h"
#include "transfer/limits.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint32_t rows_max = 500;
constexpr std::uint32_t tries_max = 16;
constexpr std::size_t number_digits = 12;  // of a number made by the switch
constexpr std::size_t owner_bytes_max = auth::Principal::id_bytes_max;
constexpr std::uint64_t patience_ns = 2'000'000'000;
constexpr std::int32_t frozen_bits = PSW_STATUS_NO_DEBIT | PSW_STATUS_NO_CREDIT;
constexpr ledger::Refusal not_empty{PSW_ABSENT, "account_not_empty"};

std::uint32_t bounded(std::uint32_t limit) noexcept { return std::clamp<std::uint32_t>(limit, 1, rows_max); }
}  // namespace

void AccountFlow::start() noexcept {
  ++core_.counters.running;
  replayed_ = false;
  recorded_perhaps_ = false;
  tries_ = 0;
  patience_ns_ = core_.now_ns() + patience_ns;
}

// ---- open ----

void AccountFlow::open(const OpenAccountCommand& command, Reply<AccountAnswer> reply) {
  what_ = What::open;
  caller_ = command.caller;
  open_ = command;
  reply_ = reply;
  start();
  std::string_view member;
  if (const auto code = check_open(member); code != ErrorCode::none) return fail(code, member);
  FingerprintInput input;
  input.operation = "open_account";
  input.payer = command.number;
  input.owner = command.owner;
  input.currency = command.currency;
  input.overdraft_limit = command.overdraft_limit;
  input.max_balance = command.max_balance;
  input.metadata = command.metadata;
  core_.hasher.fingerprint(input, fingerprint_);
  step_ = core_.new_id();
  number_ = command.number;
  write_open();
}

ErrorCode AccountFlow::check_open(std::string_view& member) const noexcept {
  const auto& config = *core_.settings->config;
  const auto bad = [&](std::string_view which) {
    member = which;
    return ErrorCode::malformed_request;
  };
  // A number of ours starts with our prefix: by it every bank finds the way here.
  if (!open_.number.empty() && (!account_number_ok(open_.number) || !core_.settings->routes.is_here(open_.number))) return bad("number");
  if (open_.owner.size() > owner_bytes_max || open_.owner == ledger::system_owner) return bad("owner");
  if (open_.metadata.size() > metadata_bytes_max) return bad("metadata");
  if (open_.overdraft_limit < 0 || open_.overdraft_limit > amount_minor_max) return bad("overdraft_limit");
  if (open_.max_balance < 0 || open_.max_balance > counter_minor_max) return bad("max_balance");
  if (!idempotency_key_ok(open_.idempotency_key)) return ErrorCode::idempotency_key_required;
  member = "currency";
  if (config.self.currencies.find(open_.currency) == config.self.currencies.end()) return ErrorCode::currency_unknown;
  member = {};
  const bool for_others = !open_.owner.empty() && open_.owner != caller_.principal;
  if ((for_others || open_.overdraft_limit != 0) && !caller_.may(auth::scope_accounts)) return ErrorCode::forbidden;
  if (!caller_.may(auth::scope_accounts) && !caller_.may(auth::scope_pay)) return ErrorCode::forbidden;
  return ErrorCode::none;
}

void AccountFlow::write_open() {
  auto write = core_.client.begin();
  if (!write) return not_taken(ErrorCode::overloaded);
  const auto& config = *core_.settings->config;
  if (open_.number.empty() && number_.empty()) {
    number_ = config.self.prefix;
    while (number_.size() < config.self.prefix.size() + number_digits) number_ += static_cast<char>('0' + core_.random() % 10);
  }
  psw_account account{};
  account.number = str(std::string_view(number_));
  account.owner = str(open_.owner.empty() ? caller_.principal : open_.owner);
  account.metadata = str(open_.metadata);
  account.kind = PSW_ACCOUNT_CUSTOMER;
  set_currency(account.currency, open_.currency);
  account.exponent = config.self.currencies.find(open_.currency)->second;
  account.overdraft_limit = open_.overdraft_limit;
  account.max_balance = open_.max_balance;
  write.entry.unique("key/", caller_.principal, open_.idempotency_key, number_, fingerprint_);
  write.entry.account(account);
  core_.client.write<&AccountFlow::opened>(write, step_, this);
}

void AccountFlow::opened(const ledger::WriteReply& reply) {
  core_.client.saw_clock(reply.clock_ms());
  switch (reply.what()) {
    case ledger::Written::applied:
      recorded_perhaps_ = true;
      return read(std::string(number_), {});
    case ledger::Written::exists:
      for (const auto& unique : reply.uniques()) {
        replayed_ = recorded_perhaps_ = true;
        return read(view(unique.names), {});
      }
      return fail(ErrorCode::internal);
    case ledger::Written::key_reused: return fail(ErrorCode::idempotency_key_reused);
    case ledger::Written::conflict:
      // The number is taken. One of our own making is made anew.
      if (!open_.number.empty() || ++tries_ > tries_max) return fail(ErrorCode::account_exists, "number");
      number_.clear();
      step_ = core_.new_id();
      return write_open();
    default: return fail_write(reply);
  }
}

// ---- read one; the second half of open and the first of change ----

void AccountFlow::read(std::string_view number, std::string_view position) {
  const bool asked = core_.client.read<&AccountFlow::got>(ledger::ReadWhat::accounts, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.key = keep.keep(number);
    read.limit = 1;
    read.position = keep.keep(position);
  });
  if (!asked) fail(recorded_perhaps_ ? ErrorCode::outcome_unknown : ErrorCode::overloaded);
}

void AccountFlow::show(const AccountQuery& query, Reply<AccountAnswer> reply) {
  what_ = What::show;
  caller_ = query.caller;
  reply_ = reply;
  start();
  if (!caller_.may(auth::scope_read) && !caller_.may(auth::scope_pay)) return fail(ErrorCode::forbidden);
  read(query.number, query.position);
}

bool AccountFlow::may_see(const psw_account& account) const noexcept {
  if (caller_.sees_all() || view(account.owner) == caller_.principal) return true;
  // Whoever opens and freezes accounts of others sees them while doing so.
  return what_ != What::show && caller_.may(auth::scope_accounts) && account.kind == PSW_ACCOUNT_CUSTOMER;
}

void AccountFlow::own(const psw_account& account) {
  number_ = view(account.number);
  owner_ = view(account.owner);
  metadata_ = view(account.metadata);
  account_ = account;
  account_.number = str(std::string_view(number_));
  account_.owner = str(std::string_view(owner_));
  account_.metadata = str(std::string_view(metadata_));
}

void AccountFlow::got(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail(recorded_perhaps_ ? ErrorCode::outcome_unknown : what_ == What::show ? code_of(reply) : ErrorCode::overloaded);
  core_.client.saw_clock(reply.clock_ms());
  for (const auto& account : reply.rows<psw_account>()) {
    if (!may_see(account)) break;
    if (what_ != What::change) return answer(account, reply.position());
    own(account);
    return write_change();
  }
  fail(ErrorCode::account_not_found);
}

// ---- change ----

void AccountFlow::change(const AccountCommand& command, Reply<AccountAnswer> reply) {
  what_ = What::change;
  caller_ = command.caller;
  change_ = command;
  reply_ = reply;
  start();
  const bool closing = command.action == AccountAction::close;
  if (!caller_.may(auth::scope_accounts) && !(closing && caller_.may(auth::scope_pay))) return fail(ErrorCode::forbidden);
  read(command.number, {});
}

void AccountFlow::write_change() {
  if (account_.kind != PSW_ACCOUNT_CUSTOMER) return fail(ErrorCode::forbidden);
  std::int32_t status = account_.status;
  switch (change_.action) {
    case AccountAction::freeze: status |= frozen_bits; break;
    case AccountAction::freeze_debit: status |= PSW_STATUS_NO_DEBIT; break;
    case AccountAction::freeze_credit: status |= PSW_STATUS_NO_CREDIT; break;
    case AccountAction::unfreeze: status &= ~frozen_bits; break;
    case AccountAction::close: status |= PSW_STATUS_CLOSED; break;
  }
  if ((account_.status & PSW_STATUS_CLOSED) != 0 && change_.action != AccountAction::close) return fail(ErrorCode::account_closed);
  if (status == account_.status) return answer(account_, {});
  auto write = core_.client.begin();
  if (!write) return not_taken(ErrorCode::overloaded);
  psw_account next = account_;
  next.status = status;
  write.entry.account(next);
  if (change_.action == AccountAction::close) {
    write.entry.guard_empty(number_, not_empty);
    write.entry.guard_counter(view(write.entry.keep(open_repairs_prefix, number_)), 0, 0, 0, not_empty);  // none open
  }
  core_.client.write<&AccountFlow::changed>(write, core_.new_id(), this);
}

void AccountFlow::changed(const ledger::WriteReply& reply) {
  core_.client.saw_clock(reply.clock_ms());
  switch (reply.what()) {
    case ledger::Written::applied:
      what_ = What::open;
      recorded_perhaps_ = true;
      return read(std::string(number_), {});
    case ledger::Written::conflict:
      if (++tries_ > tries_max) return fail(ErrorCode::version_conflict);
      return read(std::string(number_), {});
    default: return fail_write(reply);
  }
}

void AccountFlow::fail_write(const ledger::WriteReply& reply) {
  switch (reply.what()) {
    case ledger::Written::not_allowed:
    case ledger::Written::refused: {
      const auto code = error_named(reply.reason());
      return fail(code == ErrorCode::none ? ErrorCode::internal : code);
    }
    case ledger::Written::not_taken: return not_taken(reply.reason() == "read_only" ? ErrorCode::read_only : ErrorCode::overloaded);
    case ledger::Written::unknown:
      recorded_perhaps_ = true;
      return retry_later();
    default: return fail(ErrorCode::internal);
  }
}

// "Nothing was recorded" only where that is certain; else the same step again, as long as the caller waits.
void AccountFlow::not_taken(ErrorCode code) {
  if (!recorded_perhaps_) return fail(code);
  retry_later();
}

void AccountFlow::retry_later() {
  if (core_.now_ns() >= patience_ns_) return fail(ErrorCode::outcome_unknown);
  ++core_.counters.ledger_retries;
  core_.timers.arm(*this, core_.now_ns() + static_cast<std::uint64_t>(core_.settings->times.step_retry_ms) * 1'000'000);
}

void AccountFlow::on_timer() {
  // A status set twice is the status; an opening is recognised by its step id.
  if (what_ == What::open) return write_open();
  read(std::string(number_), {});
}

// ---- lists ----

void AccountFlow::list(const AccountsQuery& query, Reply<AccountsAnswer> reply) {
  caller_ = query.caller;
  list_reply_ = reply;
  limit_ = bounded(query.limit);
  accounts_.clear();
  start();
  if (!caller_.may(auth::scope_read)) return fail_list(ErrorCode::forbidden);
  const std::string_view owner = caller_.sees_all() ? query.owner : caller_.principal;
  const bool asked = core_.client.read<&AccountFlow::got_list>(ledger::ReadWhat::accounts, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.owner = keep.keep(owner);
    read.after = keep.keep(query.after);
    read.limit = limit_;
    read.position = keep.keep(query.position);
  });
  if (!asked) fail_list(ErrorCode::overloaded);
}

void AccountFlow::got_list(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail_list(code_of(reply));
  for (const auto& account : reply.rows<psw_account>()) accounts_.push_back(account);
  AccountsAnswer out;
  out.accounts = accounts_;
  if (reply.goes_on(limit_)) out.next = reply.position();
  const auto told = list_reply_;
  --core_.counters.running;
  told(out);
  recycle();
}

void AccountFlow::postings(const PostingsQuery& query, Reply<PostingsAnswer> reply) {
  what_ = What::show;
  caller_ = query.caller;
  postings_ = query;
  postings_reply_ = reply;
  rows_.clear();
  start();
  if (!caller_.may(auth::scope_read)) return fail_postings(ErrorCode::forbidden);
  const bool asked = core_.client.read<&AccountFlow::got_owner>(ledger::ReadWhat::accounts, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.key = keep.keep(query.number);
    read.limit = 1;
    read.position = keep.keep(query.position);
  });
  if (!asked) fail_postings(ErrorCode::overloaded);
}

void AccountFlow::got_owner(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail_postings(code_of(reply));
  bool seen = false;
  for (const auto& account : reply.rows<psw_account>()) {
    if (!may_see(account)) break;
    own(account);
    seen = true;
  }
  if (!seen) return fail_postings(ErrorCode::account_not_found);
  const bool asked = core_.client.read<&AccountFlow::got_postings>(ledger::ReadWhat::postings, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.key = keep.keep(postings_.number);
    read.from_ms = postings_.from_ms;
    read.to_ms = postings_.to_ms == INT64_MAX ? 0 : postings_.to_ms;
    read.after = keep.keep(postings_.after);
    read.order = postings_.order == Order::oldest ? PSW_ORDER_OLDEST : PSW_ORDER_NEWEST;
    read.limit = bounded(postings_.limit);
  });
  if (!asked) fail_postings(ErrorCode::overloaded);
}

void AccountFlow::got_postings(const ledger::ReadReply& reply) {
  if (!reply.ok()) return fail_postings(code_of(reply));
  for (const auto& row : reply.rows<psw_posting_row>()) rows_.push_back(row);
  PostingsAnswer out;
  out.account = &account_;
  out.postings = rows_;
  if (reply.goes_on(bounded(postings_.limit))) out.next = reply.position();
  const auto told = postings_reply_;
  --core_.counters.running;
  told(out);
  recycle();
}

// ---- answers ----

void AccountFlow::answer(const psw_account& account, std::string_view position) {
  AccountAnswer out;
  out.replayed = replayed_;
  out.account = &account;
  out.position = position;
  const auto told = reply_;
  --core_.counters.running;
  told(out);
  recycle();
}

void AccountFlow::fail(ErrorCode code, std::string_view member) {
  AccountAnswer out;
  out.code = code;
  out.member = member;
  if (row(code).error_class != ErrorClass::final) out.retry_after_ms = 1'000;
  const auto told = reply_;
  --core_.counters.running;
  told(out);
  recycle();
}

void AccountFlow::fail_list(ErrorCode code) {
  AccountsAnswer out;
  out.code = code;
  const auto told = list_reply_;
  --core_.counters.running;
  told(out);
  recycle();
}

void AccountFlow::fail_postings(ErrorCode code) {
  PostingsAnswer out;
  out.code = code;
  const auto told = postings_reply_;
  --core_.counters.running;
  told(out);
  recycle();
}

void AccountFlow::recycle() {
  Timers::disarm(*this);
  core_.account_flows->give_back(this);
}

}  // namespace payswitch::daemon::transfer
