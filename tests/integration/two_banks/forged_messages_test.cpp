// Messages that somebody else made, or made again: signatures, certificates and op_ids keep them from meaning anything.
#include <payswitch/credit_hash.h>
#include <payswitch/ids.h>
#include <unistd.h>

#include "integration/two_banks/two_banks.h"
#include "support/peer_voice.h"

namespace payswitch::test {
namespace {

// mj paid 500 to jh; whoever holds mj's papers may say it again.
class Forged : public ::testing::Test {
 protected:
  void begin(TwoBanksOptions options = {}) {
    banks_ = std::make_unique<TwoBanks>(std::move(options));
    ASSERT_TRUE(banks_->start());
    ASSERT_EQ(banks_->mj().pay(500, "paid", 10).text("status"), "completed");
    op_id_ = banks_->mj().op_id("paid");
    options_.ours = banks_->jh().their_history();
    options_.their_ledger = banks_->mj().their_history().ledger;
    ASSERT_FALSE(is_zero(options_.ours.ledger));
  }
  PeerVoice voice(const PeerPapers& papers) const { return {papers, banks_->banks().peer_port(1)}; }
  PeerPapers papers(const std::string& code) const { return {banks_->banks().papers(), code}; }
  std::string body(std::int64_t minor = 500) const { return peer_http::write_credit(PeerVoice::credit(op_id_, "mj-1", "jh-1", minor)); }
  // jh has what mj paid, and no more.
  void unchanged() {
    EXPECT_EQ(banks_->jh().balance(), start_minor + 500);
    EXPECT_EQ(banks_->jh().clearing(), -500);
  }

