// One case under way: verbs that send, wait and judge. Every reply is held against the bank's books the moment it comes, whatever the
// case is about; a case adds what it expects itself. The rules are those of the gateway contract (the SDK's README, cross-bank money).
#pragma once

#include <payswitch/conformance/rig.h>
#include <payswitch/credit_hash.h>

#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::conformance {

inline psw_money money_of(const testing::Credit& c) {
  psw_money out{};
  out.minor = c.minor;
  set_currency(out.currency, c.currency);
  out.exponent = c.exponent;
  return out;
}

struct Finding {
  std::string rule, text;
};
struct CaseResult {
  std::string name;
  bool skipped = false;      // the rig cannot play it, or the gateway does not declare what it needs
  std::vector<Finding> findings;
  bool passed() const { return !skipped && findings.empty(); }
};

class Stand {
 public:
  Stand(Rig& rig, CaseResult& result) : rig_(rig), result_(result) {}
  Stand(const Stand&) = delete;
  Stand& operator=(const Stand&) = delete;

  static constexpr std::uint64_t deadline_ms = 5'000;
  static constexpr std::uint64_t grace_ms = 1'000;  // a call that nobody could answer in time is answered by then

  bool has(std::uint64_t capability) const { return (rig_.capabilities() & capability) != 0; }
  Rig& rig() { return rig_; }

  // A credit on its way; empty: the case is skipped.
  std::optional<testing::Credit> on(const Way& way) {
    auto c = rig_.credit(way, ++serial_);
    if (!c) {
      result_.skipped = true;
      return std::nullopt;
    }
    // Of what the bank says wrongly nothing is held against the gateway but that it hands it on as it was said.
    if (way.fault >= Fault::says_other_op_id) lied_.push_back(c->op_id);
    used_.push_back(*c);
    return c;
  }
  std::optional<testing::Credit> on(Fault fault) { return on(Way{fault, PSW_OP_CREDIT, 0, {}}); }

  void skip() { result_.skipped = true; }
  // A credit that came from the rig directly belongs to the case as well. `lied`: the bank says something wrong about it.
  void also(const testing::Credit& c, bool lied = false) {
    used_.push_back(c);
    if (lied) lied_.push_back(c.op_id);
  }

  const testing::Seen& credit(const testing::Credit& c) { return send(PSW_OP_CREDIT, c, 0); }
  const testing::Seen& resend(const testing::Credit& c) { return send(PSW_OP_CREDIT, c, PSW_OPF_RESEND); }
  // The op_id of a credit that was sent before, with other contents.
  const testing::Seen& resend_other(const testing::Credit& c) {
    other_contents_ = true;
    const testing::Seen& seen = send(PSW_OP_CREDIT, c, PSW_OPF_RESEND);
    other_contents_ = false;
    return seen;
  }
  const testing::Seen& query(const testing::Credit& c) { return send(PSW_OP_QUERY, c, 0); }
  const testing::Seen& cancel(const testing::Credit& c) { return send(PSW_OP_CANCEL, c, 0); }

