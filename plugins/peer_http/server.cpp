// What the other bank may ask of us: route, check, hand to the core, sign what the core said.
#include <payswitch/failpoint.h>
#include <payswitch/ids.h>
#include <payswitch/money.h>

#include <utility>

#include "connector.h"

namespace payswitch::peer_http {
namespace {

// Counts one request in work for as long as it lives.
class Busy {
 public:
  explicit Busy(std::size_t& count) noexcept : count_(count) { ++count_; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { --count_; }

 private:
  std::size_t& count_;
};

constexpr std::uint32_t come_back_ms = 1000;

std::string not_recorded(std::string_view error, std::uint32_t retry_after_ms = 0) {
  Word word;
  word.error = error;
  word.retry_after_ms = retry_after_ms;
  return write_word(word);
}

int status_of(const Word& word) {
  switch (word.kind) {
    case Word::Kind::record: return word.error.empty() ? 200 : 409;
    case Word::Kind::none: return 404;
    case Word::Kind::not_recorded: break;
  }
  if (word.error == "wrong_ledger" || word.error == "other_ledger" || word.error == "old_epoch") return 409;
  return word.retry_after_ms != 0 ? 503 : 400;
}

// "?name=value" and nothing else; empty if the query is another one.
std::string_view only_value(std::string_view query, std::string_view name) {
  if (!query.starts_with('?')) return {};
  query.remove_prefix(1);
  if (!query.starts_with(name) || query.substr(name.size(), 1) != "=") return {};
  return query.substr(name.size() + 1);
}

}  // namespace

// Where the request waits for all credits of its batch.
class Connector::Join {
 public:
  explicit Join(std::size_t n) : words(n), left(n) {}
  std::vector<Word> words;
  std::size_t left;
  std::coroutine_handle<> waiter;
};
class Connector::join_wait {
 public:
  explicit join_wait(std::shared_ptr<Join> j) : join_(std::move(j)) {}
  join_wait(const join_wait&) = delete;
  join_wait& operator=(const join_wait&) = delete;
  ~join_wait() { join_->waiter = nullptr; }
  bool await_ready() const noexcept { return join_->left == 0; }
  void await_suspend(std::coroutine_handle<> h) noexcept { join_->waiter = h; }
  void await_resume() const noexcept {}

