// Each step of an instance's life failing, throwing, hanging; and the way out with work under way.
#include "daemon/plugin_host/world.h"

namespace payswitch::daemon::plugin_host {
namespace {

void expect_words(const std::string& message, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) EXPECT_NE(message.find(word), std::string::npos) << "missing \"" << word << "\" in: " << message;
}

// add() and start() of one instance; what it was told.
std::string told(World& world, const std::string& name, const std::string& what) {
  if (const auto added = world.host->add(World::settings(name, "scripted", what)); !added.ok()) return added.error().message;
  const auto started = world.host->start();
  return started.ok() ? "" : started.error().message;
}

class lifecycle_step : public testing::TestWithParam<const char*> {};

TEST_P(lifecycle_step, H28_failing_throwing_or_hanging_is_named) {
  const std::string step = GetParam();
  for (const std::string how : {"fail_", "throw_", "throw_int_", "hang_"}) {
    World world(true);
    const bool create = step == "create";
    const std::string message = told(world, create ? how + step : "books", how + step);
    expect_words(message, {"connector", "scripted", "step " + step, how == "hang_" ? "did not return" : how == "throw_int_" ? "exception" : "planted"});
  }
}
INSTANTIATE_TEST_SUITE_P(plugin_host_life, lifecycle_step, testing::Values("create", "configure", "start"), [](const auto& each) { return std::string(each.param); });

TEST(plugin_host_life, H28_stop_and_destroy_that_throw_or_hang_do_not_stop_the_way_out) {
  for (const char* what : {"throw_stop", "throw_destroy", "hang_stop", "hang_destroy"}) {
    World world(true);
    ASSERT_EQ(told(world, "books", what), "");
    world.host->stop();
    EXPECT_EQ(world.log_lines->count("PSW-HOST-004"), 1u) << what;
  }
}

TEST(plugin_host_life, H28_a_turn_that_hangs_is_seen_by_the_watchdog_and_its_calls_are_unknown) {
  World world(true);
  ConnectorSettings s = World::settings("books", "scripted", "hang_turn");
  s.call_grace_ms = 10;
  Participant* const books = world.up(s);
  Seen seen;
  world.write(*books, seen, 50);
  EXPECT_TRUE(world.run_until([&] { return seen.times == 1; }));
  EXPECT_EQ(seen.reply.code, PSW_TIMEOUT);
  EXPECT_TRUE(world.run_until([&] { return world.log_lines->count("PSW-HOST-010") == 1; }));
  world.host->stop();  // and the way out does not wait for it
  EXPECT_EQ(world.log_lines->count("PSW-HOST-011"), 1u);
}

class entry_that_throws : public testing::TestWithParam<const char*> {};

TEST_P(entry_that_throws, H37_faults_the_instance_and_nothing_else) {
  World world(true);
  ASSERT_EQ(told(world, "sane", ""), "");
  const std::string what = GetParam();
  Participant* const books = [&]() -> Participant* {
    if (!world.host->add(World::settings(what == "throw_create" ? "throw_create" : "books", "scripted", what)).ok()) return nullptr;
    static_cast<void>(world.host->start());
    return world.host->find("books");
  }();
  if (books != nullptr && what == "throw_turn") {
    Seen seen;
    world.write(*books, seen, 60'000);
    EXPECT_TRUE(world.run_until([&] { return seen.times == 1; }));
    EXPECT_EQ(seen.reply.code, PSW_INTERNAL);
    EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
    EXPECT_EQ(seen.reason, "connector_faulted");
    EXPECT_EQ(books->state(), ConnectorState::faulted);
  }
  if (books != nullptr && what == "throw_try_read") {
    Call* const call = books->acquire(0);
    call->op.kind = PSW_OP_READ;
    EXPECT_FALSE(books->try_read(0, call));
    books->cancel(0, call);
    EXPECT_EQ(books->state(), ConnectorState::faulted);
  }
  // Its lane turns by itself, sooner or later.
  if (books != nullptr && what == "throw_idle_turn") {
    EXPECT_TRUE(world.run_until([&] { return books->state() == ConnectorState::faulted; }));
  }
  Seen after;
  world.write(*world.host->find("sane"), after);
  EXPECT_TRUE(world.run_until([&] { return after.times == 1; }));
  EXPECT_EQ(after.reply.code, PSW_OK);
  world.host->stop();
  EXPECT_EQ(world.log_lines->count("PSW-HOST-004"), 1u) << what;
}
INSTANTIATE_TEST_SUITE_P(plugin_host_life, entry_that_throws,
                         testing::Values("throw_create", "throw_configure", "throw_start", "throw_idle_turn", "throw_turn", "throw_try_read", "throw_stop", "throw_destroy"),
                         [](const auto& each) { return std::string(each.param); });

TEST(plugin_host_life, A37_a_plugin_that_throws_or_blocks_leaves_the_others_alone) {
  World world(true);
  for (const auto& [name, what] : {std::pair("thrower", "throw_turn"), std::pair("sleeper", "hang_turn"), std::pair("sane", "")}) ASSERT_EQ(told(world, name, what), "");
  Seen thrown, slept, sane;
  world.write(*world.host->find("thrower"), thrown, 50);
  world.write(*world.host->find("sleeper"), slept, 50);
  world.write(*world.host->find("sane"), sane, 5000);
  EXPECT_TRUE(world.run_until([&] { return thrown.times + slept.times + sane.times == 3; }));
  EXPECT_EQ(sane.reply.code, PSW_OK);
  EXPECT_EQ(thrown.reply.outcome, PSW_UNKNOWN);
  EXPECT_EQ(slept.reply.code, PSW_TIMEOUT);
}

TEST(plugin_host_life, H40_a_drain_with_a_thousand_in_flight_answers_every_one) {
  World world(true, 2);
  ConnectorSettings s = World::settings("books", "scripted");
  Participant* const books = world.up(s);
  std::vector<Seen> seen(1000);
  for (std::size_t i = 0; i < seen.size(); ++i) world.write(*books, seen[i], 60'000, static_cast<unsigned>(i % 2));
  for (unsigned loop = 0; loop < 2; ++loop) world.host->poll(loop);  // all of them are under way now
  EXPECT_TRUE(world.drain());
  const auto answered = [&] {
    int sum = 0;
    for (const Seen& each : seen) sum += each.times;
    return sum;
  };
  EXPECT_TRUE(world.run_until([&] { return answered() == 1000; })) << answered();
  for (const Seen& each : seen) EXPECT_EQ(each.times, 1);
  Seen late;
  world.write(*books, late);
  world.run();
  EXPECT_EQ(late.reason, "shutting_down");
}

TEST(plugin_host_life, H40_what_a_plugin_does_not_give_back_is_unknown_after_the_stop) {
  World world(true, 1, 100);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "never"));
  std::vector<Seen> seen(50);
  for (Seen& each : seen) world.credit(*jh, each, 60'000);
  world.run();
  EXPECT_TRUE(world.drain());  // the plugin says drained although it is not
  world.host->stop();
  world.run();
  for (const Seen& each : seen) {
    EXPECT_EQ(each.times, 1);
    EXPECT_EQ(each.reply.outcome, PSW_UNKNOWN);
    EXPECT_EQ(each.reason, "connector_stopped");
  }
}

TEST(plugin_host_life, a_plugin_that_never_says_drained_is_stopped_at_the_limit) {
  World world(true, 1, 100);
  world.up(World::settings("books", "scripted", "never_drained"));
  EXPECT_FALSE(world.drain());
  EXPECT_EQ(world.log_lines->count("PSW-HOST-012"), 1u);
}

TEST(plugin_host_life, wait_ready_names_who_is_not) {
  World world(true);
  world.up(World::settings("books", "scripted", "never_ready"));
  const auto ready = world.host->wait_ready(50);
  ASSERT_FALSE(ready.ok());
  expect_words(ready.error().message, {"books", "starting"});
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host