  Outcome query_if_it_can(const testing::Credit& c) { return has(PSW_CAP_QUERY) ? query(c).outcome : Outcome::unknown; }
  // All of them lie in the inbox before the gateway has its turn.
  std::vector<Outcome> at_once(const std::vector<testing::Credit>& all) {
    struct Crowd {
      std::vector<testing::Credit> texts;
      std::deque<psw_credit> bodies;
      std::vector<Outcome> said;
      std::vector<int> answers;
    };
    const auto crowd = std::make_shared<Crowd>();  // a call that is never answered keeps it
    crowd->texts = all;
    crowd->said.assign(all.size(), Outcome::unknown);
    crowd->answers.assign(all.size(), 0);
    for (std::size_t i = 0; i != all.size(); ++i) {
      const testing::Credit& c = crowd->texts[i];
      psw_credit& body = crowd->bodies.emplace_back();
      body.size = sizeof body;
      body.op_id = c.op_id;
      body.payer = str(c.payer);
      body.payee = str(c.payee);
      body.money = money_of(c);
      const Sha256Digest hash = credit_hash(body);
      std::memcpy(body.hash, hash.data(), sizeof body.hash);
      psw_op op{};
      op.kind = PSW_OP_CREDIT;
      op.attempt = 1;
      op.body = &body;
      op.call_deadline_ns = rig_.host().clock().now_ns() + deadline_ms * 1'000'000;
      rig_.host().submit(op, [crowd, i](const psw_reply& r) {
        crowd->said[i] = outcome_of(PSW_OP_CREDIT, r.outcome);
        ++crowd->answers[i];
      });
    }
    rig_.host().run();
    rig_.host().advance_ms(deadline_ms + grace_ms);
    for (std::size_t i = 0; i != all.size(); ++i) expect(crowd->answers[i] == 1, "one_answer", "number " + std::to_string(i) + " of many was answered " + std::to_string(crowd->answers[i]) + " times");
    return crowd->said;
  }

