// Named failpoints: places where a test makes this process die, fail or wait. Compiled in only with PSW_MUTANTS, as planted bugs are; a
// release contains neither code nor names. The list with what each of them stands for is docs/internals/failpoints.md.
//
//   if (PSW_FAILPOINT("ledger.sync")) return EIO;     true: the place is to fail as this statement says
//   (void)PSW_FAILPOINT("saga.replied");              a place that can only die or wait
//
// The file that the environment variable PSW_FAILPOINTS names says what is armed, one line each, and may be replaced (by rename) at any
// time, also before the process is up:
//
//   NAME=kill | error | throw | delay:MILLISECONDS  [@n]  [*times]
//
// kill: SIGKILL, no destructor runs. error: true to the code around. throw: an exception. delay: this thread sleeps. @n: not before the n-th time it is
// reached after the file came (1). *times: at most so often (for ever). What was reached, and what was done, is appended to FILE.hits.
// Each shared object counts by itself; a name stands in one of them. Any thread.
#pragma once

#ifdef PSW_MUTANTS

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace payswitch::failpoints {

class Table {
 public:
  explicit Table(const char* file) : file_(file) {}

  // True: fail.
  bool reached(std::string_view name) {
    long delay_ms = 0;
    {
      const std::lock_guard guard(mutex_);
      load();
      if (seen_.emplace(name).second) tell(name, "reached");
      const auto found = rules_.find(name);
      if (found == rules_.end()) return false;
      Rule& rule = found->second;
      if (++rule.count < rule.from || rule.times == 0) return false;
      if (rule.times > 0) --rule.times;
      tell(name, rule.action);
      if (rule.action == "kill") raise(SIGKILL);
      if (rule.action == "error") return true;
      if (rule.action == "throw") throw std::runtime_error("failpoint " + std::string(name));
      if (rule.action == "delay") delay_ms = rule.delay_ms;
    }
    const timespec time{delay_ms / 1000, delay_ms % 1000 * 1'000'000};
    nanosleep(&time, nullptr);
    return false;
  }

 private:
  struct Rule {
    std::string action;
    long from = 1, count = 0, times = -1, delay_ms = 0;
  };

  void load() {
    struct stat now {};
    if (stat(file_.c_str(), &now) != 0) now = {};
    if (now.st_ino == inode_ && now.st_mtim.tv_sec == time_.tv_sec && now.st_mtim.tv_nsec == time_.tv_nsec) return;
    inode_ = now.st_ino;
    time_ = now.st_mtim;
    rules_.clear();
    std::ifstream in(file_);
    for (std::string line; std::getline(in, line);) {
      const auto equals = line.find('=');
      if (equals == std::string::npos) continue;
      const auto end = line.find_first_of(":@*", equals);
      Rule rule;
      rule.action = line.substr(equals + 1, end == std::string::npos ? end : end - equals - 1);
      for (auto at = end; at != std::string::npos; at = line.find_first_of(":@*", at + 1)) {
        const long number = std::atol(line.c_str() + at + 1);
        (line[at] == ':' ? rule.delay_ms : line[at] == '@' ? rule.from : rule.times) = number;
      }
      rules_[line.substr(0, equals)] = rule;
    }
  }

  void tell(std::string_view name, std::string_view what) const {
    const std::string line = std::string(name) + " " + std::string(what) + "\n";
    const int fd = open((file_ + ".hits").c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return;
    [[maybe_unused]] const auto written = write(fd, line.data(), line.size());
    close(fd);
  }

  std::mutex mutex_;
  const std::string file_;
  ino_t inode_ = 0;
  timespec time_{};
  std::map<std::string, Rule, std::less<>> rules_;
  std::set<std::string, std::less<>> seen_;
};

// Never destroyed: threads may reach a failpoint while the process ends.
inline bool reached(std::string_view name) {
  static Table* const table = std::getenv("PSW_FAILPOINTS") != nullptr ? new Table(std::getenv("PSW_FAILPOINTS")) : nullptr;
  return table != nullptr && table->reached(name);
}

}  // namespace payswitch::failpoints

#define PSW_FAILPOINT(name) (::payswitch::failpoints::reached(name))
#else
#define PSW_FAILPOINT(name) false
#endif
