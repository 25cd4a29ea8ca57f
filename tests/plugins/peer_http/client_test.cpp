// What becomes of an answer. Only a record signed by the peer's bank over this very request decides; everything else is unknown, and
// not_sent is said only while no byte has left.
#include "banks.h"

#include "peer_http/http_signature.h"
#include "peer_http/wire.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace payswitch::peer_http::test {
namespace {

TEST(Client, a_credit_that_is_applied_comes_back_with_the_record_the_peer_wrote) {
  TwoBanks two;
  const Seen& seen = two.mj.drive.credit(two.mj.drive.credit_of(15000));
  ASSERT_EQ(seen.outcome, Outcome::applied) << seen.reason;
  ASSERT_TRUE(seen.record);
  EXPECT_EQ(seen.record->money.minor, 15000);
  EXPECT_EQ(seen.record->payee, "jh-1");
  EXPECT_EQ(seen.record->verified_key, "jh-key-1");
  EXPECT_TRUE(same(seen.record->theirs.ledger, two.jh.host.own_inbound.history.ledger));
  EXPECT_EQ(two.jh.credited(), 15000);
  ASSERT_EQ(two.mj.host.requests.size(), 1u);
  EXPECT_EQ(two.mj.host.requests[0].method, "PUT");
  EXPECT_EQ(two.mj.host.requests[0].tls_profile, "jh-http");
}

TEST(Client, a_refusal_is_the_recorded_one_with_its_code) {
  TwoBanks two;
  two.jh.host.own_inbound.rule = [](const psw_credit&) { return std::string("account_frozen"); };
  const Seen& seen = two.mj.drive.credit(two.mj.drive.credit_of(1));
  EXPECT_EQ(seen.outcome, Outcome::refused);
  EXPECT_EQ(seen.reason, "account_frozen");
}

TEST(Client, X20_no_status_line_decides_anything) {
  for (const int status : {100, 200, 201, 204, 301, 400, 401, 403, 404, 405, 408, 409, 413, 421, 425, 429, 500, 501, 502, 503, 504, 599}) {
    for (const char* body : {"", "{}", "not json", "{\"recorded\":false,\"error\":\"overloaded\"}", "{\"decision\":\"refused\",\"code\":\"payee_not_found\"}"}) {
      TwoBanks two;
      two.bend = [&](const HttpSeen&) { return HttpReply{.phase = PSW_HTTP_DONE, .status = status, .body = body, .headers = {}, .delay_ns = 0}; };
      const Credit c = two.mj.drive.credit_of(5);
      EXPECT_EQ(two.mj.drive.credit(c).outcome, Outcome::unknown) << status << body;
      EXPECT_EQ(two.mj.drive.query(c).outcome, Outcome::unknown) << status << body;
      EXPECT_EQ(two.mj.drive.cancel(c).outcome, Outcome::unknown) << status << body;
    }
  }
}

TEST(Client, X4_not_sent_is_said_only_while_no_byte_has_left) {
  for (const auto& [phase, outcome] : {std::pair{PSW_HTTP_NONE, Outcome::not_sent}, {PSW_HTTP_DNS, Outcome::not_sent}, {PSW_HTTP_CONNECT, Outcome::not_sent}, {PSW_HTTP_TLS, Outcome::not_sent},
                                       {PSW_HTTP_SENT_SOME, Outcome::unknown}, {PSW_HTTP_SENT_ALL, Outcome::unknown}, {PSW_HTTP_GOT_HEAD, Outcome::unknown}}) {
    TwoBanks two;
    const std::int32_t reached = phase;
    two.bend = [reached](const HttpSeen&) { return TwoBanks::lost(reached); };
    const Credit c = two.mj.drive.credit_of(5);
    EXPECT_EQ(two.mj.drive.credit(c).outcome, outcome) << reached;
    EXPECT_EQ(two.mj.drive.query(c).outcome, Outcome::unknown);
    EXPECT_EQ(two.mj.drive.cancel(c).outcome, Outcome::unknown);
  }
}

TEST(Client, A24_an_error_page_after_the_credit_was_applied_is_unknown_and_the_query_finds_the_record) {
  TwoBanks two;
  bool broken = true;
  two.bend = [&](const HttpSeen& seen) {
    HttpReply answer = two.jh.serve(seen);
    if (broken) {
      answer.status = 500;
      answer.body = "oops";
    }
    return answer;
  };
  const Credit c = two.mj.drive.credit_of(7);
  EXPECT_EQ(two.mj.drive.credit(c).outcome, Outcome::unknown);
  EXPECT_EQ(two.jh.credited(), 7);
  broken = false;
  EXPECT_EQ(two.mj.drive.query(c).outcome, Outcome::applied);
  EXPECT_EQ(two.mj.drive.resend(c).outcome, Outcome::applied);
  EXPECT_EQ(two.mj.drive.cancel(c).outcome, Outcome::applied) << "too late to cancel";
  EXPECT_EQ(two.jh.credited(), 7);
}

// Every way to touch a signed answer on its way.
TEST(Client, A12_an_answer_that_was_touched_on_its_way_decides_nothing) {
  const std::vector<std::pair<const char*, std::function<void(HttpReply&)>>> touches = {
      {"status", [](HttpReply& r) { r.status = 409; }},
      {"body", [](HttpReply& r) { r.body.replace(r.body.find("\"5\""), 3, "\"6\""); }},
      {"truncated body", [](HttpReply& r) { r.body.pop_back(); }},
      {"body and digest", [](HttpReply& r) {
         r.body.replace(r.body.find("\"5\""), 3, "\"6\"");
         for (auto& [name, value] : r.headers) {
           if (name == "Content-Digest") value = content_digest(r.body);
         }
       }},
      {"history", [](HttpReply& r) {
         for (auto& [name, value] : r.headers) {
           if (name == "Payswitch-History") value.replace(value.find("position=10"), 11, "position=11");
         }
       }},
      {"signature", [](HttpReply& r) {
         for (auto& [name, value] : r.headers) {
           if (name == "Signature") value[8] = value[8] == 'A' ? 'B' : 'A';
         }
       }},
      {"fewer components", [](HttpReply& r) {
         for (auto& [name, value] : r.headers) {
           if (name == "Signature-Input") value.replace(value.find("\"@status\" "), 10, "");
         }
       }},
      {"no signature", [](HttpReply& r) { std::erase_if(r.headers, [](const auto& h) { return h.first == "Signature"; }); }},
      {"two signatures", [](HttpReply& r) { r.headers.push_back(r.headers.back()); }},
      {"another key of the same bank", [](HttpReply& r) {
         for (auto& [name, value] : r.headers) {
           if (name == "Signature-Input") value.replace(value.find("jh-key-1"), 8, "jh-key-2");
         }
       }},
  };
  for (const auto& [what, touch] : touches) {
    TwoBanks two;
    const auto& change = touch;
    two.bend = [&](const HttpSeen& seen) {
      HttpReply answer = two.jh.serve(seen);
      change(answer);
      return answer;
    };
    EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5)).outcome, Outcome::unknown) << what;
    EXPECT_TRUE(two.mj.logged("PEER-002")) << what;
  }
}

