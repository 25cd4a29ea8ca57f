#include "entry_view.h"

#include <bit>

namespace payswitch::local_ledger {
namespace {

// Takes bytes from the front of an item; used both to check bounds and to read.
class Cursor {
 public:
  Cursor(const std::uint8_t* at, std::size_t left) noexcept : at_(at), left_(left) {}
  bool skip(std::size_t n) noexcept {
    if (n > left_) return false;
    at_ += n;
    left_ -= n;
    return true;
  }
  template <class T>
  T take() noexcept {
    T out = load<T>(at_);
    at_ += sizeof(T);
    left_ -= sizeof(T);
    return out;
  }
  std::string_view text(std::size_t n) noexcept {
    const std::string_view out(reinterpret_cast<const char*>(at_), n);
    at_ += n;
    left_ -= n;
    return out;
  }
  bool has(std::size_t n) const noexcept { return left_ >= n; }

 private:
  const std::uint8_t* at_;
  std::size_t left_;
};

std::size_t posting_extra(std::uint16_t flags) noexcept {
  std::size_t bytes = 0;
  if ((flags & posting_hold) != 0) bytes += 16;
  if ((flags & posting_debit_pending) != 0) bytes += 16;
  if ((flags & posting_credit_pending) != 0) bytes += 16;
  if ((flags & posting_debit_jump) != 0) bytes += 8;
  if ((flags & posting_credit_jump) != 0) bytes += 8;
  if ((flags & posting_wide) != 0) bytes += 64;
  if ((flags & posting_record_id) != 0) bytes += 16;
  return bytes;
}

std::size_t record_numbers_bytes(std::uint16_t numbers) noexcept {
  return ((numbers & record_parent) != 0 ? 16u : 0u) + ((numbers & record_not_after) != 0 ? 8u : 0u) + ((numbers & record_lease_end) != 0 ? 8u : 0u) +
         ((numbers & record_lease_epoch) != 0 ? 8u : 0u);
}

bool record_fits(const std::uint8_t* at, std::size_t size) noexcept {
  if (size < sizeof(RecordItem)) return false;
  const auto fixed = load<RecordItem>(at);
  if (fixed.texts >> record_texts != 0 || fixed.numbers >> 4 != 0) return false;
  Cursor c(at, size);
  const auto texts = static_cast<std::size_t>(std::popcount(fixed.texts));
  if (!c.skip(sizeof fixed + record_numbers_bytes(fixed.numbers)) || !c.has(4 * texts)) return false;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i != texts; ++i) sum += c.take<std::uint32_t>();
  return c.has(sum);
}

bool item_fits(const std::uint8_t* at, std::size_t size) noexcept {
  const auto header = load<ItemHeader>(at);
  switch (static_cast<ItemKind>(header.kind)) {
    case ItemKind::unique: {
      if (size < sizeof(UniqueItem)) return false;
      const auto fixed = load<UniqueItem>(at);
      return size >= sizeof fixed + fixed.space_bytes + fixed.key_bytes + fixed.names_bytes;
    }
    case ItemKind::account: {
      if (size < sizeof(AccountItem)) return false;
      const auto fixed = load<AccountItem>(at);
      return size >= sizeof fixed + fixed.owner_bytes + fixed.number_bytes + std::uint64_t{fixed.metadata_bytes};
    }
    case ItemKind::posting: return size >= sizeof(PostingItem) + posting_extra(header.flags);
    case ItemKind::record: return record_fits(at, size);
    case ItemKind::kv: {
      if (size < sizeof(KvItem)) return false;
      const auto fixed = load<KvItem>(at);
      return size >= sizeof fixed + std::uint64_t{fixed.key_bytes} + fixed.value_bytes;
    }
    case ItemKind::counter: return size >= sizeof(CounterItem) && size >= sizeof(CounterItem) + std::uint64_t{load<CounterItem>(at).key_bytes};
    case ItemKind::refusal: return size >= sizeof(RefusalItem) && size >= sizeof(RefusalItem) + std::uint64_t{load<RefusalItem>(at).reason_bytes};
  }
  return false;
}

Int128 wide(std::uint64_t lo, std::int64_t hi) noexcept {
  return static_cast<Int128>((static_cast<UInt128>(static_cast<std::uint64_t>(hi)) << 64) | lo);
}

}  // namespace

bool well_formed(const std::uint8_t* at, std::size_t size) noexcept {
  if (size < sizeof(EntryHeader)) return false;
  const auto header = load<EntryHeader>(at);
  if (header.bytes > size || header.bytes < sizeof header || header.bytes % 8 != 0) return false;
  if (header.kind < 1 || header.kind > 3) return false;
  std::size_t used = sizeof header;
  for (std::uint16_t i = 0; i != header.items; ++i) {
    if (header.bytes - used < sizeof(ItemHeader)) return false;
    const auto item = load<ItemHeader>(at + used);
    if (item.bytes > header.bytes - used || item.bytes < sizeof item || item.bytes % 8 != 0 || !item_fits(at + used, item.bytes)) return false;
    used += item.bytes;
  }
  return used == header.bytes;
}

