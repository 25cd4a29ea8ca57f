// The C++ layer keeps its promises: exceptions stay inside, a dropped operation is unknown, services come back to who asked.
#include <payswitch/gateway.h>
#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/gateway_driver.h>

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <unistd.h>

namespace payswitch::testing {
namespace {

struct Probe : gateway<Probe> {
  static constexpr bool reports = true;
  static constexpr auto schema = payswitch::schema(text("mode").def("plain"));
  void configure(const config& options) {
    mode = options.text("mode");
    if (mode == "reject") throw option_error("mode", "is not to my taste");
    if (mode == "throw") throw 42;
    route("peer", "PUT", "/bank/");
  }
  task<void> inner() {
    co_await sleep(std::chrono::milliseconds(1));
    throw std::runtime_error("from the depth");
  }
  task<credit_reply> credit(const credit_op& op) {
    if (mode == "deep") co_await inner();
    if (mode == "int") throw 42;
    if (mode == "wait") {
      auto& place = places[to_hex(op.op_id())];
      place = std::make_unique<slot<decision>>();
      auto got = co_await wait(*place, op.call_deadline_ns());
      places.erase(to_hex(op.op_id()));
      if (!got) co_return credit_reply::unknown("timeout");
      co_return credit_reply::applied(std::move(*got));
    }
    if (mode == "kv") {
      std::vector<kv_row> rows;
      rows.emplace_back("seen/" + to_hex(op.op_id()), "1");
      const kv_answer first = co_await kv_put(rows);
      const kv_answer second = co_await kv_put(rows);
      const kv_answer got = co_await kv_get("seen/" + to_hex(op.op_id()));
      const kv_answer none = co_await kv_get("absent");
      const kv_answer scanned = co_await kv_scan("seen/");
      co_return credit_reply::unknown(std::string(name_of(first.code)) + " " + std::string(name_of(second.code)) + " " + std::to_string(got.rows.at(0).version) + " " +
                                      std::string(name_of(none.code)) + " " + std::to_string(scanned.rows.size()));
    }
    if (mode == "sign") {
      std::vector<std::string> messages;
      messages.emplace_back("one");
      messages.emplace_back("two");
      const sign_answer signatures = co_await sign(messages);
      std::vector<psw_to_verify> items(3);
      for (std::size_t i = 0; i != 3; ++i) {
        items[i].key_id = str(i == 2 ? "stranger" : "us-key");
        items[i].message = str(messages[0]);
        std::memcpy(items[i].signature, signatures.signatures.at(i == 1 ? 1 : 0).bytes, 64);
      }
      const verify_answer v = co_await verify(items);
      co_return credit_reply::unknown(v.verdicts.at(0).bank + " " + std::string(name_of(v.verdicts.at(0).code)) + " " + std::string(name_of(v.verdicts.at(1).code)) + " " +
                                      std::string(name_of(v.verdicts.at(2).code)));
    }
    if (mode == "fd") {
      const int ready = co_await watch(pipe_read, PSW_FD_READ);
      co_return credit_reply::unknown(ready == PSW_FD_READ ? "readable" : "nothing");
    }
    if (mode == "inbound") {
      const psw_history nobody{};  // named: no braced temporary inside co_await
      const hello_answer us = co_await inbound_hello(nobody);
      const answer look = co_await inbound_lookup("mj-1", "KRW");
      const list_answer all = co_await inbound_list("", 10);
      co_return credit_reply::unknown(us.bank + " " + std::string(name_of(look.code)) + " " + std::to_string(all.decisions.size()));
    }
    if (mode == "busy") {
      const bool slept = co_await sleep(std::chrono::seconds(1));
      const http_response r = co_await request(http_request("GET", "https://x"));
      co_return credit_reply::unknown(std::string(slept ? "slept" : "not slept") + (r.not_sent() ? ", not sent" : ", sent"));
    }
    co_await sleep(std::chrono::hours(1));
    co_return credit_reply::pending();
  }
  cancel_reply cancel(const cancel_op&) {  // a member may also answer plainly
    if (mode == "deep") throw std::logic_error("plain");
    return cancel_reply::unknown("plain");
  }
  task<http_answer> http(const http_in& in) {
    if (in.body == "throw") throw 1;
    credit_in c(psw_id{{1}});
    c.payee = "mj-1";
    c.verified_key = in.peer_spki;
    const recorded r = co_await inbound_credit(std::move(c));
    http_answer out(200, r.record ? std::string(payswitch::name(r.record->word)) : "none");
    out.headers.emplace_back("Cache-Control", "no-store");
    co_return out;
  }
  void drain() { drained_called = true; }
  void reconfigure(const config&) { ++reconfigured; }
  static std::string_view name_of(Code c) { return payswitch::name(c); }

