// The key-value part of the ledger for plugins (psw.kv/1) and for rooms above: get, scan, put with compare-and-swap. One object per
// process; it holds a client per loop.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "ledger/client.h"
#include "plugin_host/services.h"

namespace payswitch::daemon::ledger {

class KvStore final : public plugin_host::KvStore {
 public:
  // `random`: 64 random bits a call, used on the calling loop only.
  KvStore(std::span<Client* const> clients, std::uint64_t (*random)(void*), void* random_context);
  ~KvStore() override;

  void get(unsigned loop, psw_str key, plugin_host::KvDone done) noexcept override;
  void scan(unsigned loop, psw_str prefix, psw_str after, std::uint32_t limit, plugin_host::KvDone done) noexcept override;
  void put(unsigned loop, psw_list kvs, plugin_host::KvDone done) noexcept override;

  static constexpr std::uint32_t open_calls_max = 256;  // per loop; above it: PSW_OVERLOADED
  static constexpr std::size_t value_bytes_max = 64 * 1024;

 private:
  struct PerLoop;
  std::vector<std::unique_ptr<PerLoop>> loops_;
  std::uint64_t (*random_)(void*);
  void* random_context_;
};

}  // namespace payswitch::daemon::ledger