TEST(Client, an_answer_to_another_request_decides_nothing) {
  TwoBanks two;
  std::optional<HttpReply> earlier;
  two.bend = [&](const HttpSeen& seen) {
    const HttpReply now = two.jh.serve(seen);
    if (!earlier) earlier = now;
    return *earlier;
  };
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5, 1)).outcome, Outcome::applied);
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5, 2)).outcome, Outcome::unknown);
}

TEST(Client, X22_a_third_bank_with_a_valid_key_decides_nothing) {
  TwoBanks two;
  two.jh.host.signing_key = "third-key-1";  // mj knows this key, as another bank's
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5)).outcome, Outcome::unknown);
  EXPECT_EQ(two.mj.drive.hello().code, Code::unavailable);
  two.jh.host.signing_key = "nobody-knows-this-key";
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(6)).outcome, Outcome::unknown);
}

// The core compares the echo; so what a lying peer says must arrive there as it was said.
class LyingInbound final : public Inbound {
 public:
  explicit LyingInbound(FakeInbound& truth) : truth_(truth) {}
  std::function<void(decision&)> lie = [](decision&) {};
  void credit(const psw_credit& c, Done done) override { truth_.credit(c, lying(done)); }
  void cancel(const psw_credit& c, Done done) override { truth_.cancel(c, lying(done)); }
  void query(const psw_credit& c, Done done) override { truth_.query(c, lying(done)); }
  void list(const psw_read& r, Done done) override { truth_.list(r, done); }
  void lookup(std::string_view a, std::string_view c, Done done) override { truth_.lookup(a, c, done); }
  void hello(const psw_history& h, Done done) override { truth_.hello(h, done); }
  void report(const psw_decision& d, Done done) override { truth_.report(d, done); }

