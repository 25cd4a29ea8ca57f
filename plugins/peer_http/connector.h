// The gateway to another bank that speaks the peer API, and the door through which that bank speaks to us. One instance per bank and
// address. Outgoing calls are in client.cpp, incoming ones in server.cpp, how both are signed and checked in exchange.cpp; the bodies
// are wire.h, the signatures http_signature.h. All on one shared lane: nothing blocks, nothing is locked. Nothing is remembered here
// that money hangs on: decisions, tombstones and pinned ledger ids are the core's.
#pragma once

#include <payswitch/gateway.h>

#include <chrono>
#include <coroutine>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "history.h"
#include "http_signature.h"
#include "wire.h"

namespace payswitch::peer_http {

inline constexpr std::size_t line_credits_max = 4096;  // credits that wait for an exchange; above: not_sent

// One call to the peer.
struct Question {
  std::string method, target, body;  // target: path and query
  std::uint64_t deadline_ns = 0;
  psw_history ours{};                // zero: as this instance knows it
  psw_id their_ledger{};
};
// What came of it. Only `trusted` answers may mean anything: signed by the peer's bank over this very request.
struct Heard {
  bool left = false;     // a byte may have left this host
  bool trusted = false;
  int status = 0;
  std::string body, why, key_id;
  psw_history theirs{};
  std::int64_t clock_ms = 0;  // the peer's, when it signed; in whole seconds
};

// A request of the peer once its signature was checked.
struct Caller {
  RequestParts parts;
  History history;
  std::string key_id;
  int status = 0;        // 0: authentic; else how it is refused
  std::string_view code;
};

// One credit that waits for its exchange. Shared between the operation's coroutine and the exchange that carries it, because either may
// end first when the instance stops.
struct Waiting {
  explicit Waiting(const credit_op& op) : credit(&op.abi()), op_id(op.op_id()), their_ledger(op.their_ledger()), deadline_ns(op.call_deadline_ns()) {
    std::memcpy(hash, op.hash(), sizeof hash);
  }
  const psw_credit* credit;  // good while the operation waits
  psw_id op_id, their_ledger;
  std::uint64_t deadline_ns;
  std::uint8_t hash[32];
  std::optional<credit_reply> reply;
  std::coroutine_handle<> waiter;
};

class Connector : public gateway<Connector> {
 public:
  static constexpr std::string_view type_id = "peer_http";
  static constexpr std::string_view doc = "another bank over HTTPS: the peer API, both directions";
  static constexpr bool batches = true;
  static constexpr lane_style lane = shared(4096);
  static constexpr auto schema = payswitch::schema(
      url("url").required().doc("origin of the peer's listener, https://host:port, without a path"),
      duration("timeout").def("5s").range("100ms..60s").doc("of one call; the call deadline of the operation ends it earlier"),
      integer("batch_max").def("256").range("1..256").doc("credits in one exchange"),
      integer("exchanges_max").def("8").range("1..64").doc("exchanges that carry credits at once; what waits meanwhile goes together in the next"),
      payswitch::size("answer_max").def("256KiB").range("4KiB..4MiB").doc("bytes of one answer"),
      boolean("serve").def("true").doc("offer the peer API to this bank; false for a second connector to the same bank"),
      integer("requests_max").def("256").range("1..4096").doc("requests of the peer in work at once; above: recorded false, come back"),
      integer("lookups_per_second").def("20").range("1..10000").doc("account questions of the peer"),
      duration("signature_window").def("60s").range("5s..10min").doc("how far a signature's time may be from our clock"),
      duration("skew_allowance").def("5s").range("1s..10min").doc("how far the peer's clock may be from ours before that is shown as a fault"));
  static constexpr auto messages = payswitch::messages(
      message("PEER-001", "warning", "a request of the peer was refused", "Its signature, its digest, its certificate or its ledger id is not as agreed; the field code says which. Nothing was recorded. If it goes on, compare key ids, clocks and certificates of both banks."),
      message("PEER-002", "warning", "an answer of the peer cannot be believed", "It is not signed by a key of that bank over this very request, or it cannot be read. The transfer stays in doubt and is asked about again; nothing was decided."),
      message("PEER-003", "error", "another ledger than the pinned one speaks for the peer, or is meant by it", "Two ledgers behind one name, or a ledger that was replaced. Nothing is decided until an operator has looked at it."),
      message("PEER-004", "warning", "the peer's clock is further from ours than allowed", "Signatures outside signature_window are refused by both sides. No decision compares the two clocks; set the clock that is wrong."));
  static constexpr auto commands = payswitch::commands(payswitch::command("hello", "", "asks the peer who it is: bank, ledger, position, clock, currencies", PSW_ROLE_VIEWER));

