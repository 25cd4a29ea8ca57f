// The core's own bytes of a transfer record (psw_record.detail): every field of a transfer that no column of the ledger holds.
// Used by the daemon, by `ledger verify` and by the conformance kit; a ledger itself stores them unread.
//
// Layout, little-endian, version 1:
//   u8  version (1)     u8 flags     u16 bytes of the fixed part that follow (so that a later version may append)
//   fixed part: u32 mask, bit n = field n of fields() below is there, then those fields: numbers in base 128 (seven bits a byte, the
//   lowest first, bit 7 = more follow), ids and hashes whole. What is zero is not there: most fields of most transfers are.
//   any number of { u8 tag, u8 flags (bit 0: sealed), u16 length, bytes }; unknown tags are skipped
// Free text (reference, metadata) carries a `sealed` flag of its own: sealed bytes are ciphertext under a key of the principal.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace payswitch {

inline constexpr std::size_t reference_bytes_max = 140;     // 35 characters
inline constexpr std::size_t metadata_bytes_max = 2048;
inline constexpr std::size_t idempotency_key_bytes_max = 128;
inline constexpr std::size_t route_trace_bytes_max = 1024;
inline constexpr std::size_t refused_banks_bytes_max = 256;
inline constexpr std::size_t peer_reference_bytes_max = 128;
inline constexpr std::size_t limit_keys_bytes_max = 1024;
inline constexpr std::size_t detail_fixed_bytes_max = 4 + 10 * 11 + 16 * 3 + 32 + 16 + 10 * 4 + 5 + 2 * 4;
// Sealing may add 64 bytes (nonce, tag, key id) to each free text.
inline constexpr std::size_t detail_bytes_max = 4 + detail_fixed_bytes_max + 4 * 16 + reference_bytes_max + metadata_bytes_max + 128 + idempotency_key_bytes_max +
                                                route_trace_bytes_max + refused_banks_bytes_max + peer_reference_bytes_max + limit_keys_bytes_max;

// A value that may be ciphertext.
struct SealedText {
  std::string_view bytes;
  bool sealed = false;
};

// Views borrow the bytes they were decoded from, or whatever the encoder was given.
struct TransferDetail {
  // minor units of the record's currency
  std::int64_t posted_minor = 0;            // what was finally posted
  std::int64_t operation_minor = 0;         // what is under way: p of a partial post, else the record's amount
  std::int64_t reversed_pending_minor = 0;
  std::int64_t reversed_posted_minor = 0;
  // Unix milliseconds; hold_until by the ledger's clock
  std::int64_t hold_until_ms = 0;
  std::int64_t accepted_ms = 0;             // as told to the peer on every send
  std::int64_t cancel_asked_ms = 0;         // 0 = nobody asked; from then on only cancel is sent
  std::int64_t attention_since_ms = 0;
  std::int64_t first_sent_ms = 0;
  std::int64_t grace_ms = 0;                // when the in-doubt budget starts to count it as in doubt
  std::uint64_t route_version = 0;
  psw_id op_id{};                           // of the current attempt
  psw_id hold_id{};                         // posting id of the pending money, zero = none
  psw_id reverses{};                        // op_id of the credit that this one gives back
  std::uint8_t fingerprint[32] = {};        // of the command that created it; incoming: the peer's hash
  psw_history peer{};                       // the counterparty's ledger, epoch, position when it decided
  std::uint64_t sender = 0;                 // process that wrote `submitted`: another one knows nothing about what was sent
  std::uint64_t limit_window_ms = 0;        // end of the windows that limit_keys were taken from
  std::uint32_t polls = 0;                  // rounds asked without a decision: the exponent of the back-off
  std::uint8_t mode = 0;                    // 0 auto, 1 hold, 2 queued (held until a connector is back)
  std::uint8_t pending_at_peer = 0;         // the peer has recorded it and is still working
  std::uint8_t amount_all = 0;              // the client said "all"
  std::uint8_t cancel_by_client = 0;        // cancel_asked_ms is a client's wish, not not_after passing
  SealedText reference, metadata;
  std::string_view idempotency_key;
  std::string_view route_trace;
  std::string_view refused_banks;           // bank codes with a recorded refusal, each followed by a comma
  std::string_view peer_reference;
  std::string_view limit_keys;              // counters taken with the hold, for the give-back: "key=minor," each
};