 private:
  Done lying(Done done) {
    return [this, done](const psw_reply& r) {
      if (r.body == nullptr) return done(r);
      decision d(*static_cast<const psw_decision*>(r.body));
      lie(d);
      const psw_decision body = d.abi();
      psw_reply told = r;
      told.body = &body;
      done(told);
    };
  }
  FakeInbound& truth_;
};

TEST(Client, X9_another_amount_scale_id_payee_or_hash_reaches_the_core_as_it_was_said) {
  TwoBanks two;
  LyingInbound liar(two.jh.host.own_inbound);
  two.jh.host.inbound = &liar;
  liar.lie = [](decision& d) { d.money.minor += 1; };
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5, 1)).record.value().money.minor, 6);
  liar.lie = [](decision& d) { d.money.exponent = 3; };
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5, 2)).record.value().money.exponent, 3);
  liar.lie = [](decision& d) { d.op_id.b[0] ^= 1; };
  const Credit c = two.mj.drive.credit_of(5, 3);
  EXPECT_FALSE(same(two.mj.drive.credit(c).record.value().op_id, c.op_id));
  liar.lie = [](decision& d) { d.payee = "jh-2"; };
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5, 4)).record.value().payee, "jh-2");
  liar.lie = [](decision& d) { d.hash[0] ^= 1; };
  const Seen& seen = two.mj.drive.credit(two.mj.drive.credit_of(5, 5));
  EXPECT_NE(seen.record.value().hash[0], two.jh.host.own_inbound.recorded.at(seen.record->op_id).hash[0]);
}

TEST(Client, in_a_batch_an_answer_about_another_id_is_no_answer) {
  TwoBanks two;
  LyingInbound liar(two.jh.host.own_inbound);
  two.jh.host.inbound = &liar;
  liar.lie = [](decision& d) { d.op_id.b[0] ^= 1; };
  Crowd crowd(two.mj);
  for (int i = 0; i != 10; ++i) crowd.add(10, i);
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::unknown), 10u);
}

TEST(Client, A22_a_peer_that_accepts_and_hangs_is_unknown_at_the_deadline) {
  TwoBanks two({{"timeout", "2s"}});
  two.bend = [&](const HttpSeen& seen) {
    HttpReply answer = two.jh.serve(seen);
    answer.delay_ns = 3'600'000'000'000;
    return answer;
  };
  const Seen& seen = two.mj.drive.credit(two.mj.drive.credit_of(5));
  EXPECT_FALSE(seen.answered);
  two.mj.host.advance_ms(2000);
  EXPECT_TRUE(seen.answered);
  EXPECT_EQ(seen.outcome, Outcome::unknown);
}

