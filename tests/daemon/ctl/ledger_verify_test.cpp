// `payswitchctl ledger verify DIRECTORY` over a ledger that the plugin itself made.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ctl/run.h"
#include "plugin_host/host.h"

namespace payswitch::daemon::ctl {
namespace {

class Asleep final : public plugin_host::LoopPort {
 public:
  void wake() noexcept override {}
};

class LedgerVerify : public testing::Test {
 protected:
  LedgerVerify() {
    char name[] = "/tmp/psw_verify_XXXXXX";
    folder_ = ::mkdtemp(name);
    books_ = folder_ + "/books";
    make_ledger();
  }
  ~LedgerVerify() override { std::filesystem::remove_all(folder_); }

  void make_ledger() {
    SystemClock clock;
    Logger logger(clock, std::make_unique<MemorySink>());
    Registry metrics;
    Asleep loop;
    plugin_host::HostParts parts;
    parts.clock = &clock;
    parts.loops = {&loop};
    parts.log = &logger;
    parts.metrics = &metrics;
    plugin_host::HostSettings settings;
    settings.plugin_directory = PSW_PLUGIN_DIR;
    settings.threads = false;
    settings.allow_foreign_files = true;
    plugin_host::PluginHost host(settings, parts);
    auto options = std::make_shared<plugin_host::FlatOptions>();
    options->text("directory", books_).integer("sync", 1).integer("segment_size", 64 * 1024);
    plugin_host::ConnectorSettings ledger;
    ledger.name = "books";
    ledger.plugin = "local_ledger";
    ledger.options = options;
    const auto added = host.add(ledger);
    ASSERT_TRUE(added.ok()) << added.error().message;
    const auto started = host.start();
    ASSERT_TRUE(started.ok()) << started.error().message;
    host.stop();
  }

  int verify(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"--plugins", PSW_PLUGIN_DIR, "ledger", "verify", books_};
    words.insert(words.end(), more.begin(), more.end());
    std::ostringstream out, err;
    const int status = run(words, out, err);
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  // Names, sizes and bytes of all files.
  std::string contents() const {
    std::ostringstream out;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(books_)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) out << file << ":" << std::ifstream(file).rdbuf() << "\n";
    return out.str();
  }

  std::string folder_, books_, out_, err_;
};

}  // namespace

TEST_F(LedgerVerify, an_intact_ledger_is_ok_and_not_a_byte_of_it_changes) {
  const std::string before = contents();
  EXPECT_EQ(verify(), 0) << err_;
  EXPECT_NE(out_.find("ok:"), std::string::npos) << out_;
  EXPECT_EQ(verify({"--json"}), 0);
  EXPECT_TRUE(out_.starts_with("{\"ok\":true,\"result\":{")) << out_;
  EXPECT_EQ(contents(), before);
}

TEST_F(LedgerVerify, a_damaged_ledger_is_unhealthy_and_the_file_is_named) {
  for (const auto& entry : std::filesystem::directory_iterator(books_)) {
    if (entry.path().filename() != "ledger") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\xff');
  }
  const int status = verify();
  EXPECT_TRUE(status == 5 || status == 7) << status;
  EXPECT_NE(err_.find(books_), std::string::npos) << err_;
}

TEST_F(LedgerVerify, a_folder_without_a_ledger_is_refused) {
  std::filesystem::remove_all(books_);
  std::filesystem::create_directory(books_);
  EXPECT_NE(verify(), 0);
  EXPECT_TRUE(std::filesystem::is_empty(books_)) << "a look makes no ledger";
}

TEST_F(LedgerVerify, another_plugin_is_no_ledger) {
  EXPECT_EQ(verify({"--plugin", "sim_bank"}), 10);
  EXPECT_NE(err_.find("is no ledger"), std::string::npos) << err_;
}

}  // namespace payswitch::daemon::ctl
