// The suite on peer_http: its own server stands on the other side, with a bank behind it that is refused to, sheds, waits and lies.
#include <payswitch/conformance/gateway.h>
#include <payswitch/conformance/http_rig.h>

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "plugins/peer_http/banks.h"

namespace payswitch::conformance::test {
namespace {

using peer_http::test::TwoBanks;

// The bank behind jh's server: its books are FakeInbound's; what it says about them is bent here, and signed by the server as it is said.
class Bent final : public testing::Inbound {
 public:
  Bent(testing::FakeInbound& books) : books_(books) {
    books_.rule = [this](const psw_credit& c) {
      const auto at = refusals.find(c.op_id);
      return at == refusals.end() ? std::string() : at->second;
    };
  }
  std::map<psw_id, std::string, IdLess> refusals;
  std::map<psw_id, Fault, IdLess> lies;
  std::set<psw_id, IdLess> shed, pending;

  void credit(const psw_credit& c, Done done) override {
    if (shed.erase(c.op_id) != 0) {
      psw_reply r{};
      r.size = sizeof r;
      r.code = PSW_OVERLOADED;
      r.retry_after_ms = 500;
      r.at = books_.history;
      return done(r);
    }
    const bool waits = pending.erase(c.op_id) != 0;
    books_.credit(c, [&](const psw_reply& r) { tell(c.op_id, r, waits, done); });
  }
  void cancel(const psw_credit& c, Done done) override {
    books_.cancel(c, [&](const psw_reply& r) { tell(c.op_id, r, false, done); });
  }
  void query(const psw_credit& c, Done done) override {
    books_.query(c, [&](const psw_reply& r) { tell(c.op_id, r, false, done); });
  }
  void list(const psw_read& read, Done done) override { books_.list(read, std::move(done)); }
  void lookup(std::string_view account, std::string_view currency, Done done) override { books_.lookup(account, currency, std::move(done)); }
  void hello(const psw_history& theirs, Done done) override { books_.hello(theirs, std::move(done)); }
  void report(const psw_decision& d, Done done) override { books_.report(d, std::move(done)); }

 private:
  void tell(const psw_id& op_id, const psw_reply& said, bool waits, const Done& done) const {
    psw_reply r = said;
    if (said.body == nullptr) return done(r);
    decision d(*static_cast<const psw_decision*>(said.body));
    if (waits) {
      d.word = Outcome::pending;
      r.outcome = PSW_PENDING;
    }
    if (const auto lie = lies.find(op_id); lie != lies.end()) {
      switch (lie->second) {
        case Fault::says_other_op_id: d.op_id.b[0] ^= 0xff; break;
        case Fault::says_other_amount: d.money.minor += 1; break;
        case Fault::says_other_scale: d.money.exponent += 1; break;
        case Fault::says_other_currency: set_currency(d.money.currency, "USD"); break;
        case Fault::says_other_payer: d.payer += "-x"; break;
        case Fault::says_other_payee: d.payee += "-x"; break;
        case Fault::says_other_hash: d.hash[0] ^= 0xff; break;
        default:
          d.word = Outcome::refused;
          d.code = "account_closed";
          r.outcome = PSW_REFUSED;
      }
    }
    const psw_decision body = d.abi();
    r.body = &body;
    done(r);
  }
  testing::FakeInbound& books_;
};

class PeerHttpRig final : public HttpRig {
 public:
  PeerHttpRig() {
    two_.jh.host.inbound = &bent_;
    take_the_network();
  }
  testing::FakeHost& host() override { return two_.mj.host; }
  testing::GatewayDriver& drive() override { return two_.mj.drive; }
  std::uint64_t capabilities() const override { return testing::type_of(psw_plugin_entry, "peer_http").capabilities; }
  std::size_t operations() override { return two_.jh.host.own_inbound.recorded.size(); }
  Truth truth(const psw_id& op_id) override {
    Truth out;
    const auto& books = two_.jh.host.own_inbound.recorded;
    const auto at = books.find(op_id);
    if (at == books.end()) return out;
    out.seen = true;
    out.applied = at->second.word == Outcome::applied ? 1 : 0;
    out.minor = at->second.money.minor;
    out.refused = at->second.word == Outcome::refused;
    out.code = at->second.code;
    return out;
  }

 private:
  testing::HttpReply bank(const testing::HttpSeen& seen) override { return two_.jh.serve(seen); }
  bool refuse(const testing::Credit& c, const std::string& code) override { return bent_.refusals.insert_or_assign(c.op_id, code).second; }
  bool lie(const testing::Credit& c, Fault fault) override {
    if (fault == Fault::shed) bent_.shed.insert(c.op_id);
    else if (fault == Fault::pending) bent_.pending.insert(c.op_id);
    else bent_.lies.insert_or_assign(c.op_id, fault);
    return true;
  }

  TwoBanks two_;
  Bent bent_{two_.jh.host.own_inbound};
};

class PeerHttp : public ::testing::TestWithParam<Case> {};

TEST_P(PeerHttp, conforms) {
  const CaseResult result = run_case(GetParam(), [] { return std::make_unique<PeerHttpRig>(); });
  for (const Finding& f : result.findings) ADD_FAILURE() << f.rule << ": " << f.text;
  EXPECT_FALSE(result.skipped) << "everything can be played between two banks of ours";
}

INSTANTIATE_TEST_SUITE_P(Gateway, PeerHttp, ::testing::ValuesIn(gateway_cases), [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace payswitch::conformance::test
