// The served side of payswitchctl: a Unix socket, one thread of its own, so that it answers while the loops are busy.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "config/commands.h"
#include "config/config.h"

namespace payswitch::daemon {
class Clock;
class Logger;
}

namespace payswitch::daemon::control {

// Who is on the other end (SO_PEERCRED at connect).
struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

struct Request {
  const config::CommandSpec* command = nullptr;
  std::map<std::string, std::string, std::less<>> arguments;  // checked against the table; a given flag is "true"
  Peer peer;
  config::ControlRole role = config::ControlRole::none;
  std::string actor;  // "uid:1000", for records and audit

  // The argument, or `otherwise`.
  std::string_view argument(std::string_view name, std::string_view otherwise = {}) const;
  bool flag(std::string_view name) const { return argument(name) == "true"; }
};

// The way back of one request. Copyable; the first answer counts, from any thread, and the audit line is written with it. When
// every copy is gone without one, the client gets `internal`.
class Answer {
 public:
  void ok(std::string result_json) const;
  // `code` is one of config::control_error_codes().
  void fail(std::string_view code, std::string_view message) const;

  struct State;
  explicit Answer(std::shared_ptr<State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<State> state_;  // shared between a handler's callbacks; control is no hot path
};

// Called on the control thread; must not block. What takes longer keeps a copy of the answer.
using Handler = std::function<void(const Request&, Answer)>;

class Server {
 public:
  static constexpr std::uint32_t connections_max = 64;    // above: closed at once
  static constexpr std::uint64_t idle_ms_max = 30'000;    // without a whole request line, or with an answer nobody reads: closed
  static constexpr std::uint64_t answer_ms_max = 60'000;  // then the client gets `timeout`; the work goes on

  // Clock and logger outlive the server.
  Server(const config::Control& options, const Clock& clock, Logger& logger);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before start(). The name must stand in config::commands(); one handler each. A command without one answers `not_available`.
  void on(std::string_view command, Handler handler);
  // Binds (a stale socket file is replaced, a live one is an error), sets the mode, starts the thread.
  Result<void> start();
  // Closes everything and joins. Idempotent.
  void stop();

  // The role of these credentials: the highest of all grants that fit, supplementary groups not counted.
  config::ControlRole role_of(const Peer& peer) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace payswitch::daemon::control
