// psw.keys/1: signatures of our bank and verification of theirs, in batches. Computed on the caller's thread, answered like every service.
#include <algorithm>
#include <cstring>

#include "plugin_host/service_call.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

constexpr std::uint32_t items_max = 256;
constexpr std::uint64_t message_bytes_max = 1u << 20;
constexpr std::uint64_t key_id_bytes_max = 256;

bool within(psw_str text, std::uint64_t bytes_max) noexcept { return text.size <= bytes_max && (text.data != nullptr || text.size == 0); }

using KeysCall = ServiceCall;

template <class T>
bool element(psw_list list, std::uint32_t i, T& out) noexcept {
  out = T{};
  std::memcpy(static_cast<void*>(&out), static_cast<const char*>(list.data) + static_cast<std::size_t>(i) * list.stride, std::min<std::size_t>(list.stride, sizeof(T)));
  return true;
}
std::string_view view(psw_str text) noexcept { return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size); }

template <class Row, class Fill>
std::int32_t answer(void* ctx, std::uint32_t lane, psw_list items, std::uint64_t token, Fill fill) noexcept {
  if (items.n > items_max || (items.n > 0 && (items.data == nullptr || items.stride < sizeof(psw_str) || items.stride > list_stride_bytes_max))) {
    static_cast<Connector*>(ctx)->broken_rule("keys: a list that makes no sense");
    return PSW_INVALID;
  }
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<KeysCall>(ctx, lane, token, code);
  if (call == nullptr) return code;
  auto* const rows = static_cast<Row*>(call->answer_arena().try_allocate(sizeof(Row) * std::max(items.n, 1u), alignof(Row)));
  if (rows == nullptr) {
    call->recycle();
    return PSW_OVERLOADED;
  }
  psw_reply& reply = call->reply();
  reply = host_reply(PSW_OK, PSW_UNKNOWN, "", "");
  for (std::uint32_t i = 0; i < items.n && reply.code == PSW_OK; ++i) {
    rows[i] = Row{};
    if (!fill(i, rows[i], call->answer_arena())) reply = host_reply(PSW_UNAVAILABLE, PSW_UNKNOWN, "no_signing_key", "no key of our own is configured, or the message is above 1 MiB");
  }
  if (reply.code == PSW_OK) reply.rows = psw_list{rows, items.n, sizeof(Row)};
  call->done(&reply);
  return PSW_OK;
}

extern "C" {

std::int32_t keys_sign(void* ctx, std::uint32_t lane, psw_list messages, std::uint64_t token) noexcept {
  KeyRing& keys = *static_cast<Connector*>(ctx)->core().parts.keys;
  return answer<psw_signature>(ctx, lane, messages, token, [&](std::uint32_t i, psw_signature& row, Arena&) {
    psw_str message;
    element(messages, i, message);
    if (!within(message, message_bytes_max)) return false;
    const std::string_view id = keys.signing_key();
    row.key_id = psw_str{id.data(), id.size()};
    return !id.empty() && keys.sign(id, view(message), row.bytes);
  });
}

std::int32_t keys_verify(void* ctx, std::uint32_t lane, psw_list items, std::uint64_t token) noexcept {
  KeyRing& keys = *static_cast<Connector*>(ctx)->core().parts.keys;
  return answer<psw_verified>(ctx, lane, items, token, [&](std::uint32_t i, psw_verified& row, Arena&) {
    psw_to_verify item;
    element(items, i, item);
    if (!within(item.key_id, key_id_bytes_max) || !within(item.message, message_bytes_max)) {
      row.code = PSW_INVALID;
      return true;
    }
    const std::string_view owner = keys.bank_of(view(item.key_id));
    if (owner.empty()) {
      row.code = PSW_ABSENT;
      return true;
    }
    const std::string_view bank = keys.verify(view(item.key_id), view(item.message), item.signature);
    row.code = bank.empty() ? PSW_INVALID : PSW_OK;
    row.bank = psw_str{bank.data(), bank.size()};
    return true;
  });
}

}  // extern "C"

constexpr psw_keys_1 table{sizeof(psw_keys_1), 0, keys_sign, keys_verify};

}  // namespace

const void* keys_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host