 private:
  std::shared_ptr<Join> join_;
};

task<http_answer> Connector::http(const http_in& in) {
  if (requests_ >= requests_max_ || PSW_FAILPOINT("peer.request")) {
    add(refused_metric_);
    co_return http_answer(503, not_recorded("overloaded", come_back_ms));
  }
  const Busy busy(requests_);
  const Caller caller = co_await authenticate(in);
  Answer answer;
  if (caller.status != 0) {
    add(refused_metric_);
    complain(caller.code == "wrong_ledger" ? "PEER-003" : "PEER-001", caller.code, caller.status);
    answer.status = caller.status;
    answer.body = not_recorded(caller.code);
  } else {
    add(served_metric_);
    answer = co_await serve(in, caller);
    if (PSW_FAILPOINT("peer.served")) co_return http_answer(500);
  }
  http_answer out = co_await sign_answer(answer.status, std::move(answer.body), caller);
  (void)PSW_FAILPOINT("peer.before_answer");
  co_return out;
}

task<Connector::Answer> Connector::serve(const http_in& in, const Caller& caller) {
  std::string_view path = caller.parts.path;
  path.remove_prefix(std::min(path.size(), base_path.size()));
  Answer out;
  if (path == "credits:batch" && in.method == "POST") {
    out = co_await serve_batch(in, caller);
  } else if (path.starts_with("credits/")) {
    out = co_await serve_credit(path.substr(8), in, caller);
  } else if (path == "hello" && in.method == "GET") {
    out = co_await serve_hello(caller);
  } else if (path == "reconcile" && in.method == "GET") {
    out = co_await serve_reconcile(caller.parts.query);
  } else if (path.starts_with("accounts/") && in.method == "GET") {
    out = co_await serve_lookup(path.substr(9), caller.parts.query);
  } else {
    out.status = 404;
    out.body = not_recorded("endpoint_not_found");
  }
  co_return out;
}

// ---- credits ----

Word Connector::word_about(const psw_id& op_id, const recorded& said) {
  saw_history(said.at);
  Word out;
  out.op_id = op_id;
  out.record.theirs = said.at;
  const bool decided = said.outcome == Outcome::applied || said.outcome == Outcome::refused || said.outcome == Outcome::pending;
  if (said.record && decided && (said.code == Code::ok || said.code == Code::conflict)) {
    out.kind = Word::Kind::record;
    out.record = *said.record;
    out.record.word = said.outcome;
    out.record.theirs = said.at;
    if (out.record.word == Outcome::refused && out.record.code.empty()) out.record.code = "refused";
    if (said.code == Code::conflict) out.error = "op_id_reused";
    return out;
  }
  if (said.code == Code::absent && said.outcome == Outcome::not_found) {
    out.kind = Word::Kind::none;
    return out;
  }
  // Nothing is known to be recorded. Only what can never be taken as it is gets no invitation to come again.
  out.error = !said.reason.empty() ? said.reason : std::string(payswitch::name(said.code));
  const bool final = said.code == Code::invalid || said.code == Code::not_supported || said.code == Code::conflict;
  if (!final) out.retry_after_ms = said.retry_after_ms != 0 ? said.retry_after_ms : come_back_ms;
  return out;
}

task<Word> Connector::decide(ReadCredit credit, const Caller& caller) {
  Word out;
  out.op_id = credit.credit.op_id;
  if (!credit.hash_right) {
    out.error = "hash_mismatch";
    co_return out;
  }
  credit.credit.theirs = caller.history.sender;
  credit.credit.our_ledger = caller.history.peer;
  credit.credit.verified_key = caller.key_id;
  (void)PSW_FAILPOINT("peer.before_inbound");
  const recorded said = co_await inbound_credit(credit.credit);
  co_return word_about(credit.credit.op_id, said);
}

task<Connector::Answer> Connector::serve_credit(std::string_view id, const http_in& in, const Caller& caller) {
  Answer out;
  out.status = 400;
  out.body = not_recorded("malformed");
  const auto op_id = parse_hex(id);
  if (!op_id || is_zero(*op_id) || caller.parts.query != "?") co_return out;
  Word word;
  if (in.method == "PUT") {
    auto credit = read_credit(in.body, *op_id);
    if (!credit) co_return out;
    word = co_await decide(std::move(*credit), caller);
  } else {
    if (!in.body.empty()) co_return out;
    credit_in about(*op_id);
    about.theirs = caller.history.sender;
    about.our_ledger = caller.history.peer;
    about.verified_key = caller.key_id;
    recorded said;
    if (in.method == "DELETE") {
      said = co_await inbound_cancel(about);
    } else {
      said = co_await inbound_query(about);
    }
    word = word_about(*op_id, said);
  }
  out.status = status_of(word);
  out.body = write_word(word);
  co_return out;
}

task<void> Connector::decide_one(std::shared_ptr<Join> join, std::size_t i, ReadCredit credit, const Caller& caller) {
  Word word;
  word.op_id = credit.credit.op_id;
  word.error = "internal";
  word.retry_after_ms = come_back_ms;
  try {
    word = co_await decide(std::move(credit), caller);
  } catch (const std::exception&) {
    // The word above stays: nothing is known to be recorded.
  }
  join->words[i] = std::move(word);
  if (--join->left == 0 && join->waiter) std::exchange(join->waiter, nullptr).resume();
}

// All credits of the batch are with the core at once, so that it can write them in one commit.
task<Connector::Answer> Connector::serve_batch(const http_in& in, const Caller& caller) {
  Answer out;
  auto credits = read_batch(in.body);
  if (!credits || caller.parts.query != "?") {
    out.status = 400;
    out.body = not_recorded("malformed");
    co_return out;
  }
  const auto join = std::make_shared<Join>(credits->size());
  for (std::size_t i = 0; i != credits->size(); ++i) spawn(decide_one(join, i, std::move((*credits)[i]), caller));
  join_wait all(join);
  co_await all;
  out.status = 200;
  out.body = write_words(join->words);
  co_return out;
}

// ---- the others ----

bool Connector::lookup_allowed() {
  constexpr std::uint64_t second_ns = 1'000'000'000;
  if (now_ns() - lookups_since_ns_ >= second_ns) {
    lookups_since_ns_ = now_ns();
    lookups_ = 0;
  }
  return lookups_++ < lookups_per_second_;
}

task<Connector::Answer> Connector::serve_lookup(std::string_view account, std::string_view query) {
  const std::string_view currency = only_value(query, "currency");
  Answer out;
  if (!plain_token(account) || !currency_code_ok(currency)) {
    out.status = 400;
    out.body = not_recorded("malformed");
    co_return out;
  }
  if (!lookup_allowed()) {
    out.status = 429;
    out.body = not_recorded("rate_limited", come_back_ms);
    co_return out;
  }
  const answer said = co_await inbound_lookup(account, currency);
  saw_history(said.at);
  if (said.code != Code::ok && said.code != Code::rule) {
    out.status = 503;
    out.body = not_recorded("overloaded", come_back_ms);
    co_return out;
  }
  Lookup lookup;
  lookup.may_be_credited = said.ok();
  if (said.ok()) lookup.name = said.text;
  else lookup.code = said.reason.empty() ? "payee_not_found" : said.reason;
  out.status = 200;
  out.body = write_lookup(lookup);
  co_return out;
}

task<Connector::Answer> Connector::serve_reconcile(std::string_view query) {
  Answer out;
  const std::string_view after = only_value(query, "after");
  if (query != "?" && !plain_token(after)) {
    out.status = 400;
    out.body = not_recorded("malformed");
    co_return out;
  }
  list_answer said = co_await inbound_list(after, static_cast<std::uint32_t>(reconcile_records_max));
  saw_history(said.at);
  if (!said.ok()) {
    out.status = said.code == Code::not_supported ? 501 : 503;
    out.body = not_recorded(payswitch::name(said.code), said.code == Code::not_supported ? 0 : come_back_ms);
    co_return out;
  }
  Page page;
  page.records = std::move(said.decisions);
  page.next = said.position;
  out.status = 200;
  out.body = write_page(page);
  co_return out;
}

task<Connector::Answer> Connector::serve_hello(const Caller& caller) {
  Answer out;
  const hello_answer us = co_await inbound_hello(caller.history.sender);
  if (!us.ok()) {
    out.status = 503;
    out.body = not_recorded("overloaded", come_back_ms);
    co_return out;
  }
  saw_history(us.history);
  Hello hello;
  hello.bank = us.bank;
  hello.history = us.history;
  hello.clock_ms = us.clock_ms != 0 ? us.clock_ms : wall_ms();
  hello.currencies = us.currencies;
  out.status = 200;
  out.body = write_hello(hello);
  co_return out;
}

}  // namespace payswitch::peer_http
