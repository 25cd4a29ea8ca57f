// Two banks, each a peer_http instance on a fake host, and the wire between them as a test bends it. One thread, no time passes by itself.
#pragma once

#include <payswitch/testing/fake_host.h>
#include <payswitch/testing/gateway_driver.h>
#include <payswitch/testing/plugin_file.h>

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace payswitch::peer_http::test {

using namespace payswitch::testing;
using Headers = std::vector<std::pair<std::string, std::string>>;
using Options = std::initializer_list<std::pair<const char*, const char*>>;

inline const std::string* find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (key == name) return &value;
  }
  return nullptr;
}

struct Bank {
  Bank(ManualClock& clock, std::string us, std::string them, Options options = {}) : name(us), host(clock) {
    host.signing_key = us + "-key-1";
    host.key_owner = {{them + "-key-1", them}, {them + "-key-2", them}, {"third-key-1", "third"}};
    host.own_inbound.bank = us;
    host.own_inbound.history = psw_history{derive_id(9, {us}), 1, 10};
    host.own_inbound.clock_ms = clock.wall_ms();
    host.own_inbound.currencies = {krw(0)};
    host.option("@bank", them);
    host.option("@our_bank", us);
    host.option("@tls", them + "-http");
    host.option("url", "https://" + them + ".test:8443");
    for (const auto& [path, value] : options) host.option(path, value);
    const std::string complaint = host.load(type_of(psw_plugin_entry, "peer_http"), them + "-http");
    if (!complaint.empty()) throw std::runtime_error(complaint);
  }
  static psw_money krw(std::int64_t minor) {
    psw_money out{};
    out.minor = minor;
    set_currency(out.currency, "KRW");
    return out;
  }
  // What arrives at this bank's peer listener with the other bank's certificate.
  HttpReply serve(const HttpSeen& seen) {
    const std::string rest = seen.target.substr(seen.target.find("://") + 3);
    const auto slash = rest.find('/');
    const psw_handle handle = host.http(seen.method, rest.substr(slash), seen.body, certificate, seen.headers, rest.substr(0, slash));
    host.run();
    return host.responses.at(handle);
  }
  std::int64_t credited() const {  // by the records of this bank
    std::int64_t sum = 0;
    for (const auto& [id, d] : host.own_inbound.recorded) sum += d.word == Outcome::applied ? d.money.minor : 0;
    return sum;
  }
  bool logged(std::string_view id) const {
    for (const LogLine& line : host.logs) {
      if (line.id == id) return true;
    }
    return false;
  }

  std::string name, certificate = "sha256/of-the-other-bank";
  FakeHost host;
  GatewayDriver drive{host};
};

// mj asks, jh answers (and the other way round). `bend` stands between mj and jh.
struct TwoBanks {
  explicit TwoBanks(Options mj_options = {}, Options jh_options = {}) : mj(clock, "mj", "jh", mj_options), jh(clock, "jh", "mj", jh_options) {
    mj.host.network = [this](const HttpSeen& seen) { return bend ? bend(seen) : jh.serve(seen); };
    jh.host.network = [this](const HttpSeen& seen) { return mj.serve(seen); };
  }
  static HttpReply lost(std::int32_t phase = PSW_HTTP_SENT_ALL) { return HttpReply{.phase = phase, .status = 0, .body = {}, .headers = {}, .delay_ns = 0}; }

  ManualClock clock;
  Bank mj, jh;
  std::function<HttpReply(const HttpSeen&)> bend;
};

// Many credits in the inbox before the plugin has its turn.
class Crowd {
 public:
  explicit Crowd(Bank& bank) : bank_(bank) {}
  void add(std::int64_t minor, int serial) {
    One& one = all_.emplace_back();
    one.payer = bank_.name + "-1";
    one.payee = (bank_.name == "mj" ? "jh-" : "mj-") + std::to_string(serial);
    one.credit.size = sizeof one.credit;
    one.credit.op_id = derive_op_id(bank_.name, "alice", std::to_string(minor) + "/" + std::to_string(serial), "payee", "x");
    one.credit.payer = str(one.payer);
    one.credit.payee = str(one.payee);
    one.credit.money = Bank::krw(minor);
    const Sha256Digest hash = credit_hash(one.credit);
    std::memcpy(one.credit.hash, hash.data(), sizeof one.credit.hash);
    submit(one);
  }
  void run() { bank_.host.run(); }
  void send_again() {
    for (One& one : all_) submit(one);
  }
  std::size_t count(Outcome outcome) const {
    std::size_t n = 0;
    for (const One& one : all_) n += one.answered && one.outcome == outcome ? 1u : 0u;
    return n;
  }
  std::size_t size() const { return all_.size(); }

 private:
  struct One {
    psw_credit credit{};
    std::string payer, payee;
    bool answered = false;
    Outcome outcome = Outcome::unknown;
  };
  void submit(One& one) {
    psw_op op{};
    op.kind = PSW_OP_CREDIT;
    op.body = &one.credit;
    One* at = &one;
    bank_.host.submit(op, [at](const psw_reply& r) {
      at->answered = true;
      at->outcome = outcome_of(PSW_OP_CREDIT, r.outcome);
    });
  }
  Bank& bank_;
  std::deque<One> all_;
};

}  // namespace payswitch::peer_http::test
