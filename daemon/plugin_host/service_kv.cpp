// psw.kv/1: a name space of its own for each instance, over the key-value part of the ledger.
#include <cstring>
#include <string>

#include "plugin_host/service_call.h"
#include "plugin_host/service_tables.h"

namespace payswitch::daemon::plugin_host {
namespace {

constexpr std::uint32_t kvs_per_put_max = 64;
constexpr std::uint32_t scan_rows_max = 500;
constexpr std::uint64_t key_bytes_max = 256;

class KvCall final : public ServiceCall {
 public:
  enum class What { get, scan, put };
  KvCall(Connector& connector, Lane& lane, std::uint64_t token, What what) noexcept : ServiceCall(connector, lane, token), what_(what) {}

  // "plugin/<instance>/" + key, in our arena.
  bool prefixed(psw_str key, psw_str& out) noexcept {
    const std::string_view name = connector().name();
    prefix_bytes_ = 7 + name.size() + 1;
    if (key.size > key_bytes_max || (key.size > 0 && key.data == nullptr)) return false;
    char* const at = static_cast<char*>(request_arena().try_allocate(prefix_bytes_ + key.size, 1));
    if (at == nullptr) return false;
    std::memcpy(at, "plugin/", 7);
    std::memcpy(at + 7, name.data(), name.size());
    at[prefix_bytes_ - 1] = '/';
    if (key.size > 0) std::memcpy(at + prefix_bytes_, key.data, key.size);
    out = psw_str{at, prefix_bytes_ + key.size};
    return true;
  }

  void run(unsigned loop) noexcept override {
    KvStore& store = *connector().core().parts.kv;
    const KvDone back{[](void* self, std::int32_t code, psw_list rows) { static_cast<KvCall*>(self)->answer(code, rows); }, this};
    switch (what_) {
      case What::get: return store.get(loop, key, back);
      case What::scan: return store.scan(loop, key, after, limit, back);
      case What::put: return store.put(loop, kvs, back);
    }
  }

  psw_str key{}, after{};
  std::uint32_t limit = 0;
  psw_list kvs{};

 private:
  void answer(std::int32_t code, psw_list rows) noexcept {
    psw_reply& r = reply();
    r = host_reply(code, PSW_UNKNOWN, "", "");
    if (code == PSW_OK && !copy_kvs(rows, r.rows, answer_arena())) {
      r = host_reply(PSW_INTERNAL, PSW_UNKNOWN, "reply_too_large", "the rows do not fit");
    }
    auto* const copied = static_cast<psw_kv*>(const_cast<void*>(r.rows.data));  // in our arena
    for (std::uint32_t i = 0; i < r.rows.n; ++i) {
      if (copied[i].key.size < prefix_bytes_) continue;
      copied[i].key.data += prefix_bytes_;
      copied[i].key.size -= prefix_bytes_;
    }
    done(&r);
  }

  const What what_;
  std::uint64_t prefix_bytes_ = 0;
};

std::int32_t give_up(KvCall* call) noexcept {
  call->connector().broken_rule("kv: a key or value that is too large, or none");
  call->recycle();
  return PSW_INVALID;
}

std::int32_t away(KvCall* call) noexcept {
  call->go(call->connector().home_loop());
  return PSW_OK;
}

extern "C" {

std::int32_t kv_get(void* ctx, std::uint32_t lane, psw_str key, std::uint64_t token) noexcept {
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<KvCall>(ctx, lane, token, code, KvCall::What::get);
  if (call == nullptr) return code;
  return key.size > 0 && call->prefixed(key, call->key) ? away(call) : give_up(call);
}

std::int32_t kv_scan(void* ctx, std::uint32_t lane, psw_str prefix, psw_str after, std::uint32_t limit, std::uint64_t token) noexcept {
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<KvCall>(ctx, lane, token, code, KvCall::What::scan);
  if (call == nullptr) return code;
  call->limit = limit == 0 || limit > scan_rows_max ? scan_rows_max : limit;
  const bool fine = call->prefixed(prefix, call->key) && (after.size == 0 || call->prefixed(after, call->after));
  return fine ? away(call) : give_up(call);
}

std::int32_t kv_put(void* ctx, std::uint32_t lane, psw_list kvs, std::uint64_t token) noexcept {
  if (kvs.n == 0 || kvs.n > kvs_per_put_max || kvs.data == nullptr || kvs.stride < sizeof(psw_str) * 2 + sizeof(std::uint64_t)) return PSW_INVALID;
  std::int32_t code = PSW_OK;
  auto* const call = make_service_call<KvCall>(ctx, lane, token, code, KvCall::What::put);
  if (call == nullptr) return code;
  if (!copy_kvs(kvs, call->kvs, call->request_arena())) return give_up(call);
  auto* const rows = static_cast<psw_kv*>(const_cast<void*>(call->kvs.data));  // in our arena
  for (std::uint32_t i = 0; i < call->kvs.n; ++i) {
    if (rows[i].key.size == 0 || rows[i].value.size > PSW_KV_VALUE_MAX || !call->prefixed(rows[i].key, rows[i].key)) return give_up(call);
  }
  return away(call);
}

}  // extern "C"

constexpr psw_store_1 table{sizeof(psw_store_1), 0, kv_get, kv_scan, kv_put};

}  // namespace

const void* kv_table() noexcept { return &table; }

}  // namespace payswitch::daemon::plugin_host