enum class DetailTag : std::uint8_t {
  reference = 1, metadata = 2, idempotency_key = 3, route_trace = 4, refused_banks = 5, peer_reference = 6, limit_keys = 7,
};

namespace detail_codec {

class Writer {
 public:
  explicit Writer(std::span<char> out) noexcept : out_(out) {}
  template <class T>
  void number(T value) noexcept {
    unsigned char bytes[sizeof(T)];
    auto rest = static_cast<std::uint64_t>(value);
    for (auto& byte : bytes) { byte = static_cast<unsigned char>(rest & 0xff); rest >>= 8; }
    raw(bytes, sizeof bytes);
  }
  void packed(std::uint64_t value) noexcept {
    unsigned char bytes[10];
    std::size_t n = 0;
    for (; value >= 0x80; value >>= 7) bytes[n++] = static_cast<unsigned char>(value | 0x80);
    bytes[n++] = static_cast<unsigned char>(value);
    raw(bytes, n);
  }
  // At a place written before.
  void number_at(std::size_t at, std::uint64_t value, std::size_t bytes) noexcept {
    if (full_) return;
    for (std::size_t i = 0; i < bytes; ++i, value >>= 8) out_[at + i] = static_cast<char>(value & 0xff);
  }
  void raw(const void* data, std::size_t size) noexcept {
    if (out_.size() - used_ < size) { full_ = true; return; }
    if (size != 0) std::memcpy(out_.data() + used_, data, size);
    used_ += size;
  }
  void text(DetailTag tag, std::string_view bytes, bool sealed, std::size_t max) noexcept {
    if (bytes.empty()) return;
    if (bytes.size() > max) { full_ = true; return; }
    number(static_cast<std::uint8_t>(tag));
    number(static_cast<std::uint8_t>(sealed ? 1 : 0));
    number(static_cast<std::uint16_t>(bytes.size()));
    raw(bytes.data(), bytes.size());
  }
  bool full() const noexcept { return full_; }
  std::size_t used() const noexcept { return used_; }

 private:
  std::span<char> out_;
  std::size_t used_ = 0;
  bool full_ = false;
};

class Reader {
 public:
  explicit Reader(std::string_view in) noexcept : in_(in) {}
  template <class T>
  void number(T& value) noexcept {
    unsigned char bytes[sizeof(T)];
    if (!raw(bytes, sizeof bytes)) { value = T{}; return; }
    std::uint64_t rest = 0;
    for (std::size_t i = sizeof bytes; i-- > 0;) rest = (rest << 8) | bytes[i];
    value = static_cast<T>(rest);
  }
  std::uint64_t packed() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      unsigned char byte = 0;
      if (!raw(&byte, 1)) return 0;
      if (shift == 63 && byte > 1) break;  // more than 64 bits
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    short_ = true;
    return 0;
  }
  bool raw(void* data, std::size_t size) noexcept {
    if (in_.size() < size) { short_ = true; return false; }
    std::memcpy(data, in_.data(), size);
    in_.remove_prefix(size);
    return true;
  }
  std::string_view view(std::size_t size) noexcept {
    if (in_.size() < size) { short_ = true; return {}; }
    const auto bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }
  bool empty() const noexcept { return in_.empty(); }
  bool was_short() const noexcept { return short_; }

 private:
  std::string_view in_;
  bool short_ = false;
};

// Every field of the fixed part in its order, once for both directions; new ones go to the end.
template <class Number, class Raw, class Detail>
void fields(Number number, Raw raw, Detail& d) noexcept {
  number(d.posted_minor); number(d.operation_minor); number(d.reversed_pending_minor); number(d.reversed_posted_minor);
  number(d.hold_until_ms); number(d.accepted_ms); number(d.cancel_asked_ms); number(d.attention_since_ms);
  number(d.first_sent_ms); number(d.grace_ms); number(d.route_version);
  raw(d.op_id.b); raw(d.hold_id.b); raw(d.reverses.b); raw(d.fingerprint);
  raw(d.peer.ledger.b); number(d.peer.epoch); number(d.peer.position);
  number(d.sender); number(d.limit_window_ms); number(d.polls);
  number(d.mode); number(d.pending_at_peer); number(d.amount_all); number(d.cancel_by_client);
}
inline constexpr std::uint32_t fields_known = 25;

