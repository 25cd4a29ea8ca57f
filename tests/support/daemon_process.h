// A real payswitchd for tests: a folder of its own, free ports, started, killed and started again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "support/http_client.h"

namespace payswitch::test {

struct DaemonOptions {
  std::string auth_mode = "development";
  std::string cash_allow = "owner";
  std::string extra;        // TOML appended to the file
  std::string environment;  // one NAME=value, or empty
  std::string wrapper;      // a program and its arguments put in front ("faketime …"), or empty
};

class DaemonProcess {
 public:
  explicit DaemonProcess(DaemonOptions options = {});
  ~DaemonProcess();
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;

  // Until /readyz answers 200; false (with the log on stderr) after 30 s or when the process ended.
  bool start();
  // Starts the process and does not wait for it to be ready.
  void launch();
  // SIGKILL, and wait for the end.
  void kill();
  // SIGTERM, and wait; the exit status, or −signal.
  int terminate();
  // The exit status of a process that ends by itself, or −1000 after the time.
  int wait_for_exit(int seconds);

  std::uint16_t port() const noexcept { return port_; }
  std::uint16_t admin_port() const noexcept { return admin_port_; }
  pid_t pid() const noexcept { return pid_; }
  const std::string& folder() const noexcept { return folder_; }
  std::string log() const;  // everything written so far
  std::string config_file() const { return folder_ + "/payswitch.toml"; }
  std::string control_socket() const { return folder_ + "/control.sock"; }

  // One request line to the control socket, its answer line; empty when there is none.
  std::string control(std::string_view request) const;

  static std::string read_file(const std::string& path);
  static std::uint16_t free_port();

 private:
  DaemonOptions options_;
  std::string folder_;
  std::uint16_t port_ = 0, admin_port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace payswitch::test
