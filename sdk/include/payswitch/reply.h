// Operations as the author sees them, and the replies he may give. Credit, query and cancel have three reply types, so that a word
// an operation may not use does not compile. An operation borrows from the host until its reply was given.
#pragma once

#include <payswitch/core.h>
#include <payswitch/decision.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace payswitch {

class operation {
 public:
  explicit operation(const psw_op& op) noexcept : op_(sized_copy(&op)) {}
  psw_handle handle() const noexcept { return op_.handle; }
  std::int32_t kind() const noexcept { return op_.kind; }
  std::uint64_t call_deadline_ns() const noexcept { return op_.call_deadline_ns; }  // CLOCK_MONOTONIC
  std::uint32_t attempt() const noexcept { return op_.attempt; }
  bool recovery() const noexcept { return (op_.flags & PSW_OPF_RECOVERY) != 0; }  // nobody waits at the door
  bool resend() const noexcept { return (op_.flags & PSW_OPF_RESEND) != 0; }
  psw_id trace_id() const noexcept { return op_.trace_id; }
  std::uint64_t span_id() const noexcept { return op_.span_id; }

 protected:
  psw_op op_;
};

class gateway_operation : public operation {
 public:
  explicit gateway_operation(const psw_op& op) noexcept : operation(op), credit_(sized_copy(static_cast<const psw_credit*>(op.body))) {}
  const psw_id& op_id() const noexcept { return credit_.op_id; }
  const psw_id& transfer_id() const noexcept { return credit_.transfer_id; }
  const psw_id& reverses() const noexcept { return credit_.reverses; }
  std::string_view payer() const noexcept { return view(credit_.payer); }
  std::string_view payee() const noexcept { return view(credit_.payee); }
  std::string_view reference() const noexcept { return view(credit_.reference); }
  const psw_money& money() const noexcept { return credit_.money; }
  std::int64_t accepted_ms() const noexcept { return credit_.accepted_ms; }
  std::int64_t not_after_ms() const noexcept { return credit_.not_after_ms; }
  const std::uint8_t (&hash() const noexcept)[32] { return credit_.hash; }
  const psw_history& ours() const noexcept { return credit_.ours; }
  const psw_id& their_ledger() const noexcept { return credit_.their_ledger; }
  const psw_credit& abi() const noexcept { return credit_; }

 private:
  psw_credit credit_;
};
class credit_op : public gateway_operation { using gateway_operation::gateway_operation; };
class query_op : public gateway_operation { using gateway_operation::gateway_operation; };
class cancel_op : public gateway_operation { using gateway_operation::gateway_operation; };
class recall_op : public gateway_operation { using gateway_operation::gateway_operation; };
class lookup_op : public gateway_operation { using gateway_operation::gateway_operation; };
class hello_op : public operation { using operation::operation; };
class reconcile_op : public operation {
 public:
  explicit reconcile_op(const psw_op& op) noexcept : operation(op), read_(sized_copy(static_cast<const psw_read*>(op.body))) {}
  std::string_view after() const noexcept { return view(read_.after); }
  std::uint32_t limit() const noexcept { return read_.limit; }

 private:
  psw_read read_;
};
class command_op : public operation {
 public:
  explicit command_op(const psw_op& op) noexcept : operation(op), call_(sized_copy(static_cast<const psw_call*>(op.body))) {}
  std::string_view name() const noexcept { return view(call_.name); }
  std::string_view args() const noexcept { return view(call_.args); }  // a JSON object
  std::string_view actor() const noexcept { return view(call_.actor); }
  bool json() const noexcept { return (call_.flags & 1u) != 0; }

 private:
  psw_call call_;
};

// The common part of a reply; copyable, owns its strings until the host has copied them.
class reply_base {
 public:
  Code code = Code::internal;
  Outcome outcome = Outcome::unknown;
  std::uint32_t retry_after_ms = 0;
  std::string reason, text, position;
  std::optional<decision> record;
  std::vector<decision> records;  // reconcile

 protected:
  reply_base() noexcept {}
  reply_base(Code c, Outcome o, std::string_view why, std::string_view sentence) : code(c), outcome(o), reason(why), text(sentence) {}
  void decided(Outcome word, decision d) {
    code = Code::ok;
    outcome = word;
    d.word = word;
    reason = d.code;
    record.emplace(std::move(d));
  }
};

class credit_reply : public reply_base {
 public:
  static credit_reply applied(decision d) { return with(Outcome::applied, std::move(d)); }  // the peer has recorded the credit
  static credit_reply refused(decision d) { return with(Outcome::refused, std::move(d)); }  // it has recorded that it never will; d.code
  static credit_reply pending() { return {Code::ok, Outcome::pending, "", ""}; }            // it has recorded it and still works
  static credit_reply not_sent(std::string_view why, std::string_view sentence = "") { return {Code::unavailable, Outcome::not_sent, why, sentence}; }
  static credit_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, Outcome::unknown, why, sentence}; }
  // The peer's signed word that nothing was recorded: advice about when to ask again.
  static credit_reply overloaded(std::uint32_t retry_after_ms) {
    credit_reply out(Code::overloaded, Outcome::unknown, "overloaded", "");
    out.retry_after_ms = retry_after_ms;
    return out;
  }

 private:
  using reply_base::reply_base;
  static credit_reply with(Outcome word, decision d) {
    credit_reply out(Code::ok, word, "", "");
    out.decided(word, std::move(d));
    return out;
  }
};

