#include "transfer/transfer_flow.h"

#include <payswitch/failpoint.h>

#include <algorithm>

#include "transfer/limits.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t patience_ms_min = 2'000;
constexpr std::uint32_t history_rows_max = 500;
constexpr std::uint64_t waiter_looks_every_ms = 500;  // for changes made by another daemon, which no feed of ours tells
constexpr std::uint32_t open_retry_after_ms = 1'000;

psw_i128 sum(Int128 value) noexcept { return to_abi(value); }
}  // namespace

void TransferFlow::begin(const Caller& caller, Reply<TransferAnswer> reply, std::uint32_t wait_ms) noexcept {
  caller_ = caller;
  reply_ = reply;
  rec_.clear();
  const std::uint64_t now = core_.now_ns();
  until_ns_ = now + wait_ms * ms;
  patience_ns_ = now + std::max<std::uint64_t>(wait_ms, patience_ms_min) * ms;
  tries_ = 0;
  replayed_ = false;
  recorded_perhaps_ = false;
  with_balances_ = true;
  with_history_ = false;
  only_own_ = false;
  shown_only_ = false;
  demanded_ = {};
  phase_ = Phase::idle;
  balances_n_ = 0;
  position_size_ = 0;
  history_.clear();
  ++core_.counters.running;
}

void TransferFlow::show() {
  const bool asked = core_.client.read<&TransferFlow::got_record>(ledger::ReadWhat::records, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
    read.id = id_;
    read.limit = 1;
    read.position = keep.keep(demanded_);
  });
  if (!asked) fail_about_us(ErrorCode::overloaded);
}

void TransferFlow::got_record(const ledger::ReadReply& reply) {
  if (!reply.ok() && !demanded_.empty() && code_of(reply) != ErrorCode::overloaded) return fail(code_of(reply));
  if (!reply.ok()) return fail_about_us(reply.code() == PSW_OVERLOADED ? ErrorCode::overloaded : ErrorCode::read_only);
  core_.client.saw_clock(reply.clock_ms());
  balances_n_ = 0;  // of an earlier write: they are gathered anew
  bool found = false;
  for (const auto& row : reply.rows<psw_record>()) {
    if (!same(row.id, id_)) continue;
    found = true;
    if (!rec_.load(row)) {
      core_.notice(Notice::record_damaged, id_, {}, "its detail cannot be read");
      return fail(ErrorCode::internal);
    }
  }
  keep_position(reply.position());
  if (!found) {
    if (!replayed_) return fail(ErrorCode::transfer_not_found);
    // The key is known but its transfer is not yet to be seen: the first request is still running.
    if (core_.now_ns() >= until_ns_) return fail(ErrorCode::idempotency_in_progress);
    phase_ = Phase::retry_read;
    return core_.timers.arm(*this, core_.now_ns() + 10 * ms);
  }
  if (only_own_ && !caller_.sees_all() && view(rec_.row.principal) != caller_.principal) return fail(ErrorCode::transfer_not_found);
  wait_or_answer();
}

void TransferFlow::wait_or_answer() {
  const std::uint64_t now = core_.now_ns();
  // A hold by wish is an end in itself; a queued one is on its way.
  const bool on_its_way = rec_.state() == TransferState::submitted || rec_.state() == TransferState::in_doubt ||
                          (rec_.state() == TransferState::held && rec_.detail.mode == 2);
  if (on_its_way && now < until_ns_) {
    if (phase_ != Phase::waiting) {
      phase_ = Phase::waiting;
      core_.waiters.emplace(id_, this);
      ++core_.counters.waiting;
    }
    return core_.timers.arm(*this, std::min(until_ns_, now + waiter_looks_every_ms * ms));
  }
  stop_waiting();
  if (with_history_) return read_history();
  side_ = Side::payer;
  next_balance();
}

