// The disk below a real daemon: full, then not; failing, then replaced.
#include <gtest/gtest.h>

#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/bank_client.h"
#include "support/daemon_process.h"

namespace payswitch::test {
namespace {

namespace fs = std::filesystem;

class Disk : public ::testing::Test {
 protected:
  Disk() : room_(fs::temp_directory_path() / ("disk_" + std::to_string(::getpid()))) { fs::create_directories(room_); }
  ~Disk() override {
    if (mounted_) ::umount2(room_.c_str(), MNT_DETACH);
    fs::remove_all(room_);
    fs::remove_all(room_ + ".lost");
  }
  // The ledger lives in room_/books, in small segments.
  void configure(const DaemonProcess& daemon) const {
    std::string config = DaemonProcess::read_file(daemon.config_file());
    const std::string directory = "directory = \"" + daemon.folder() + "/books\"";
    config.replace(config.find(directory), directory.size(), "directory = \"" + room_ + "/books\", segment_size = \"64KiB\"");
    std::ofstream(daemon.config_file()) << config;
  }

  std::string room_;
  bool mounted_ = false;
};

TEST_F(Disk, A19_a_full_file_system_is_503_reads_go_on_and_service_resumes_by_itself) {
  if (::mount("tmpfs", room_.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "mounting a small file system needs root";
  mounted_ = true;
  std::ofstream(room_ + "/ballast") << std::string(512 * 1024, 'b');
  DaemonProcess daemon;
  configure(daemon);
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  const std::string a = api.open();
  std::int64_t paid = 0;
  Reply last;
  std::string key;
  for (int i = 0; i != 5000; ++i) {
    key = BankClient::new_key();
    last = api.deposit(a, 1, key);
    if (last.status() != 201) break;
    ++paid;
  }
  EXPECT_EQ(last.status(), 503) << last.http.body;
  EXPECT_EQ(last.code(), "read_only") << last.http.body;
  EXPECT_GT(paid, 10);
  EXPECT_EQ(api.balance(a), paid) << "reads work";
  EXPECT_EQ(api.deposit(a, 1).status(), 503);
  EXPECT_EQ(api.balance(a), paid) << "what was refused did nothing";
  // The ledger's lane tells it at its next turn, which may come after the answer.
  for (int i = 0; i != 100 && daemon.log().find("PSW-LOCAL-006") == std::string::npos; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_NE(daemon.log().find("PSW-LOCAL-006"), std::string::npos);

  fs::remove(room_ + "/ballast");
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    last = api.deposit(a, 1, key);  // the one that was refused, under its own key
  } while (last.status() == 503 && std::chrono::steady_clock::now() < end);
  EXPECT_EQ(last.status(), 201) << last.http.body;
  EXPECT_EQ(api.deposit(a, 1).status(), 201);
  EXPECT_EQ(api.balance(a), paid + 2);
  EXPECT_NE(daemon.log().find("PSW-LOCAL-008"), std::string::npos);
  EXPECT_EQ(daemon.terminate(), 0);
  ASSERT_TRUE(daemon.start());
  EXPECT_EQ(BankClient(daemon.port()).balance(a), paid + 2);
  daemon.terminate();
}

TEST_F(Disk, A20_an_io_error_on_sync_ends_the_daemon_with_74_and_the_next_start_recovers) {
  const std::string broken = room_ + "/broken";
  DaemonProcess daemon({}, {.plugins = {},
                            .public_tls = false,
                            .environment = {"LD_PRELOAD=" PSW_POWER_CUT_SHIM, "PSW_POWER_CUT_DIR=" + room_ + "/books", "PSW_POWER_CUT_EIO=" + broken}});
  configure(daemon);
  ASSERT_TRUE(daemon.start());
  std::string a;
  const std::string key = BankClient::new_key();
  {
    BankClient api(daemon.port());
    a = api.open();
    ASSERT_EQ(api.deposit(a, 100).status(), 201);
    std::ofstream(broken) << "yes";
    const Reply lost = api.deposit(a, 7, key);
    EXPECT_NE(lost.status(), 201) << "nobody may be told that it is done";
    EXPECT_TRUE(lost.status() == 0 || lost.code() == "outcome_unknown") << lost.status() << ' ' << lost.http.body;
  }
  EXPECT_EQ(daemon.wait_for_exit(20), 74) << daemon.log();
  EXPECT_NE(daemon.log().find("PSW-LOCAL-005"), std::string::npos);
  fs::remove(broken);
  ASSERT_TRUE(daemon.start());
  BankClient api(daemon.port());
  EXPECT_GE(api.balance(a), 100);
  const Reply again = api.deposit(a, 7, key);  // a definite answer, whatever the disk kept
  EXPECT_TRUE(again.status() == 201 || again.status() == 200) << again.http.body;
  EXPECT_EQ(api.balance(a), 107);
  EXPECT_EQ(daemon.terminate(), 0);
}

}  // namespace
}  // namespace payswitch::test
