// What may happen under a seed.
#include <random>

#include "storm.h"

namespace payswitch::simulation::peers {

Troubles Troubles::of(std::uint64_t seed) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15u + 1);
  const auto below = [&random](std::uint64_t n) { return random() % n; };
  const auto some = [&](unsigned per_cent, unsigned most) { return below(100) < per_cent ? 1 + static_cast<unsigned>(below(most)) : 0u; };
  Troubles out;
  out.third_bank = below(2) == 0;
  switch (below(5)) {
    case 0:
    case 1: out.clock_apart_ms = static_cast<std::int64_t>(below(100'001)) - 50'000; break;        // signatures are still believed
    case 2: out.clock_apart_ms = static_cast<std::int64_t>(below(1'200'001)) - 600'000; break;     // perhaps not
    default: break;
  }
  out.payments = 10 + static_cast<unsigned>(below(25));
  out.storm_ns = (10 + below(50)) * second;
  switch (below(3)) {
    case 0: out.not_after_ms = 1'500 + static_cast<std::int64_t>(below(4'000)); break;  // over before the first call has ended
    case 1: out.not_after_ms = 5'000 + static_cast<std::int64_t>(below(12'000)); break;
    default: break;
  }
  if (below(5) == 0) out.receive_limit_minor = 2'000 + static_cast<std::int64_t>(below(4'000));
  auto& w = out.weather;
  const auto heaviness = below(3);  // 0: a fine day for messages
  for (unsigned* rate : {&w.no_connection, &w.request_lost, &w.request_late, &w.request_twice, &w.reset_before, &w.reset_after, &w.answer_lost, &w.answer_late, &w.answer_status, &w.answer_broken})
    if (heaviness != 0 && below(2) == 0) *rate = static_cast<unsigned>(below(heaviness == 1 ? 80 : 300));
  w.late_ms_max = below(2) == 0 ? 2'000 : 60'000;
  w.answer_forged = below(4) == 0 ? static_cast<unsigned>(below(200)) : 0;
  out.forged_requests = some(20, 3);
  out.daemon_crashes = some(40, 4);
  out.bank_crashes = some(35, 3);
  out.stalls = some(30, 3);
  out.partitions = some(30, 3);
  out.breakers = some(20, 3);
  out.freezes = some(30, 3);
  out.rotations = some(25, 2);
  out.reversals = some(40, 8);
  out.reports = some(30, 12);
  out.crash_at_send_per_mille = below(4) == 0 ? static_cast<unsigned>(below(80)) : 0;
  out.shed_per_mille = below(3) == 0 ? static_cast<unsigned>(below(300)) : 0;
  out.lie_per_mille = below(6) == 0 ? static_cast<unsigned>(below(300)) : 0;
  out.lost_commit_per_mille = below(3) == 0 ? static_cast<unsigned>(below(60)) : 0;
  out.offers_query = below(3) != 0;
  if (below(12) == 0) {  // few messages arrive and fewer answers, and whoever sends one is stopped for longer than its lease
    w = Weather{};
    w.no_connection = 400;
    w.answer_lost = 600;
    out.offers_query = false;
    out.stall_at_send_per_mille = 250;
    out.not_after_ms = 60'000;
    out.storm_ns = 60 * second;
    out.clock_apart_ms = 0;
  }
  return out;
}

std::string Troubles::text() const {
  const auto& w = weather;
  std::string out = third_bank ? "three banks" : "two banks";
  const auto add = [&out](const char* what, std::int64_t n) {
    if (n != 0) out += std::string(", ") + what + " " + std::to_string(n);
  };
  add("payments", payments);
  add("storm s", static_cast<std::int64_t>(storm_ns / second));
  add("clocks apart ms", clock_apart_ms);
  add("not_after ms", not_after_ms);
  add("receive limit", receive_limit_minor == 1'000'000'000 ? 0 : receive_limit_minor);
  add("no connection", w.no_connection);
  add("request lost", w.request_lost);
  add("late", w.request_late);
  add("twice", w.request_twice);
  add("reset before", w.reset_before);
  add("reset after", w.reset_after);
  add("answer lost", w.answer_lost);
  add("answer late", w.answer_late);
  add("status", w.answer_status);
  add("broken", w.answer_broken);
  add("forged", w.answer_forged);
  add("late ms", static_cast<std::int64_t>(w.late_ms_max));
  add("forged requests", forged_requests);
  add("daemon crashes", daemon_crashes);
  add("bank crashes", bank_crashes);
  add("crash at send", crash_at_send_per_mille);
  add("stalls", stalls);
  add("stall at send", stall_at_send_per_mille);
  add("partitions", partitions);
  add("breakers", breakers);
  add("freezes", freezes);
  add("rotations", rotations);
  add("reversals", reversals);
  add("reports", reports);
  add("shed", shed_per_mille);
  add("lies", lie_per_mille);
  add("lost commits", lost_commit_per_mille);
  if (!offers_query) out += ", no query";
  return out;
}

}  // namespace payswitch::simulation::peers