TEST(Client, recorded_false_is_unknown_with_an_invitation_to_come_back) {
  TwoBanks two;
  two.jh.host.refuse_services = false;
  const Credit c = two.mj.drive.credit_of(5);
  two.bend = [&](const HttpSeen& seen) {
    two.jh.host.refuse_services = true;  // the core takes nothing now
    HttpReply answer = two.jh.serve(seen);
    two.jh.host.refuse_services = false;
    return answer;
  };
  const Seen& seen = two.mj.drive.credit(c);
  EXPECT_EQ(seen.outcome, Outcome::unknown);
  EXPECT_EQ(seen.code, Code::overloaded);
  EXPECT_EQ(seen.retry_after_ms, 1000u);
  EXPECT_EQ(two.mj.drive.query(c).outcome, Outcome::not_found);
  EXPECT_TRUE(two.jh.host.own_inbound.recorded.empty());
}

TEST(Client, not_found_needs_the_peers_signature_and_cancel_leaves_a_tombstone) {
  TwoBanks two;
  const Credit c = two.mj.drive.credit_of(5);
  EXPECT_EQ(two.mj.drive.query(c).outcome, Outcome::not_found);
  const Seen& cancelled = two.mj.drive.cancel(c);
  EXPECT_EQ(cancelled.outcome, Outcome::refused);
  EXPECT_EQ(cancelled.reason, "cancelled");
  EXPECT_EQ(two.jh.credited(), 0);
}

// ---- batches ----

TEST(Client, one_credit_goes_alone_and_what_waits_goes_together) {
  TwoBanks two;
  Crowd crowd(two.mj);
  for (int i = 0; i != 300; ++i) crowd.add(10, i);
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::applied), 300u);
  EXPECT_EQ(two.jh.credited(), 3000);
  EXPECT_LE(two.mj.host.requests.size(), 8u);  // the inbox is taken 64 at a time
  for (const HttpSeen& seen : two.mj.host.requests) EXPECT_EQ(seen.method, "POST") << seen.target;
}

TEST(Client, while_all_exchanges_are_busy_credits_gather_up_to_256) {
  TwoBanks two({{"exchanges_max", "1"}});
  two.bend = [&](const HttpSeen& seen) {
    HttpReply answer = two.jh.serve(seen);
    answer.delay_ns = 10'000'000;
    return answer;
  };
  Crowd crowd(two.mj);
  crowd.add(10, 0);
  crowd.run();
  for (int i = 1; i != 601; ++i) crowd.add(10, i);
  crowd.run();
  two.mj.host.advance_ms(100);
  EXPECT_EQ(crowd.count(Outcome::applied), 601u);
  ASSERT_EQ(two.mj.host.requests.size(), 4u);
  std::vector<std::size_t> sizes;
  for (std::size_t i = 1; i != 4; ++i) sizes.push_back(read_batch(two.mj.host.requests[i].body).value().size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{256, 256, 88}));
}

TEST(Client, batch_max_is_kept) {
  TwoBanks two({{"batch_max", "5"}});
  Crowd crowd(two.mj);
  for (int i = 0; i != 23; ++i) crowd.add(10, i);
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::applied), 23u);
  EXPECT_EQ(two.mj.host.requests.size(), 5u);
}

TEST(Client, of_a_batch_that_could_not_connect_every_credit_is_not_sent_and_of_a_lost_one_unknown) {
  for (const auto& [phase, outcome] : {std::pair{PSW_HTTP_CONNECT, Outcome::not_sent}, {PSW_HTTP_SENT_ALL, Outcome::unknown}}) {
    TwoBanks two;
    const std::int32_t reached = phase;
    two.bend = [reached](const HttpSeen&) { return TwoBanks::lost(reached); };
    Crowd crowd(two.mj);
    for (int i = 0; i != 10; ++i) crowd.add(10, i);
    crowd.run();
    EXPECT_EQ(crowd.count(outcome), 10u);
  }
}

TEST(Client, each_credit_of_a_batch_has_its_own_decision) {
  TwoBanks two;
  two.jh.host.own_inbound.rule = [](const psw_credit& c) { return view(c.payee).ends_with('3') ? std::string("payee_not_found") : std::string(); };
  Crowd crowd(two.mj);
  for (int i = 0; i != 10; ++i) crowd.add(10, i);
  crowd.run();
  EXPECT_EQ(crowd.count(Outcome::applied), 9u);
  EXPECT_EQ(crowd.count(Outcome::refused), 1u);
}

