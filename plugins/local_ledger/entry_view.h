// Reading an entry of the journal: bounds are checked once by well_formed(), after that the views are plain copies out of the bytes.
// Everything borrows the bytes it was made from.
#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "format.h"

namespace payswitch::local_ledger {

template <class T>
T load(const std::uint8_t* at) noexcept {
  T out;
  std::memcpy(&out, at, sizeof out);
  return out;
}

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

struct UniqueView {
  UniqueItem fixed;
  std::string_view space, key, names;
};
struct AccountView {
  AccountItem fixed;
  std::string_view number, owner, metadata;
};
struct SideCounters {
  Int128 debits_pending, debits_posted, credits_pending, credits_posted;
};
struct PostingView {
  PostingItem fixed;
  psw_id hold, record;              // zero when absent; `record` only for a record this ledger does not hold
  SideCounters after[2];            // debit side, credit side
  std::uint64_t jump[2];            // 0 = none
};
// The order of texts in a record item.
enum class RecordText : std::size_t { payer, payee, principal, connector, bank, lease_owner, reason, reference_tag, detail, note };
struct RecordView {
  RecordItem fixed;
  psw_id parent;
  std::int64_t not_after_ms, lease_end_ms;
  std::uint64_t lease_epoch;
  std::array<std::string_view, record_texts> texts;
  std::string_view text(RecordText which) const noexcept { return texts[static_cast<std::size_t>(which)]; }
};
struct KvView {
  KvItem fixed;
  std::string_view key, value;
};
struct CounterView {
  CounterItem fixed;
  std::string_view key;
};
struct RefusalView {
  RefusalItem fixed;
  std::string_view reason;
};

// One item; which `as_…` may be called is said by kind().
class ItemView {
 public:
  explicit ItemView(const std::uint8_t* at) noexcept : at_(at), header_(load<ItemHeader>(at)) {}
  ItemKind kind() const noexcept { return static_cast<ItemKind>(header_.kind); }
  std::uint32_t bytes() const noexcept { return header_.bytes; }
  const std::uint8_t* data() const noexcept { return at_; }

  UniqueView as_unique() const noexcept;
  AccountView as_account() const noexcept;
  PostingView as_posting() const noexcept;
  RecordView as_record() const noexcept;
  KvView as_kv() const noexcept;
  CounterView as_counter() const noexcept;
  RefusalView as_refusal() const noexcept;

 private:
  const std::uint8_t* at_;
  ItemHeader header_;
};

class EntryView {
 public:
  EntryView() = default;
  explicit EntryView(const std::uint8_t* at) noexcept : at_(at), header_(load<EntryHeader>(at)) {}
  const EntryHeader& header() const noexcept { return header_; }
  EntryKind kind() const noexcept { return static_cast<EntryKind>(header_.kind); }
  const std::uint8_t* data() const noexcept { return at_; }

  // Calls f(ItemView) for each item in order.
  template <class F>
  void each(F&& f) const {
    const std::uint8_t* at = at_ + sizeof(EntryHeader);
    for (std::uint16_t i = 0; i != header_.items; ++i) {
      const ItemView item(at);
      f(item);
      at += item.bytes();
    }
  }

 private:
  const std::uint8_t* at_ = nullptr;
  EntryHeader header_{};
};

// Are these bytes one entry with items of known kinds that lie inside it? `size` may be more than the entry.
bool well_formed(const std::uint8_t* at, std::size_t size) noexcept;

}  // namespace payswitch::local_ledger
