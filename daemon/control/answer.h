// How an answer finds its way back to the control thread. Inner to control/.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/event_fd.h"
#include "base/log.h"
#include "control/server.h"

namespace payswitch::daemon::control {

struct Finished {
  std::uint64_t connection;
  std::string line;
};

// From any thread to the control thread. Bounded by its use: one open request a connection.
class Mailbox {
 public:
  void put(Finished finished);
  std::vector<Finished> take();
  bool empty();
  void close();
  bool closed();
  EventFd& event() noexcept { return event_; }

 private:
  std::mutex mutex_;  // a few commands a second at most
  std::vector<Finished> finished_;
  bool closed_ = false;
  EventFd event_;
};

struct Answer::State {
  std::uint64_t connection = 0;
  Request request;
  Logger* logger = nullptr;
  std::shared_ptr<Mailbox> mailbox;  // shared: an answer may come after the server is gone
  std::atomic<bool> done{false};

  // False if it was answered before.
  bool finish(std::string_view outcome, std::string line);
  ~State();
};

}  // namespace payswitch::daemon::control
