#include "connector.h"

#include <payswitch/credit_hash.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace payswitch::sim_bank {
namespace {

// What the wire shows when the bank tells a wrong story about a right record.
void distort(decision& d, Answer answer) {
  switch (answer) {
    case Answer::wrong_amount: d.money.minor += 1; break;
    case Answer::wrong_op_id: d.op_id.b[0] ^= 0xff; break;
    case Answer::wrong_currency: set_currency(d.money.currency, std::string_view(d.money.currency, 3) == "XTS" ? "XXX" : "XTS"); break;
    case Answer::wrong_exponent: d.money.exponent += 1; break;
    case Answer::wrong_payer: d.payer += "-x"; break;
    case Answer::wrong_payee: d.payee += "-x"; break;
    case Answer::wrong_hash: d.hash[0] ^= 0xff; break;
    default: break;
  }
}

bool has_hash(const decision& d) { return std::any_of(std::begin(d.hash), std::end(d.hash), [](std::uint8_t b) { return b != 0; }); }

std::int64_t number(std::string_view text, std::int64_t otherwise) {
  std::int64_t out = 0;
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc{} ? out : otherwise;
}

}  // namespace

void Connector::configure(const config& options) {
  bank_ = options.bank();
  const std::string store(options.maybe_text("store").value_or(bank_));
  if (store.empty()) throw option_error("store", "is required where the connector has no bank");
  store_ = Store::open(store);
  delay_ = options.duration("delay");
  timeout_ = options.duration("timeout");
  always_ = options.maybe_integer("always");
  report_repeats_ = options.integer("report_repeats");
  epoch_ = options.integer("epoch");
  dedupe_ = options.boolean("dedupe");
  tombstone_ = options.boolean("tombstone");
}

void Connector::start() {
  if (!dedupe_ || !tombstone_) log(PSW_LOG_WARNING, "SIM-001");
}

const Behaviour& Connector::behaviour(const psw_money& money) const { return behaviour_of(always_.value_or(money.minor)); }

// Accounts refuse by their name too, for people who try things by hand.
std::string_view Connector::refusal(const Behaviour& b, const decision& asked) const {
  if (asked.payee.ends_with("-nobody")) return "payee_not_found";
  if (asked.payee.ends_with("-frozen")) return "account_frozen";
  if (asked.payee.ends_with("-closed")) return "account_closed";
  return b.refuse;
}

// The message as it arrives at the bank. From here on the bank speaks of what it received.
decision Connector::as_asked(const gateway_operation& op) const {
  decision d(op.op_id(), op.money(), op.payer(), op.payee());
  std::memcpy(d.hash, op.hash(), sizeof d.hash);
  d.reverses = op.reverses();
  return d;
}

void Connector::stamp(decision& d) const {
  d.their_clock_ms = wall_ms();
  if (epoch_ == 0) return;
  d.theirs.epoch = static_cast<std::uint64_t>(epoch_);
  d.theirs.position = store_->size();
  d.theirs.ledger = derive_id(1, {"sim_bank", bank_});
}

std::uint64_t Connector::give_up_ns(const operation& op) const {
  return std::min(op.call_deadline_ns(), now_ns() + static_cast<std::uint64_t>(timeout_.count()));
}

// What happens at the bank after `delay`: the late copy arrives, reports are sent.
task<void> Connector::later(decision asked, const Behaviour* b, bool decides) {
  co_await sleep(delay_);
  if (decides) store_->decide(asked, refusal(*b, asked), dedupe_, wall_ms());
  const std::int64_t times = b->reports < 0 ? report_repeats_ : b->reports;
  for (std::int64_t i = 0; i < times; ++i) {
    auto record = store_->find(asked.op_id);
    if (!record || record->word == Outcome::pending) co_return;
    stamp(*record);
    recorded taken = co_await report(*record);
    while (taken.code == Code::overloaded || taken.code == Code::unavailable) {  // as any consumer: until the core has it
      co_await sleep(std::chrono::milliseconds(100));
      taken = co_await report(*record);
    }
  }
  if (b->foreign_report) {
    decision unheard = asked;
    unheard.op_id = derive_id(2, {to_hex(asked.op_id)});
    unheard.word = Outcome::applied;
    stamp(unheard);
    co_await report(unheard);
  }
}

