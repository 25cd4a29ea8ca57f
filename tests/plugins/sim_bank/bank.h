// A simulated bank on a fake host, with the verbs of a test.
#pragma once

#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/gateway_driver.h>
#include <payswitch/testing/plugin_file.h>

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace payswitch::sim_bank::test {

using namespace payswitch::testing;

struct Bank {
  explicit Bank(std::initializer_list<std::pair<const char*, const char*>> options = {}) {
    host.option("@bank", "jh");
    // A store per test: the memory of a simulated bank belongs to the process.
    host.option("store", std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
    for (const auto& [path, value] : options) host.option(path, value);
    const std::string complaint = host.load(type_of(load_plugin(SIM_BANK_FILE), "sim_bank"), "jh-sim");
    if (!complaint.empty()) throw std::runtime_error(complaint);
  }
  ManualClock clock;
  FakeHost host{clock};
  GatewayDriver drive{host};
};

}  // namespace payswitch::sim_bank::test