  std::string mode;
  std::map<std::string, std::unique_ptr<slot<decision>>> places;
  int pipe_read = -1, reconfigured = 0;
  bool drained_called = false;
};

struct Layer : ::testing::Test {
  Probe& load(std::string_view mode) {
    host.option("mode", mode);
    complaint = host.load(detail::make_type<Probe>("Probe"), "probe");
    return *static_cast<Probe*>(host.instance()->self);
  }
  const Seen& credit(std::uint64_t ms = 0) {
    const Seen& out = drive.credit(drive.credit_of(1));
    if (ms != 0) host.advance_ms(ms);
    return out;
  }
  ManualClock clock;
  FakeHost host{clock};
  GatewayDriver drive{host};
  std::string complaint;
};

TEST_F(Layer, capabilities_follow_from_the_members) {
  EXPECT_EQ(Probe::capabilities(), PSW_CAP_IDEMPOTENT | PSW_CAP_CANCEL | PSW_CAP_REPORTS);
  EXPECT_EQ(view(detail::make_type<Probe>("test::Probe").id), "Probe");
}
TEST_F(Layer, an_exception_from_the_depth_of_a_coroutine_is_unknown) {
  load("deep");
  const Seen& seen = credit(1);
  EXPECT_EQ(seen.outcome, Outcome::unknown);
  EXPECT_EQ(seen.text, "from the depth");
  EXPECT_EQ(drive.cancel(drive.credit_of(1)).text, "plain");
}
TEST_F(Layer, an_exception_that_is_not_an_exception_is_unknown) {
  load("int");
  EXPECT_EQ(credit().reason, "exception");
}
TEST_F(Layer, configure_that_throws_names_the_key) {
  host.option("mode", "reject");
  EXPECT_EQ(host.load(detail::make_type<Probe>("Probe"), "probe"), "mode: is not to my taste");
  FakeHost other(clock);
  other.option("mode", "throw");
  EXPECT_EQ(other.load(detail::make_type<Probe>("Probe"), "probe"), "unknown exception");
}
TEST_F(Layer, an_operation_that_is_dropped_is_answered_unknown) {
  load("plain");
  const Seen& seen = credit();
  EXPECT_FALSE(seen.answered);
  host.unload();
  EXPECT_EQ(seen.answers, 1);
  EXPECT_EQ(seen.outcome, Outcome::unknown);
}
TEST_F(Layer, a_slot_wakes_who_waits_or_gives_up_at_its_time) {
  Probe& probe = load("wait");
  const Credit c = drive.credit_of(5), other = drive.credit_of(6);
  const Seen& waits = drive.credit(c);
  const Seen& in_vain = drive.credit(other);
  probe.places.at(to_hex(c.op_id))->set(decision(c.op_id, psw_money{}, "a", "b"));
  drive.cancel(c);  // any event turns the lane, the reply leaves with that turn
  EXPECT_EQ(waits.outcome, Outcome::applied);
  host.advance_ms(5000);
  EXPECT_EQ(in_vain.reason, "timeout");
  EXPECT_EQ(waits.answers, 1);
}
TEST_F(Layer, kv_compares_versions) {
  load("kv");
  EXPECT_EQ(credit().reason, "ok conflict 1 absent 1");
}
TEST_F(Layer, signatures_are_told_apart) {
  load("sign");
  EXPECT_EQ(credit().reason, "us ok invalid absent");
}
TEST_F(Layer, a_watched_descriptor_wakes_once) {
  Probe& probe = load("fd");
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  probe.pipe_read = ends[0];
  const Seen& seen = credit();
  EXPECT_FALSE(seen.answered);
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  host.run();
  EXPECT_EQ(seen.reason, "readable");
  close(ends[0]);
  close(ends[1]);
}
TEST_F(Layer, the_core_can_be_asked) {
  load("inbound");
  EXPECT_EQ(credit().reason, "us ok 0");
}
TEST_F(Layer, a_host_that_takes_no_call_is_said_so_at_once) {
  load("busy");
  host.refuse_services = true;
  EXPECT_EQ(credit().reason, "not slept, not sent");
}
TEST_F(Layer, requests_to_its_routes_are_answered_after_the_core_has_recorded) {
  load("plain");
  const psw_handle h = host.http("PUT", "/bank/credits/01", "body", "sha256/abc");
  host.run();
  ASSERT_TRUE(host.responses.contains(h));
  EXPECT_EQ(host.responses[h].body, "applied");
  EXPECT_EQ(host.responses[h].headers.at(0).second, "no-store");
  EXPECT_EQ(host.own_inbound.recorded.size(), 1u);
  const psw_handle thrown = host.http("PUT", "/bank/x", "throw");
  host.run();
  EXPECT_EQ(host.responses[thrown].status, 500);
  EXPECT_EQ(host.responses[host.http("GET", "/bank/x")].status, 404);
}
TEST_F(Layer, a_whole_batch_is_answered_with_one_call) {
  load("int");
  std::deque<psw_credit> bodies;
  for (int i = 0; i != 10; ++i) {
    psw_credit& c = bodies.emplace_back();
    c.size = sizeof c;
    psw_op op{};
    op.kind = PSW_OP_CREDIT;
    op.body = &c;
    host.submit(op, [](const psw_reply&) {});
  }
  host.run();
  EXPECT_EQ(host.open_operations(), 0u);
  EXPECT_EQ(host.batches, 1u);
}
TEST_F(Layer, unknown_operations_and_events_are_survived) {
  load("plain");
  host.unknown_event();
  EXPECT_EQ(drive.send(999, drive.credit_of(1)).code, Code::not_supported);
  EXPECT_EQ(drive.query(drive.credit_of(1)).code, Code::not_supported);
}
TEST_F(Layer, drain_waits_for_what_is_open) {
  Probe& probe = load("wait");
  credit();
  host.drain();
  host.run();
  EXPECT_TRUE(probe.drained_called);
  EXPECT_NE(host.state, PSW_READY_DRAINED);
  host.advance_ms(5000);
  EXPECT_EQ(host.state, PSW_READY_DRAINED);
}
TEST_F(Layer, new_options_are_handed_over) {
  Probe& probe = load("plain");
  host.reconfigure();
  host.run();
  EXPECT_EQ(probe.reconfigured, 1);
}

// Three reply types: a word an operation may not use does not compile.
template <class R>
concept can_say_not_found = requires { R::not_found(); };
template <class R>
concept can_say_not_sent = requires { R::not_sent("x"); };
template <class R>
concept can_say_pending = requires { R::pending(); };
static_assert(!can_say_not_found<credit_reply> && can_say_not_sent<credit_reply> && can_say_pending<credit_reply>);
static_assert(can_say_not_found<query_reply> && !can_say_not_sent<query_reply> && can_say_pending<query_reply>);
static_assert(!can_say_not_found<cancel_reply> && !can_say_not_sent<cancel_reply> && !can_say_pending<cancel_reply>);

}  // namespace
}  // namespace payswitch::testing
