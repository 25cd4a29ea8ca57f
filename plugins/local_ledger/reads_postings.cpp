// Postings of an account (its statement, from either end) and of a record.
#include <payswitch/ids.h>
#include <payswitch/str.h>

#include <algorithm>
#include <array>
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

namespace {

// The link from a posting that is a mark of its account (a multiple of jump_distance) to the mark before it; 0 = none.
std::uint64_t jump_of(const EntryView& entry, std::uint32_t account, std::uint64_t mark) {
  std::uint64_t next = 0;
  entry.each([&](const ItemView& item) {
    if (item.kind() != ItemKind::posting) return;
    const PostingView posting = item.as_posting();
    for (std::size_t side = 0; side != 2; ++side) {
      if ((side == 0 ? posting.fixed.debit : posting.fixed.credit) == account && posting.fixed.side[side].account_sequence == mark) next = posting.jump[side];
    }
  });
  return next;
}

void add(psw_i128& to, Int128 what) { to = to_abi(((static_cast<Int128>(to.hi) << 64) | to.lo) + what); }

}  // namespace

bool ReadTask::postings_of_account() {
  const Account* const account = state_.account(view(read_.key));
  AccountState now;
  if (account != nullptr && !state_of(*account, now)) return false;
  if (account == nullptr || now.version == 0) {
    finish(PSW_ABSENT, PSW_REASON_ACCOUNT_NOT_FOUND);
    return true;
  }
  const bool oldest_first = read_.order == PSW_ORDER_OLDEST;
  std::uint64_t cursor = oldest_first ? 0 : UINT64_MAX, at = 0;
  if (!number_cursor(cursor)) return true;
  if (oldest_first) {
    if (!find_oldest(*account, now, cursor, at) || !collect_back(*account, now, at, cursor, UINT64_MAX, SIZE_MAX)) return unreadable();
    std::reverse(posting_rows_.begin(), posting_rows_.end());
  } else if (!find_newest(*account, now, cursor, at) || !collect_back(*account, now, at, 0, cursor, limit_)) {
    return unreadable();
  }
  if (posting_rows_.size() > limit_) posting_rows_.resize(limit_);
  rows(posting_rows_, posting_rows_.empty() ? std::string() : std::to_string(posting_rows_.back().account_sequence));
  return true;
}

// Over whole stretches that lie behind the cursor or after the period: one entry in jump_distance is read.
bool ReadTask::find_newest(const Account& account, const AccountState& now, std::uint64_t before, std::uint64_t& at) {
  at = now.last;
  std::uint64_t jump = now.jump;
  for (std::uint64_t mark = now.sequence / jump_distance * jump_distance; jump != 0 && (mark >= before || read_.to_ms != 0); mark -= jump_distance) {
    EntryView entry;
    if (!entry_at(jump, entry)) return false;
    if (mark < before && entry.header().clock_ms < read_.to_ms) break;
    at = jump;
    jump = jump_of(entry, account.index, mark);
  }
  return true;
}

bool ReadTask::find_oldest(const Account& account, const AccountState& now, std::uint64_t low, std::uint64_t& at) {
  struct Mark {
    std::uint64_t sequence = 0, at = 0;
  };
  // The lowest marks passed, in a ring: the page ends at one of them.
  constexpr std::size_t marks_max = read_rows_max / jump_distance + 4;
  std::array<Mark, marks_max> marks;
  std::size_t passed = 0;
  std::uint64_t base = low, jump = now.jump;
  for (std::uint64_t mark = now.sequence / jump_distance * jump_distance; jump != 0 && mark > low; mark -= jump_distance) {
    EntryView entry;
    if (!entry_at(jump, entry)) return false;
    if (read_.from_ms != 0 && entry.header().clock_ms < read_.from_ms) {
      base = std::max(low, mark);  // rows wanted begin behind this mark, and before the next one
      break;
    }
    marks[passed++ % marks_max] = {mark, jump};
    jump = jump_of(entry, account.index, mark);
  }
  at = now.last;
  const std::uint64_t end = base + jump_distance + limit_;
  for (std::size_t i = passed; i != 0 && passed - i != marks_max; --i) {
    const Mark& mark = marks[(i - 1) % marks_max];
    if (mark.sequence < end) continue;
    at = mark.at;
    break;
  }
  return true;
}

bool ReadTask::collect_back(const Account& account, const AccountState& now, std::uint64_t at, std::uint64_t low, std::uint64_t before, std::size_t enough) {
  while (at != 0 && posting_rows_.size() < enough) {
    EntryView entry;
    if (!entry_at(at, entry)) return false;
    const EntryHeader header = entry.header();
    if (read_.from_ms != 0 && header.clock_ms < read_.from_ms) break;
    const std::size_t first = posting_rows_.size();
    std::uint64_t previous = at, lowest = UINT64_MAX;
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::posting) return;
      const PostingView posting = item.as_posting();
      for (std::size_t side = 0; side != 2; ++side) {
        if ((side == 0 ? posting.fixed.debit : posting.fixed.credit) != account.index) continue;
        if (posting.fixed.side[side].previous != at) previous = posting.fixed.side[side].previous;
        const std::uint64_t sequence = posting.fixed.side[side].account_sequence;
        lowest = std::min(lowest, sequence);
        if (sequence <= low || sequence >= before || sequence > now.sequence || (read_.to_ms != 0 && header.clock_ms >= read_.to_ms)) continue;
        add_posting_row(header, posting, side);
      }
    });
    if (first != posting_rows_.size()) {
      const Int128 overdraft = overdraft_at(account, now, at);
      for (std::size_t i = first; i != posting_rows_.size(); ++i) add(posting_rows_[i].available_after, overdraft);
      std::reverse(posting_rows_.begin() + static_cast<std::ptrdiff_t>(first), posting_rows_.end());
    }
    if (lowest <= low + 1) break;
    at = previous;
  }
  return true;
}

bool ReadTask::postings_of_record() {
  std::uint32_t slot = 0;
  std::vector<std::uint64_t> entries;
  if (const Found found = entries_of_record(slot, entries, 0, UINT64_MAX, SIZE_MAX); found != Found::yes) return found == Found::answered;
  if (read_.order != PSW_ORDER_NEWEST) std::reverse(entries.begin(), entries.end());
  for (const std::uint64_t at : entries) {
    if (posting_rows_.size() >= limit_) break;
    EntryView entry;
    if (!entry_at(at, entry)) return unreadable();
    const EntryHeader header = entry.header();
    const std::size_t first = posting_rows_.size();
    entry.each([&](const ItemView& item) {
      if (item.kind() != ItemKind::posting) return;
      const PostingView posting = item.as_posting();
      if (posting.fixed.record_slot != slot) return;
      for (std::size_t side = 0; side != 2; ++side) {
        add_posting_row(header, posting, side);
        const Account& account = state_.account_at(side == 0 ? posting.fixed.debit : posting.fixed.credit);
        add(posting_rows_.back().available_after, overdraft_at(account, account.published.load(), at));
      }
    });
    if (read_.order == PSW_ORDER_NEWEST) std::reverse(posting_rows_.begin() + static_cast<std::ptrdiff_t>(first), posting_rows_.end());
  }
  if (posting_rows_.size() > limit_) posting_rows_.resize(limit_);
  rows(posting_rows_, {});
  return true;
}

}  // namespace payswitch::local_ledger
