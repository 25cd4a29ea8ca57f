// What we ask of the other bank. Credits that wait go together; everything else goes by itself.
#include <payswitch/credit_hash.h>
#include <payswitch/failpoint.h>
#include <payswitch/ids.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "connector.h"
#include "mutant.h"

namespace payswitch::peer_http {
namespace {

// Suspends an operation until the exchange that carries it has set its reply.
class reply_wait {
 public:
  explicit reply_wait(std::shared_ptr<Waiting> w) : waiting_(std::move(w)) {}
  reply_wait(const reply_wait&) = delete;
  reply_wait& operator=(const reply_wait&) = delete;
  ~reply_wait() { waiting_->waiter = nullptr; }
  bool await_ready() const noexcept { return waiting_->reply.has_value(); }
  void await_suspend(std::coroutine_handle<> h) noexcept { waiting_->waiter = h; }
  credit_reply await_resume() { return std::move(*waiting_->reply); }

 private:
  std::shared_ptr<Waiting> waiting_;
};

void settle(Waiting& w, credit_reply reply) {
  if (w.reply) return;
  w.reply.emplace(std::move(reply));
  if (const auto h = std::exchange(w.waiter, nullptr)) h.resume();
}

// The peer's word in a trusted answer, if there is one. A status that no word of ours comes with makes it none: better asked again.
std::optional<Word> word_in(const Heard& heard, const psw_id& about) {
  if (mutant("unauthenticated_is_a_refusal") && (heard.status == 401 || heard.status == 403)) {
    Word made_up;
    made_up.kind = Word::Kind::record;
    made_up.op_id = made_up.record.op_id = about;
    made_up.record.word = Outcome::refused;
    made_up.record.code = "unauthenticated";
    return made_up;
  }
  if (!heard.trusted) return std::nullopt;
  auto word = read_word(heard.body);
  if (!word) return std::nullopt;
  const bool fits = word->kind == Word::Kind::record ? heard.status == 200 || heard.status == 409 : word->kind == Word::Kind::none ? heard.status == 404 : heard.status >= 400;
  return fits ? word : std::nullopt;
}

// A record may be believed as far as the echo goes, which the core looks at. One that is called reused must really differ.
std::optional<decision> record_of(const Word& word, const Heard& heard, const std::uint8_t (&hash)[32]) {
  constexpr std::uint8_t none[32] = {};
  if (word.kind != Word::Kind::record) return std::nullopt;
  if (!word.error.empty() && (same_hash(word.record.hash, hash) || same_hash(word.record.hash, none))) return std::nullopt;
  decision out = word.record;
  out.theirs = heard.theirs;
  out.their_clock_ms = heard.clock_ms;
  out.verified_key = heard.key_id;
  out.direction = 1;
  return out;
}

std::string why_unknown(const Heard& heard) {
  if (!heard.why.empty()) return heard.why;
  return "no_decision_" + std::to_string(heard.status);
}

credit_reply reply_from(const std::optional<Word>& word, const Heard& heard, const std::uint8_t (&hash)[32]) {
  if (!word) return credit_reply::unknown(why_unknown(heard));
  if (word->kind == Word::Kind::not_recorded) {
    if (word->error == "overloaded" || word->retry_after_ms != 0) return credit_reply::overloaded(word->retry_after_ms);
    return credit_reply::unknown(word->error);
  }
  auto record = record_of(*word, heard, hash);
  if (!record) return credit_reply::unknown(word->error.empty() ? "no_decision" : word->error);
  switch (record->word) {
    case Outcome::applied: return credit_reply::applied(std::move(*record));
    case Outcome::refused: return credit_reply::refused(std::move(*record));
    case Outcome::pending: return credit_reply::pending();
    default: return credit_reply::unknown("no_decision");
  }
}

}  // namespace

std::uint64_t Connector::deadline_of(const operation& op) const {
  const std::uint64_t own = now_ns() + static_cast<std::uint64_t>(timeout_.count());
  return op.call_deadline_ns() == 0 ? own : std::min(own, op.call_deadline_ns());
}

// ---- credits ----

task<credit_reply> Connector::credit(const credit_op& op) {
  if (line_.size() >= line_credits_max || PSW_FAILPOINT("peer.queued")) co_return credit_reply::not_sent("queue_full");
  const auto mine = std::make_shared<Waiting>(op);
  mine->deadline_ns = deadline_of(op);
  line_.push_back(mine);
  kick();
  reply_wait answer(mine);
  co_return co_await answer;
}

void Connector::kick() {
  if (gathering_ || exchanges_ >= exchanges_max_) return;
  gathering_ = true;
  spawn(gather());
}

// Lets the credits that lie in the inbox already come to the line, so that they go in one exchange: the answer to an empty signing
// order comes behind them.
task<void> Connector::gather() {
  std::vector<std::string> nothing;
  co_await sign(std::move(nothing));
  gathering_ = false;
  start_exchanges();
}

void Connector::start_exchanges() {
  while (!line_.empty() && exchanges_ < exchanges_max_) {
    std::vector<std::shared_ptr<Waiting>> batch;
    psw_id pinned{};
    while (!line_.empty() && batch.size() < batch_max_) {
      Waiting& next = *line_.front();
      if (next.deadline_ns <= now_ns()) {  // waited too long here: no byte of it has left
        const std::shared_ptr<Waiting> late = std::move(line_.front());
        line_.pop_front();
        settle(*late, credit_reply::not_sent("queue_timeout"));
        continue;
      }
      // One message means one ledger of the peer.
      if (!is_zero(next.their_ledger) && !is_zero(pinned) && !same(next.their_ledger, pinned)) break;
      if (is_zero(pinned)) pinned = next.their_ledger;
      batch.push_back(std::move(line_.front()));
      line_.pop_front();
    }
    if (batch.empty()) continue;
    ++exchanges_;
    spawn(carry(std::move(batch)));
  }
}

task<void> Connector::carry(std::vector<std::shared_ptr<Waiting>> batch) {
  try {
    co_await carry_together(batch);
  } catch (const std::exception&) {
    // Whoever has no reply yet gets the safe one below.
  }
  for (const auto& w : batch) settle(*w, credit_reply::unknown("no_decision"));
  --exchanges_;
  start_exchanges();
}

task<void> Connector::carry_together(const std::vector<std::shared_ptr<Waiting>>& batch) {
  Question q;
  q.deadline_ns = batch.front()->deadline_ns;
  std::vector<const psw_credit*> credits;
  for (const auto& w : batch) {
    credits.push_back(w->credit);
    q.deadline_ns = std::min(q.deadline_ns, w->deadline_ns);
    if (!is_zero(w->their_ledger)) q.their_ledger = w->their_ledger;
    if (w->credit->ours.position >= q.ours.position) q.ours = w->credit->ours;
  }
  const bool alone = batch.size() == 1;
  q.method = alone ? "PUT" : "POST";
  q.target = std::string(base_path) + (alone ? "credits/" + to_hex(batch.front()->op_id) : std::string("credits:batch"));
  q.body = alone ? write_credit(*credits.front()) : write_batch(credits);
  add(sent_metric_, static_cast<std::int64_t>(batch.size()));
  Heard heard = co_await exchange(std::move(q));
  if (PSW_FAILPOINT("peer.credit_answered")) heard.trusted = false;
  if (!heard.left) {
    for (const auto& w : batch) settle(*w, credit_reply::not_sent(heard.why));
    co_return;
  }
  if (alone) {
    settle(*batch.front(), reply_from(word_in(heard, batch.front()->op_id), heard, batch.front()->hash));
    co_return;
  }
  // The peer may also say of the whole batch that nothing of it was recorded.
  const auto words = heard.trusted && heard.status == 200 ? read_words(heard.body) : std::nullopt;
  const auto whole = words ? std::nullopt : word_in(heard, psw_id{});
  for (const auto& w : batch) {
    std::optional<Word> word;
    if (whole && whole->kind == Word::Kind::not_recorded) word = whole;
    if (words) {
      const auto at = std::find_if(words->begin(), words->end(), [&w](const Word& one) { return same(one.op_id, w->op_id); });
      if (at != words->end()) word = *at;
    }
    settle(*w, reply_from(word, heard, w->hash));
  }
}

// ---- about one credit ----

task<Heard> Connector::ask_about(std::string_view method, const gateway_operation& op) {
  Question q;
  q.method = method;
  q.target = std::string(base_path) + "credits/" + to_hex(op.op_id());
  q.deadline_ns = deadline_of(op);
  q.ours = op.ours();
  q.their_ledger = op.their_ledger();
  (void)PSW_FAILPOINT("peer.before_asking");
  Heard heard = co_await exchange(std::move(q));
  if (PSW_FAILPOINT("peer.asked")) heard.trusted = false;
  co_return heard;
}

task<query_reply> Connector::query(const query_op& op) {
  const Heard heard = co_await ask_about("GET", op);
  const auto word = word_in(heard, op.op_id());
  if (!word) co_return query_reply::unknown(why_unknown(heard));
  if (word->kind == Word::Kind::none) co_return same(word->op_id, op.op_id()) ? query_reply::not_found(heard.theirs) : query_reply::unknown("other_op_id");
  if (word->kind == Word::Kind::not_recorded) co_return query_reply::unknown(word->error);
  auto record = record_of(*word, heard, op.hash());
  if (!record) co_return query_reply::unknown("no_decision");
  if (record->word == Outcome::pending) co_return query_reply::pending();
  co_return record->word == Outcome::applied ? query_reply::applied(std::move(*record)) : query_reply::refused(std::move(*record));
}

task<cancel_reply> Connector::cancel(const cancel_op& op) {
  const Heard heard = co_await ask_about("DELETE", op);
  const auto word = word_in(heard, op.op_id());
  if (!word) co_return cancel_reply::unknown(why_unknown(heard));
  if (word->kind == Word::Kind::not_recorded) co_return cancel_reply::unknown(word->error);
  auto record = record_of(*word, heard, op.hash());
  if (!record || record->word == Outcome::pending) co_return cancel_reply::unknown("no_decision");
  co_return record->word == Outcome::applied ? cancel_reply::applied(std::move(*record)) : cancel_reply::refused(std::move(*record));
}

// ---- the others: they decide nothing ----

task<std::optional<Hello>> Connector::ask_hello(std::uint64_t deadline_ns, Heard& heard) {
  co_await learn_history();
  Question q;
  q.method = "GET";
  q.target = std::string(base_path) + "hello";
  q.deadline_ns = deadline_ns;
  heard = co_await exchange(std::move(q));
  std::optional<Hello> out;
  if (heard.trusted && heard.status == 200) out = read_hello(heard.body);
  if (!out) co_return out;
  if (out->bank != bank_ || !same(out->history.ledger, heard.theirs.ledger)) {
    heard.why = "contradicts_signature";
    out.reset();
    co_return out;
  }
  saw_clock(out->clock_ms);
  co_return out;
}

task<hello_reply> Connector::hello(const hello_op& op) {
  Heard heard;
  const auto said = co_await ask_hello(deadline_of(op), heard);
  if (!said) co_return hello_reply::unknown(why_unknown(heard));
  co_return hello_reply::here(said->bank, said->history, said->clock_ms, said->currencies);
}

task<command_reply> Connector::command(const command_op& op) {
  if (op.name() != "hello") co_return command_reply::failed(Code::not_supported, "unknown_command");
  Heard heard;
  const auto said = co_await ask_hello(deadline_of(op), heard);
  if (!said) co_return command_reply::failed(Code::unavailable, why_unknown(heard), "the peer gave no answer that can be believed");
  co_return command_reply::ok(write_hello(*said));
}

task<lookup_reply> Connector::lookup(const lookup_op& op) {
  if (!plain_token(op.payee())) co_return lookup_reply::failed(Code::rule, "payee_not_found");
  Question q;
  q.method = "GET";
  q.target = std::string(base_path) + "accounts/" + std::string(op.payee()) + "?currency=" + std::string(currency_view(op.money().currency));
  q.deadline_ns = deadline_of(op);
  q.their_ledger = op.their_ledger();
  const Heard heard = co_await exchange(std::move(q));
  const auto said = heard.trusted && heard.status == 200 ? read_lookup(heard.body) : std::nullopt;
  if (!said) co_return lookup_reply::unknown(why_unknown(heard));
  if (!said->may_be_credited) co_return lookup_reply::failed(Code::rule, said->code.empty() ? "payee_not_found" : said->code);
  co_return lookup_reply::ok(said->name);
}

task<reconcile_reply> Connector::reconcile(const reconcile_op& op) {
  if (!op.after().empty() && !plain_token(op.after())) co_return reconcile_reply::unknown("position_invalid");
  Question q;
  q.method = "GET";
  q.target = std::string(base_path) + "reconcile";
  if (!op.after().empty()) q.target += "?after=" + std::string(op.after());
  q.deadline_ns = deadline_of(op);
  const Heard heard = co_await exchange(std::move(q));
  auto page = heard.trusted && heard.status == 200 ? read_page(heard.body) : std::nullopt;
  if (!page) co_return reconcile_reply::unknown(why_unknown(heard));
  for (decision& d : page->records) {
    d.theirs.ledger = heard.theirs.ledger;
    d.theirs.epoch = heard.theirs.epoch;
    d.their_clock_ms = heard.clock_ms;
    d.verified_key = heard.key_id;
  }
  co_return reconcile_reply::page(std::move(page->records), page->next);
}

}  // namespace payswitch::peer_http