UniqueView ItemView::as_unique() const noexcept {
  UniqueView out{};
  out.fixed = load<UniqueItem>(at_);
  Cursor c(at_ + sizeof out.fixed, bytes() - sizeof out.fixed);
  out.space = c.text(out.fixed.space_bytes);
  out.key = c.text(out.fixed.key_bytes);
  out.names = c.text(out.fixed.names_bytes);
  return out;
}

AccountView ItemView::as_account() const noexcept {
  AccountView out{};
  out.fixed = load<AccountItem>(at_);
  Cursor c(at_ + sizeof out.fixed, bytes() - sizeof out.fixed);
  out.number = c.text(out.fixed.number_bytes);
  out.owner = c.text(out.fixed.owner_bytes);
  out.metadata = c.text(out.fixed.metadata_bytes);
  return out;
}

PostingView ItemView::as_posting() const noexcept {
  PostingView out{};
  out.fixed = load<PostingItem>(at_);
  const std::uint16_t flags = header_.flags;
  Cursor c(at_ + sizeof out.fixed, bytes() - sizeof out.fixed);
  std::uint64_t low[8] = {0, out.fixed.side[0].debits_posted, 0, out.fixed.side[0].credits_posted,
                          0, out.fixed.side[1].debits_posted, 0, out.fixed.side[1].credits_posted};
  std::int64_t high[8] = {};
  if ((flags & posting_hold) != 0) out.hold = c.take<psw_id>();
  for (std::size_t side = 0; side != 2; ++side) {
    if ((flags & (side == 0 ? posting_debit_pending : posting_credit_pending)) == 0) continue;
    low[4 * side] = c.take<std::uint64_t>();
    low[4 * side + 2] = c.take<std::uint64_t>();
  }
  if ((flags & posting_debit_jump) != 0) out.jump[0] = c.take<std::uint64_t>();
  if ((flags & posting_credit_jump) != 0) out.jump[1] = c.take<std::uint64_t>();
  if ((flags & posting_wide) != 0) {
    for (auto& half : high) half = c.take<std::int64_t>();
  }
  if ((flags & posting_record_id) != 0) out.record = c.take<psw_id>();
  for (std::size_t side = 0; side != 2; ++side) {
    const std::size_t at = 4 * side;
    out.after[side] = {wide(low[at], high[at]), wide(low[at + 1], high[at + 1]), wide(low[at + 2], high[at + 2]), wide(low[at + 3], high[at + 3])};
  }
  return out;
}

RecordView ItemView::as_record() const noexcept {
  RecordView out{};
  out.fixed = load<RecordItem>(at_);
  Cursor c(at_ + sizeof out.fixed, bytes() - sizeof out.fixed);
  if ((out.fixed.numbers & record_parent) != 0) out.parent = c.take<psw_id>();
  if ((out.fixed.numbers & record_not_after) != 0) out.not_after_ms = c.take<std::int64_t>();
  if ((out.fixed.numbers & record_lease_end) != 0) out.lease_end_ms = c.take<std::int64_t>();
  if ((out.fixed.numbers & record_lease_epoch) != 0) out.lease_epoch = c.take<std::uint64_t>();
  std::array<std::uint32_t, record_texts> lengths{};
  for (std::size_t i = 0; i != record_texts; ++i) {
    if ((out.fixed.texts >> i & 1) != 0) lengths[i] = c.take<std::uint32_t>();
  }
  for (std::size_t i = 0; i != record_texts; ++i) out.texts[i] = c.text(lengths[i]);
  return out;
}

KvView ItemView::as_kv() const noexcept {
  KvView out{};
  out.fixed = load<KvItem>(at_);
  Cursor c(at_ + sizeof out.fixed, bytes() - sizeof out.fixed);
  out.key = c.text(out.fixed.key_bytes);
  out.value = c.text(out.fixed.value_bytes);
  return out;
}

CounterView ItemView::as_counter() const noexcept {
  CounterView out{};
  out.fixed = load<CounterItem>(at_);
  out.key = Cursor(at_ + sizeof out.fixed, bytes() - sizeof out.fixed).text(out.fixed.key_bytes);
  return out;
}

RefusalView ItemView::as_refusal() const noexcept {
  RefusalView out{};
  out.fixed = load<RefusalItem>(at_);
  out.reason = Cursor(at_ + sizeof out.fixed, bytes() - sizeof out.fixed).text(out.fixed.reason_bytes);
  return out;
}

}  // namespace payswitch::local_ledger