void TransferFlow::stop_waiting() noexcept {
  if (phase_ != Phase::waiting) return;
  const auto [first, last] = core_.waiters.equal_range(id_);
  for (auto it = first; it != last; ++it) {
    if (it->second != this) continue;
    core_.waiters.erase(it);
    break;
  }
  --core_.counters.waiting;
  phase_ = Phase::idle;
}

void TransferFlow::woken() {
  if (phase_ != Phase::waiting || !Timers::armed(*this)) return;  // a look is already on its way
  Timers::disarm(*this);
  show();
}

void TransferFlow::on_timer() {
  switch (phase_) {
    case Phase::waiting: return show();
    case Phase::retry_read: return show();
    case Phase::retry_step:
      phase_ = Phase::idle;
      return retry();
    case Phase::idle: return;
  }
}

bool TransferFlow::retry_later() noexcept {
  const std::uint64_t now = core_.now_ns();
  if (now >= patience_ns_) return false;
  phase_ = Phase::retry_step;
  ++core_.counters.ledger_retries;
  const auto delay_ms = static_cast<std::uint64_t>(std::min<std::int64_t>(1'000, core_.settings->times.step_retry_ms << std::min<std::uint32_t>(tries_++, 5)));
  core_.timers.arm(*this, now + delay_ms * ms);
  return true;
}

void TransferFlow::not_taken(ErrorCode code) {
  ++core_.counters.shed;
  if (recorded_perhaps_ && retry_later()) return;
  fail_about_us(code);
}

// Balances after this transfer, from the postings that belong to it: a replay shows what the first answer showed.
void TransferFlow::next_balance() {
  const bool moved_money = rec_.state() != TransferState::rejected && rec_.state() != TransferState::cancelled;
  while (with_balances_ && moved_money && balances_n_ < balances_.size() && side_ != Side::done) {
    const auto number = side_ == Side::payer ? view(rec_.row.payer) : view(rec_.row.payee);
    if (!number.empty() && number.find(':') == std::string_view::npos && core_.settings->routes.is_here(number)) {
      const bool asked = core_.client.read<&TransferFlow::got_account>(ledger::ReadWhat::accounts, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
        read.key = keep.keep(number);
        read.limit = 1;
      });
      if (asked) return;
    }
    side_ = side_ == Side::payer ? Side::payee : Side::done;
  }
  answer(code_of_record());
}

void TransferFlow::got_account(const ledger::ReadReply& reply) {
  const auto number = side_ == Side::payer ? view(rec_.row.payer) : view(rec_.row.payee);
  bool visible = false;
  for (const auto& account : reply.rows<psw_account>())
    if (view(account.number) == number) visible = caller_.sees_all() || view(account.owner) == caller_.principal;
  if (visible) {
    const bool asked = core_.client.read<&TransferFlow::got_postings>(ledger::ReadWhat::postings, this, [&](psw_read& read, ledger::EntryBuilder&) {
      read.id = id_;  // all of this transfer, both sides
    });
    if (asked) return;
  }
  side_ = side_ == Side::payer ? Side::payee : Side::done;
  next_balance();
}

void TransferFlow::got_postings(const ledger::ReadReply& reply) {
  const auto number = side_ == Side::payer ? view(rec_.row.payer) : view(rec_.row.payee);
  Balance last;
  for (const auto& row : reply.rows<psw_posting_row>()) {
    if (!same(row.record, id_) || view(row.account) != number || row.account_sequence < last.sequence) continue;
    last = {number, row.balance_after, row.available_after, row.account_sequence};
  }
  if (last.sequence != 0) balances_[balances_n_++] = last;
  side_ = side_ == Side::payer ? Side::payee : Side::done;
  next_balance();
}

void TransferFlow::take_balances(const ledger::WriteReply& reply) {
  keep_position(reply.position());
  balances_n_ = 0;
  const std::string_view sides[] = {view(rec_.row.payer), view(rec_.row.payee)};
  for (const auto side : sides) {
    for (const auto& account : reply.accounts()) {
      if (side.empty() || view(account.number) != side || account.kind != PSW_ACCOUNT_CUSTOMER) continue;
      if (!caller_.sees_all() && view(account.owner) != caller_.principal) continue;
      const Int128 balance = from_abi(account.credits_posted) - from_abi(account.debits_posted);
      const Int128 available = balance - from_abi(account.debits_pending) + account.overdraft_limit;
      balances_[balances_n_++] = {side, sum(balance), sum(available), account.sequence};
    }
  }
}

// The newest changes: an old transfer in doubt has been asked about more often than fits an answer.
void TransferFlow::read_history() {
  const bool asked = core_.client.read<&TransferFlow::got_history>(ledger::ReadWhat::events, this, [this](psw_read& read, ledger::EntryBuilder&) {
    read.id = id_;
    read.limit = history_rows_max;
    read.order = PSW_ORDER_NEWEST;
  });
  if (!asked) fail(ErrorCode::overloaded);
}

void TransferFlow::got_history(const ledger::ReadReply& reply) {
  // Borrowed rows: answered from inside this call.
  for (const auto& change : reply.rows<psw_change>()) history_.push_back(change);
  std::reverse(history_.begin(), history_.end());
  answer();
}

ErrorCode TransferFlow::code_of_record() const noexcept {
  const auto reason = view(rec_.row.reason);
  const auto code = error_named(reason.substr(0, reason.find(':')));
  if (shown_only_) return ErrorCode::none;
  if (rec_.state() == TransferState::rejected) return code == ErrorCode::none ? ErrorCode::internal : code;
  // Voided by the other bank's word, or for want of a way to it, is a refusal; voided, expired or cancelled by the client's own is what was asked for.
  if (rec_.state() == TransferState::voided && (code == ErrorCode::peer_refused || code == ErrorCode::peer_unreachable)) return code;
  return ErrorCode::none;
}

void TransferFlow::keep_position(std::string_view position) {
  position_size_ = static_cast<std::uint32_t>(std::min(position.size(), position_.size()));
  std::copy_n(position.data(), position_size_, position_.data());
}

void TransferFlow::answer(ErrorCode code) {
  const auto view_of_record = rec_.shown();
  TransferAnswer out;
  out.code = code;
  out.transfer = &view_of_record;
  const auto reason = view(rec_.row.reason);
  if (const auto colon = reason.find(':'); colon != std::string_view::npos) out.detail = reason.substr(colon + 1);
  if (code == ErrorCode::limit_exceeded) {
    const auto limit = parse_limit_reason(reason);
    out.detail = limit.limit;
    out.limit_minor = limit.value;
    out.frees_at_ms = limit.frees_at_ms;
  }
  if (is_open(rec_.state())) out.retry_after_ms = open_retry_after_ms;
  out.balances = {balances_.data(), balances_n_};
  out.history = history_;
  if (!history_.empty()) out.history_left_off = history_.front().version - 1;  // versions count from 1
  finish(out);
}

void TransferFlow::fail(ErrorCode code, std::string_view member, std::string_view detail) {
  TransferAnswer out;
  out.code = code;
  out.member = member;
  out.detail = detail;
  if (row(code).error_class != ErrorClass::final) out.retry_after_ms = open_retry_after_ms;
  finish(out);
}

void TransferFlow::finish(TransferAnswer& out) {
  (void)PSW_FAILPOINT("pay.before_answer");
  stop_waiting();
  Timers::disarm(*this);
  out.replayed = replayed_;
  out.position = {position_.data(), position_size_};
  auto& counters = core_.counters;
  if (out.code != ErrorCode::none) ++counters.refused;
  if (replayed_) ++counters.replayed;
  --counters.running;
  const auto reply = reply_;
  reply(out);
  recycle();
}

}  // namespace payswitch::daemon::transfer
