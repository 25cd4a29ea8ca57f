// What a connector can ask the host for, as awaitables: co_await bank.sleep(100ms), co_await bank.request(http), and so on.
// Every answer is a value of its own; nothing here throws for a refusal of the host, the answer says so.
#pragma once

#include <payswitch/core.h>
#include <payswitch/decision.h>

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace payswitch {

class header {
 public:
  header(std::string_view n, std::string_view v) : name(n), value(v) {}
  std::string name, value;
};

class http_request {
 public:
  http_request(std::string_view m, std::string_view u) : method(m), url(u) {}
  std::string method, url, body, tls_profile;
  std::vector<header> headers;
  std::uint32_t body_max = 1u << 20;      // bytes of the answer
  std::uint64_t call_deadline_ns = 0;     // of the whole exchange; 0: the operation's own or the client's default
};

class http_response {
 public:
  http_response() noexcept {}
  std::int32_t phase = PSW_HTTP_NONE;
  int status = 0;
  std::string body;
  std::vector<header> headers;
  bool complete() const noexcept { return phase == PSW_HTTP_DONE; }
  // The only ground for not_sent: no byte of the request left this host.
  bool not_sent() const noexcept { return phase < PSW_HTTP_SENT_SOME; }
};

// An answer of the core or of the host to a service call.
class answer {
 public:
  answer() noexcept {}
  Code code = Code::unavailable;
  std::uint32_t retry_after_ms = 0;
  std::string reason, text, position;
  psw_history at{};  // inbound: our ledger's history as of this answer; zero where nothing was asked of the ledger
  bool ok() const noexcept { return code == Code::ok; }
};

// What the core recorded about a credit, cancel or query of another bank; `record` is there when something is recorded.
class recorded : public answer {
 public:
  recorded() noexcept {}
  Outcome outcome = Outcome::unknown;
  std::optional<decision> record;
};

class credit_in {  // another bank's word to us, as the plugin read it from the wire
 public:
  credit_in() noexcept {}
  explicit credit_in(const psw_id& op) noexcept : op_id(op) {}
  psw_credit abi() const noexcept {
    psw_credit out{};
    out.size = sizeof out;
    out.op_id = op_id;
    out.reverses = reverses;
    out.payer = str(payer);
    out.payee = str(payee);
    out.reference = str(reference);
    out.money = money;
    out.accepted_ms = accepted_ms;
    out.not_after_ms = not_after_ms;
    std::memcpy(out.hash, hash, sizeof hash);
    out.ours = theirs;
    out.their_ledger = our_ledger;
    out.verified_key = str(verified_key);
    return out;
  }
  psw_id op_id{}, reverses{}, our_ledger{};
  psw_money money{};
  std::string payer, payee, reference, verified_key;
  std::int64_t accepted_ms = 0, not_after_ms = 0;
  std::uint8_t hash[32] = {};
  psw_history theirs{};
};

class kv_row {
 public:
  kv_row(std::string_view k, std::string_view v, std::uint64_t decided_on = 0) : key(k), value(v), version(decided_on) {}
  std::string key, value;
  std::uint64_t version = 0;
  std::int64_t expires_ms = 0;
};
class kv_answer : public answer {
 public:
  kv_answer() noexcept {}
  std::vector<kv_row> rows;
};
class hello_answer : public answer {
 public:
  hello_answer() noexcept {}
  std::string bank;
  psw_history history{};
  std::int64_t clock_ms = 0;
  std::vector<psw_money> currencies;
};
class list_answer : public answer {
 public:
  list_answer() noexcept {}
  std::vector<decision> decisions;
};
class sign_answer : public answer {
 public:
  sign_answer() noexcept {}
  class signature {
   public:
    explicit signature(const psw_signature& s) : key_id(view(s.key_id)) { std::memcpy(bytes, s.bytes, sizeof bytes); }
    std::string key_id;
    std::uint8_t bytes[64];
  };
  std::vector<signature> signatures;
};
class verify_answer : public answer {
 public:
  verify_answer() noexcept {}
  class verdict {
   public:
    explicit verdict(const psw_verified& v) : code(code_of(v.code)), bank(view(v.bank)) {}
    Code code;
    std::string bank;
  };
  std::vector<verdict> verdicts;
};

static_assert(!std::is_aggregate_v<http_request> && !std::is_aggregate_v<credit_in> && !std::is_aggregate_v<kv_row> && !std::is_aggregate_v<header>);

namespace detail {

inline void read_answer(answer& out, const psw_reply& r) {
  out.code = code_of(r.code);
  out.retry_after_ms = r.retry_after_ms;
  out.reason = view(r.reason);
  out.text = view(r.text);
  out.position = view(r.position);
  out.at = r.at;
}
inline void read_into(answer& out, const psw_reply& r) { read_answer(out, r); }
inline void read_into(recorded& out, const psw_reply& r) {
  read_answer(out, r);
  out.outcome = r.outcome >= PSW_UNKNOWN && r.outcome <= PSW_NOT_SENT ? static_cast<Outcome>(r.outcome) : Outcome::unknown;
  if (r.body != nullptr) out.record.emplace(sized_copy(static_cast<const psw_decision*>(r.body)));
}
inline void read_into(kv_answer& out, const psw_reply& r) {
  read_answer(out, r);
  for (const psw_kv& row : rows<psw_kv>(r.rows)) {
    out.rows.emplace_back(view(row.key), view(row.value), row.version);
    out.rows.back().expires_ms = row.expires_ms;
  }
}
inline void read_into(hello_answer& out, const psw_reply& r) {
  read_answer(out, r);
  const auto h = sized_copy(static_cast<const psw_hello*>(r.body));
  out.bank = view(h.bank);
  out.history = h.history;
  out.clock_ms = h.clock_ms;
  for (const psw_money& m : rows<psw_money>(h.currencies)) out.currencies.push_back(m);
}
inline void read_into(list_answer& out, const psw_reply& r) {
  read_answer(out, r);
  for (const psw_decision& d : rows<psw_decision>(r.rows)) out.decisions.emplace_back(d);
}
inline void read_into(sign_answer& out, const psw_reply& r) {
  read_answer(out, r);
  for (const psw_signature& s : rows<psw_signature>(r.rows)) out.signatures.emplace_back(s);
}
inline void read_into(verify_answer& out, const psw_reply& r) {
  read_answer(out, r);
  for (const psw_verified& v : rows<psw_verified>(r.rows)) out.verdicts.emplace_back(v);
}

// Waits for a psw_reply and gives it as a Result. Derived makes the call: int32_t call(token).
template <class Derived, class Result>
class reply_wait : public service_wait {
 public:
  explicit reply_wait(core& c) noexcept : service_wait(c) {}
  bool await_suspend(std::coroutine_handle<> h) {
    const std::uint64_t token = arm(h);
    return suspended(static_cast<Derived*>(this)->call(token));
  }
  Result await_resume() {
    Result out;
    if (event != nullptr && event->body != nullptr) {
      const psw_reply r = sized_copy(static_cast<const psw_reply*>(event->body));
      read_into(out, r);
    } else if (refused_ != 0) {
      out.code = code_of(refused_);
    }
    return out;
  }
};

class sleep_wait : public service_wait {
 public:
  sleep_wait(core& c, std::uint64_t at_ns) noexcept : service_wait(c), at_ns_(at_ns) {}
  bool await_suspend(std::coroutine_handle<> h) {
    const std::uint64_t token = arm(h);
    return suspended(core_->executor() == nullptr ? PSW_NOT_SUPPORTED : core_->executor()->timer(core_->host().ctx, 0, at_ns_, token));
  }
  // False: the host would not take the timer; no time has passed.
  bool await_resume() const noexcept { return refused_ == 0; }

 private:
  std::uint64_t at_ns_;
};

class fd_wait : public service_wait {
 public:
  fd_wait(core& c, int fd, int events) noexcept : service_wait(c), fd_(fd), events_(events) {}
  bool await_suspend(std::coroutine_handle<> h) {
    const std::uint64_t token = arm(h);
    return suspended(core_->executor() == nullptr ? PSW_NOT_SUPPORTED : core_->executor()->watch(core_->host().ctx, 0, fd_, events_, token));
  }
  int await_resume() const noexcept {  // PSW_FD_* bits that are ready; 0: the host would not watch
    return event == nullptr || event->body == nullptr ? 0 : sized_copy(static_cast<const psw_fd*>(event->body)).events;
  }

 private:
  int fd_, events_;
};

class http_wait : public service_wait {
 public:
  http_wait(core& c, http_request request) : service_wait(c), request_(std::move(request)) {}
  bool await_suspend(std::coroutine_handle<> h) {
    const std::uint64_t token = arm(h);
    if (core_->http() == nullptr) return suspended(PSW_NOT_SUPPORTED);
    std::vector<psw_header> headers;
    headers.reserve(request_.headers.size());
    for (const header& x : request_.headers) headers.push_back({str(x.name), str(x.value)});
    psw_http out{};
    out.size = sizeof out;
    out.method = str(request_.method);
    out.target = str(request_.url);
    out.body = str(request_.body);
    out.headers = list_of(headers.data(), headers.size());
    out.body_max = request_.body_max;
    out.call_deadline_ns = request_.call_deadline_ns;
    out.tls_profile = str(request_.tls_profile);
    return suspended(core_->http()->request(core_->host().ctx, 0, &out, token));
  }
  http_response await_resume() {
    http_response out;
    if (event == nullptr || event->body == nullptr) return out;  // never left: phase none
    const psw_http r = sized_copy(static_cast<const psw_http*>(event->body));
    out.phase = r.phase;
    out.status = r.status;
    out.body = view(r.body);
    for (const psw_header& x : rows<psw_header>(r.headers)) out.headers.emplace_back(view(x.name), view(x.value));
    return out;
  }

 private:
  http_request request_;
};

class inbound_wait : public reply_wait<inbound_wait, recorded> {
 public:
  using member = decltype(&psw_inbound_1::credit);
  inbound_wait(core& c, member which, credit_in in) : reply_wait(c), which_(which), in_(std::move(in)) {}
  std::int32_t call(std::uint64_t token) noexcept {
    if (core_->inbound() == nullptr) return PSW_NOT_SUPPORTED;
    const psw_credit c = in_.abi();
    return (core_->inbound()->*which_)(core_->host().ctx, 0, &c, token);
  }

 private:
  member which_;
  credit_in in_;
};

class report_wait : public reply_wait<report_wait, recorded> {
 public:
  report_wait(core& c, decision d) : reply_wait(c), decision_(std::move(d)) {}
  std::int32_t call(std::uint64_t token) noexcept {
    if (core_->inbound() == nullptr) return PSW_NOT_SUPPORTED;
    const psw_decision d = decision_.abi();
    return core_->inbound()->report(core_->host().ctx, 0, &d, token);
  }

 private:
  decision decision_;
};

class list_wait : public reply_wait<list_wait, list_answer> {
 public:
  list_wait(core& c, std::string_view after, std::uint32_t limit) : reply_wait(c), after_(after), limit_(limit) {}
  std::int32_t call(std::uint64_t token) noexcept {
    if (core_->inbound() == nullptr) return PSW_NOT_SUPPORTED;
    psw_read read{};
    read.size = sizeof read;
    read.what = PSW_ROWS_DECISIONS;
    read.after = str(after_);
    read.limit = limit_;
    return core_->inbound()->list(core_->host().ctx, 0, &read, token);
  }

 private:
  std::string after_;
  std::uint32_t limit_;
};

class lookup_wait : public reply_wait<lookup_wait, answer> {
 public:
  lookup_wait(core& c, std::string_view account, std::string_view currency) : reply_wait(c), account_(account) { set_currency(currency_, currency); }
  std::int32_t call(std::uint64_t token) noexcept {
    if (core_->inbound() == nullptr) return PSW_NOT_SUPPORTED;
    return core_->inbound()->lookup(core_->host().ctx, 0, str(account_), currency_, token);
  }

 private:
  std::string account_;
  char currency_[4];
};

class hello_wait : public reply_wait<hello_wait, hello_answer> {
 public:
  hello_wait(core& c, const psw_history& theirs) noexcept : reply_wait(c), theirs_(theirs) {}
  std::int32_t call(std::uint64_t token) noexcept {
    return core_->inbound() == nullptr ? PSW_NOT_SUPPORTED : core_->inbound()->hello(core_->host().ctx, 0, &theirs_, token);
  }

 private:
  psw_history theirs_;
};

class kv_get_wait : public reply_wait<kv_get_wait, kv_answer> {
 public:
  kv_get_wait(core& c, std::string_view key) : reply_wait(c), key_(key) {}
  std::int32_t call(std::uint64_t token) noexcept {
    return core_->kv() == nullptr ? PSW_NOT_SUPPORTED : core_->kv()->get(core_->host().ctx, 0, str(key_), token);
  }

 private:
  std::string key_;
};
class kv_scan_wait : public reply_wait<kv_scan_wait, kv_answer> {
 public:
  kv_scan_wait(core& c, std::string_view prefix, std::string_view after, std::uint32_t limit) : reply_wait(c), prefix_(prefix), after_(after), limit_(limit) {}
  std::int32_t call(std::uint64_t token) noexcept {
    return core_->kv() == nullptr ? PSW_NOT_SUPPORTED : core_->kv()->scan(core_->host().ctx, 0, str(prefix_), str(after_), limit_, token);
  }

 private:
  std::string prefix_, after_;
  std::uint32_t limit_;
};
class kv_put_wait : public reply_wait<kv_put_wait, kv_answer> {
 public:
  kv_put_wait(core& c, std::vector<kv_row> rows) : reply_wait(c), rows_(std::move(rows)) {}
  std::int32_t call(std::uint64_t token) {
    if (core_->kv() == nullptr) return PSW_NOT_SUPPORTED;
    std::vector<psw_kv> out;
    out.reserve(rows_.size());
    for (const kv_row& r : rows_) out.push_back({str(r.key), str(r.value), r.version, r.expires_ms});
    return core_->kv()->put(core_->host().ctx, 0, list_of(out.data(), out.size()), token);
  }

 private:
  std::vector<kv_row> rows_;
};

class sign_wait : public reply_wait<sign_wait, sign_answer> {
 public:
  sign_wait(core& c, std::vector<std::string> messages) : reply_wait(c), messages_(std::move(messages)) {}
  std::int32_t call(std::uint64_t token) {
    if (core_->keys() == nullptr) return PSW_NOT_SUPPORTED;
    std::vector<psw_str> out;
    for (const std::string& m : messages_) out.push_back(str(m));
    return core_->keys()->sign(core_->host().ctx, 0, list_of(out.data(), out.size()), token);
  }

 private:
  std::vector<std::string> messages_;
};
class verify_wait : public reply_wait<verify_wait, verify_answer> {
 public:
  verify_wait(core& c, std::vector<psw_to_verify> items) : reply_wait(c), items_(std::move(items)) {}  // strings good until the answer
  std::int32_t call(std::uint64_t token) noexcept {
    return core_->keys() == nullptr ? PSW_NOT_SUPPORTED : core_->keys()->verify(core_->host().ctx, 0, list_of(items_.data(), items_.size()), token);
  }

 private:
  std::vector<psw_to_verify> items_;
};

}  // namespace detail
}  // namespace payswitch
