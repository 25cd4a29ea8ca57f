// A rig for gateways that speak HTTP through the host's client: it plays everything a network can do, and its heir plays the bank.
#pragma once

#include <payswitch/conformance/rig.h>

#include <utility>
#include <vector>

namespace payswitch::conformance {

class HttpRig : public Rig {
 public:
  std::optional<testing::Credit> credit(const Way& way, int serial) final {
    testing::Credit c = credit_of(serial);
    if (!way.refused.empty() && !refuse(c, way.refused)) return std::nullopt;
    if (lies(way.fault)) {
      if (!lie(c, way.fault)) return std::nullopt;
      if (way.fault != Fault::changes_its_mind) return c;
    }
    fault_ = way;
    if (way.fault == Fault::changes_its_mind) fault_.fault = Fault::answer_lost;
    return c;
  }
  void everything_arrives() override {
    fault_ = {};
    for (const testing::HttpSeen& late : std::exchange(on_their_way_, {})) bank(late);
  }

 protected:
  // Call it once, when the host stands.
  void take_the_network() {
    host().network = [this](const testing::HttpSeen& seen) { return carry(seen); };
  }
  // The bank, reached by a request: decides, writes its books, answers.
  virtual testing::HttpReply bank(const testing::HttpSeen& seen) = 0;
  virtual testing::Credit credit_of(int serial) { return drive().credit_of(1'000 + serial, serial); }
  // The bank will refuse this credit. False: it never refuses by this code.
  virtual bool refuse(const testing::Credit& c, const std::string& code) = 0;
  // The bank will tell this about the credit (says_…, changes_its_mind, shed, pending). False: its protocol has no word for it.
  virtual bool lie(const testing::Credit& c, Fault fault) = 0;
  // Is this request the one that carries an operation of this kind? Where a gateway makes others (a token, say), tell them apart here.
  virtual bool carries(const testing::HttpSeen& seen, std::int32_t kind) const {
    if (kind == PSW_OP_QUERY) return seen.method == "GET";
    return kind == PSW_OP_CANCEL ? seen.method == "DELETE" : seen.method == "PUT" || seen.method == "POST";
  }

 private:
  static bool lies(Fault f) { return f >= Fault::shed; }
  static testing::HttpReply broken(std::int32_t phase) { return testing::HttpReply{.phase = phase, .status = 0, .body = {}, .headers = {}, .delay_ns = 0}; }
  static testing::HttpReply page(int status, std::string body) { return testing::HttpReply{.phase = PSW_HTTP_DONE, .status = status, .body = std::move(body), .headers = {}, .delay_ns = 0}; }

  testing::HttpReply carry(const testing::HttpSeen& seen) {
    if (fault_.fault == Fault::none || !carries(seen, fault_.on)) return remember(seen, bank(seen));
    const Way way = fault_;
    if (way.fault != Fault::answers_always_lost) fault_ = {};
    switch (way.fault) {
      case Fault::cannot_connect: return broken(PSW_HTTP_CONNECT);
      case Fault::request_lost: return broken(PSW_HTTP_SENT_ALL);
      case Fault::request_broken_off: return broken(PSW_HTTP_SENT_SOME);
      case Fault::request_late: on_their_way_.push_back(seen); return broken(PSW_HTTP_SENT_ALL);
      case Fault::request_twice: bank(seen); return bank(seen);
      case Fault::answer_lost:
      case Fault::answers_always_lost: bank(seen); return broken(PSW_HTTP_SENT_ALL);
      case Fault::answer_late: {
        testing::HttpReply answer = bank(seen);
        answer.delay_ns = 600'000'000'000;
        return answer;
      }
      case Fault::answer_cut: {
        testing::HttpReply answer = bank(seen);
        answer.body.resize(answer.body.size() / 2);
        return answer;
      }
      case Fault::answer_garbage: bank(seen); return page(200, "<html><body>It works!</body></html>");
      case Fault::answer_of_another: bank(seen); return last_;
      case Fault::status_only: return page(way.status, "");
      default: return bank(seen);
    }
  }
  testing::HttpReply remember(const testing::HttpSeen& seen, testing::HttpReply answer) {
    if (carries(seen, PSW_OP_CREDIT)) last_ = answer;
    return answer;
  }

  Way fault_;
  std::vector<testing::HttpSeen> on_their_way_;
  testing::HttpReply last_;
};

}  // namespace payswitch::conformance
