// Suites over one real daemon in development mode, started once per suite.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "support/bank_client.h"
#include "support/daemon_process.h"

namespace payswitch::test {

class ApiSuite : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (const char* path = std::getenv("PSW_RECORD")) HttpClient::record_to(path);
    daemon_ = std::make_unique<DaemonProcess>();
    started_ = daemon_->start();  // asserted in SetUp: a suite whose own set-up fails is *skipped*, and that would pass
  }
  static void TearDownTestSuite() {
    daemon_.reset();
    HttpClient::record_to("");
  }
  void SetUp() override { ASSERT_TRUE(started_); }

  static std::uint16_t port() { return daemon_->port(); }
  BankClient api{daemon_ ? daemon_->port() : std::uint16_t{0}};

  static inline bool started_ = false;
  static inline std::unique_ptr<DaemonProcess> daemon_;
};

// Runs `work(index)` on n threads at once and waits.
inline void at_once(int n, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < n; ++i) threads.emplace_back([&work, i] { work(i); });
  for (auto& thread : threads) thread.join();
}

}  // namespace payswitch::test
