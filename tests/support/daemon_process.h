// A real payswitchd for tests: a folder of its own, free ports, started, killed and started again.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_client.h"

namespace payswitch::test {

struct DaemonOptions {
  std::string auth_mode = "development";
  std::string cash_allow = "owner";
  std::string extra;        // TOML appended to the file
  std::string environment;  // one NAME=value, or empty
  std::string wrapper;      // a program and its arguments put in front ("faketime …"), or empty
  std::string bank = "mj";  // whose daemon this is; its accounts begin with it
  std::string control = {}; // further lines of [control]
};

// What few tests need.
struct DaemonSurroundings {
  std::vector<std::string> plugins = {};  // files NAME.so copied into a folder of this daemon's own, from the plugins and the fixtures; none: the plugin folder itself
  bool public_tls = false;                // the public listener speaks TLS: `extra` has its [listen.public.tls]
  std::vector<std::string> environment = {};  // NAME=value
};

class DaemonProcess {
 public:
  explicit DaemonProcess(DaemonOptions options = {}, DaemonSurroundings surroundings = {});
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
  std::string plugin_folder() const;
  std::string config_file() const { return folder_ + "/payswitch.toml"; }
  std::string control_socket() const { return folder_ + "/control.sock"; }

  // payswitchctl with these arguments on this daemon's socket: its exit status, and what it printed (both streams).
  int ctl(const std::string& arguments, std::string& output) const;
  // payswitchd --check-config with further options: its exit status, and what it printed (both streams).
  int check_config(const std::string& options, std::string& output) const;
  // One request line to the control socket, its answer line; empty when there is none.
  std::string control(std::string_view request) const;

  static std::string read_file(const std::string& path);
  // Below the ports that the system gives to outgoing connections: a daemon that was killed finds its own free when it starts again.
  static std::uint16_t free_port();

 private:
  DaemonOptions options_;
  DaemonSurroundings around_;
  std::string folder_;
  std::uint16_t port_ = 0, admin_port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace payswitch::test