task<credit_reply> Connector::credit(const credit_op& op) {
  if (down_) co_return credit_reply::not_sent("down", "the simulated bank is down");
  const decision asked = as_asked(op);
  const Behaviour& b = behaviour(op.money());
  const std::int32_t before = store_->seen(asked);
  const Answer answer = before < b.first_times ? b.first : b.resend;

  if (before == 0) {
    if (answer == Answer::pending) store_->mark_pending(asked, wall_ms());
    if (b.when == When::at_once && !store_->decide(asked, refusal(b, asked), dedupe_, wall_ms())) co_return credit_reply::unknown("op_id_reused");
    if (b.when == When::late || b.reports != 0 || b.foreign_report) spawn(later(asked, &b, b.when == When::late));
  } else if (b.resend_decides && answer != Answer::not_sent && answer != Answer::unauthorised && answer != Answer::overloaded) {
    if (!store_->decide(asked, refusal(b, asked), dedupe_, wall_ms())) co_return credit_reply::unknown("op_id_reused");
  } else if (b.when == When::late && !b.resend_decides && answer == Answer::lost) {
    spawn(later(asked, &b, true));  // this copy is on its way as well
  }

  switch (answer) {
    case Answer::lost:
      co_await sleep_until(give_up_ns(op));
      co_return credit_reply::unknown("timeout");
    case Answer::not_sent: co_return credit_reply::not_sent("not_connected", "the simulated bank cannot be reached");
    case Answer::overloaded: co_return credit_reply::overloaded(static_cast<std::uint32_t>(delay_.count() / 1'000'000));
    case Answer::unauthorised: co_return credit_reply::unknown("http_401", "the simulated bank does not accept our key");
    case Answer::no_body:
    case Answer::forbidden_word: {
      credit_reply lie = credit_reply::unknown();
      lie.outcome = answer == Answer::no_body ? Outcome::applied : Outcome::not_found;
      co_return lie;
    }
    case Answer::stale: {
      const std::uint64_t at = op.call_deadline_ns() + 60'000'000'000;
      co_await sleep_until(at);
      break;
    }
    default: break;
  }

  auto record = store_->find(op.op_id());
  if (!record) co_return credit_reply::unknown("not_recorded");
  if (record->word == Outcome::pending) co_return credit_reply::pending();
  if (answer == Answer::opposite) {
    record->word = record->word == Outcome::applied ? Outcome::refused : Outcome::applied;
    record->code = record->word == Outcome::refused ? "account_closed" : "";
  }
  stamp(*record);
  distort(*record, answer);
  credit_reply out = record->word == Outcome::applied ? credit_reply::applied(*record) : credit_reply::refused(*record);
  if (answer == Answer::twice) core().reply(detail::own(op.handle(), out));
  co_return out;
}

task<query_reply> Connector::query(const query_op& op) {
  if (down_) co_return query_reply::unknown("down");
  const Behaviour& b = behaviour(op.money());
  const std::int32_t before = store_->count_query(op.op_id());
  if (b.query == Query::lost || (b.query == Query::unknown_first && before == 0)) {
    co_await sleep_until(give_up_ns(op));
    co_return query_reply::unknown("timeout");
  }
  auto record = store_->find(op.op_id());
  if (!record || b.query == Query::not_found) co_return query_reply::not_found();
  if (record->word == Outcome::pending) co_return query_reply::pending();
  stamp(*record);
  co_return record->word == Outcome::applied ? query_reply::applied(*record) : query_reply::refused(*record);
}

task<cancel_reply> Connector::cancel(const cancel_op& op) {
  if (down_) co_return cancel_reply::unknown("down");
  const Behaviour& b = behaviour(op.money());
  const std::int32_t before = store_->count_cancel(op.op_id());
  if (b.cancel == Cancel::lost || (b.cancel == Cancel::unknown_first && before == 0)) {
    co_await sleep_until(give_up_ns(op));
    co_return cancel_reply::unknown("timeout");
  }
  decision record = store_->cancel(as_asked(op), tombstone_, wall_ms());
  stamp(record);
  co_return record.word == Outcome::applied ? cancel_reply::applied(record) : cancel_reply::refused(record);
}

hello_reply Connector::hello(const hello_op&) {
  if (down_) return hello_reply::unknown("down");
  decision now;
  stamp(now);
  return hello_reply::here(bank_, now.theirs, now.their_clock_ms, {});
}

lookup_reply Connector::lookup(const lookup_op& op) {
  const decision asked(op.op_id(), op.money(), op.payer(), op.payee());
  const std::string_view why = refusal(Behaviour{}, asked);
  return why.empty() ? lookup_reply::ok("S*** ***") : lookup_reply::failed(Code::rule, why);
}

reconcile_reply Connector::reconcile(const reconcile_op& op) {
  auto page = store_->list(op.after(), op.limit() == 0 ? 500 : std::min<std::uint32_t>(op.limit(), 500));
  const std::string next = page.empty() ? std::string(op.after()) : to_hex(page.back().op_id);
  return reconcile_reply::page(std::move(page), next);
}

