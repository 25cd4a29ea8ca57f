// The life of a call, and what becomes of answers that come late, twice, never, from elsewhere or in a mess.
#include "daemon/plugin_host/world.h"

namespace payswitch::daemon::plugin_host {
namespace {

TEST(plugin_host_call, a_completion_never_runs_inside_submit) {
  World world(false);
  Participant* const books = world.up(World::settings("books", "scripted"));
  Seen seen;
  world.write(*books, seen);
  EXPECT_EQ(seen.times, 0);
  world.run();
  EXPECT_EQ(seen.times, 1);
}

TEST(plugin_host_call, a_shared_lane_is_turned_by_the_poll_of_its_loop) {
  World world(true);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway"));
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(seen.reply.outcome, PSW_APPLIED);
}

// A turn takes so many events and no more; no push comes again to say that there are others.
TEST(plugin_host_call, what_a_turn_of_a_shared_lane_leaves_is_taken_by_the_next) {
  World world(true);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "few"));
  std::vector<Seen> seen(20);
  for (Seen& s : seen) world.credit(*jh, s, 5000);
  EXPECT_TRUE(world.run_until([&] {
    for (const Seen& s : seen) {
      if (s.times != 1) return false;
    }
    return true;
  }));
  for (const Seen& s : seen) EXPECT_EQ(s.reply.outcome, PSW_APPLIED);
}

TEST(plugin_host_call, every_loop_gets_its_own_answers_back) {
  World world(true, 2);
  Participant* const books = world.up(World::settings("books", "scripted"));
  std::vector<Seen> seen(200);
  for (std::size_t i = 0; i < seen.size(); ++i) world.write(*books, seen[i], 5000, static_cast<unsigned>(i % 2));
  EXPECT_TRUE(world.run_until([&] {
    for (const Seen& s : seen) {
      if (s.times != 1) return false;
    }
    return true;
  }));
}

TEST(plugin_host_call, blocking_lanes_are_worked_by_several_threads) {
  World world(true);
  Participant* const jh = world.up(World::settings("jh", "scripted:blocking"));
  std::vector<Seen> seen(40);
  for (Seen& s : seen) world.credit(*jh, s, 5000);
  EXPECT_TRUE(world.run_until([&] {
    for (const Seen& s : seen) {
      if (s.times != 1) return false;
    }
    return true;
  }));
}

TEST(plugin_host_call, H29_an_answer_from_inside_the_turn_arrives_once) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway"));
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.times, 1);
  ASSERT_TRUE(seen.has_decision);
  EXPECT_EQ(seen.decision.money.minor, 1500);
  EXPECT_EQ(seen.decision.op_id.b[0], 7);
}

TEST(plugin_host_call, H30_a_late_answer_is_counted_and_changes_nothing) {
  World world(true);
  ConnectorSettings s = World::settings("jh", "scripted:gateway", "late");
  s.call_grace_ms = 10;
  Participant* const jh = world.up(s);
  Seen seen;
  world.credit(*jh, seen, 50);
  ASSERT_TRUE(world.run_until([&] { return seen.times == 1; }));
  EXPECT_EQ(seen.reply.code, PSW_TIMEOUT);
  EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
  EXPECT_EQ(seen.reason, "call_deadline");
  EXPECT_EQ(world.status().in_flight, 1u);  // its memory is still the plugin's
  ASSERT_TRUE(world.run_until([&] { return world.status().late == 1; }));
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(world.status().in_flight, 0u);
}

TEST(plugin_host_call, H31_a_second_answer_is_counted_and_ignored) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "twice"));
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(world.status().stale, 1u);
  EXPECT_EQ(world.log_lines->count("PSW-HOST-005"), 1u);
}

TEST(plugin_host_call, H32_an_answer_that_never_comes_is_unknown_after_deadline_and_grace) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "never"));
  Seen seen;
  world.credit(*jh, seen, 1000);
  world.run();
  world.manual.advance_ms(1200);  // inside the grace
  world.run();
  EXPECT_EQ(seen.times, 0);
  world.manual.advance_ms(100);
  world.run();
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(seen.reply.code, PSW_TIMEOUT);
  EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
  EXPECT_EQ(world.status().timeouts, 1u);
}

TEST(plugin_host_call, H33_an_answer_from_a_foreign_thread_arrives) {
  World world(true);
  Participant* const books = world.up(World::settings("books", "scripted", "foreign"));
  Seen seen;
  world.write(*books, seen);
  EXPECT_TRUE(world.run_until([&] { return seen.times == 1; }));
  EXPECT_EQ(seen.reply.code, PSW_OK);
}

TEST(plugin_host_call, H34_stale_handles_answer_nothing) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "stale"));
  for (int i = 0; i < 3; ++i) {
    Seen seen;
    world.credit(*jh, seen);  // the same slot every time, another generation
    world.run();
    EXPECT_EQ(seen.times, 1);
    EXPECT_EQ(seen.reply.outcome, PSW_APPLIED);
  }
  EXPECT_EQ(world.status().stale, 3u);
}

