// Builds one entry, the only kind of write a ledger knows, in the arena of its call. Nothing raw leaves this room: guards, postings and
// records have names here, and every text is copied into the arena, so the caller's memory may go as soon as a function returns.
//
// The ledger checks in this order: step id, uniques, versions of records, accounts and kvs, guards as they were added, postings as they
// were added. The order in which the builder's functions are called is therefore the order of refusals.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <string_view>

namespace payswitch::daemon::ledger {

// A list in an arena: grows by doubling, frees nothing.
template <class T, std::uint32_t first>
class ArenaList {
 public:
  T& add(std::pmr::memory_resource& arena) {
    if (size_ == capacity_) {
      const std::uint32_t wanted = capacity_ == 0 ? first : capacity_ * 2;
      T* bigger = static_cast<T*>(arena.allocate(sizeof(T) * wanted, alignof(T)));
      if (size_ != 0) std::memcpy(static_cast<void*>(bigger), items_, sizeof(T) * size_);
      items_ = bigger;
      capacity_ = wanted;
    }
    T* item = items_ + size_++;
    *item = T{};
    return *item;
  }
  psw_list list() const noexcept { return {items_, size_, sizeof(T)}; }
  std::uint32_t size() const noexcept { return size_; }

 private:
  T* items_ = nullptr;
  std::uint32_t size_ = 0, capacity_ = 0;
};

// What a guard that does not hold means.
struct Refusal {
  std::int32_t code = PSW_CONFLICT;  // PSW_RULE: recorded by if_refused; any other: nothing is written
  std::string_view reason;           // stays alive for ever: a constant
};

class EntryBuilder {
 public:
  explicit EntryBuilder(std::pmr::memory_resource& arena) noexcept : arena_(&arena) {}

  std::pmr::memory_resource& arena() const noexcept { return *arena_; }
  // A copy in the arena.
  psw_str keep(std::string_view text);
  psw_str keep(std::string_view a, std::string_view b, std::string_view c = {}, std::string_view d = {}, std::string_view e = {});

  // Kept for ever. `space` is made of two parts ("key/" + principal).
  void unique(std::string_view space_prefix, std::string_view space, std::string_view key, std::string_view names, const std::uint8_t (&hash)[32]);

  void guard_version(const psw_id& record, std::uint64_t version, Refusal refusal);
  void guard_lease(const psw_id& record, std::uint64_t epoch, Refusal refusal);
  void guard_kv(std::string_view key, std::uint64_t version, Refusal refusal);
  // The account exists and belongs to `owner`; empty: to anybody.
  void guard_owner(std::string_view account, std::string_view owner, Refusal refusal);
  // counter + amount <= max; forgotten after until_ms.
  void guard_counter(std::string_view key, std::int64_t amount, std::int64_t max, std::int64_t until_ms, Refusal refusal);
  // What we may owe: credits posted + pending - debits posted of `account` after this entry <= max.
  void guard_exposure(std::string_view account, std::int64_t max, Refusal refusal);
  // What they may owe: debits posted + pending - credits posted after this entry <= max.
  void guard_receive_limit(std::string_view account, std::int64_t max, Refusal refusal);
  void guard_clock_before(std::int64_t ms, Refusal refusal);
  void guard_clock_reached(std::int64_t ms, Refusal refusal);
  void guard_epoch(std::uint64_t epoch, Refusal refusal);
  void guard_available(std::string_view account, std::int64_t exactly, Refusal refusal);
  void guard_empty(std::string_view account, Refusal refusal);
  void guard_may_be_debited(std::string_view account, Refusal refusal);
  void guard_may_be_credited(std::string_view account, Refusal refusal);

  void post(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& posting, const psw_id& record);
  void hold(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& posting, const psw_id& record);
  // Posts money <= held under `hold`; the rest is released.
  void post_hold(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& posting, const psw_id& hold, const psw_id& record);
  void void_hold(std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& posting, const psw_id& hold, const psw_id& record);

  // Deep copies. `version` is the one it was decided on, 0 = new.
  void record(const psw_record& record);
  void account(const psw_account& account);
  void kv(std::string_view key, std::string_view value, std::uint64_t version, std::int64_t expires_ms = 0);
  // Written instead, with the reason, when a rule refuses.
  void record_if_refused(const psw_record& record);

  std::uint32_t guards() const noexcept { return guards_.size(); }
  // In the arena; the builder is empty of meaning afterwards.
  const psw_entry* finish(const psw_id& step_id);

 private:
  psw_guard& guard(std::int32_t kind, Refusal refusal);
  void posting(std::int32_t kind, std::string_view debit, std::string_view credit, const psw_money& money, const psw_id& id, const psw_id& hold,
               const psw_id& record);
  void copy_record(psw_record& to, const psw_record& from);

  std::pmr::memory_resource* arena_;
  ArenaList<psw_unique, 2> uniques_;
  ArenaList<psw_guard, 8> guards_;
  ArenaList<psw_account, 1> accounts_;
  ArenaList<psw_posting, 2> postings_;
  ArenaList<psw_record, 2> records_;
  ArenaList<psw_kv, 2> kvs_;
  ArenaList<psw_record, 1> if_refused_;
};

}  // namespace payswitch::daemon::ledger
