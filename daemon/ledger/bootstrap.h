// Makes a ledger fit for the configuration, once at start, before any money: compares the stored identity (bank, prefix, currencies,
// banks), opens the system accounts that are missing, makes the key that references are tagged with. Idempotent; two daemons may do it
// at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "ledger/client.h"

namespace payswitch::daemon::ledger {

inline constexpr std::string_view reference_key_kv = "switch/reference-key";

struct BootstrapResult {
  std::vector<std::string> errors;  // empty: the daemon may start
  bool contradiction = false;       // the errors are the configuration's: starting again would not help
  psw_history ledger{};             // id, epoch, position
  std::string reference_key;        // 32 bytes
  std::vector<std::string> forced;  // banks with open transfers and without a connector; errors, unless the start is forced
};

class Bootstrap {
 public:
  using Done = void (*)(void* context, const BootstrapResult& result);
  // `force`: the daemon may start although transfers are open at a bank that no connector leads to. `random`: 64 random bits a call. Everything is borrowed until `done` was called, on the client's loop.
  Bootstrap(Client& client, const config::Config& config, std::uint64_t (*random)(void*), void* random_context, bool force = false)
      : client_(client), config_(config), random_(random), random_context_(random_context), force_(force) {}
  void run(Done done, void* context);

 private:
  void ask_hello();
  void got_hello(const ReadReply& reply);
  void got_identity(const ReadReply& reply);
  void got_reference_key(const ReadReply& reply);
  void ask_accounts();
  void got_accounts(const ReadReply& reply);
  void write();
  void written(const WriteReply& reply);
  void ask_open();
  void got_open(const ReadReply& reply);
  void fail(std::string text);
  void finish();

  Client& client_;
  const config::Config& config_;
  std::uint64_t (*random_)(void*);
  void* random_context_;
  const bool force_;
  Done done_ = nullptr;
  void* context_ = nullptr;
  BootstrapResult result_;
  std::string identity_;             // as it is to be stored
  std::string stored_identity_;
  std::uint64_t identity_version_ = 0, reference_key_version_ = 0;
  std::vector<std::string> present_; // system accounts
  std::string after_;
  std::vector<std::string> unreached_;  // banks that no connector leads to, still to be looked at
  int tries_ = 0;
};

}  // namespace payswitch::daemon::ledger
