// Two or more real daemons, each a bank with a ledger of its own, joined by peer_http: mutual TLS, signed requests and answers. They are
// made stopped; start(), kill() and start() again work on the same ledger, ports and keys.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/daemon_process.h"

namespace payswitch::test {

struct PeerBanksOptions {
  std::vector<std::string> codes = {"mj", "jh"};
  std::string receive_limit = "1000000000000000", exposure = "1000000000000000";  // KRW, of every bank about every other
  std::string in_doubt = "KRW = \"1000000000000000\", count = 100000";               // members of [bank.x.in_doubt]
  std::string connector = "call_deadline = \"2s\"\n";                                 // further lines of each [[connector]] to a bank
  std::string options = {};                                                             // further members of its options: ", timeout = \"1s\""
  std::string extra = {};                                                               // further TOML of each daemon
  // Where bank `us` looks for bank `them`, "host:port"; without it the port that `them` listens on. For a proxy between the two.
  std::function<std::string(const std::string& us, const std::string& them, std::uint16_t port)> address = {};
  // Given the whole configuration of one bank, what the test would have otherwise. May be empty.
  std::function<void(const std::string& code, DaemonOptions& options)> adjust = {};
};

class PeerBanks {
 public:
  explicit PeerBanks(PeerBanksOptions options = {});
  ~PeerBanks();
  PeerBanks(const PeerBanks&) = delete;
  PeerBanks& operator=(const PeerBanks&) = delete;

  std::size_t size() const noexcept { return banks_.size(); }
  DaemonProcess& daemon(std::size_t bank) noexcept { return *banks_[bank].daemon; }
  const std::string& code(std::size_t bank) const noexcept { return options_.codes[bank]; }
  std::uint16_t peer_port(std::size_t bank) const noexcept { return banks_[bank].peer_port; }
  // Certificate, key and signing key of the bank, and the authority, as files: CODE.crt, CODE.key, CODE.pem, ca.crt.
  const std::string& papers() const noexcept { return folder_; }
  bool start_all();
  // All of them together: the exit statuses of the ends, worst first (0 when all is well).
  int terminate_all();

 private:
  struct Bank {
    std::uint16_t peer_port = 0;
    std::string spki, key;  // as the other's configuration names them
    std::unique_ptr<DaemonProcess> daemon;
  };
  std::string configuration(std::size_t bank) const;

  PeerBanksOptions options_;
  std::string folder_;
  std::vector<Bank> banks_;
};

}  // namespace payswitch::test
