#include "plugin_host/reply_copy.h"

#include <payswitch/outcome.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "plugin_host/utf8.h"

namespace payswitch::daemon::plugin_host {
namespace {

constexpr std::uint64_t no_cap = UINT64_MAX;

// The strings of each struct that crosses, named once.
template <class T>
struct Shape;
#define PSW_SHAPE(type, ...)                                        \
  template <>                                                       \
  struct Shape<type> {                                              \
    template <class S, class F>                                     \
    [[gnu::always_inline]] static void each(S& s, F&& f) { auto visit = [&](auto&... strings) __attribute__((always_inline)) { (f(strings), ...); }; visit(__VA_ARGS__); } \
  }
PSW_SHAPE(psw_decision, s.payer, s.payee, s.code, s.peer_reference, s.verified_key);
PSW_SHAPE(psw_credit, s.payer, s.payee, s.reference, s.verified_key);
PSW_SHAPE(psw_account, s.number, s.owner, s.metadata);
PSW_SHAPE(psw_record, s.payer, s.payee, s.principal, s.connector, s.bank, s.lease_owner, s.reason, s.reference_tag, s.detail, s.note);
PSW_SHAPE(psw_posting_row, s.account, s.counterparty);
PSW_SHAPE(psw_change, s.reason, s.note);
PSW_SHAPE(psw_kv, s.key, s.value);
PSW_SHAPE(psw_unique, s.space, s.key, s.names);
PSW_SHAPE(psw_hello, s.bank);
PSW_SHAPE(psw_identity, s.redirect, s.blob, s.issuer, s.subject, s.email, s.name, s.hosted_domain);
PSW_SHAPE(psw_read, s.position, s.space, s.key, s.owner, s.bank, s.after);
PSW_SHAPE(psw_http, s.method, s.target, s.authority, s.body, s.peer_spki, s.remote, s.tls_profile);
PSW_SHAPE(psw_header, s.name, s.value);
#undef PSW_SHAPE

// Most strings are 8 to 32 bytes: a call of memcpy would cost more than the copy, and so would looking at the bytes again afterwards.
// Not zero: they are not all plain text.
[[gnu::always_inline]] inline std::uint64_t copy_bytes(char* to, const char* from, std::uint64_t size) noexcept {
  if (size < 8 || size > 32) {
    std::memcpy(to, from, size);
    return is_plain_text(from, size) ? 0 : 1;
  }
  std::uint64_t a, b, c, d;
  std::memcpy(&a, from, 8);
  std::memcpy(&d, from + size - 8, 8);
  std::memcpy(to, &a, 8);
  std::memcpy(to + size - 8, &d, 8);
  if (size <= 16) return not_plain(a) | not_plain(d);
  std::memcpy(&b, from + 8, 8);
  std::memcpy(&c, from + size - 16, 8);
  std::memcpy(to + 8, &b, 8);
  std::memcpy(to + size - 16, &c, 8);
  return not_plain(a) | not_plain(b) | not_plain(c) | not_plain(d);
}

// Copies all strings of one struct into one piece of memory. `s` is the copy, `source` where it was copied from: its strings are read from
// there, once, because what was stored a moment ago in other pieces cannot be loaded back at once. cap != no_cap: text for people and
// machines, cut and repaired.
template <class T>
[[gnu::always_inline]] inline bool copy_strings(T& s, const T& source, Arena& arena, std::uint64_t cap, std::uint32_t& flaws) noexcept {
  constexpr std::size_t strings_max = 10;
  psw_str views[strings_max];
  std::size_t n = 0;
  std::uint64_t total = 0;
  bool too_large = false;
  Shape<T>::each(source, [&](const psw_str& from) __attribute__((always_inline)) {
    psw_str text;
    std::memcpy(&text, &from, sizeof text);
    if (text.data == nullptr) text.size = 0;
    if (text.size > cap) [[unlikely]] {
      text.size = utf8_cut(text.data, cap);
      flaws |= flaw_text;
    }
    too_large |= text.size > arena_bytes_max;
    total += text.size;
    views[n++] = text;
  });
  if (too_large) [[unlikely]] return false;
  char* at = nullptr;
  if (total > 0) {
    at = static_cast<char*>(arena.try_allocate(total, 1));
    if (at == nullptr) [[unlikely]] return false;
  }
  std::uint64_t odd = 0;
  n = 0;
  Shape<T>::each(s, [&](psw_str& text) __attribute__((always_inline)) {
    const psw_str from = views[n++];
    if (from.size == 0) {
      text = psw_str{nullptr, 0};
      return;
    }
    odd |= copy_bytes(at, from.data, from.size);
    text = psw_str{at, from.size};
    at += from.size;
  });
  if (cap != no_cap && odd != 0) [[unlikely]] {
    Shape<T>::each(s, [&](psw_str& text) {
      if (text.size > 0 && utf8_repair(const_cast<char*>(text.data), text.size)) flaws |= flaw_text;  // in our arena
    });
  }
  return true;
}

// A struct that starts with its size. The other side may know fewer fields (they read as zero) or more (we do not look at them).
template <class T>
T* copy_sized(const T& from, Arena& arena, std::uint64_t cap, std::uint32_t& flaws) noexcept {
  if (from.size < sizeof(std::uint64_t)) return nullptr;
  T* const to = static_cast<T*>(arena.try_allocate(sizeof(T), alignof(T)));
  if (to == nullptr) return nullptr;
  if (from.size >= sizeof(T)) [[likely]] {
    std::memcpy(static_cast<void*>(to), &from, sizeof(T));
    to->size = sizeof(T);
    return copy_strings(*to, from, arena, cap, flaws) ? to : nullptr;
  }
  T whole{};
  std::memcpy(static_cast<void*>(&whole), &from, std::min<std::size_t>(from.size, sizeof(T)));
  whole.size = sizeof(T);
  *to = whole;
  return copy_strings(*to, whole, arena, cap, flaws) ? to : nullptr;
}

// A list: the stride says how much of each element is there.
template <class T>
bool copy_list(psw_list from, psw_list& to, Arena& arena, std::uint64_t cap, std::uint32_t& flaws) noexcept {
  to = psw_list{nullptr, 0, sizeof(T)};
  if (from.n == 0 || from.data == nullptr) return true;
  if (from.stride == 0 || from.stride > list_stride_bytes_max || from.n > arena_bytes_max / sizeof(T)) return false;
  T* const rows = static_cast<T*>(arena.try_allocate(sizeof(T) * from.n, alignof(T)));
  if (rows == nullptr) return false;
  const char* source = static_cast<const char*>(from.data);
  const std::size_t there = std::min<std::size_t>(from.stride, sizeof(T));
  if (there < sizeof(T)) std::memset(static_cast<void*>(rows), 0, sizeof(T) * from.n);
  for (std::uint32_t i = 0; i < from.n; ++i, source += from.stride) {
    std::memcpy(static_cast<void*>(rows + i), source, there);
    if constexpr (requires { Shape<T>::each(rows[i], [](psw_str&) {}); }) {
      if (!copy_strings(rows[i], rows[i], arena, cap, flaws)) return false;
    }
  }
  to = psw_list{rows, from.n, sizeof(T)};
  return true;
}

bool copy_read_rows(std::int32_t what, psw_list from, psw_list& to, Arena& arena, std::uint32_t& flaws) noexcept {
  switch (what) {
    case 1: case 6: return copy_list<psw_account>(from, to, arena, no_cap, flaws);
    case 2: return copy_list<psw_record>(from, to, arena, no_cap, flaws);
    case 3: return copy_list<psw_posting_row>(from, to, arena, no_cap, flaws);
    case 4: return copy_list<psw_change>(from, to, arena, no_cap, flaws);
    case 5: return copy_list<psw_kv>(from, to, arena, no_cap, flaws);
    case 7: return copy_list<psw_unique>(from, to, arena, no_cap, flaws);
    default: to = psw_list{}; return true;
  }
}

template <class T>
bool copy_body(const void* from, psw_reply& out, Arena& arena, std::uint64_t cap, std::uint32_t& flaws) noexcept {
  if (from == nullptr) return true;
  out.body = copy_sized(*static_cast<const T*>(from), arena, cap, flaws);
  return out.body != nullptr;
}

bool copy_payload(const psw_op& op, const psw_reply& reply, psw_reply& out, Arena& arena, std::uint32_t& flaws) noexcept {
  switch (op.kind) {
    case PSW_OP_WRITE:
      return reply.code == PSW_EXISTS || reply.code == PSW_CONFLICT ? copy_list<psw_unique>(reply.rows, out.rows, arena, no_cap, flaws)
                                                                    : copy_list<psw_account>(reply.rows, out.rows, arena, no_cap, flaws);
    case PSW_OP_READ:
      return op.body == nullptr || copy_read_rows(static_cast<const psw_read*>(op.body)->what, reply.rows, out.rows, arena, flaws);
    case PSW_OP_LEASE_DUE: return copy_list<psw_record>(reply.rows, out.rows, arena, no_cap, flaws);
    case PSW_OP_CREDIT: case PSW_OP_QUERY: case PSW_OP_CANCEL: case PSW_OP_RECALL:
      return copy_body<psw_decision>(reply.body, out, arena, decision_text_bytes_max, flaws);
    case PSW_OP_RECONCILE: return copy_list<psw_decision>(reply.rows, out.rows, arena, decision_text_bytes_max, flaws);
    case PSW_OP_LOOKUP: return copy_list<psw_account>(reply.rows, out.rows, arena, decision_text_bytes_max, flaws);
    case PSW_OP_HELLO: {
      if (!copy_body<psw_hello>(reply.body, out, arena, hello_text_bytes_max, flaws)) return false;
      auto* const hello = static_cast<psw_hello*>(const_cast<void*>(out.body));  // in our arena
      return hello == nullptr || copy_list<psw_money>(psw_list(hello->currencies), hello->currencies, arena, no_cap, flaws);
    }
    case PSW_OP_LOGIN_BEGIN: case PSW_OP_LOGIN_FINISH:
      return copy_body<psw_identity>(reply.body, out, arena, identity_text_bytes_max, flaws);
    default: return true;  // commands answer in text; an unknown kind has no payload
  }
}

bool copy_some(psw_str from, psw_str& to, Arena& arena, std::uint64_t cap, std::uint32_t& flaws) noexcept {
  std::uint64_t size = from.size;
  if (size > cap) {
    size = utf8_cut(from.data, cap);
    flaws |= flaw_text;
  }
  char* const at = static_cast<char*>(arena.try_allocate(size, 1));
  if (at == nullptr) return false;
  if (copy_bytes(at, from.data, size) != 0 && utf8_repair(at, size)) flaws |= flaw_text;
  to = psw_str{at, size};
  return true;
}

// Most fields are empty.
[[gnu::always_inline]] inline bool copy_field(psw_str from, psw_str& to, Arena& arena, std::uint64_t cap, std::uint32_t& flaws) noexcept {
  to = psw_str{nullptr, 0};
  return from.size == 0 || from.data == nullptr || copy_some(from, to, arena, cap, flaws);
}

}  // namespace

psw_reply host_reply(std::int32_t code, std::int32_t outcome, const char* reason, const char* text) noexcept {
  psw_reply reply{};
  reply.size = sizeof reply;
  reply.code = code;
  reply.outcome = outcome;
  reply.reason = psw_str{reason, std::strlen(reason)};
  reply.text = psw_str{text, std::strlen(text)};
  reply.failed = -1;
  return reply;
}

std::uint32_t copy_reply(const psw_op& op, const psw_reply& reply, psw_reply& out, Arena& arena) noexcept {
  std::uint32_t flaws = flaw_none;
  if (reply.size < offsetof(psw_reply, reason)) {
    out = host_reply(PSW_INTERNAL, PSW_UNKNOWN, "reply_malformed", "the connector's reply is too small to be one");
    return flaw_short;
  }
  psw_reply whole;
  const psw_reply* from = &reply;
  if (reply.size < sizeof(psw_reply)) [[unlikely]] {
    whole = psw_reply{};
    std::memcpy(static_cast<void*>(&whole), &reply, reply.size);
    from = &whole;
  }
  out = *from;
  out.size = sizeof(psw_reply);
  out.retry_after_ms = std::min(from->retry_after_ms, retry_after_ms_max);
  out.rows = psw_list{};
  out.body = nullptr;
  if (out.code < PSW_OK || out.code > PSW_INTERNAL) [[unlikely]] {
    out.code = PSW_INTERNAL;
    flaws |= flaw_code;
  }
  const auto outcome = static_cast<std::int32_t>(payswitch::outcome_of(op.kind, from->outcome));
  if (outcome != from->outcome) [[unlikely]] flaws |= flaw_outcome;
  out.outcome = outcome;
  const std::uint64_t text_cap = op.kind == PSW_OP_COMMAND ? command_text_bytes_max : text_bytes_max;
  if (!copy_field(from->reason, out.reason, arena, reason_bytes_max, flaws) || !copy_field(from->text, out.text, arena, text_cap, flaws) ||
      (from->position.size != 0 && !copy_text(from->position, out.position, arena)) || !copy_payload(op, *from, out, arena, flaws)) [[unlikely]] {
    const psw_handle handle = out.handle;
    out = host_reply(PSW_INTERNAL, PSW_UNKNOWN, "reply_too_large", "the connector's reply does not fit or makes no sense");
    out.handle = handle;
    return flaws | flaw_too_large;
  }
  if ((outcome == PSW_APPLIED || outcome == PSW_REFUSED) && out.body == nullptr) [[unlikely]] {
    out.outcome = PSW_UNKNOWN;
    flaws |= flaw_body;
  }
  return flaws;
}

const psw_credit* copy_credit(const psw_credit& from, Arena& arena) noexcept {
  std::uint32_t flaws = 0;
  const psw_credit* const to = copy_sized(from, arena, no_cap, flaws);
  if (to == nullptr) return nullptr;
  bool fits = true;
  Shape<psw_credit>::each(*to, [&](const psw_str& text) { fits &= text.size <= inbound_text_bytes_max; });
  return fits ? to : nullptr;
}
const psw_decision* copy_decision(const psw_decision& from, Arena& arena) noexcept {
  std::uint32_t flaws = 0;
  return copy_sized(from, arena, decision_text_bytes_max, flaws);
}
const psw_read* copy_read(const psw_read& from, Arena& arena) noexcept {
  std::uint32_t flaws = 0;
  return copy_sized(from, arena, no_cap, flaws);
}
psw_http* copy_http(const psw_http& from, Arena& arena) noexcept {
  std::uint32_t flaws = 0;
  psw_http* const to = copy_sized(from, arena, no_cap, flaws);
  if (to == nullptr || !copy_list<psw_header>(psw_list(to->headers), to->headers, arena, no_cap, flaws)) return nullptr;
  return to;
}
bool copy_kvs(psw_list from, psw_list& to, Arena& arena) noexcept {
  std::uint32_t flaws = 0;
  return copy_list<psw_kv>(from, to, arena, no_cap, flaws);
}
bool copy_text(psw_str from, psw_str& to, Arena& arena) noexcept {
  to = psw_str{nullptr, 0};
  if (from.size == 0 || from.data == nullptr) return true;
  if (from.size > arena_bytes_max) return false;
  void* const at = arena.try_allocate(from.size, 1);
  if (at == nullptr) return false;
  std::memcpy(at, from.data, from.size);
  to = psw_str{static_cast<const char*>(at), from.size};
  return true;
}

}  // namespace payswitch::daemon::plugin_host