TEST(plugin_host_call, H34_a_handle_of_another_instance_answers_nothing) {
  World world(false);
  ASSERT_TRUE(world.host->add(World::settings("victim", "scripted:gateway", "never")).ok());
  ASSERT_TRUE(world.host->start().ok());
  Seen victim;
  Call* const call = world.credit(*world.host->find("victim"), victim, 60'000);
  world.run();
  ConnectorSettings forger = World::settings("forger", "scripted:gateway");
  auto options = std::make_shared<FlatOptions>();
  options->text("do", "forge").text("handle", std::to_string(call->op.handle));
  forger.options = options;
  ASSERT_TRUE(world.host->add(forger).ok());
  ASSERT_TRUE(world.host->start().ok());
  Seen seen;
  world.credit(*world.host->find("forger"), seen);
  world.run();
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(victim.times, 0);
  EXPECT_EQ(world.status(1).stale, 1u);
}

TEST(plugin_host_call, H35_unknown_codes_long_and_broken_text_are_put_right) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "codes"));
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  ASSERT_EQ(seen.times, 1);
  EXPECT_EQ(seen.reply.code, PSW_INTERNAL);
  EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
  EXPECT_EQ(seen.reason.size(), 64u);
  EXPECT_LE(seen.text.size(), 512u);
  EXPECT_TRUE(seen.text.starts_with("bad ?? bytes \xc3\xa9 xx"));
}

TEST(plugin_host_call, H35_a_word_that_a_credit_may_not_use_is_unknown) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "not_found_of_credit"));
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
}

TEST(plugin_host_call, applied_without_the_decision_that_says_so_is_unknown) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "applied_without_decision"));
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.reply.outcome, PSW_UNKNOWN);
}

TEST(plugin_host_call, H36_a_full_inbox_is_answered_at_once_as_not_sent) {
  World world(true);
  ConnectorSettings s = World::settings("jh", "scripted:gateway", "never_take");
  s.in_flight_max = 100;  // the lane's inbox holds 64
  Participant* const jh = world.up(s);
  std::vector<Seen> seen(100);
  for (Seen& each : seen) ASSERT_NE(world.credit(*jh, each, 60'000), nullptr);
  Seen over;
  EXPECT_EQ(world.credit(*jh, over, 60'000), nullptr);  // the in-flight bound
  EXPECT_FALSE(jh->available());
  world.host->poll(0);
  world.host->poll(0);
  int refused = 0;
  for (const Seen& each : seen) {
    if (each.times == 0) continue;
    ++refused;
    EXPECT_EQ(each.reply.code, PSW_OVERLOADED);
    EXPECT_EQ(each.reply.outcome, PSW_NOT_SENT);
    EXPECT_EQ(each.reason, "inbox_full");
  }
  EXPECT_EQ(refused, 36);
}

TEST(plugin_host_call, an_operation_whose_deadline_passed_in_the_inbox_never_reaches_the_plugin) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway"));
  Seen seen;
  world.credit(*jh, seen, 1000);
  world.manual.advance_ms(1100);  // before anybody took it
  world.run();
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(seen.reason, "inbox_late");
  EXPECT_EQ(seen.reply.outcome, PSW_NOT_SENT);
}

TEST(plugin_host_call, a_read_is_answered_on_the_callers_thread_when_the_plugin_can) {
  World world(false);
  Participant* const books = world.up(World::settings("books", "scripted", "try_read"));
  Seen seen;
  Call* const call = books->acquire(0);
  psw_read read{};
  read.size = sizeof read;
  call->op.kind = PSW_OP_READ;
  call->op.body = &read;
  call->completion = {Seen::take, &seen};
  EXPECT_TRUE(books->try_read(0, call));
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(seen.text, "answered at once");
  EXPECT_EQ(world.status().in_flight, 0u);
}

TEST(plugin_host_call, an_operation_that_no_lane_takes_is_not_supported) {
  World world(false);
  Participant* const books = world.up(World::settings("books", "scripted"));
  Seen seen;
  world.write(*books, seen, 1000, 0, PSW_OP_LOGIN_BEGIN);
  world.run();
  EXPECT_EQ(seen.reply.code, PSW_NOT_SUPPORTED);
}

TEST(plugin_host_call, a_connector_that_is_not_ready_takes_nothing) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "never_ready"));
  EXPECT_FALSE(jh->available());
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.reason, "connector_starting");
  EXPECT_EQ(seen.reply.outcome, PSW_NOT_SENT);
}

TEST(plugin_host_call, the_breaker_opens_on_unknowns_and_is_closed_by_hello_only) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "unknown"));
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(jh->available());
    Seen seen;
    world.credit(*jh, seen);
    world.run();
  }
  EXPECT_FALSE(jh->available());
  EXPECT_TRUE(world.status().breaker_open);
  Seen seen;
  world.credit(*jh, seen);
  world.run();
  EXPECT_EQ(seen.reason, "breaker_open");
  EXPECT_EQ(seen.reply.outcome, PSW_NOT_SENT);
  world.manual.advance_ms(1100);
  world.run();  // the hello
  world.run();
  EXPECT_TRUE(jh->available());
  EXPECT_EQ(world.log_lines->count("PSW-HOST-009"), 1u);
}

TEST(plugin_host_call, five_timeouts_in_a_row_open_the_breaker) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway", "never"));
  std::vector<Seen> seen(5);
  for (Seen& each : seen) {
    EXPECT_TRUE(jh->available());
    world.credit(*jh, each, 100);
    world.run();
    world.manual.advance_ms(400);
    world.run();
    EXPECT_EQ(each.reply.code, PSW_TIMEOUT);
  }
  EXPECT_FALSE(jh->available());
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host