task<command_reply> Connector::command(const command_op& op) {
  const auto args = parse_args(op.args());
  if (!args) co_return command_reply::failed(Code::invalid, "arguments_invalid", "the arguments are one flat JSON object of strings and integers");
  const std::string_view name = op.name();
  if (name == "credit" || name == "cancel" || name == "query") co_return co_await incoming(name, *args);
  if (name == "report") co_return co_await report_by_hand(*args);
  if (name == "totals") co_return command_reply::ok(store_->totals());
  if (name == "reset") {
    store_->clear();
    co_return command_reply::ok("{}");
  }
  if (name == "down" || name == "up") {
    down_ = name == "down";
    ready(down_ ? PSW_READY_DOWN : PSW_READY_UP, down_ ? "by command" : "");
    co_return command_reply::ok("{}");
  }
  if (name == "behaviours") {
    std::string out = "[";
    for (const Behaviour& b : behaviours()) out += std::string(out.size() == 1 ? "" : ",") + "{\"amount_ends_in\":" + std::to_string(b.number) + ",\"what\":\"" + std::string(b.what) + "\"}";
    co_return command_reply::ok(out + "]");
  }
  if (name == "show" || name == "forget") {
    const auto op_id = parse_hex(arg(*args, "op_id"));
    if (!op_id) co_return command_reply::failed(Code::invalid, "op_id_invalid", "op_id is 32 hex digits");
    if (name == "forget") store_->forget(*op_id);
    co_return command_reply::ok(store_->show(*op_id));
  }
  co_return command_reply::failed(Code::not_supported, "command_unknown");
}

// The other direction: the simulated bank asks our core for something.
task<command_reply> Connector::incoming(std::string_view name, const Args& args) {
  const auto op_id = parse_hex(arg(args, "op_id"));
  if (!op_id) co_return command_reply::failed(Code::invalid, "op_id_invalid", "op_id is 32 hex digits");
  credit_in in(*op_id);
  in.payer = arg(args, "payer");
  in.payee = arg(args, "payee");
  in.reference = arg(args, "reference");
  in.money.minor = number(arg(args, "amount"), 0);
  set_currency(in.money.currency, arg(args, "currency", "KRW"));
  in.money.exponent = static_cast<std::int32_t>(number(arg(args, "exponent"), 0));
  in.reverses = parse_hex(arg(args, "reverses")).value_or(psw_id{});
  in.accepted_ms = wall_ms();
  in.not_after_ms = number(arg(args, "not_after"), in.accepted_ms + 30'000);
  decision me;
  stamp(me);
  in.theirs = me.theirs;
  const Sha256Digest hash = credit_hash(in.op_id, str(in.payer), str(in.payee), in.money, in.reverses);
  std::memcpy(in.hash, hash.data(), sizeof in.hash);

  recorded r;
  if (name == "credit") r = co_await inbound_credit(std::move(in));
  else if (name == "cancel") r = co_await inbound_cancel(std::move(in));
  else r = co_await inbound_query(std::move(in));
  std::string out = "{\"code\":\"" + std::string(payswitch::name(r.code)) + "\",\"outcome\":\"" + std::string(payswitch::name(r.outcome)) + "\",\"reason\":\"" + r.reason + "\"";
  if (r.record) {
    out += ",\"decision\":\"" + std::string(payswitch::name(r.record->word)) + "\",\"decision_code\":\"" + r.record->code + "\",\"amount\":\"" + format_minor(r.record->money.minor) +
           "\",\"payee\":\"" + r.record->payee + "\"";
  }
  co_return command_reply::ok(out + "}");
}

task<command_reply> Connector::report_by_hand(const Args& args) {
  const auto op_id = parse_hex(arg(args, "op_id"));
  if (!op_id) co_return command_reply::failed(Code::invalid, "op_id_invalid", "op_id is 32 hex digits");
  psw_money money{};
  money.minor = number(arg(args, "amount"), 0);
  set_currency(money.currency, arg(args, "currency", "KRW"));
  money.exponent = static_cast<std::int32_t>(number(arg(args, "exponent"), 0));
  decision d = store_->find(*op_id).value_or(decision(*op_id, money, arg(args, "payer"), arg(args, "payee")));
  d.word = arg(args, "decision", "applied") == "applied" ? Outcome::applied : Outcome::refused;
  d.code = arg(args, "code", d.word == Outcome::refused ? "account_closed" : "");
  if (!has_hash(d)) {
    const Sha256Digest hash = credit_hash(d.op_id, str(d.payer), str(d.payee), d.money, d.reverses);
    std::memcpy(d.hash, hash.data(), sizeof d.hash);
  }
  stamp(d);
  recorded taken;
  const std::int64_t times = number(arg(args, "times"), 1);
  for (std::int64_t i = 0; i < times; ++i) taken = co_await report(d);
  co_return command_reply::ok("{\"code\":\"" + std::string(payswitch::name(taken.code)) + "\"}");
}

}  // namespace payswitch::sim_bank