TEST(Client, a_credit_that_waited_here_past_its_deadline_was_not_sent) {
  TwoBanks two({{"exchanges_max", "1"}, {"timeout", "60s"}});
  two.bend = [](const HttpSeen&) {
    HttpReply answer = TwoBanks::lost();
    answer.delay_ns = 4'900'000'000;
    return answer;
  };
  two.mj.drive.send(PSW_OP_CREDIT, two.mj.drive.credit_of(1), 0, 5000);
  const Seen& late = two.mj.drive.send(PSW_OP_CREDIT, two.mj.drive.credit_of(2), 0, 1000);
  two.mj.host.advance_ms(6000);
  EXPECT_EQ(late.outcome, Outcome::not_sent);
  EXPECT_EQ(late.reason, "queue_timeout");
}

TEST(Client, what_waits_when_the_instance_stops_is_answered_unknown) {
  TwoBanks two({{"exchanges_max", "1"}});
  two.bend = [](const HttpSeen&) {
    HttpReply answer = TwoBanks::lost();
    answer.delay_ns = 1'000'000'000;
    return answer;
  };
  const Seen& first = two.mj.drive.credit(two.mj.drive.credit_of(1));
  const Seen& second = two.mj.drive.credit(two.mj.drive.credit_of(2));
  two.mj.host.unload();
  EXPECT_EQ(first.answers, 1);
  EXPECT_EQ(first.outcome, Outcome::unknown);
  EXPECT_EQ(second.answers, 1);
  EXPECT_EQ(second.outcome, Outcome::unknown);
}

// ---- keys and clocks ----

TEST(Client, X23_both_live_keys_of_either_side_are_good_while_one_is_rotated) {
  TwoBanks two;
  const Credit c = two.mj.drive.credit_of(5);
  EXPECT_EQ(two.mj.drive.credit(c).outcome, Outcome::applied);
  two.mj.host.signing_key = "mj-key-2";
  two.jh.host.signing_key = "jh-key-2";
  const Seen& again = two.mj.drive.resend(c);
  EXPECT_EQ(again.outcome, Outcome::applied);
  EXPECT_EQ(again.record.value().verified_key, "jh-key-2");
  EXPECT_EQ(two.jh.credited(), 5);
  two.jh.host.key_owner.erase("mj-key-1");  // the old key is taken away
  EXPECT_EQ(two.mj.drive.resend(c).outcome, Outcome::applied);
  two.mj.host.signing_key = "mj-key-1";
  EXPECT_EQ(two.mj.drive.resend(c).outcome, Outcome::unknown) << "a key nobody knows any more decides nothing";
}

