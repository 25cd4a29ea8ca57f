// Postings of an account (its statement, newest first) and of a record.
#include <payswitch/ids.h>
#include <payswitch/str.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "reads.h"

namespace payswitch::local_ledger {

// The overdraft limit that was in force when the entry at `offset` was written: from the account's versions.
Int128 ReadTask::overdraft_at(const Account& account, const AccountState& now, std::uint64_t offset) {
  std::uint64_t change = now.change;
  Int128 limit = now.overdraft_limit;
  std::vector<std::uint8_t> bytes;  // the entry under way keeps its own
  while (change > offset) {
    EntryView entry;
    if (!load_entry(engine_.journal(), change, engine_.journal().durable_end(), bytes, entry)) return limit;
    std::uint64_t previous = 0;
    entry.each([&](const ItemView& item) {
      if (item.kind() == ItemKind::account && item.as_account().fixed.index == account.index) previous = item.as_account().fixed.previous;
    });
    if (previous == 0 || !load_entry(engine_.journal(), previous, engine_.journal().durable_end(), bytes, entry)) return limit;
    entry.each([&](const ItemView& item) {
      if (item.kind() == ItemKind::account && item.as_account().fixed.index == account.index) limit = item.as_account().fixed.overdraft_limit;
    });
    change = previous;
  }
  return limit;
}

void ReadTask::add_posting_row(const EntryHeader& entry, const PostingView& posting, std::size_t side) {
  const Account& account = state_.account_at(side == 0 ? posting.fixed.debit : posting.fixed.credit);
  const Account& counterparty = state_.account_at(side == 0 ? posting.fixed.credit : posting.fixed.debit);
  const SideCounters& after = posting.after[side];
  const AccountState now = account.published.load();  // currency and limit: the limit only matters together with `change`
  psw_posting_row row{};
  row.sequence = entry.sequence;
  row.account_sequence = posting.fixed.side[side].account_sequence;
  row.at_ms = entry.clock_ms;
  row.id = posting.fixed.id;
  row.record = posting.fixed.record_slot == no_slot ? posting.record : state_.records_[posting.fixed.record_slot].id;
  row.account = str(account.number->view());
  row.counterparty = str(counterparty.number->view());
  row.kind = posting.fixed.kind;
  row.side = side == 0 ? 1 : 2;
  row.money.minor = posting.fixed.kind == PSW_P_VOID_HOLD ? posting.fixed.released : posting.fixed.minor;
  std::memcpy(row.money.currency, now.currency, sizeof row.money.currency);
  row.money.exponent = now.exponent;
  const Int128 balance = after.credits_posted - after.debits_posted;
  row.balance_after = to_abi(balance);
  row.available_after = to_abi(balance - after.debits_pending);  // the overdraft limit is added by the caller
  posting_rows_.push_back(row);
}

bool ReadTask::postings() {
  if (read_.key.size != 0) return postings_of_account();
  if (!is_zero(read_.id)) return postings_of_record();
  finish(PSW_INVALID, "account_or_record_needed");
  return true;
}

bool ReadTask::postings_of_account() {
  const Account* const account = state_.account(view(read_.key));
  AccountState now;
  if (account != nullptr && !state_of(*account, now)) return false;
  if (account == nullptr || now.version == 0) {
    finish(PSW_ABSENT, PSW_REASON_ACCOUNT_NOT_FOUND);
    return true;
  }
  std::uint64_t before = UINT64_MAX;  // rows below this account_sequence
  if (!after_.empty()) std::from_chars(after_.data(), after_.data() + after_.size(), before);
  std::uint64_t at = now.last, newest = now.sequence;
  // Jump over whole stretches that lie behind the cursor.
  std::uint64_t jump = now.jump;
  for (std::uint64_t mark = newest / jump_distance * jump_distance; jump != 0 && mark >= before; mark -= jump_distance) {
    EntryView entry;
    if (!entry_at(jump, entry)) return unreadable();
    at = jump;
    newest = mark;
    std::uint64_t next = 0;
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::posting) return;
      const PostingView posting = item.as_posting();
      for (std::size_t side = 0; side != 2; ++side) {
        if ((side == 0 ? posting.fixed.debit : posting.fixed.credit) == account->index && posting.fixed.side[side].account_sequence == mark) next = posting.jump[side];
      }
    });
    jump = next;
  }
  while (at != 0 && posting_rows_.size() < limit_) {
    EntryView entry;
    if (!entry_at(at, entry)) return unreadable();
    const EntryHeader header = entry.header();
    if (read_.from_ms != 0 && header.clock_ms < read_.from_ms) break;
    const std::size_t first = posting_rows_.size();
    std::uint64_t previous = at;
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::posting) return;
      const PostingView posting = item.as_posting();
      for (std::size_t side = 0; side != 2; ++side) {
        if ((side == 0 ? posting.fixed.debit : posting.fixed.credit) != account->index) continue;
        if (posting.fixed.side[side].previous != at) previous = posting.fixed.side[side].previous;
        const std::uint64_t sequence = posting.fixed.side[side].account_sequence;
        if (sequence >= before || sequence > now.sequence || (read_.to_ms != 0 && header.clock_ms >= read_.to_ms)) continue;
        add_posting_row(header, posting, side);
      }
    });
    const Int128 overdraft = overdraft_at(*account, now, at);
    for (std::size_t i = first; i != posting_rows_.size(); ++i) {
      psw_i128& available = posting_rows_[i].available_after;
      available = to_abi(((static_cast<Int128>(available.hi) << 64) | available.lo) + overdraft);
    }
    std::reverse(posting_rows_.begin() + static_cast<std::ptrdiff_t>(first), posting_rows_.end());
    at = previous;
  }
  if (posting_rows_.size() > limit_) posting_rows_.resize(limit_);
  rows(posting_rows_, posting_rows_.empty() ? std::string() : std::to_string(posting_rows_.back().account_sequence));
  return true;
}

bool ReadTask::postings_of_record() {
  std::uint32_t slot = 0;
  const Record* const record = find_record(read_.id, slot);
  RecordState state;
  if (record != nullptr && !state_of(*record, state)) return false;
  if (record == nullptr || state.version == 0) {
    finish(PSW_ABSENT, "transfer_not_found");
    return true;
  }
  std::vector<std::uint64_t> entries;
  for (std::uint64_t at = state.offset; at != 0;) {
    EntryView entry;
    if (!entry_at(at, entry)) return unreadable();
    entries.push_back(at);
    std::uint64_t previous = 0;
    entry.each([&](const ItemView& item) {
      if (item.kind() == ItemKind::record && item.as_record().fixed.slot == slot) previous = item.as_record().fixed.previous;
    });
    at = previous;
  }
  for (auto at = entries.rbegin(); at != entries.rend(); ++at) {
    EntryView entry;
    if (!entry_at(*at, entry)) return unreadable();
    const EntryHeader header = entry.header();
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::posting || posting_rows_.size() >= limit_) return;
      const PostingView posting = item.as_posting();
      if (posting.fixed.record_slot != slot) return;
      for (std::size_t side = 0; side != 2; ++side) {
        add_posting_row(header, posting, side);
        const Account& account = state_.account_at(side == 0 ? posting.fixed.debit : posting.fixed.credit);
        psw_i128& available = posting_rows_.back().available_after;
        available = to_abi(((static_cast<Int128>(available.hi) << 64) | available.lo) + overdraft_at(account, account.published.load(), *at));
      }
    });
  }
  rows(posting_rows_, {});
  return true;
}

}  // namespace payswitch::local_ledger
