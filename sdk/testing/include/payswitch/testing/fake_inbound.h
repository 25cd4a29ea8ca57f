// The core's side of psw.inbound, in memory: what another bank said, recorded once for ever by op_id. Tests replace it when the
// answers should come from a real coordinator.
#pragma once

#include <payswitch/credit_hash.h>
#include <payswitch/decision.h>
#include <payswitch/ids.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace payswitch::testing {

class Inbound {
 public:
  virtual ~Inbound() = default;
  // Gives the answer; the reply is copied. Called once, now or later, on the same thread.
  using Done = std::function<void(const psw_reply&)>;
  virtual void credit(const psw_credit&, Done) = 0;
  virtual void cancel(const psw_credit&, Done) = 0;
  virtual void query(const psw_credit&, Done) = 0;
  virtual void list(const psw_read&, Done) = 0;
  virtual void lookup(std::string_view account, std::string_view currency, Done) = 0;
  virtual void hello(const psw_history& theirs, Done) = 0;
  virtual void report(const psw_decision&, Done) = 0;
};

class FakeInbound final : public Inbound {
 public:
  // Why a credit to this account is refused; empty = applied. The test's to set.
  std::function<std::string(const psw_credit&)> rule = [](const psw_credit&) { return std::string(); };
  std::map<psw_id, decision, IdLess> recorded;
  std::vector<decision> reports;
  std::int32_t report_code = PSW_OK;
  std::string bank = "us";
  psw_history history{};  // of our ledger, told with every answer
  std::int64_t clock_ms = 0;
  std::vector<psw_money> currencies;

  void credit(const psw_credit& c, Done done) override {
    const auto [at, unseen] = recorded.try_emplace(c.op_id, c.op_id, c.money, view(c.payer), view(c.payee));
    if (unseen) {
      at->second.code = rule(c);
      at->second.word = at->second.code.empty() ? Outcome::applied : Outcome::refused;
      at->second.direction = 2;
      std::memcpy(at->second.hash, c.hash, sizeof c.hash);
    }
    // A tombstone refuses whatever comes under its id; a decided credit is that of its contents alone.
    const bool tombstone = at->second.word == Outcome::refused && at->second.code == "cancelled";
    answer(at->second, tombstone || same_hash(at->second.hash, c.hash) ? PSW_OK : PSW_CONFLICT, done);
  }
  void cancel(const psw_credit& c, Done done) override {
    const auto [at, unseen] = recorded.try_emplace(c.op_id, c.op_id, c.money, view(c.payer), view(c.payee));
    if (unseen) {
      at->second.word = Outcome::refused;
      at->second.code = "cancelled";
    }
    answer(at->second, PSW_OK, done);
  }
  void query(const psw_credit& c, Done done) override {
    const auto at = recorded.find(c.op_id);
    if (at == recorded.end()) {
      psw_reply r{};
      r.size = sizeof r;
      r.code = PSW_ABSENT;
      r.outcome = PSW_NOT_FOUND;
      r.at = history;
      return done(r);
    }
    answer(at->second, PSW_OK, done);
  }
  void list(const psw_read& read, Done done) override {
    std::vector<psw_decision> page;
    std::string last(view(read.after));
    for (const auto& [id, d] : recorded) {
      if (to_hex(id) <= last) continue;
      if (read.limit != 0 && page.size() == read.limit) break;
      page.push_back(d.abi());
    }
    if (!page.empty()) last = to_hex(page.back().op_id);
    psw_reply r{};
    r.size = sizeof r;
    r.rows = list_of(page.data(), page.size());
    r.position = str(last);
    r.at = history;
    done(r);
  }
  void lookup(std::string_view account, std::string_view currency, Done done) override {
    psw_credit c{};
    c.size = sizeof c;
    c.payee = str(account);
    set_currency(c.money.currency, currency);
    const std::string why = rule(c);
    psw_reply r{};
    r.size = sizeof r;
    r.code = why.empty() ? PSW_OK : PSW_RULE;
    r.reason = str(why);
    r.at = history;
    done(r);
  }
  void hello(const psw_history&, Done done) override {
    psw_hello h{};
    h.size = sizeof h;
    h.bank = str(bank);
    h.history = history;
    h.clock_ms = clock_ms;
    h.currencies = list_of(currencies.data(), currencies.size());
    psw_reply r{};
    r.size = sizeof r;
    r.at = history;
    r.body = &h;
    done(r);
  }
  void report(const psw_decision& d, Done done) override {
    reports.emplace_back(d);
    psw_reply r{};
    r.size = sizeof r;
    r.code = report_code;
    done(r);
  }

 private:
  void answer(const decision& d, std::int32_t code, const Done& done) const {
    const psw_decision body = d.abi();
    psw_reply r{};
    r.size = sizeof r;
    r.code = code;
    r.outcome = static_cast<std::int32_t>(d.word);
    r.at = history;
    r.body = &body;
    done(r);
  }
};

}  // namespace payswitch::testing
