// Keeps the table of API keys at most a second old: reads "apikey/" from the ledger again and again, on one loop.
#pragma once

#include <string>
#include <vector>

#include "app/random.h"
#include "app/ticker.h"
#include "auth/credentials.h"
#include "base/clock.h"
#include "base/log.h"
#include "ledger/client.h"

namespace payswitch::daemon::app {

class KeyReader {
 public:
  // All outlive it; made and destroyed on the loop of the client.
  KeyReader(net::Loop& loop, ledger::Client& client, auth::KeyStore& store, const Clock& clock, Logger& logger);

  // Now, not only at the next tick: after a key was made or revoked. On the loop.
  void refresh();

 private:
  static constexpr std::uint32_t page_rows = 500;

  void ask();
  void got(const ledger::ReadReply& reply);
  void failed();

  ledger::Client& client_;
  auth::KeyStore& store_;
  const Clock& clock_;
  Logger& logger_;
  LogThrottle throttle_{10'000'000'000};
  std::vector<auth::ApiKey> keys_;
  std::string after_;
  std::uint64_t started_ns_ = 0;
  bool running_ = false, again_ = false;
  Ticker ticker_;
};

}  // namespace payswitch::daemon::app
