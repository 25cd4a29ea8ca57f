// A plugin that lies to the host: what can be survived inside one process is survived, refused by name and counted. A36 and A37.
#include <algorithm>

#include "daemon/plugin_host/world.h"
#include "plugin_host/key_ring.h"
#include "plugin_host/reply_copy.h"

namespace payswitch::daemon::plugin_host {
namespace {

class Lies : public testing::Test {
 protected:
  struct Sink final : InboundSink {
    void deliver(unsigned, InboundCall&) noexcept override { ++delivered; }
    int delivered = 0;
  };
  struct Store final : KvStore {
    void get(unsigned, psw_str, KvDone) noexcept override { ++asked; }
    void scan(unsigned, psw_str, psw_str, std::uint32_t, KvDone) noexcept override { ++asked; }
    void put(unsigned, psw_list, KvDone) noexcept override { ++asked; }
    int asked = 0;
  };

  Lies() : world(false, 1, 100, [this](HostParts& parts) {
    parts.inbound = &sink;
    parts.kv = &store;
    parts.keys = &keys;
  }) {
    ConnectorSettings s = World::settings("liar", "liar", "x");
    s.bank = "jh";
    liar = world.up(s);
  }

  // One command; its answer, which is the code that the lie was answered with.
  std::string told(const std::string& lie) {
    Seen seen;
    Call* const call = liar->acquire(0);
    auto* const body = new (call->arena().allocate(sizeof(psw_call), alignof(psw_call))) psw_call{};
    body->size = sizeof *body;
    body->name = psw_str{lie.data(), lie.size()};
    call->op.kind = PSW_OP_COMMAND;
    call->op.body = body;
    call->completion = {Seen::take, &seen};
    liar->submit(0, call);
    world.run();
    return seen.times == 1 ? seen.text : "answered " + std::to_string(seen.times) + " times";
  }
  Seen credited(const std::string& lie, std::int32_t kind = PSW_OP_CREDIT) {
    Seen seen;
    Call* const call = liar->acquire(0);
    if (kind == PSW_OP_RECONCILE) {
      auto* const body = new (call->arena().allocate(sizeof(psw_read), alignof(psw_read))) psw_read{};
      body->size = sizeof *body;
      body->key = psw_str{lie.data(), lie.size()};
      call->op.body = body;
    } else {
      auto* const body = new (call->arena().allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
      body->size = sizeof *body;
      body->payer = psw_str{lie.data(), lie.size()};
      call->op.body = body;
    }
    call->op.kind = kind;
    call->completion = {Seen::take, &seen};
    liar->submit(0, call);
    world.run();
    EXPECT_EQ(seen.times, 1) << lie;
    return seen;
  }
  std::uint64_t broken_rules() {
    const Label label{"connector", "liar"};
    return world.metrics.counter("payswitch_connector_broken_rules_total", "Calls of the plugin that break a rule of the border and were not carried out.", std::span(&label, 1)).value();
  }
  // The host is whole: an ordinary credit passes.
  void expect_alive() {
    EXPECT_EQ(credited("").reply.outcome, PSW_APPLIED);
    EXPECT_EQ(liar->state(), ConnectorState::up);
  }

  Sink sink;
  Store store;
  Ed25519KeyRing keys;
  World world;
  Participant* liar = nullptr;
};

TEST_F(Lies, A37_completions_without_replies_answer_nothing) {
  for (const char* lie : {"complete_nothing", "complete_zero", "complete_null_entries", "complete_short"}) EXPECT_EQ(told(lie), "0") << lie;
  EXPECT_GE(world.log_lines->count("PSW-HOST-006"), 1u);  // flawed
  EXPECT_EQ(world.log_lines->count("PSW-HOST-014"), 1u);
  expect_alive();
}
TEST_F(Lies, A37_taking_nothing_or_from_a_lane_that_does_not_exist_gives_nothing) {
  EXPECT_EQ(told("take_zero"), "0");
  EXPECT_EQ(told("lane_fd"), "-1");
  expect_alive();
}
TEST_F(Lies, A37_an_unknown_state_changes_nothing_and_is_counted) {
  EXPECT_EQ(told("ready"), "0");
  EXPECT_EQ(liar->state(), ConnectorState::up);
  EXPECT_GE(broken_rules(), 2u);
  EXPECT_EQ(told("ready_text"), "0");
  expect_alive();
}
TEST_F(Lies, A37_questions_for_what_does_not_exist_are_answered_no) {
  EXPECT_EQ(told("service"), "0");
  EXPECT_EQ(told("get_unknown_type"), std::to_string(5 * PSW_INVALID));
  expect_alive();
}
TEST_F(Lies, A37_log_lines_of_nonsense_cost_a_line_at_most) {
  EXPECT_EQ(told("log"), "0");
  expect_alive();
}
TEST_F(Lies, A37_services_refuse_lanes_descriptors_and_lists_that_make_no_sense) {
  EXPECT_EQ(told("timer_lane"), std::to_string(PSW_INVALID));
  EXPECT_EQ(told("watch"), "0");
  EXPECT_EQ(told("metric_handle"), "0");
  EXPECT_EQ(told("keys_lists"), "0");
  EXPECT_EQ(told("keys_endless"), "0");
  EXPECT_EQ(told("kv"), "0");
  EXPECT_EQ(told("trace"), "0");
  EXPECT_EQ(store.asked, 0);
  EXPECT_GE(broken_rules(), 8u);
  expect_alive();
}
TEST_F(Lies, A37_a_banks_word_that_makes_no_sense_never_reaches_the_core) {
  EXPECT_EQ(told("inbound_lane"), std::to_string(PSW_INVALID));
  EXPECT_EQ(told("inbound_endless"), std::to_string(PSW_INVALID));
  EXPECT_EQ(told("inbound_short"), std::to_string(PSW_INVALID));
  EXPECT_EQ(told("inbound_null"), "0");
  EXPECT_EQ(sink.delivered, 0);
  expect_alive();
}
TEST_F(Lies, A37_chance_without_end_faults_the_instance_instead_of_the_daemon) {
  EXPECT_EQ(told("random_nothing"), "0");
  told("random_endless");
  EXPECT_EQ(liar->state(), ConnectorState::faulted);
  EXPECT_EQ(world.log_lines->count("PSW-HOST-004"), 1u);
}
TEST_F(Lies, A37_replies_with_texts_that_are_nowhere_or_endless_are_put_right) {
  const Seen nowhere = credited("nowhere");
  EXPECT_EQ(nowhere.reply.outcome, PSW_APPLIED);
  EXPECT_EQ(nowhere.text, "");
  EXPECT_EQ(nowhere.decision.payee.size, 0u);
  const Seen endless = credited("position_endless");
  EXPECT_EQ(endless.reply.code, PSW_INTERNAL);
  EXPECT_EQ(endless.reply.outcome, PSW_UNKNOWN);
  EXPECT_EQ(endless.reason, "reply_too_large");
  EXPECT_EQ(credited("decision_short").reply.outcome, PSW_UNKNOWN);
  expect_alive();
}
TEST_F(Lies, A37_lists_without_stride_or_end_make_the_reply_unknown) {
  for (const char* lie : {"stride_zero", "stride_huge", "n_huge"}) {
    const Seen seen = credited(lie, PSW_OP_RECONCILE);
    EXPECT_EQ(seen.reply.code, PSW_INTERNAL) << lie;
    EXPECT_EQ(seen.reply.rows.n, 0u) << lie;
  }
  EXPECT_EQ(credited("rows_nowhere", PSW_OP_RECONCILE).reply.rows.n, 0u);
  expect_alive();
}
TEST_F(Lies, A37_come_back_next_year_means_in_an_hour) { EXPECT_EQ(credited("come_back_next_year").reply.retry_after_ms, retry_after_ms_max); }

TEST(plugin_host_bound, A37_what_a_faulted_plugin_never_took_is_not_sent) {
  World world(true);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "throw_idle_turn"));
  // The first turn throws before it takes anything.
  std::vector<Seen> seen(5);
  for (Seen& each : seen) world.credit(*jh, each, 60'000);
  EXPECT_TRUE(world.run_until([&] { return std::all_of(seen.begin(), seen.end(), [](const Seen& s) { return s.times == 1; }); }));
  EXPECT_EQ(jh->state(), ConnectorState::faulted);
  for (const Seen& each : seen) {
    EXPECT_EQ(each.reply.outcome, PSW_NOT_SENT);
    EXPECT_EQ(each.reason, "connector_down");
  }
  world.host->stop();
  world.run();
  for (const Seen& each : seen) EXPECT_EQ(each.times, 1);
}

TEST(plugin_host_bound, A37_what_a_faulted_plugin_did_take_is_unknown) {
  World world(true);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "throw_turn"));
  Seen seen;
  world.credit(*jh, seen, 60'000);
  EXPECT_TRUE(world.run_until([&] { return seen.times == 1; }));
  EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
  EXPECT_EQ(seen.reason, "connector_faulted");
}

TEST(plugin_host_bound, a_busy_loop_borrows_what_the_others_leave_of_the_in_flight_bound) {
  World world(true, 4);
  ConnectorSettings s = World::settings("books", "scripted", "never");
  s.in_flight_max = 256;
  Participant* const books = world.up(s);
  std::vector<Call*> held;
  while (Call* const call = books->acquire(0)) held.push_back(call);
  EXPECT_EQ(held.size(), 256u);  // all of it, not a quarter
  EXPECT_EQ(books->acquire(1), nullptr);
  for (Call* const call : held) books->cancel(0, call);
  held.clear();
  while (Call* const call = books->acquire(1)) held.push_back(call);
  EXPECT_EQ(held.size(), 256u);  // and it came back
  for (Call* const call : held) books->cancel(1, call);
}

TEST(plugin_host_bound, a_bound_of_one_serves_every_loop_in_turn) {
  World world(true, 3);
  ConnectorSettings s = World::settings("books", "scripted", "never");
  s.in_flight_max = 1;
  Participant* const books = world.up(s);
  for (unsigned loop = 0; loop < 3; ++loop) {
    Call* const call = books->acquire(loop);
    ASSERT_NE(call, nullptr) << loop;
    EXPECT_EQ(books->acquire((loop + 1) % 3), nullptr);
    books->cancel(loop, call);
  }
}

TEST(plugin_host_bound, commands_only_configures_an_instance_and_answers_commands_without_starting_it) {
  auto sink = std::make_unique<MemorySink>();
  ManualClock clock;
  Logger log(clock, std::move(sink), Severity::debug);
  Registry metrics;
  FlagPort port;
  PluginHost host({.plugin_directory = fixtures(), .threads = false, .commands_only = true}, {.clock = &clock, .loops = {&port}, .log = &log, .metrics = &metrics});
  // A start() would fail: it is not called.
  ASSERT_TRUE(host.add(World::settings("books", "scripted", "fail_start")).ok());
  ASSERT_TRUE(host.start().ok());
  Participant* const books = host.find("books");
  EXPECT_EQ(books->state(), ConnectorState::up);
  Seen seen;
  Call* const call = books->acquire(0);
  call->op.kind = PSW_OP_COMMAND;
  call->completion = {Seen::take, &seen};
  books->submit(0, call);
  for (int i = 0; i < 3; ++i) {
    host.poll(0);
    host.turn_lanes();
  }
  host.poll(0);
  EXPECT_EQ(seen.times, 1);
  host.stop();
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host
