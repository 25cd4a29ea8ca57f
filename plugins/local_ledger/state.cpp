#include "state.h"

#include <payswitch/str.h>

#include <algorithm>
#include <cstring>

namespace payswitch::local_ledger {
namespace {

Status mismatch(const char* what, std::uint64_t sequence) { return Status(std::string("entry ") + std::to_string(sequence) + ": " + what); }

bool same(const SideCounters& a, const SideCounters& b) noexcept {
  return a.debits_pending == b.debits_pending && a.debits_posted == b.debits_posted && a.credits_pending == b.credits_pending && a.credits_posted == b.credits_posted;
}

void add_change(SideCounters& total, const SideCounters& before, const SideCounters& after) noexcept {
  total.debits_pending += after.debits_pending - before.debits_pending;
  total.debits_posted += after.debits_posted - before.debits_posted;
  total.credits_pending += after.credits_pending - before.credits_pending;
  total.credits_posted += after.credits_posted - before.credits_posted;
}

}  // namespace

State::State(std::uint64_t hash_key)
    : hash_(hash_key),
      account_index_(reclaimer_),
      record_index_(reclaimer_),
      unique_index_(reclaimer_),
      owner_index_(reclaimer_),
      principal_index_(reclaimer_),
      reference_index_(reclaimer_),
      kvs_(reclaimer_),
      open_(reclaimer_),
      no_text_(texts_.keep({})) {}

Account* State::account(std::string_view number) const {
  const std::uint64_t found = account_index_.find(hash_(number), [&](std::uint64_t value) { return accounts_[value - 1].number->view() == number; });
  return found == 0 ? nullptr : &accounts_[found - 1];
}

Record* State::record(const psw_id& id, std::uint32_t& slot) const {
  const std::uint64_t found = record_index_.find(hash_.id(id.b), [&](std::uint64_t value) { return std::memcmp(records_[value - 1].id.b, id.b, sizeof id.b) == 0; });
  if (found == 0) return nullptr;
  slot = static_cast<std::uint32_t>(found - 1);
  return &records_[slot];
}

void State::look_ahead(const psw_entry& entry, Ahead step) const noexcept {
  constexpr std::size_t line_bytes = 64;
  const auto each_account = [&](auto&& f) {
    for (const psw_posting& posting : rows<psw_posting>(entry.postings)) {
      f(hash_(view(posting.debit)));
      f(hash_(view(posting.credit)));
    }
  };
  // By its hash alone: another account with the same one would be brought in for nothing.
  const auto account_of = [&](std::uint64_t hash) -> const Account* {
    const std::uint64_t found = account_index_.find(hash, [](std::uint64_t) { return true; });
    return found == 0 ? nullptr : &accounts_[found - 1];
  };
  switch (step) {
    case Ahead::places:
      each_account([&](std::uint64_t hash) { account_index_.prefetch(hash); });
      for (const psw_unique& unique : rows<psw_unique>(entry.uniques)) unique_index_.prefetch(hash_(view(unique.space), view(unique.key)));
      for (const psw_record& record : rows<psw_record>(entry.records)) record_index_.prefetch(hash_.id(record.id.b));
      return;
    case Ahead::objects:
      each_account([&](std::uint64_t hash) {
        const Account* const account = account_of(hash);
        if (account == nullptr) return;
        const auto* const bytes = reinterpret_cast<const char*>(account);
        for (std::size_t at = 0; at < sizeof(Account); at += line_bytes) __builtin_prefetch(bytes + at, 1);
      });
      return;
    case Ahead::texts:
      each_account([&](std::uint64_t hash) {
        const Account* const account = account_of(hash);
        if (account != nullptr) __builtin_prefetch(account->number);
      });
      return;
  }
}

const Counter* State::counter(std::string_view key) const {
  const auto at = counters_.find(key);
  return at == counters_.end() || (at->second.until_ms != 0 && at->second.until_ms <= clock_ms) ? nullptr : &at->second;
}

std::int32_t State::exponent_of(const char (&currency)[4]) const {
  for (std::size_t i = 0; i != totals_.made(); ++i) {
    if (std::memcmp(totals_[i].currency, currency, sizeof currency) == 0) return totals_[i].exponent;
  }
  return -1;
}

Total& State::total_of(const char (&currency)[4], std::int32_t exponent) {
  for (std::size_t i = 0; i != totals_.made(); ++i) {
    if (std::memcmp(totals_[i].currency, currency, sizeof currency) == 0) return totals_[i];
  }
  Total& total = totals_.append();
  std::memcpy(total.currency, currency, sizeof currency);
  total.exponent = exponent;
  return total;
}

template <class Array>
const Chain* State::find_chain(const FlatIndex& index, const Array& array, std::string_view name) const {
  const std::uint64_t found = index.find(hash_(name), [&](std::uint64_t value) { return array[value - 1].name->view() == name; });
  return found == 0 ? nullptr : &array[found - 1];
}
template const Chain* State::find_chain(const FlatIndex&, const ChunkedArray<Chain, 1024>&, std::string_view) const;
template const Chain* State::find_chain(const FlatIndex&, const ChunkedArray<Chain, 4096>&, std::string_view) const;

template <class Array>
Chain& State::chain(FlatIndex& index, Array& array, std::string_view name) {
  if (const Chain* found = find_chain(index, array, name)) return const_cast<Chain&>(*found);
  Chain& made = array.append();
  made.name = texts_.keep(name);
  index.insert(hash_(name), array.made());
  return made;
}

void State::touch(Account& account) {
  if (account.touched == batch_) return;
  account.touched = batch_;
  touched_accounts_.push_back(&account);
}

Status State::apply(const EntryView& entry, std::uint64_t offset) {
  const EntryHeader& header = entry.header();
  if (header.clock_ms < clock_ms) return mismatch("the ledger's clock went back", header.sequence);
  clock_ms = header.clock_ms;
  sequence = header.sequence;
  if (header.sequence >= next_place_) {
    Place& place = places_.append();
    place.sequence = header.sequence;
    place.offset = offset;
    next_place_ = header.sequence + places_distance;
  }
  Status status;
  entry.each([&](const ItemView& item) {
    if (!status.ok()) return;
    switch (item.kind()) {
      case ItemKind::unique: {
        const UniqueView unique = item.as_unique();
        unique_index_.insert(hash_(unique.space, unique.key), offset);
        break;
      }
      case ItemKind::account: status = apply_account(item.as_account(), offset); break;
      case ItemKind::posting: status = apply_posting(item.as_posting(), offset); break;
      case ItemKind::record: status = apply_record(item.as_record(), offset); break;
      case ItemKind::kv: status = apply_kv(item.as_kv(), offset); break;
      case ItemKind::counter: status = apply_counter(item.as_counter()); break;
      case ItemKind::refusal: break;
    }
  });
  return status;
}

Status State::apply_account(const AccountView& view, std::uint64_t offset) {
  const AccountItem& item = view.fixed;
  if (item.index > accounts_.made()) return mismatch("account index is not the next", sequence);
  const bool fresh = item.index == accounts_.made();
  Account& account = fresh ? accounts_.append() : accounts_[item.index];
  AccountState& state = account.work;
  if (item.version != state.version + 1 || item.previous != state.change) return mismatch("account version does not follow", sequence);
  if (fresh) {
    account.index = item.index;
    account.number = texts_.keep(view.number);
    state.created_ms = item.created_ms;
    account_index_.insert(hash_(view.number), item.index + 1);
    total_of(item.currency, item.exponent);
  } else if (account.number->view() != view.number) {
    return mismatch("account number differs", sequence);
  }
  state.kind = item.kind;
  state.status = item.status;
  std::memcpy(state.currency, item.currency, sizeof state.currency);
  state.exponent = item.exponent;
  state.overdraft_limit = item.overdraft_limit;
  state.max_balance = item.max_balance;
  state.version = item.version;
  state.change = offset;
  if (state.metadata == nullptr || state.metadata->view() != view.metadata) state.metadata = view.metadata.empty() ? no_text_ : texts_.keep(view.metadata);
  if (state.owner == nullptr || state.owner->view() != view.owner) {
    Chain& owner = chain(owner_index_, owners_, view.owner);
    state.owner = owner.name;
    OwnerLink& link = owner_links_.append();
    link.account = item.index;
    const auto number = static_cast<std::uint32_t>(owner_links_.made());
    if (owner.tail == 0) {
      owner.head.store(number, std::memory_order_release);
    } else {
      owner_links_[owner.tail - 1].next.store(number, std::memory_order_release);
    }
    owner.tail = number;
  }
  touch(account);
  return {};
}

Status State::apply_posting(const PostingView& view, std::uint64_t offset) {
  const PostingItem& item = view.fixed;
  if (item.debit >= accounts_.made() || item.credit >= accounts_.made()) return mismatch("posting to an account that is not there", sequence);
  Account* const sides[2] = {&accounts_[item.debit], &accounts_[item.credit]};
  const Int128 minor = item.minor, released = item.released;
  for (std::size_t side = 0; side != 2; ++side) {
    AccountState& state = sides[side]->work;
    SideCounters after = state.counters;
    Int128& posted = side == 0 ? after.debits_posted : after.credits_posted;
    Int128& pending = side == 0 ? after.debits_pending : after.credits_pending;
    switch (item.kind) {
      case PSW_P_POST: posted += minor; break;
      case PSW_P_HOLD: pending += minor; break;
      case PSW_P_POST_HOLD:
        posted += minor;
        pending -= minor + released;
        break;
      case PSW_P_VOID_HOLD: pending -= released; break;
      default: return mismatch("posting of an unknown kind", sequence);
    }
    if (item.minor < 0 || item.released < 0 || pending < 0) return mismatch("posting of an impossible amount", sequence);
    if (!same(after, view.after[side])) return mismatch("counters in the posting differ from the account's", sequence);
    if (item.side[side].account_sequence != state.sequence + 1 || item.side[side].previous != state.last) return mismatch("posting does not follow the account's last one", sequence);
    if (view.jump[side] != (item.side[side].account_sequence % jump_distance == 0 ? state.jump : 0)) return mismatch("posting's jump differs", sequence);
    add_change(total_of(state.currency, state.exponent).work, state.counters, after);
    state.counters = after;
    ++state.sequence;
    state.last = offset;
    if (state.sequence % jump_distance == 0) state.jump = offset;
    touch(*sides[side]);
  }
  if (item.kind == PSW_P_HOLD) {
    holds_.insert(Hold{item.id, item.debit, item.credit, item.minor, offset});
  } else if (item.kind != PSW_P_POST) {
    const Hold* const hold = holds_.find(view.hold);
    if (hold == nullptr || hold->debit != item.debit || hold->credit != item.credit || hold->minor != item.minor + item.released) return mismatch("posting resolves a hold that is not there", sequence);
    holds_.erase(view.hold);
  }
  return {};
}

Status State::apply_record(const RecordView& view, std::uint64_t offset) {
  const RecordItem& item = view.fixed;
  if (item.slot > records_.made()) return mismatch("record slot is not the next", sequence);
  const bool fresh = item.slot == records_.made();
  Record& record = fresh ? records_.append() : records_[item.slot];
  if (fresh) {
    record.id = item.id;
    record.created_ms = item.created_ms;
    record_index_.insert(hash_.id(item.id.b), std::uint64_t{item.slot} + 1);
    if (const std::string_view principal = view.text(RecordText::principal); !principal.empty()) {
      Chain& of = chain(principal_index_, principals_, principal);
      record.principal_previous = of.head.load(std::memory_order_relaxed);
      of.head.store(item.slot + 1, std::memory_order_release);
    }
    if (const std::string_view tag = view.text(RecordText::reference_tag); !tag.empty()) {
      Chain& of = chain(reference_index_, references_, tag);
      record.reference_previous = of.head.load(std::memory_order_relaxed);
      of.head.store(item.slot + 1, std::memory_order_release);
    }
  } else if (std::memcmp(record.id.b, item.id.b, sizeof item.id.b) != 0 || record.created_ms != item.created_ms) {
    return mismatch("record slot belongs to another record", sequence);
  }
  RecordState& state = record.work;
  if (item.version != state.version + 1 || item.previous != state.offset) return mismatch("record version does not follow", sequence);
  const bool was_open = state.next_action_ms != 0, is_open = item.next_action_ms != 0;
  state.offset = offset;
  state.version = item.version;
  state.next_action_ms = item.next_action_ms;
  state.state = item.state;
  state.bank_hash = short_hash(view.text(RecordText::bank));
  record.lease_end_ms = view.lease_end_ms;
  record.lease_epoch = view.lease_epoch;
  if (is_open) due_.push(Due{std::max(item.next_action_ms, view.lease_end_ms), item.slot, item.version});
  if (is_open && !was_open) {
    open_.add(item.slot, [this](std::uint32_t slot) { return records_[slot].work.next_action_ms != 0; });
    ++open_records;
  }
  if (was_open && !is_open) --open_records;
  if (record.touched != batch_) {
    record.touched = batch_;
    touched_records_.push_back(item.slot);
  }
  return {};
}

Status State::apply_kv(const KvView& view, std::uint64_t offset) {
  const KvItem& item = view.fixed;
  KvTable::Node* const node = kvs_.insert(view.key);
  auto* value = new KvValue;
  value->version = view.value.empty() ? 0 : item.version;
  value->expires_ms = item.expires_ms;
  value->offset = offset;
  value->bytes.assign(view.value);
  kvs_.set(node, value);
  touched_kvs_.push_back(node);
  return {};
}

Status State::apply_counter(const CounterView& view) {
  const CounterItem& item = view.fixed;
  if (const auto at = counters_.find(view.key); at != counters_.end()) {
    at->second = Counter{item.value, item.until_ms};
  } else {
    counters_.emplace(view.key, Counter{item.value, item.until_ms});
  }
  return {};
}

void State::publish(std::uint64_t end, std::int64_t clock) {
  snapshot_.begin();
  for (Account* account : touched_accounts_) account->published.store(account->work);
  for (const std::uint32_t slot : touched_records_) records_[slot].published.store(records_[slot].work);
  for (KvTable::Node* node : touched_kvs_) kvs_.publish(node);
  for (std::size_t i = 0; i != totals_.made(); ++i) totals_[i].published.store(totals_[i].work);
  accounts_.publish();
  records_.publish();
  owners_.publish();
  owner_links_.publish();
  places_.publish();
  totals_.publish();
  published_sequence_.store(sequence, std::memory_order_release);
  published_end_.store(end, std::memory_order_release);
  published_clock_ms_.store(clock, std::memory_order_release);
  snapshot_.end();
  touched_accounts_.clear();
  touched_records_.clear();
  touched_kvs_.clear();
  ++batch_;
  reclaimer_.advance();
}

void State::sweep() {
  constexpr int nodes_per_sweep = 64;
  constexpr std::int64_t counters_every_ms = 60'000;
  KvTable::Node* node = sweep_at_.empty() ? kvs_.first() : kvs_.lower_bound(sweep_at_);
  for (int i = 0; i != nodes_per_sweep && node != nullptr; ++i) {
    KvTable::Node* const after = kvs_.next(node);
    if (node->work != nullptr && node->work == node->published.load(std::memory_order_relaxed) && !node->work->alive(clock_ms)) kvs_.erase(node);
    node = after;
  }
  sweep_at_ = node == nullptr ? std::string() : node->key;
  if (clock_ms - counters_swept_ms_ >= counters_every_ms) {
    counters_swept_ms_ = clock_ms;
    std::erase_if(counters_, [this](const auto& each) { return each.second.until_ms != 0 && each.second.until_ms <= clock_ms; });
  }
  // What is due and no longer true is dropped when its time comes; if that is most of the heap, it is built anew.
  if (due_.size() > 2 * open_records + 4096) {
    std::vector<Due> live;
    open_.each([&](std::uint32_t slot) {
      const Record& record = records_[slot];
      if (record.work.next_action_ms != 0) live.push_back(Due{std::max(record.work.next_action_ms, record.lease_end_ms), slot, record.work.version});
      return true;
    });
    due_ = std::priority_queue<Due>(std::less<Due>(), std::move(live));
  }
  reclaimer_.advance();
}

std::uint64_t State::place_before(std::uint64_t wanted) const {
  std::size_t low = 0, high = places_.size();  // the last place with sequence <= wanted
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (places_[middle].sequence <= wanted ? low : high) = middle;
  }
  return high == 0 ? 0 : places_[low].offset;
}

}  // namespace payswitch::local_ledger