  std::unique_ptr<TwoBanks> banks_;
  psw_id op_id_{};
  SignOptions options_;
};

TEST_F(Forged, A10_a_request_that_is_replayed_at_once_or_after_a_restart_is_answered_with_the_stored_decision) {
  begin();
  const PeerVoice mj = voice(papers("mj"));
  const SignedRequest captured = mj.sign("PUT", PeerVoice::target_of(op_id_), body(), options_);
  for (int i = 0; i < 10; ++i) {
    const HttpAnswer again = mj.send(captured);
    EXPECT_EQ(again.status, 200) << again.body;
    EXPECT_NE(again.body.find("\"decision\":\"applied\""), std::string::npos) << again.body;
  }
  unchanged();
  banks_->jh().kill();
  ASSERT_TRUE(banks_->jh().start());
  const HttpAnswer after_restart = mj.send(captured);
  EXPECT_EQ(after_restart.status, 200) << after_restart.body;
  EXPECT_NE(after_restart.body.find("\"decision\":\"applied\""), std::string::npos) << after_restart.body;
  unchanged();
  banks_->settle();
}

TEST_F(Forged, A10_a_request_outside_of_the_window_of_time_is_not_looked_at) {
  begin();
  const PeerVoice mj = voice(papers("mj"));
  for (const std::int64_t offset_s : {-600, -62, 62, 600}) {
    SignOptions options = options_;
    options.clock_offset_s = offset_s;
    const HttpAnswer answer = mj.say("PUT", PeerVoice::target_of(op_id_), body(), options);
    EXPECT_EQ(answer.status, 401) << offset_s << answer.body;
  }
  unchanged();
  EXPECT_GE(banks_->jh().logged("PEER-001"), 1u);
  banks_->settle();
}

TEST_F(Forged, A12_a_signed_request_with_another_path_query_body_or_fewer_components_is_401) {
  begin();
  const PeerVoice mj = voice(papers("mj"));
  const auto target = PeerVoice::target_of(op_id_);
  const psw_id fresh = derive_id(9, {"fresh"});
  const std::string fresh_body = peer_http::write_credit(PeerVoice::credit(fresh, "mj-1", "jh-1", 77));
  const auto expect_401 = [&](const SignedRequest& request, const char* what) {
    const HttpAnswer answer = mj.send(request);
    EXPECT_EQ(answer.status, 401) << what << ": " << answer.body;
    unchanged();
  };
  SignedRequest other_path = mj.sign("PUT", target, fresh_body, options_);
  other_path.target = PeerVoice::target_of(fresh);
  expect_401(other_path, "path");
  SignedRequest other_query = mj.sign("PUT", PeerVoice::target_of(fresh), fresh_body, options_);
  other_query.target += "?again=1";
  expect_401(other_query, "query");
  SignedRequest other_body = mj.sign("PUT", PeerVoice::target_of(fresh), fresh_body, options_);
  other_body.body = peer_http::write_credit(PeerVoice::credit(fresh, "mj-1", "jh-1", 7777));
  expect_401(other_body, "body");
  SignedRequest other_digest = other_body;
  for (auto& [name, value] : other_digest.headers)
    if (name == "Content-Digest") value = peer_http::content_digest(other_digest.body);
  expect_401(other_digest, "body and digest");
  SignedRequest other_method = mj.sign("GET", PeerVoice::target_of(fresh), "", options_);
  other_method.method = "DELETE";
  expect_401(other_method, "method");
  for (std::size_t left_out = 0; left_out < std::size(peer_http::request_components); ++left_out) {
    SignOptions fewer = options_;
    for (std::size_t i = 0; i < std::size(peer_http::request_components); ++i)
      if (i != left_out) fewer.components.push_back(peer_http::request_components[i]);
    expect_401(mj.sign("PUT", PeerVoice::target_of(fresh), fresh_body, fewer), "fewer components");
  }
  SignedRequest unsigned_one = mj.sign("PUT", PeerVoice::target_of(fresh), fresh_body, options_);
  std::erase_if(unsigned_one.headers, [](const auto& header) { return header.first.starts_with("Signature"); });
  expect_401(unsigned_one, "no signature");
  SignOptions elsewhere = options_;
  elsewhere.authority = "peer.jh.example:8443";
  expect_401(mj.sign("PUT", PeerVoice::target_of(fresh), fresh_body, elsewhere), "for another authority");
  SignOptions unknown_key = options_;
  unknown_key.key_id = "mj-99";
  expect_401(mj.sign("PUT", PeerVoice::target_of(fresh), fresh_body, unknown_key), "an unknown key");
  EXPECT_GE(banks_->jh().logged("PEER-001"), 1u) << "and it is logged";
  banks_->settle();
}

TEST_F(Forged, X7_the_same_op_id_with_another_amount_is_409_with_the_stored_decision_and_attention) {
  begin();
  const HttpAnswer other = voice(papers("mj")).say("PUT", PeerVoice::target_of(op_id_), body(600), options_);
  EXPECT_EQ(other.status, 409) << other.body;
  EXPECT_NE(other.body.find("op_id_reused"), std::string::npos) << other.body;
  EXPECT_NE(other.body.find("\"amount\":\"500\""), std::string::npos) << other.body;
  unchanged();
  banks_->settle();
}

TEST_F(Forged, X22_a_third_bank_that_forges_every_message_about_two_others_changes_nothing) {
  TwoBanksOptions options;
  options.third = "kb";
  options.proxies = true;
  options.banks.connector = "call_deadline = \"700ms\"\n";
  begin(options);
  const auto target = PeerVoice::target_of(op_id_);
  const PeerVoice kb = voice(papers("kb"));
  SignOptions as_kb;
  as_kb.their_ledger = options_.their_ledger;
  // With its own papers it speaks of op_ids of its own, whatever their digits.
  const HttpAnswer asked = kb.say("GET", target, "", as_kb);
  EXPECT_EQ(asked.status, 404) << asked.body;
  EXPECT_NE(asked.body.find("\"decision\":\"none\""), std::string::npos) << asked.body;
  const HttpAnswer cancelled = kb.say("DELETE", target, "", as_kb);
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_NE(cancelled.body.find("\"code\":\"cancelled\""), std::string::npos) << cancelled.body;
  unchanged();
  // Said in mj's name with its own key, and with mj's key under its own certificate.
  SignOptions as_mj = options_;
  as_mj.key_id = "mj-1";
  const PeerVoice with_stolen_key = voice(papers("kb").with_signing_key_of("mj"));
  const psw_id fresh = derive_id(9, {"forged"});
  const std::string credit = peer_http::write_credit(PeerVoice::credit(fresh, "mj-1", "jh-1", 99'000));
  for (const auto& [method, text] : {std::pair{"PUT", credit}, std::pair{"GET", std::string()}, std::pair{"DELETE", std::string()}}) {
    EXPECT_EQ(kb.say(method, PeerVoice::target_of(fresh), text, as_mj).status, 401) << method;
    EXPECT_EQ(with_stolen_key.say(method, PeerVoice::target_of(fresh), text, options_).status, 403) << method;
    EXPECT_EQ(kb.say(method, target, text, as_mj).status, method == std::string("PUT") ? 401 : 401);
  }
  unchanged();
  EXPECT_GE(banks_->jh().logged("PEER-001"), 1u) << "an alarm";
  // It stands where jh should be, and answers for it: applied and refused, signed with its own key.
  PeerStage stage(papers("kb"));
  stage.pretend(banks_->mj().their_history());
  stage.play([&](const PeerQuestion& question) {
    if (question.target == "/peer/v1/hello") return stage.hello();
    return question.method == "PUT" ? stage.applied(question) : stage.refused(question.op_id, "cancelled");
  });
  banks_->to_jh().target(stage.port());
  banks_->to_jh().reset_all();
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i)
    if (const Reply paid = banks_->mj().pay(20, "to-the-forger-" + std::to_string(i)); paid.status() == 202) ids.push_back(paid.text("id"));
  ASSERT_FALSE(ids.empty());
  usleep(2'000'000);
  for (const auto& id : ids) EXPECT_NE(banks_->mj().state(id), "completed");
  EXPECT_TRUE(banks_->mj().logged("PEER-002") + banks_->mj().logged("tls_failed") > 0) << "an alarm";
  banks_->to_jh().target(banks_->banks().peer_port(1));
  banks_->to_jh().reset_all();
  banks_->settle();
}

TEST_F(Forged, X22_a_message_for_another_ledger_decides_nothing_and_raises_an_alarm) {
  begin();
  SignOptions other = options_;
  other.their_ledger = derive_id(9, {"another ledger"});
  const psw_id fresh = derive_id(9, {"split"});
  const std::string credit = peer_http::write_credit(PeerVoice::credit(fresh, "mj-1", "jh-1", 99'000));
  for (const auto& [method, text] : {std::pair{"PUT", credit}, std::pair{"DELETE", std::string()}}) {
    const HttpAnswer answer = voice(papers("mj")).say(method, PeerVoice::target_of(fresh), text, other);
    EXPECT_EQ(answer.status, 409) << answer.body;
    EXPECT_NE(answer.body.find("wrong_ledger"), std::string::npos) << answer.body;
  }
  unchanged();
  const HttpAnswer asked = voice(papers("mj")).say("GET", PeerVoice::target_of(fresh), "", options_);
  EXPECT_EQ(asked.status, 404) << "no tombstone either: " << asked.body;
  EXPECT_GE(banks_->jh().logged("PEER-003"), 1u);
  banks_->settle();
}

}  // namespace
}  // namespace payswitch::test
