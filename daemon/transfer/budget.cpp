#include "transfer/budget.h"

#include <utility>

namespace payswitch::daemon::transfer {

namespace {
bool has_budget(const config::Bank& bank) noexcept { return bank.in_doubt_count != 0 || !bank.in_doubt.empty(); }
}  // namespace

bool Budget::allows(std::string_view bank, std::string_view currency, std::int64_t amount_minor) const noexcept {
  const auto* configured = core_.settings->config->bank(bank);
  const auto it = figures_.find(bank);
  if (configured == nullptr || it == figures_.end()) return true;
  if (configured->in_doubt_count != 0 && it->second.count >= configured->in_doubt_count) return false;
  const auto limit = configured->in_doubt.find(currency);
  if (limit == configured->in_doubt.end()) return true;
  const auto now = it->second.money.find(currency);
  return now == it->second.money.end() || now->second <= limit->second - amount_minor || now->second == 0;
}

void Budget::tick() {
  if (reading_ || core_.now_ns() < due_ns_) return;
  due_ns_ = core_.now_ns() + static_cast<std::uint64_t>(core_.settings->times.budget_every_ms) * 1'000'000;
  bank_ = 0;
  next_.clear();
  after_.clear();
  ask();
}

void Budget::ask() {
  const auto& banks = core_.settings->config->banks;
  while (bank_ < banks.size() && !has_budget(banks[bank_])) ++bank_;
  if (bank_ >= banks.size()) {
    reading_ = false;
    figures_ = std::move(next_);
    next_.clear();
    return;
  }
  reading_ = true;  // before the call: it may be answered from inside
  const bool asked = core_.client.read<&Budget::got>(ledger::ReadWhat::records, this, [&](psw_read& read, ledger::EntryBuilder& keep) {
    read.bank = keep.keep(banks[bank_].code);
    read.state_mask = state_bit(TransferState::in_doubt) | state_bit(TransferState::submitted);
    read.after = keep.keep(after_);
    read.limit = page;
  });
  if (!asked) reading_ = false;
}

void Budget::got(const ledger::ReadReply& reply) {
  const auto& banks = core_.settings->config->banks;
  reading_ = false;
  if (!reply.ok() || bank_ >= banks.size()) return;
  core_.client.saw_clock(reply.clock_ms());
  const std::int64_t now_ms = core_.client.clock_ms();
  auto& figures = next_[banks[bank_].code];
  for (const auto& row : reply.rows<psw_record>()) {
    TransferDetail detail;
    if (!decode_detail(view(row.detail), detail)) continue;
    const bool in_doubt = row.state == static_cast<std::int32_t>(TransferState::in_doubt);
    const bool counts = in_doubt ? now_ms >= detail.grace_ms : detail.pending_at_peer != 0 && now_ms > row.not_after_ms + core_.settings->times.in_doubt_grace_ms;
    if (!counts) continue;
    ++figures.count;
    figures.money[std::string(currency_view(row.money.currency))] += detail.operation_minor;
  }
  after_ = reply.position();
  if (!reply.goes_on(page) || after_.empty()) {
    ++bank_;
    after_.clear();
  }
  ask();
}

}  // namespace payswitch::daemon::transfer