  void configure(const config& options);
  // client.cpp
  task<credit_reply> credit(const credit_op& op);
  task<query_reply> query(const query_op& op);
  task<cancel_reply> cancel(const cancel_op& op);
  task<hello_reply> hello(const hello_op& op);
  task<lookup_reply> lookup(const lookup_op& op);
  task<reconcile_reply> reconcile(const reconcile_op& op);
  task<command_reply> command(const command_op& op);
  // server.cpp
  task<http_answer> http(const http_in& in);

 private:
  // ---- exchange.cpp: signing and checking ----
  task<Heard> exchange(Question q);
  task<void> judge_answer(const Question& q, const RequestParts& asked, const http_response& answer, Heard& out);
  task<Caller> authenticate(const http_in& in);
  task<http_answer> sign_answer(int status, std::string body, const Caller& caller);
  // Signature-Input and signature, each without its label; empty without a key.
  task<std::optional<std::pair<SignatureInput, std::string>>> sign_request(const RequestParts& parts);
  void complain(std::string_view id, std::string_view code, int status) const;
  task<void> learn_history();
  void saw_history(const psw_history& at) noexcept;
  void saw_clock(std::int64_t clock_ms);

  // ---- client.cpp ----
  std::uint64_t deadline_of(const operation& op) const;
  void kick();
  void start_exchanges();
  task<void> gather();
  task<void> carry(std::vector<std::shared_ptr<Waiting>> batch);
  task<void> carry_together(const std::vector<std::shared_ptr<Waiting>>& batch);
  task<Heard> ask_about(std::string_view method, const gateway_operation& op);
  task<std::optional<Hello>> ask_hello(std::uint64_t deadline_ns, Heard& heard);

  // ---- server.cpp ----
  struct Answer {
    int status = 0;
    std::string body;
  };
  class Join;
  class join_wait;
  task<Answer> serve(const http_in& in, const Caller& caller);
  task<Answer> serve_credit(std::string_view id, const http_in& in, const Caller& caller);
  task<Answer> serve_batch(const http_in& in, const Caller& caller);
  task<Answer> serve_lookup(std::string_view account, std::string_view query);
  task<Answer> serve_reconcile(std::string_view query);
  task<Answer> serve_hello(const Caller& caller);
  task<Word> decide(ReadCredit credit, const Caller& caller);
  task<void> decide_one(std::shared_ptr<Join> join, std::size_t i, ReadCredit credit, const Caller& caller);
  Word word_about(const psw_id& op_id, const recorded& said);
  bool lookup_allowed();

  std::string bank_, our_bank_, origin_, authority_, tls_profile_;
  std::chrono::nanoseconds timeout_{};
  std::size_t batch_max_ = batch_credits_max, exchanges_max_ = 1, requests_max_ = 1;
  std::uint32_t answer_max_ = 0;
  std::int64_t window_ms_ = 0, skew_ms_ = 0, lookups_per_second_ = 0;

  psw_history ours_{};        // our ledger, as the core told it last
  std::string key_id_;        // the key we sign with, as the host told it last
  bool skewed_ = false;
  std::deque<std::shared_ptr<Waiting>> line_;
  bool gathering_ = false;
  std::size_t exchanges_ = 0, requests_ = 0;
  std::int64_t lookups_ = 0;
  std::uint64_t lookups_since_ns_ = 0;

  std::uint32_t sent_metric_ = 0, exchanges_metric_ = 0, unbelieved_metric_ = 0, served_metric_ = 0, refused_metric_ = 0, offset_metric_ = 0;
};

}  // namespace payswitch::peer_http