class query_reply : public reply_base {
 public:
  static query_reply applied(decision d) { return with(Outcome::applied, std::move(d)); }
  static query_reply refused(decision d) { return with(Outcome::refused, std::move(d)); }
  static query_reply pending() { return {Code::ok, Outcome::pending, "", ""}; }
  static query_reply not_found() { return {Code::absent, Outcome::not_found, "", ""}; }  // no record at that moment; never final
  // The same, with the point of the peer's history at which there was none, where it tells one.
  static query_reply not_found(const psw_history& theirs) {
    query_reply out(Code::absent, Outcome::not_found, "", "");
    out.record.emplace();
    out.record->word = Outcome::not_found;
    out.record->theirs = theirs;
    return out;
  }
  static query_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, Outcome::unknown, why, sentence}; }

 private:
  using reply_base::reply_base;
  static query_reply with(Outcome word, decision d) {
    query_reply out(Code::ok, word, "", "");
    out.decided(word, std::move(d));
    return out;
  }
};

class cancel_reply : public reply_base {
 public:
  static cancel_reply applied(decision d) { return with(Outcome::applied, std::move(d)); }  // too late, it had been credited
  static cancel_reply refused(decision d) { return with(Outcome::refused, std::move(d)); }  // the tombstone, or an older refusal
  static cancel_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, Outcome::unknown, why, sentence}; }

 private:
  using reply_base::reply_base;
  static cancel_reply with(Outcome word, decision d) {
    cancel_reply out(Code::ok, word, "", "");
    out.decided(word, std::move(d));
    return out;
  }
};

// recall, lookup, commands: done, or a code.
class plain_reply : public reply_base {
 public:
  static plain_reply ok(std::string_view sentence = "") { return {Code::ok, Outcome::unknown, "", sentence}; }
  static plain_reply failed(Code c, std::string_view why, std::string_view sentence = "") { return {c, Outcome::unknown, why, sentence}; }
  static plain_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, Outcome::unknown, why, sentence}; }

 private:
  using reply_base::reply_base;
};
using recall_reply = plain_reply;
using lookup_reply = plain_reply;
using command_reply = plain_reply;

class reconcile_reply : public reply_base {
 public:
  static reconcile_reply page(std::vector<decision> all, std::string_view next) {
    reconcile_reply out(Code::ok, Outcome::unknown, "", "");
    out.records = std::move(all);
    out.position = next;
    return out;
  }
  static reconcile_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, Outcome::unknown, why, sentence}; }

 private:
  using reply_base::reply_base;
};

class hello_reply : public reply_base {
 public:
  static hello_reply here(std::string_view bank, const psw_history& history, std::int64_t clock_ms, std::vector<psw_money> currencies) {
    hello_reply out(Code::ok, Outcome::unknown, "", "");
    out.bank = bank;
    out.hello.size = sizeof out.hello;
    out.hello.history = history;
    out.hello.clock_ms = clock_ms;
    out.currencies = std::move(currencies);
    return out;
  }
  static hello_reply unknown(std::string_view why = "", std::string_view sentence = "") { return {Code::unavailable, Outcome::unknown, why, sentence}; }
  std::string bank;
  psw_hello hello{};
  std::vector<psw_money> currencies;

 private:
  using reply_base::reply_base;
};

namespace detail {

template <class Reply>
struct reply_holder {
  explicit reply_holder(Reply r) : reply(std::move(r)) {}
  Reply reply;
  psw_decision body{};
  std::vector<psw_decision> rows;
};

// Builds the psw_reply and keeps alive what it points to. A reply of another shape (a ledger's) brings its own.
template <class Reply>
owned_reply own_reply(psw_handle handle, Reply reply);
template <class Reply>
owned_reply own(psw_handle handle, Reply reply) {
  if constexpr (requires { Reply::owned(handle, std::move(reply)); }) return Reply::owned(handle, std::move(reply)); else return own_reply(handle, std::move(reply));
}
template <class Reply>
owned_reply own_reply(psw_handle handle, Reply reply) {
  auto* holder = new reply_holder<Reply>(std::move(reply));
  owned_reply out;
  out.holder = std::unique_ptr<void, void (*)(void*)>(holder, [](void* p) { delete static_cast<reply_holder<Reply>*>(p); });
  Reply& r = holder->reply;
  out.abi.size = sizeof out.abi;
  out.abi.handle = handle;
  out.abi.code = static_cast<std::int32_t>(r.code);
  out.abi.outcome = static_cast<std::int32_t>(r.outcome);
  out.abi.retry_after_ms = r.retry_after_ms;
  out.abi.reason = str(r.reason);
  out.abi.text = str(r.text);
  out.abi.position = str(r.position);
  out.abi.failed = -1;
  if (r.record) {
    holder->body = r.record->abi();
    out.abi.body = &holder->body;
  }
  for (const decision& d : r.records) holder->rows.push_back(d.abi());
  if (!holder->rows.empty()) out.abi.rows = list_of(holder->rows.data(), holder->rows.size());
  if constexpr (std::is_same_v<Reply, hello_reply>) {
    if (r.code == Code::ok) {
      r.hello.bank = str(r.bank);
      r.hello.currencies = list_of(r.currencies.data(), r.currencies.size());
      out.abi.body = &r.hello;
    }
  }
  return out;
}

// A reply without memory of its own, for what must not fail.
inline owned_reply bare(psw_handle handle, std::int32_t code) noexcept {
  owned_reply out;
  out.abi.size = sizeof out.abi;
  out.abi.handle = handle;
  out.abi.code = code;
  out.abi.failed = -1;
  return out;
}

}  // namespace detail
}  // namespace payswitch
