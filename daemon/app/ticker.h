// A repeating timer on a loop.
#pragma once

#include <chrono>
#include <memory>

#include "net/loop.h"

namespace payswitch::daemon::app {

// Made before the loop runs or on it; destroyed on it or after it stopped. The first tick comes after one interval; a late tick is
// not made up for.
class Ticker {
 public:
  Ticker(net::Loop& loop, std::chrono::milliseconds interval, net::Callback tick);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace payswitch::daemon::app
