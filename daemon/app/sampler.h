// Figures that are not counted where they happen: what coordinators are doing, whether the books balance, what the process is.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/loop_room.h"
#include "app/ticker.h"
#include "app/waiting_list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ledger/client.h"

namespace payswitch::daemon::app {

// Reads the ledger's totals and what is in doubt and what is to be repaired on the first loop, every few seconds; all else is read when scraped.
class Sampler {
 public:
  // All outlive it (the registry's gauges read the rooms for as long as they live). Made and destroyed on the loop of the first room.
  Sampler(std::vector<std::unique_ptr<LoopRoom>>& rooms, Registry& metrics, const Clock& clock, Logger& logger, WaitingList& waiting);

 private:
  static constexpr std::uint32_t rows_max = 500;  // a count of rows_max means that many or more

  // Money of one currency that waits for something.
  struct Doubt {
    std::int64_t minor = 0;
    Gauge* gauge = nullptr;
  };

  void sample();
  template <auto Method, class Fill>
  void ask(bool& running, ledger::ReadWhat what, Fill fill);
  void got_totals(const ledger::ReadReply& reply);
  void got_in_doubt(const ledger::ReadReply& reply);
  void got_repairs(const ledger::ReadReply& reply);

  ledger::Client& client_;
  Registry& metrics_;
  const Clock& clock_;
  Logger& logger_;
  WaitingList& waiting_;
  bool totals_running_ = false, doubt_running_ = false, repairs_running_ = false, unbalanced_ = false;
  std::map<std::string, Gauge*, std::less<>> imbalance_;
  std::map<std::string, Doubt, std::less<>> in_doubt_minor_, repairs_minor_;
  Gauge& in_doubt_;
  Gauge& in_doubt_oldest_;
  Gauge& attention_;
  Gauge& repairs_;
  Gauge& repairs_oldest_;
  Ticker ticker_;
};

}  // namespace payswitch::daemon::app
