// The core's own bytes of a transfer record (psw_record.detail): every field of a transfer that no column of the ledger holds.
// Used by the daemon, by `ledger verify` and by the conformance kit; a ledger itself stores them unread.
//
// Layout, little-endian, version 1:
//   u8  version (1)     u8 flags     u16 fixed bytes that follow (so that a later version may append)
//   fixed part, in the order of write_fixed() below
//   any number of { u8 tag, u8 flags (bit 0: sealed), u16 length, bytes }; unknown tags are skipped
// Free text (reference, metadata) carries a `sealed` flag of its own: sealed bytes are ciphertext under a key of the principal.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace payswitch {

inline constexpr std::size_t reference_bytes_max = 140;     // 35 characters
inline constexpr std::size_t metadata_bytes_max = 2048;
inline constexpr std::size_t idempotency_key_bytes_max = 128;
inline constexpr std::size_t route_trace_bytes_max = 1024;
inline constexpr std::size_t refused_banks_bytes_max = 256;
inline constexpr std::size_t peer_reference_bytes_max = 128;
inline constexpr std::size_t limit_keys_bytes_max = 1024;
inline constexpr std::size_t detail_fixed_bytes = 8 * 11 + 16 * 3 + 32 + (16 + 8 + 8) + 8 * 2 + 4 + 4;
// Sealing may add 64 bytes (nonce, tag, key id) to each free text.
inline constexpr std::size_t detail_bytes_max = 4 + detail_fixed_bytes + 4 * 16 + reference_bytes_max + metadata_bytes_max + 128 + idempotency_key_bytes_max +
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

// The fixed part, once for both directions: Codec is Writer or Reader.
template <class Number, class Raw, class Detail>
void fixed_part(Number number, Raw raw, Detail& d) noexcept {
  number(d.posted_minor); number(d.operation_minor); number(d.reversed_pending_minor); number(d.reversed_posted_minor);
  number(d.hold_until_ms); number(d.accepted_ms); number(d.cancel_asked_ms); number(d.attention_since_ms);
  number(d.first_sent_ms); number(d.grace_ms); number(d.route_version);
  raw(d.op_id.b, 16); raw(d.hold_id.b, 16); raw(d.reverses.b, 16); raw(d.fingerprint, 32);
  raw(d.peer.ledger.b, 16); number(d.peer.epoch); number(d.peer.position);
  number(d.sender); number(d.limit_window_ms); number(d.polls);
  number(d.mode); number(d.pending_at_peer); number(d.amount_all); number(d.cancel_by_client);
}

}  // namespace detail_codec

// Bytes written, or 0 if `out` is too small or a text is longer than its maximum. detail_bytes_max is always enough.
inline std::size_t encode_detail(const TransferDetail& detail, std::span<char> out) noexcept {
  detail_codec::Writer w(out);
  w.number(std::uint8_t{1});
  w.number(std::uint8_t{0});
  w.number(static_cast<std::uint16_t>(detail_fixed_bytes));
  detail_codec::fixed_part([&](const auto& v) { w.number(v); }, [&](const auto* data, std::size_t n) { w.raw(data, n); }, detail);
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
  r.number(version);
  r.number(flags);
  r.number(fixed);
  if (version != 1 || fixed < detail_fixed_bytes) return false;
  detail_codec::fixed_part([&](auto& v) { r.number(v); }, [&](auto* data, std::size_t n) { r.raw(data, n); }, detail);
  r.view(fixed - detail_fixed_bytes);
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