  // Asks as the core does, until it is decided: resend, query, wait. The decision, or unknown when eight rounds brought none.
  Outcome settle(const testing::Credit& c) {
    rig_.everything_arrives();
    for (int round = 0; round != 8; ++round) {
      const testing::Seen& sent = resend(c);
      if (decided(sent.outcome) && sent.record && same(sent.record->op_id, c.op_id)) return sent.outcome;
      if (has(PSW_CAP_QUERY)) {
        const testing::Seen& asked = query(c);
        if (decided(asked.outcome) && asked.record && same(asked.record->op_id, c.op_id)) return asked.outcome;
      }
      rig_.host().advance_ms(2'000);
    }
    found("settles", "the way is clear and the bank answers, but eight resends and questions brought no decision");
    return Outcome::unknown;
  }

  void expect(bool ok, std::string_view rule, std::string text) {
    if (!ok) found(rule, std::move(text));
  }
  void found(std::string_view rule, std::string text) { result_.findings.push_back({std::string(rule), std::move(text)}); }
  // The credit was made once, for the right amount / not at all.
  void expect_applied_once(const testing::Credit& c) {
    const Truth t = rig_.truth(c.op_id);
    expect(t.applied == 1 && t.minor == c.minor, "money", "the bank has credited it " + std::to_string(t.applied) + " times, with " + std::to_string(t.minor) + " for " + std::to_string(c.minor));
  }
  void expect_no_money(const testing::Credit& c) {
    const Truth t = rig_.truth(c.op_id);
    expect(t.applied == 0, "money", "the bank has credited what must not be credited");
  }
  static bool decided(Outcome o) { return o == Outcome::applied || o == Outcome::refused; }

  // What must hold at the end of every case.
  void finish() {
    if (result_.skipped) return;
    rig_.everything_arrives();
    rig_.host().advance_ms(600'000);
    for (const Call& call : calls_) {
      expect(call.seen->answers == 1, "one_answer", word_of(call.kind) + " was answered " + std::to_string(call.seen->answers) + " times");
    }
    expect(rig_.host().stray_replies == 0, "one_answer", std::to_string(rig_.host().stray_replies) + " answers to calls that were answered before");
    for (const testing::Credit& c : used_) expect(rig_.truth(c.op_id).applied <= 1, "money", "the bank has credited one op_id " + std::to_string(rig_.truth(c.op_id).applied) + " times");
    expect(rig_.operations() <= used_.size(), "op_id", "the bank knows " + std::to_string(rig_.operations()) + " operations, the switch asked for " + std::to_string(used_.size()));
    for (const testing::Credit& c : never_sent_) {
      if (sends_of(c) == 1) expect(!rig_.truth(c.op_id).seen, "not_sent", "it said that no byte left, and the bank has it in its books");
    }
  }

 private:
  struct Call {
    std::int32_t kind;
    psw_id op_id;
    const testing::Seen* seen;
  };

  static std::string word_of(std::int32_t kind) { return kind == PSW_OP_CREDIT ? "a credit" : kind == PSW_OP_QUERY ? "a query" : "a cancel"; }

  const testing::Seen& send(std::int32_t kind, const testing::Credit& c, std::uint32_t flags) {
    const Truth before = rig_.truth(c.op_id);
    const testing::Seen& seen = rig_.drive().send(kind, c, flags, deadline_ms);
    calls_.push_back({kind, c.op_id, &seen});
    if (!seen.answered) rig_.host().advance_ms(deadline_ms + grace_ms);
    expect(seen.answered, "one_answer", word_of(kind) + " got no answer by its deadline");
    if (seen.answered) judge(kind, c, seen, before);
    return seen;
  }
  std::size_t sends_of(const testing::Credit& c) const {
    std::size_t n = 0;
    for (const Call& call : calls_) n += call.kind == PSW_OP_CREDIT && same(call.op_id, c.op_id) ? 1u : 0u;
    return n;
  }

  void judge(std::int32_t kind, const testing::Credit& c, const testing::Seen& seen, const Truth& before) {
    expect(static_cast<std::int32_t>(seen.outcome) == seen.raw_outcome, "word", word_of(kind) + " was answered with a word it may not use: " + std::to_string(seen.raw_outcome));
    const Truth t = rig_.truth(c.op_id);
    const bool lied = was_lied_about(c);
    expect(kind != PSW_OP_QUERY || t.seen == before.seen || sends_of(c) != 0, "query", "a question made the bank record something");
    expect(kind != PSW_OP_QUERY || t.applied == before.applied, "query", "a question moved money");
    switch (seen.outcome) {
      case Outcome::applied:
      case Outcome::refused:
        if (!seen.record) return found("record", std::string(name(seen.outcome)) + " without a decision record");
        if (lied) return;
        judge_record(c, *seen.record, seen.outcome);
        break;
      case Outcome::pending: expect(lied || t.seen, "record", "pending, and the bank has recorded nothing"); break;
      case Outcome::not_sent:
        expect(!t.seen || before.seen, "not_sent", "it says that no byte left, and the bank has it in its books");
        never_sent_.push_back(c);
        break;
      case Outcome::not_found: expect(lied || !t.seen, "record", "not found, and the bank has it in its books"); break;
      case Outcome::unknown: break;
    }
  }
  // A decision is the bank's, or it is invented. What it said about another operation may be handed on: the switch sees that it is.
  void judge_record(const testing::Credit& c, const decision& d, Outcome outcome) {
    const Truth t = rig_.truth(d.op_id);
    if (outcome == Outcome::refused) {
      if (!t.refused) return found("invented", "refused(" + d.code + "), and the bank has recorded no refusal");
      expect(d.code == t.code, "invented", "refused(" + d.code + "), and the bank has recorded " + t.code);
      return;
    }
    if (t.applied == 0) return found("invented", "applied, and the bank has credited nothing");
    const bool as_asked = d.payer == c.payer && d.payee == c.payee && view(d.money) == c.currency && d.money.exponent == c.exponent;
    expect(d.money.minor == t.minor && (as_asked || other_contents_ || !same(d.op_id, c.op_id)), "echo", "the record does not say what the bank has in its books");
  }
  static std::string_view view(const psw_money& m) { return currency_view(m.currency); }
  bool was_lied_about(const testing::Credit& c) const {
    for (const psw_id& id : lied_) {
      if (same(id, c.op_id)) return true;
    }
    return false;
  }

  Rig& rig_;
  CaseResult& result_;
  int serial_ = 0;
  bool other_contents_ = false;
  std::vector<Call> calls_;
  std::vector<testing::Credit> used_, never_sent_;
  std::vector<psw_id> lied_;
};

}  // namespace payswitch::conformance