inline bool all_zero(const std::uint8_t* bytes, std::size_t size) noexcept {
  std::uint64_t any = 0;
  for (std::size_t i = 0; i < size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes + i, 8);
    any |= word;
  }
  return any == 0;
}

}  // namespace detail_codec

// Bytes written, or 0 if `out` is too small or a text is longer than its maximum. detail_bytes_max is always enough.
inline std::size_t encode_detail(const TransferDetail& detail, std::span<char> out) noexcept {
  detail_codec::Writer w(out);
  w.number(std::uint8_t{1});
  w.number(std::uint8_t{0});
  w.number(std::uint16_t{0});
  w.number(std::uint32_t{0});
  std::uint32_t mask = 0, bit = 1;
  detail_codec::fields(
      [&](const auto& value) {
        if (value != 0) {
          mask |= bit;
          w.packed(static_cast<std::uint64_t>(value));
        }
        bit <<= 1;
      },
      [&]<std::size_t n>(const std::uint8_t (&value)[n]) {
        if (!detail_codec::all_zero(value, n)) {
          mask |= bit;
          w.raw(value, n);
        }
        bit <<= 1;
      },
      detail);
  w.number_at(2, w.used() - 4, 2);
  w.number_at(4, mask, 4);
  w.text(DetailTag::reference, detail.reference.bytes, detail.reference.sealed, reference_bytes_max + 64);
  w.text(DetailTag::metadata, detail.metadata.bytes, detail.metadata.sealed, metadata_bytes_max + 64);
  w.text(DetailTag::idempotency_key, detail.idempotency_key, false, idempotency_key_bytes_max);
  w.text(DetailTag::route_trace, detail.route_trace, false, route_trace_bytes_max);
  w.text(DetailTag::refused_banks, detail.refused_banks, false, refused_banks_bytes_max);
  w.text(DetailTag::peer_reference, detail.peer_reference, false, peer_reference_bytes_max);
  w.text(DetailTag::limit_keys, detail.limit_keys, false, limit_keys_bytes_max);
  return w.full() ? 0 : w.used();
}

// False: the bytes are damaged or of a version this build does not read; `detail` is then unspecified.
inline bool decode_detail(std::string_view bytes, TransferDetail& detail) noexcept {
  detail = TransferDetail{};
  detail_codec::Reader r(bytes);
  std::uint8_t version = 0, flags = 0;
  std::uint16_t fixed = 0;
  bool fits = true;
  r.number(version);
  r.number(flags);
  r.number(fixed);
  detail_codec::Reader part(r.view(fixed));
  if (version != 1 || r.was_short()) return false;
  std::uint32_t mask = 0, bit = 1;
  part.number(mask);
  detail_codec::fields(
      [&](auto& value) {
        if ((mask & bit) != 0) {
          const std::uint64_t number = part.packed();
          value = static_cast<std::remove_reference_t<decltype(value)>>(number);
          if (static_cast<std::uint64_t>(value) != number) fits = false;
        }
        bit <<= 1;
      },
      [&]<std::size_t n>(std::uint8_t (&value)[n]) {
        if ((mask & bit) != 0) part.raw(value, n);
        bit <<= 1;
      },
      detail);
  // What is left of the fixed part is of a later version, if the mask says so.
  if (!fits || part.was_short() || (!part.empty() && mask >> detail_codec::fields_known == 0)) return false;
  while (!r.empty() && !r.was_short()) {
    std::uint8_t tag = 0, text_flags = 0;
    std::uint16_t length = 0;
    r.number(tag);
    r.number(text_flags);
    r.number(length);
    const auto text = r.view(length);
    const bool sealed = (text_flags & 1) != 0;
    switch (static_cast<DetailTag>(tag)) {
      case DetailTag::reference: detail.reference = {text, sealed}; break;
      case DetailTag::metadata: detail.metadata = {text, sealed}; break;
      case DetailTag::idempotency_key: detail.idempotency_key = text; break;
      case DetailTag::route_trace: detail.route_trace = text; break;
      case DetailTag::refused_banks: detail.refused_banks = text; break;
      case DetailTag::peer_reference: detail.peer_reference = text; break;
      case DetailTag::limit_keys: detail.limit_keys = text; break;
    }
  }
  return !r.was_short();
}

}  // namespace payswitch
