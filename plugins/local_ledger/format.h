// The bytes of docs/reference/data-format.md: fixed little-endian structs, copied in and out with memcpy, never cast in place.
#pragma once

#include <payswitch/abi.h>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace payswitch::local_ledger {

static_assert(std::endian::native == std::endian::little, "the structs below are the bytes on disk");

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::uint32_t frame_magic = 0x46575350u;  // "PSWF"
inline constexpr char ledger_magic[8] = {'P', 'S', 'W', 'L', 'E', 'D', 'G', '1'};
inline constexpr char segment_magic[8] = {'P', 'S', 'W', 'S', 'E', 'G', 'M', '1'};
inline constexpr char closed_magic[8] = {'P', 'S', 'W', 'C', 'L', 'O', 'S', '1'};
inline constexpr std::uint64_t sector_bytes = 512;  // what a disk writes whole or not at all
inline constexpr std::uint64_t jump_distance = 128;
inline constexpr std::uint32_t no_slot = 0xffffffffu;

struct LedgerFile {
  char magic[8];
  std::uint32_t version, crc;
  std::uint8_t id[16];
  std::uint64_t epoch, segment_bytes;
  std::uint32_t salt, zero;
  std::uint8_t room[72];
};
static_assert(sizeof(LedgerFile) == 128 && offsetof(LedgerFile, epoch) == 32 && offsetof(LedgerFile, salt) == 48);

struct ClosedFile {
  char magic[8];
  std::uint32_t version, crc;
  std::uint64_t sequence, end;
  std::uint8_t hash[32];
};
static_assert(sizeof(ClosedFile) == 64 && offsetof(ClosedFile, hash) == 32);

struct SegmentHeader {
  char magic[8];
  std::uint32_t version, crc;
  std::uint8_t ledger[16];
  std::uint64_t number, segment_bytes;
  std::uint8_t zero[16];
};
static_assert(sizeof(SegmentHeader) == 64 && offsetof(SegmentHeader, number) == 32);

struct FrameHeader {
  std::uint32_t magic;
  std::uint16_t version, header_bytes;
  std::uint32_t bytes, count;
  std::uint64_t sequence;
  std::int64_t clock_ms;
  std::uint64_t epoch;
  std::uint8_t previous[32];
  std::uint32_t header_crc, crc;
};
static_assert(sizeof(FrameHeader) == 80 && offsetof(FrameHeader, previous) == 40 && offsetof(FrameHeader, header_crc) == 72);

enum class EntryKind : std::uint8_t { applied = 1, refused = 2, lease = 3 };

struct EntryHeader {
  std::uint32_t bytes;
  std::uint8_t kind, flags;
  std::uint16_t items;
  std::uint64_t sequence;
  std::int64_t clock_ms;
  psw_id step_id;
};
static_assert(sizeof(EntryHeader) == 40 && offsetof(EntryHeader, step_id) == 24);

enum class ItemKind : std::uint16_t { unique = 1, account = 2, posting = 3, record = 4, kv = 5, counter = 6, refusal = 7 };

struct ItemHeader {
  std::uint16_t kind, flags;
  std::uint32_t bytes;
};
static_assert(sizeof(ItemHeader) == 8);

struct UniqueItem {
  ItemHeader item;
  std::uint8_t hash[32];
  std::uint16_t space_bytes, key_bytes, names_bytes, zero;
};
static_assert(sizeof(UniqueItem) == 48);

struct AccountItem {
  ItemHeader item;
  std::uint32_t index;
  std::int32_t kind, status;
  char currency[4];
  std::int32_t exponent;
  std::uint16_t owner_bytes, number_bytes;
  std::int64_t overdraft_limit, max_balance;
  std::uint64_t version;
  std::int64_t created_ms;
  std::uint64_t previous;
  std::uint32_t metadata_bytes, zero;
};
static_assert(sizeof(AccountItem) == 80 && offsetof(AccountItem, overdraft_limit) == 32);

enum PostingFlag : std::uint16_t {
  posting_hold = 1,
  posting_debit_pending = 2,
  posting_credit_pending = 4,
  posting_debit_jump = 8,
  posting_credit_jump = 16,
  posting_wide = 32,
  posting_record_id = 64,
};

struct PostingSide {
  std::uint64_t account_sequence, previous;
  std::uint64_t debits_posted, credits_posted;  // lower halves
};
struct PostingItem {
  ItemHeader item;
  std::int64_t minor, released;
  std::uint32_t debit, credit;
  std::int32_t kind;
  std::uint32_t record_slot;
  psw_id id;
  PostingSide side[2];
};
static_assert(sizeof(PostingItem) == 120 && offsetof(PostingItem, id) == 40 && offsetof(PostingItem, side) == 56);

enum RecordNumber : std::uint16_t { record_parent = 1, record_not_after = 2, record_lease_end = 4, record_lease_epoch = 8 };
inline constexpr std::size_t record_texts = 10;

struct RecordItem {
  ItemHeader item;
  psw_id id;
  std::uint32_t slot;
  std::int32_t kind, state, attention, attempt, exponent;
  char currency[4];
  std::uint16_t texts, numbers;
  std::uint64_t version;
  std::int64_t minor, created_ms, next_action_ms;
  std::uint64_t previous;
};
static_assert(sizeof(RecordItem) == 96 && offsetof(RecordItem, version) == 56);

struct KvItem {
  ItemHeader item;
  std::uint64_t version;
  std::int64_t expires_ms;
  std::uint64_t previous;
  std::uint32_t key_bytes, value_bytes;
};
static_assert(sizeof(KvItem) == 40);

struct CounterItem {
  ItemHeader item;
  std::int64_t delta, until_ms, value;
  std::uint32_t key_bytes, zero;
};
static_assert(sizeof(CounterItem) == 40);

struct RefusalItem {
  ItemHeader item;
  std::int32_t code, failed;
  std::uint32_t reason_bytes, zero;
};
static_assert(sizeof(RefusalItem) == 24);

inline constexpr std::size_t padded(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

}  // namespace payswitch::local_ledger
