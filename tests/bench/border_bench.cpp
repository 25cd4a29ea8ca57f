// What crossing the border costs, through the real plugin host. Prints one JSON object.
//   op PLUGIN_DIRECTORY SECONDS     host and plugin on one thread: op_ns is what one turn costs per operation, that is take() of a batch of 64,
//                                   the plugin, which only fills in full decision records, and complete(), which copies each into the call's own
//                                   memory; path_ns adds acquire, submit, deadline, hand-over and completion
//   hop PLUGIN_DIRECTORY SECONDS    the lane has a thread of its own: hop_ns is CPU of the whole process per operation, from acquire to
//                                   completion, in batches of 64, both sides asleep in between when there is nothing to do
//   load FILE…                      load_10_ms: ten files of their own (copies of those named, in turn) from file policy to descriptor
// Both figures in nanoseconds are medians of slices of a few milliseconds: a slice in which something else ran on this core does not count.
#include <payswitch/str.h>

#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "base/event_fd.h"
#include "bench/single_host.h"
#include "plugin_host/options.h"

namespace {

using namespace payswitch;
using clock_type = std::chrono::steady_clock;
using daemon::plugin_host::Participant;

constexpr std::uint64_t batch = 64;
constexpr std::uint64_t batches_per_slice = 256;

struct Counted {
  std::uint64_t done = 0, applied = 0;
};

void completed(void* context, const psw_reply& reply) {
  auto& counted = *static_cast<Counted*>(context);
  ++counted.done;
  const auto* decision = static_cast<const psw_decision*>(reply.body);
  if (reply.outcome == PSW_APPLIED && decision != nullptr && decision->payee.size == 9) ++counted.applied;
}

bool submit_batch(Participant& to, std::uint64_t& asked, std::uint64_t call_deadline_ns, Counted& counted) {
  for (std::uint64_t i = 0; i < batch; ++i) {
    auto* call = to.acquire(0);
    if (call == nullptr) return false;
    auto* credit = new (call->arena().allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
    credit->size = sizeof *credit;
    std::memcpy(credit->op_id.b, &asked, sizeof asked);
    credit->payer = str("mj-1000001");
    credit->payee = str("jh-100002");
    credit->money = {15000, {'K', 'R', 'W', 0}, 0};
    call->op = psw_op{};
    call->op.kind = PSW_OP_CREDIT;
    call->op.call_deadline_ns = call_deadline_ns;
    call->op.body = credit;
    call->completion = {completed, &counted};
    to.submit(0, call);
    ++asked;
  }
  return true;
}

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double ns_since(clock_type::time_point start) { return std::chrono::duration<double, std::nano>(clock_type::now() - start).count(); }

double process_cpu_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

int wrong(const Counted& counted, std::uint64_t asked) {
  std::fprintf(stderr, "border_bench: %llu of %llu applied\n", static_cast<unsigned long long>(counted.applied), static_cast<unsigned long long>(asked));
  return 1;
}

int op(const char* directory, double seconds) {
  bench::SingleHost host(directory, "border_echo", std::make_shared<daemon::plugin_host::FlatOptions>(), "jh");
  const daemon::SystemClock clock;
  Counted counted;
  std::uint64_t asked = 0;
  std::vector<double> turns, paths;
  const auto start = clock_type::now();
  while (ns_since(start) < seconds * 1e9) {
    double turning = 0;
    const auto slice = clock_type::now();
    for (std::uint64_t i = 0; i < batches_per_slice; ++i) {
      if (!submit_batch(*host.participant, asked, clock.monotonic_ns() + 5'000'000'000, counted)) return wrong(counted, asked);
      host.hand_over();
      const auto before = clock_type::now();
      host.turn();
      turning += ns_since(before);
      host.hand_over();
    }
    paths.push_back(ns_since(slice) / (batch * batches_per_slice));
    turns.push_back(turning / (batch * batches_per_slice));
  }
  if (counted.applied != asked) return wrong(counted, asked);
  std::printf("{\"count\": %llu, \"op_ns\": %.2f, \"path_ns\": %.2f}\n", static_cast<unsigned long long>(asked), median(turns), median(paths));
  return 0;
}

// A loop that sleeps until the host wakes it.
class SleepingLoop final : public daemon::plugin_host::LoopPort {
 public:
  void wake() noexcept override {
    woken_.store(true, std::memory_order_seq_cst);
    event_.notify();
  }
  void sleep() noexcept {
    if (event_.announce_sleep([this] { return !woken_.load(std::memory_order_seq_cst); })) event_.wait(100);
    event_.awake();
    woken_.store(false, std::memory_order_seq_cst);
  }

 private:
  std::atomic<bool> woken_{false};
  daemon::EventFd event_;
};

int hop(const char* directory, double seconds) {
  SleepingLoop loop;
  bench::SingleHost host(directory, "border_echo", std::make_shared<daemon::plugin_host::FlatOptions>(), "jh", &loop);
  const daemon::SystemClock clock;
  Counted counted;
  std::uint64_t asked = 0;
  std::vector<double> hops;
  const auto start = clock_type::now();
  while (ns_since(start) < seconds * 1e9) {
    const double before = process_cpu_ns();
    for (std::uint64_t i = 0; i < batches_per_slice; ++i) {
      if (!submit_batch(*host.participant, asked, clock.monotonic_ns() + 5'000'000'000, counted)) return wrong(counted, asked);
      host.hand_over();
      while (counted.done < asked) {
        loop.sleep();
        host.hand_over();
      }
    }
    hops.push_back((process_cpu_ns() - before) / (batch * batches_per_slice));
  }
  if (counted.applied != asked) return wrong(counted, asked);
  std::printf("{\"count\": %llu, \"hop_ns\": %.2f}\n", static_cast<unsigned long long>(asked), median(hops));
  return 0;
}

int load(std::span<char*> files) {
  namespace fs = std::filesystem;
  constexpr int plugins = 10;
  std::string directory = (fs::temp_directory_path() / "psw-border-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) return std::perror("border_bench: mkdtemp"), 1;
  for (int i = 0; i < plugins; ++i) {
    const std::string copy = directory + "/plugin" + std::to_string(i) + ".so";
    fs::copy_file(files[static_cast<std::size_t>(i) % files.size()], copy);
    ::chmod(copy.c_str(), 0644);
  }
  double ms = 0;
  {
    SleepingLoop loop;
    const daemon::SystemClock clock;
    daemon::Logger log(clock, std::make_unique<daemon::MemorySink>(), daemon::Severity::warning);
    daemon::Registry metrics;
    daemon::plugin_host::PluginHost host({.plugin_directory = directory, .threads = false}, {.clock = &clock, .loops = {&loop}, .log = &log, .metrics = &metrics});
    const auto start = clock_type::now();
    for (int i = 0; i < plugins; ++i) {
      const auto opened = host.open("plugin" + std::to_string(i));
      if (!opened.ok()) return std::fprintf(stderr, "border_bench: %s\n", opened.error().message.c_str()), 1;
    }
    ms = ns_since(start) / 1e6;
  }
  fs::remove_all(directory);
  std::printf("{\"count\": %d, \"load_10_ms\": %.2f}\n", plugins, ms);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "op" && argc == 4) return op(argv[2], std::strtod(argv[3], nullptr));
  if (what == "hop" && argc == 4) return hop(argv[2], std::strtod(argv[3], nullptr));
  if (what == "load" && argc > 2) return load(std::span(argv + 2, static_cast<std::size_t>(argc - 2)));
  std::fprintf(stderr, "usage: border_bench op|hop PLUGIN_DIRECTORY SECONDS | load FILE...\n");
  return 2;
}