TEST(Client, X14_a_clock_ten_minutes_off_decides_nothing_and_is_seen) {
  ManualClock mj_clock, jh_clock;
  jh_clock.step_wall_ms(600'000);
  Bank mj(mj_clock, "mj", "jh"), jh(jh_clock, "jh", "mj");
  mj.host.network = [&](const HttpSeen& seen) { return jh.serve(seen); };
  EXPECT_EQ(mj.drive.credit(mj.drive.credit_of(5)).outcome, Outcome::unknown);
  EXPECT_EQ(jh.credited(), 0);
  EXPECT_TRUE(mj.logged("PEER-004"));
  EXPECT_EQ(mj.host.state, PSW_READY_DEGRADED);
  EXPECT_EQ(mj.host.state_text, "clock_skew");
  const auto at = std::find(mj.host.metric_names.begin(), mj.host.metric_names.end(), "payswitch_peer_clock_offset_milliseconds") - mj.host.metric_names.begin();
  EXPECT_EQ(mj.host.metric_values.at(static_cast<std::size_t>(at)), 600'000);
  jh_clock.step_wall_ms(-600'000);
  EXPECT_EQ(mj.drive.credit(mj.drive.credit_of(5)).outcome, Outcome::applied);
  EXPECT_EQ(mj.host.state, PSW_READY_UP);
}

TEST(Client, without_a_key_nothing_is_sent) {
  TwoBanks two;
  two.mj.host.key_owner.clear();
  two.mj.host.signing_key = "";
  EXPECT_EQ(two.mj.drive.credit(two.mj.drive.credit_of(5)).outcome, Outcome::unknown) << "an unsigned key id is no signature the peer takes";
  EXPECT_EQ(two.jh.credited(), 0);
}

// ---- the others ----

TEST(Client, hello_tells_bank_ledger_and_clock_of_the_peer) {
  TwoBanks two;
  EXPECT_EQ(two.mj.drive.hello().code, Code::ok);
  two.jh.host.own_inbound.bank = "xx";
  EXPECT_EQ(two.mj.drive.hello().code, Code::unavailable);
  two.jh.host.own_inbound.bank = "jh";
  const Seen& shown = two.mj.drive.command("hello");
  EXPECT_EQ(shown.code, Code::ok);
  EXPECT_NE(shown.text.find("\"bank\":\"jh\""), std::string::npos);
}

TEST(Client, lookup_says_yes_with_a_name_or_no_with_a_code) {
  TwoBanks two;
  EXPECT_EQ(two.mj.drive.send(PSW_OP_LOOKUP, two.mj.drive.credit_of(5)).code, Code::ok);
  two.jh.host.own_inbound.rule = [](const psw_credit&) { return std::string("account_closed"); };
  const Seen& closed = two.mj.drive.send(PSW_OP_LOOKUP, two.mj.drive.credit_of(5));
  EXPECT_EQ(closed.code, Code::rule);
  EXPECT_EQ(closed.reason, "account_closed");
}

TEST(Client, reconcile_brings_the_peers_records_page_by_page) {
  TwoBanks two;
  for (int i = 0; i != 5; ++i) two.mj.drive.credit(two.mj.drive.credit_of(10, i));
  const Seen& page = two.mj.drive.reconcile("", 100);
  ASSERT_EQ(page.records.size(), 5u);
  for (const decision& d : page.records) {
    EXPECT_EQ(d.money.minor, 10);
    EXPECT_EQ(d.direction, 1);
  }
  EXPECT_TRUE(two.mj.drive.reconcile(to_hex(page.records.back().op_id), 100).records.empty());
}

TEST(Options, an_url_with_a_path_or_no_bank_is_refused) {
  ManualClock clock;
  for (const char* url : {"https://jh.test/base", "https://user@jh.test", "https://jh.test?x", "ftp://jh.test", "https://"}) {
    EXPECT_THROW(Bank(clock, "mj", "jh", {{"url", url}}), std::runtime_error) << url;
  }
  EXPECT_NO_THROW(Bank(clock, "mj", "jh", {{"url", "https://jh.test/"}}));
  EXPECT_THROW(Bank(clock, "mj", "", {}), std::runtime_error);
}

TEST(Options, the_manual_page_names_every_option_with_its_default) {
  std::ifstream file(PEER_HTTP_README);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (const psw_key& key : rows<psw_key>(type_of(psw_plugin_entry, "peer_http").keys)) {
    std::string row = "| `" + std::string(view(key.path)) + "` | ";
    row += (key.flags & PSW_KEY_REQUIRED) != 0 ? "required" : "`" + std::string(view(key.dflt)) + "`";
    EXPECT_NE(page.find(row), std::string::npos) << row;
  }
}

TEST(Options, a_second_connector_to_the_same_bank_can_leave_the_door_to_the_first) {
  ManualClock clock;
  Bank quiet(clock, "mj", "jh", {{"serve", "false"}});
  EXPECT_TRUE(quiet.host.routes.empty());
}

}  // namespace
}  // namespace payswitch::peer_http::test
