// The example gateway does what its 87 lines say, word for word.
#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/gateway_driver.h>
#include <payswitch/testing/plugin_file.h>

#include <gtest/gtest.h>

namespace payswitch::testing {
namespace {

struct Hello : ::testing::Test {
  Hello() {
    host.option("endpoint", "https://jh.example");
    complaint = host.load(type_of(load_plugin(HELLO_FILE), "hello"), "jh");
  }
  HttpReply body(std::string text) { return {.phase = PSW_HTTP_DONE, .status = 200, .body = std::move(text), .headers = {}, .delay_ns = 0}; }
  ManualClock clock;
  FakeHost host{clock};
  GatewayDriver drive{host};
  std::string complaint;
};

TEST_F(Hello, starts_and_is_up) {
  EXPECT_EQ(complaint, "");
  EXPECT_EQ(host.state, PSW_READY_UP);
}
TEST_F(Hello, a_decision_record_decides_whatever_the_status_line_says) {
  const Credit c = drive.credit_of(15000);
  host.network = [&](const HttpSeen& seen) {
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.target, "https://jh.example/credits/" + to_hex(c.op_id));
    EXPECT_EQ(seen.body, "15000 KRW mj-1 jh-1");
    HttpReply out = body("applied " + to_hex(c.op_id) + " 15000 KRW mj-1 jh-1");
    out.status = 500;
    return out;
  };
  const Seen& seen = drive.credit(c);
  EXPECT_EQ(seen.outcome, Outcome::applied);
  ASSERT_TRUE(seen.record.has_value());
  EXPECT_EQ(seen.record->money.minor, 15000);
}
TEST_F(Hello, a_status_line_alone_is_unknown) {
  for (const int status : {200, 401, 403, 404, 409, 429, 503}) {
    host.network = [&](const HttpSeen&) { HttpReply out = body("<html>"); out.status = status; return out; };
    EXPECT_EQ(drive.credit(drive.credit_of(15000)).outcome, Outcome::unknown) << status;
    EXPECT_EQ(drive.query(drive.credit_of(15000)).outcome, Outcome::unknown) << status;
    EXPECT_EQ(drive.cancel(drive.credit_of(15000)).outcome, Outcome::unknown) << status;
  }
}
TEST_F(Hello, not_sent_is_claimed_only_below_the_first_byte) {
  for (std::int32_t phase = PSW_HTTP_NONE; phase != PSW_HTTP_DONE; ++phase) {
    host.network = [phase](const HttpSeen&) { return HttpReply{.phase = phase, .status = 0, .body = {}, .headers = {}, .delay_ns = 0}; };
    EXPECT_EQ(drive.credit(drive.credit_of(15000)).outcome, phase < PSW_HTTP_SENT_SOME ? Outcome::not_sent : Outcome::unknown) << phase;
  }
}
TEST_F(Hello, a_call_that_outlives_its_timeout_is_unknown) {
  host.network = [&](const HttpSeen&) { HttpReply out = body("applied"); out.delay_ns = 10'000'000'000; return out; };
  const Seen& seen = drive.credit(drive.credit_of(15000));
  host.advance_ms(1999);
  EXPECT_FALSE(seen.answered);
  host.advance_ms(1);
  EXPECT_TRUE(seen.answered);
  EXPECT_EQ(seen.outcome, Outcome::unknown);
}
TEST_F(Hello, not_found_is_a_word_of_query_alone) {
  host.network = [&](const HttpSeen&) { return body("none"); };
  EXPECT_EQ(drive.query(drive.credit_of(15000)).outcome, Outcome::not_found);
  EXPECT_EQ(drive.credit(drive.credit_of(15000)).outcome, Outcome::unknown);
}
TEST(HelloOptions, a_missing_endpoint_is_named) {
  ManualClock clock;
  FakeHost host(clock);
  EXPECT_EQ(host.load(type_of(load_plugin(HELLO_FILE), "hello"), "jh"), "endpoint: is required");
}

}  // namespace
}  // namespace payswitch::testing
