// What crossing the border costs: credits in batches of 64 through the real plugin host, one thread, answered by a plugin that only
// fills in a full decision record. Prints one JSON object: op_ns is take, plugin and complete (the reply with its record copied
// into the call's own memory); path_ns adds acquire, submit, deadline, hand-over and completion.
// usage: border_bench PLUGIN_DIRECTORY SECONDS
#include <payswitch/str.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/single_host.h"
#include "plugin_host/options.h"

namespace {

using namespace payswitch;
using clock_type = std::chrono::steady_clock;

constexpr std::uint64_t batch = 64;

struct Counted {
  std::uint64_t done = 0, applied = 0;
};

void completed(void* context, const psw_reply& reply) {
  auto& counted = *static_cast<Counted*>(context);
  ++counted.done;
  const auto* decision = static_cast<const psw_decision*>(reply.body);
  if (reply.outcome == PSW_APPLIED && decision != nullptr && decision->payee.size == 9) ++counted.applied;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: border_bench PLUGIN_DIRECTORY SECONDS\n");
    return 2;
  }
  bench::SingleHost host(argv[1], "border_echo", std::make_shared<daemon::plugin_host::FlatOptions>(), "jh");
  const std::chrono::duration<double> length(std::strtod(argv[2], nullptr));
  const daemon::SystemClock clock;
  Counted counted;
  std::uint64_t asked = 0;
  clock_type::duration turning{};
  const auto start = clock_type::now();
  while (clock_type::now() - start < length) {
    const std::uint64_t call_deadline = clock.monotonic_ns() + 5'000'000'000;
    for (std::uint64_t i = 0; i < batch; ++i) {
      auto* call = host.participant->acquire(0);
      if (call == nullptr) return std::fprintf(stderr, "border_bench: no free call\n"), 1;
      auto* credit = new (call->arena().allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
      credit->size = sizeof *credit;
      std::memcpy(credit->op_id.b, &asked, sizeof asked);
      credit->payer = str("mj-1000001");
      credit->payee = str("jh-100002");
      credit->money = {15000, {'K', 'R', 'W', 0}, 0};
      call->op = psw_op{};
      call->op.kind = PSW_OP_CREDIT;
      call->op.call_deadline_ns = call_deadline;
      call->op.body = credit;
      call->completion = {completed, &counted};
      host.participant->submit(0, call);
      ++asked;
    }
    host.hand_over();
    const auto before = clock_type::now();
    host.turn();
    turning += clock_type::now() - before;
    host.hand_over();
  }
  const std::chrono::duration<double, std::nano> all = clock_type::now() - start, turns = turning;
  if (counted.applied != asked) return std::fprintf(stderr, "border_bench: %llu of %llu applied\n", static_cast<unsigned long long>(counted.applied), static_cast<unsigned long long>(asked)), 1;
  std::printf("{\"count\": %llu, \"op_ns\": %.2f, \"path_ns\": %.2f}\n", static_cast<unsigned long long>(asked),
              turns.count() / static_cast<double>(asked), all.count() / static_cast<double>(asked));
}
