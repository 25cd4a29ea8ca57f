// What another bank's message may do here. The requests are real ones of the other bank, bent on their way.
#include "banks.h"

#include "peer_http/http_signature.h"
#include "peer_http/wire.h"

namespace payswitch::peer_http::test {
namespace {

// A signed request of mj that never arrived: for a test to bend and deliver.
struct Captured : TwoBanks {
  explicit Captured(Options jh_options = {}, std::int32_t kind = PSW_OP_CREDIT) : TwoBanks({}, jh_options) {
    bend = [](const HttpSeen&) { return lost(); };
    mj.drive.send(kind, mj.drive.credit_of(15000));
    request = mj.host.requests.back();
  }
  void header(std::string_view name, std::string_view value) {
    for (auto& [key, held] : request.headers) {
      if (key == name) held = value;
    }
  }
  std::string header(std::string_view name) const { return *find_header(request.headers, name); }
  int deliver() { return jh.serve(request).status; }
  bool nothing_happened() const { return jh.host.own_inbound.recorded.empty(); }
  HttpSeen request;
};

TEST(Server, an_authentic_credit_is_decided_and_the_answer_is_signed) {
  Captured c;
  const HttpReply answer = c.jh.serve(c.request);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(c.jh.credited(), 15000);
  const auto word = read_word(answer.body);
  ASSERT_TRUE(word);
  EXPECT_EQ(word->record.word, Outcome::applied);
  for (const char* name : {"Signature", "Signature-Input", "Content-Digest", "Payswitch-History"}) EXPECT_NE(find_header(answer.headers, name), nullptr) << name;
}

TEST(Server, A10_a_replayed_request_gives_the_stored_decision_and_no_second_credit) {
  Captured c;
  const std::string first = c.jh.serve(c.request).body;
  c.jh.host.own_inbound.rule = [](const psw_credit&) { return std::string("account_closed"); };  // the world has moved on
  for (int i = 0; i != 10; ++i) {
    const HttpReply again = c.jh.serve(c.request);
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first);
  }
  EXPECT_EQ(c.jh.credited(), 15000);
}

TEST(Server, A10_a_replay_after_the_window_is_401_and_decides_nothing) {
  Captured c;
  c.clock.advance_ms(61'000);
  EXPECT_EQ(c.deliver(), 401);
  EXPECT_TRUE(c.nothing_happened());
}

TEST(Server, A12_changed_method_path_query_authority_body_or_history_is_401) {
  const std::vector<std::pair<const char*, std::function<void(Captured&)>>> touches = {
      {"path", [](Captured& c) { c.request.target.back() = c.request.target.back() == '0' ? '1' : '0'; }},
      {"query", [](Captured& c) { c.request.target += "?x=1"; }},
      {"method", [](Captured& c) { c.request.method = "DELETE"; }},
      {"authority", [](Captured& c) { c.request.target.replace(c.request.target.find("jh.test"), 7, "xx.test"); }},
      {"body", [](Captured& c) { c.request.body.replace(c.request.body.find("15000"), 5, "95000"); }},
      {"body and digest", [](Captured& c) {
         c.request.body.replace(c.request.body.find("15000"), 5, "95000");
         c.header("Content-Digest", content_digest(c.request.body));
       }},
      {"history", [](Captured& c) { c.header("Payswitch-History", "ledger=\"00000000000000000000000000000001\", epoch=1, position=10"); }},
      {"time", [](Captured& c) {
         std::string input = c.header("Signature-Input");
         const auto at = input.find("created=") + 8;
         input[at + 9] = input[at + 9] == '0' ? '1' : '0';
         c.header("Signature-Input", input);
       }},
      {"another bank's key", [](Captured& c) {
         std::string input = c.header("Signature-Input");
         input.replace(input.find("mj-key-1"), 8, "third-key-1");
         c.header("Signature-Input", input);
       }},
      {"unknown key", [](Captured& c) {
         std::string input = c.header("Signature-Input");
         input.replace(input.find("mj-key-1"), 8, "mj-key-9");
         c.header("Signature-Input", input);
       }},
      {"no signature", [](Captured& c) { std::erase_if(c.request.headers, [](const auto& h) { return h.first == "Signature"; }); }},
      {"signature twice", [](Captured& c) { c.request.headers.push_back(c.request.headers.back()); }},
  };
  for (const auto& [what, touch] : touches) {
    Captured c;
    touch(c);
    EXPECT_EQ(c.deliver(), 401) << what;
    EXPECT_TRUE(c.nothing_happened()) << what;
    EXPECT_TRUE(c.jh.logged("PEER-001")) << what;
  }
}

// The signature is right for what it covers, but it covers less than was agreed.
TEST(Server, A12_a_valid_signature_over_fewer_components_is_401) {
  for (std::size_t leave_out = 0; leave_out != std::size(request_components); ++leave_out) {
    Captured c;
    std::vector<std::string_view> fewer;
    for (std::size_t i = 0; i != std::size(request_components); ++i) {
      if (i != leave_out) fewer.push_back(request_components[i]);
    }
    const std::int64_t now_s = c.clock.wall_ms() / 1000;
    const SignatureInput input = make_input(fewer, now_s, now_s + 60, "mj-key-1");
    const std::string target = c.request.target.substr(c.request.target.find("/peer"));
    const std::map<std::string_view, std::string> values = {{request_components[0], "PUT"}, {request_components[1], "jh.test:8443"}, {request_components[2], target},
                                                            {request_components[3], "?"}, {request_components[4], c.header("Content-Digest")}, {request_components[5], c.header("Payswitch-History")}};
    std::vector<std::pair<std::string, std::string>> lines;
    for (const std::string_view name : fewer) lines.emplace_back(name, values.at(name));
    std::uint8_t signature[64];
    FakeHost::fake_signature("mj-key-1", signature_base(lines, input.text), signature);
    c.header("Signature-Input", "psw=" + input.text);
    c.header("Signature", "psw=" + signature_text(signature));
    EXPECT_EQ(c.deliver(), 401) << request_components[leave_out];
    EXPECT_TRUE(c.nothing_happened());
  }
}

TEST(Server, X22_certificate_and_key_must_be_the_same_banks) {
  Captured c;
  c.jh.certificate = "";
  EXPECT_EQ(c.deliver(), 403);
  c.jh.certificate = "sha256/of-the-other-bank";
  c.mj.host.signing_key = "third-key-1";  // jh knows it, as a third bank's
  c.mj.drive.credit(c.mj.drive.credit_of(15000));
  c.request = c.mj.host.requests.back();
  EXPECT_EQ(c.deliver(), 403);
  EXPECT_TRUE(c.nothing_happened());
}

TEST(Server, X22_who_means_another_ledger_is_told_so_and_nothing_is_written) {
  Captured c;
  c.bend = nullptr;
  psw_op op{};
  psw_credit credit{};
  credit.size = sizeof credit;
  credit.op_id = derive_id(3, {"x"});
  credit.payer = str("mj-1");
  credit.payee = str("jh-1");
  credit.money = Bank::krw(5);
  const Sha256Digest hash = credit_hash(credit);
  std::memcpy(credit.hash, hash.data(), sizeof credit.hash);
  credit.their_ledger = derive_id(9, {"an older ledger"});
  op.kind = PSW_OP_CREDIT;
  op.body = &credit;
  std::int32_t outcome = -1;
  c.mj.host.submit(op, [&](const psw_reply& r) { outcome = r.outcome; });
  c.mj.host.run();
  EXPECT_EQ(outcome, PSW_UNKNOWN);
  EXPECT_TRUE(c.nothing_happened());
  EXPECT_TRUE(c.jh.logged("PEER-003"));
  EXPECT_TRUE(c.mj.logged("PEER-003"));
}

TEST(Server, A14_the_same_op_id_with_another_hash_is_409_with_the_stored_decision) {
  TwoBanks two;
  Credit c = two.mj.drive.credit_of(15000);
  EXPECT_EQ(two.mj.drive.credit(c).outcome, Outcome::applied);
  c.minor = 16000;
  HttpReply answer;
  two.bend = [&](const HttpSeen& seen) { return answer = two.jh.serve(seen); };
  const Seen& seen = two.mj.drive.credit(c);
  EXPECT_EQ(answer.status, 409);
  EXPECT_EQ(read_word(answer.body).value().error, "op_id_reused");
  EXPECT_EQ(seen.record.value().money.minor, 15000) << "the core sees from the echo that this is not its credit";
  EXPECT_EQ(two.jh.credited(), 15000);
}

TEST(Server, X6_a_credit_that_comes_after_its_cancel_meets_the_tombstone) {
  Captured c;
  c.bend = nullptr;
  const Credit credit = c.mj.drive.credit_of(15000);
  EXPECT_EQ(c.mj.drive.cancel(credit).outcome, Outcome::refused);
  const HttpReply late = c.jh.serve(c.request);
  EXPECT_EQ(read_word(late.body).value().record.word, Outcome::refused);
  EXPECT_EQ(c.jh.credited(), 0);
}

TEST(Server, what_cannot_be_read_is_not_recorded) {
  Captured c;
  const std::string path = c.request.target.substr(c.request.target.find("/peer"));
  // Signed by the right bank, but not what the API takes: signed anew for each.
  const auto send = [&](std::string_view method, std::string_view target, std::string_view body) {
    RequestParts parts;
    parts.method = method;
    parts.authority = "jh.test:8443";
    split_target(target, parts);
    parts.digest = content_digest(body);
    parts.history = c.header("Payswitch-History");
    const std::int64_t now_s = c.clock.wall_ms() / 1000;
    const SignatureInput input = make_input(request_components, now_s, now_s + 60, "mj-key-1");
    std::uint8_t signature[64];
    FakeHost::fake_signature("mj-key-1", request_base(input, parts).value(), signature);
    HttpSeen seen{std::string(method), "https://jh.test:8443" + std::string(target), std::string(body), "", {{"Content-Digest", parts.digest}, {"Payswitch-History", parts.history},
                  {"Signature-Input", "psw=" + input.text}, {"Signature", "psw=" + signature_text(signature)}}};
    return c.jh.serve(seen).status;
  };
  EXPECT_EQ(send("PUT", path, "{}"), 400);
  EXPECT_EQ(send("PUT", path, ""), 400);
  EXPECT_EQ(send("PUT", "/peer/v1/credits/xyz", c.request.body), 400);
  EXPECT_EQ(send("PUT", "/peer/v1/credits/" + std::string(32, '0'), c.request.body), 400);
  EXPECT_EQ(send("PUT", "/peer/v1/credits/" + to_hex(derive_id(5, {"another id than hashed"})), c.request.body), 400);
  EXPECT_EQ(send("PUT", path + "?force=1", c.request.body), 400);
  EXPECT_EQ(send("DELETE", path, "{}"), 400);
  EXPECT_EQ(send("POST", "/peer/v1/credits:batch", "{\"credits\":[]}"), 400);
  EXPECT_EQ(send("GET", "/peer/v1/accounts/a%2fb?currency=KRW", ""), 400);
  EXPECT_EQ(send("GET", "/peer/v1/accounts/jh-1?currency=won", ""), 400);
  EXPECT_EQ(send("GET", "/peer/v1/reconcile?after=a%00", ""), 400);
  EXPECT_TRUE(c.nothing_happened());
  EXPECT_EQ(send("PUT", path, c.request.body), 200);
}

TEST(Server, questions_about_accounts_are_limited) {
  TwoBanks two({}, {{"lookups_per_second", "3"}});
  int good = 0;
  for (int i = 0; i != 10; ++i) good += two.mj.drive.send(PSW_OP_LOOKUP, two.mj.drive.credit_of(5)).code == Code::ok;
  EXPECT_EQ(good, 3);
  two.clock.advance_ms(1000);
  EXPECT_EQ(two.mj.drive.send(PSW_OP_LOOKUP, two.mj.drive.credit_of(5)).code, Code::ok);
}

// A core that answers later.
class SlowInbound final : public Inbound {
 public:
  explicit SlowInbound(FakeInbound& truth) : truth_(truth) {}
  std::vector<std::function<void()>> waiting;
  void credit(const psw_credit& c, Done done) override {
    waiting.push_back([this, kept = sized_copy(&c), payer = std::string(view(c.payer)), payee = std::string(view(c.payee)), done] {
      psw_credit later = kept;
      later.payer = str(payer);
      later.payee = str(payee);
      later.reference = later.verified_key = {};
      truth_.credit(later, done);
    });
  }
  void cancel(const psw_credit& c, Done done) override { truth_.cancel(c, done); }
  void query(const psw_credit& c, Done done) override { truth_.query(c, done); }
  void list(const psw_read& r, Done done) override { truth_.list(r, done); }
  void lookup(std::string_view a, std::string_view c, Done done) override { truth_.lookup(a, c, done); }
  void hello(const psw_history& h, Done done) override { truth_.hello(h, done); }
  void report(const psw_decision& d, Done done) override { truth_.report(d, done); }

 private:
  FakeInbound& truth_;
};

TEST(Server, more_requests_at_once_than_the_bound_are_told_to_come_back) {
  Captured c({{"requests_max", "2"}});
  SlowInbound slow(c.jh.host.own_inbound);
  c.jh.host.inbound = &slow;
  const std::string path = c.request.target.substr(c.request.target.find("/peer"));
  std::vector<psw_handle> handles;
  for (int i = 0; i != 3; ++i) {
    handles.push_back(c.jh.host.http("PUT", path, c.request.body, "sha256/x", c.request.headers, "jh.test:8443"));
    c.jh.host.run();
  }
  EXPECT_FALSE(c.jh.host.responses.contains(handles[0]));
  EXPECT_EQ(c.jh.host.responses.at(handles[2]).status, 503);
  for (const auto& go_on : slow.waiting) go_on();
  c.jh.host.run();
  EXPECT_EQ(c.jh.host.responses.at(handles[0]).status, 200);
  EXPECT_EQ(c.jh.host.responses.at(handles[1]).status, 200);
  EXPECT_EQ(c.jh.credited(), 15000);
}

TEST(Server, all_credits_of_a_batch_are_with_the_core_at_once) {
  TwoBanks two;
  SlowInbound slow(two.jh.host.own_inbound);
  two.jh.host.inbound = &slow;
  HttpSeen batch;
  two.bend = [&](const HttpSeen& seen) {
    batch = seen;
    return TwoBanks::lost();
  };
  Crowd crowd(two.mj);
  for (int i = 0; i != 50; ++i) crowd.add(10, i);
  crowd.run();
  const psw_handle handle = two.jh.host.http("POST", "/peer/v1/credits:batch", batch.body, "sha256/x", batch.headers, "jh.test:8443");
  two.jh.host.run();
  EXPECT_EQ(slow.waiting.size(), 50u);
  for (auto it = slow.waiting.rbegin(); it != slow.waiting.rend(); ++it) (*it)();  // in another order
  two.jh.host.run();
  const auto words = read_words(two.jh.host.responses.at(handle).body);
  ASSERT_TRUE(words);
  EXPECT_EQ(words->size(), 50u);
  EXPECT_EQ(two.jh.credited(), 500);
}

TEST(Server, a_request_that_is_open_when_the_instance_stops_is_answered_503) {
  Captured c;
  SlowInbound slow(c.jh.host.own_inbound);
  c.jh.host.inbound = &slow;
  const psw_handle handle = c.jh.host.http("PUT", c.request.target.substr(c.request.target.find("/peer")), c.request.body, "sha256/x", c.request.headers, "jh.test:8443");
  c.jh.host.run();
  c.jh.host.unload();
  EXPECT_EQ(c.jh.host.responses.at(handle).status, 503);
}

}  // namespace
}  // namespace payswitch::peer_http::test
