#include "support/storm/client.h"

#include <boost/json/value.hpp>

#include <chrono>

namespace payswitch::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t holds_max = 64;
constexpr int accepted_tries = 3;  // a client asks so often what has become of it, and goes on with something else
constexpr std::uint64_t patience_ns = 60'000'000'000, shed_patience_ns = 1'000'000'000;

std::string quoted(const char* member, const std::string& value) { return std::string("\"") + member + "\":\"" + value + "\""; }

std::int64_t minor(const boost::json::object& object, std::string_view member) { return std::strtoll(std::string(object.at(member).as_string()).c_str(), nullptr, 10); }

}  // namespace

std::uint64_t sequence_of(const std::string& position) {
  const auto dot = position.rfind('.');
  return dot == std::string::npos ? 0 : std::strtoull(position.c_str() + dot + 1, nullptr, 10);
}

Storm::Client::Client(const Storm& storm, int process)
    : storm_(storm), process_(process), bank_(storm.settings_.port), random_(storm.settings_.seed * 1'000 + static_cast<std::uint64_t>(process)) {}

void Storm::Client::run() {
  while (!storm_.stopping_.load(std::memory_order_relaxed)) {
    const auto dice = pick(100);
    if (dice < 50) pay();
    else if (dice < 60) cash(OperationKind::deposit, "/v1/deposits");
    else if (dice < 70) cash(OperationKind::withdraw, "/v1/withdrawals");
    else if (dice < 80) hold();
    else if (dice < 90) act();
    else read();
  }
}

const std::string& Storm::Client::any_of(const std::vector<std::string>& accounts) {
  return often(storm_.hot_percent_) ? accounts.front() : accounts[pick(accounts.size())];
}

std::string Storm::Client::any_payee(const std::string& payer) {
  if (often(storm_.elsewhere_percent_)) return pick(20) == 0 ? storm_.nobody_ : any_of(storm_.elsewhere_);
  for (;;)
    if (const auto& payee = any_of(storm_.accounts_); payee != payer) return payee;
}

// Mostly small; now and then more than anybody has, so that refusals are part of every run.
std::int64_t Storm::Client::any_amount() { return static_cast<std::int64_t>(pick(12) == 0 ? 1'000'000'000 + pick(1000) : 1 + pick(400)); }

std::string Storm::Client::next_key() {
  return storm_.settings_.name + "s" + std::to_string(storm_.settings_.seed) + "p" + std::to_string(process_) + "n" + std::to_string(++made_);
}

void Storm::Client::pay() {
  const std::string payer = any_of(storm_.accounts_), payee = any_payee(payer);
  const Operation paid = money(OperationKind::transfer, "/v1/transfers", payer, payee, any_amount(), quoted("payer", payer) + "," + quoted("payee", payee));
  if (paid.outcome == Outcome::accepted && pick(4) == 0) act_on(OperationKind::cancel, {paid.transfer_id, payer, payee, paid.amount}, 0, true);
}

void Storm::Client::cash(OperationKind kind, const char* target) {
  const std::string account = any_of(storm_.accounts_);
  const bool deposit = kind == OperationKind::deposit;
  money(kind, target, deposit ? "cash:KRW" : account, deposit ? account : "cash:KRW", deposit ? static_cast<std::int64_t>(1 + pick(400)) : any_amount(), quoted("account", account));
}

void Storm::Client::hold() {
  const std::string payer = any_of(storm_.accounts_), payee = any_payee(payer);
  const auto amount = static_cast<std::int64_t>(1 + pick(400));
  const Operation held = money(OperationKind::hold, "/v1/transfers", payer, payee, amount, quoted("payer", payer) + "," + quoted("payee", payee) + R"(,"mode":"hold")");
  if (held.outcome != Outcome::ok) return;
  const std::lock_guard lock(storm_.holds_mutex_);
  if (storm_.holds_.size() < holds_max) storm_.holds_.push_back({held.transfer_id, payer, payee, amount});
}

// Some of the holds stay in the list, so that another client may act on the same one at the same time.
void Storm::Client::act() {
  Hold hold;
  {
    const std::lock_guard lock(storm_.holds_mutex_);
    if (storm_.holds_.empty()) return;
    auto& any = storm_.holds_[pick(storm_.holds_.size())];
    hold = any;
    if (pick(6) != 0) {
      std::swap(any, storm_.holds_.back());
      storm_.holds_.pop_back();
    }
  }
  const auto dice = pick(10);
  if (dice < 6) {
    const bool whole = pick(2) == 0;
    const auto amount = whole ? hold.amount : 1 + static_cast<std::int64_t>(pick(static_cast<std::uint64_t>(hold.amount)));
    const Operation posted = act_on(OperationKind::post, hold, amount, whole);
    if (posted.outcome == Outcome::accepted && pick(3) == 0) act_on(OperationKind::cancel, hold, 0, true);
  } else {
    act_on(dice < 9 ? OperationKind::void_hold : OperationKind::cancel, hold, 0, true);
  }
}

void Storm::Client::read() {
  Operation operation;
  operation.process = process_;
  operation.kind = OperationKind::read;
  operation.payer = any_of(storm_.accounts_);
  operation.asked_sequence = sequence_of(position_);
  operation.wait_ms = storm_.settings_.wait_s * 1'000;
  HeaderList headers;
  if (!position_.empty()) headers.emplace_back("Payswitch-Position", position_);
  operation.t0 = now_ns();
  const Reply answer = bank_.get("/v1/accounts/" + operation.payer + "/balance", headers);
  operation.t1 = now_ns();
  if (answer.status() != 200) return;
  operation.outcome = Outcome::ok;
  remember(answer, operation);
  operations.push_back(std::move(operation));
}

void Storm::Client::remember(const Reply& answer, Operation& operation) {
  const std::string position = answer.http.header("Payswitch-Position");
  operation.sequence = sequence_of(position);
  if (!position.empty()) position_ = position;
}

Operation Storm::Client::money(OperationKind kind, const std::string& target, const std::string& payer, const std::string& payee, std::int64_t amount, const std::string& members) {
  Operation asked;
  asked.kind = kind;
  asked.key = next_key();
  asked.payer = payer;
  asked.payee = payee;
  asked.amount = amount;
  const std::string body = "{" + members + R"(,"currency":"KRW",)" + quoted("amount", std::to_string(amount)) + "," + quoted("reference", asked.key.substr(0, 35)) + "}";
  return repeat(std::move(asked), target, body);
}

Operation Storm::Client::act_on(OperationKind kind, const Hold& hold, std::int64_t amount, bool whole) {
  Operation asked;
  asked.kind = kind;
  asked.key = next_key();
  asked.payer = hold.payer;
  asked.payee = hold.payee;
  asked.amount = amount;
  asked.target = hold.id;
  const char* const verb = kind == OperationKind::post ? "/post" : kind == OperationKind::void_hold ? "/void" : "/cancel";
  return repeat(std::move(asked), "/v1/transfers/" + hold.id + verb, whole ? "{}" : "{" + quoted("amount", std::to_string(amount)) + "}");
}

void Storm::Client::judge(const Reply& answer, Operation& operation) {
  const int status = answer.status();
  if (status == 500) ++storm_.counts_.internal;
  operation.code = answer.code();
  if (status == 202) {
    operation.outcome = operation.kind == OperationKind::hold ? Outcome::ok : Outcome::accepted;
    operation.transfer_id = answer.text("id");
    operation.state = answer.text("state");
    return;
  }
  if (status < 200 || status >= 500 || status == 429 || operation.code == "idempotency_in_progress" || operation.code == "version_conflict") return;
  operation.outcome = status < 300 ? Outcome::ok : Outcome::fail;
  operation.transfer_id = answer.text(status < 300 ? "id" : "transfer_id");
  if (status < 300) operation.state = answer.text("state");
  if (!operation.target.empty()) {
    // The other bank's word about what was posted: the post itself took the hold. And a transfer may end otherwise than a cancel wished.
    if (operation.code == "peer_refused" || operation.code == "peer_unreachable") operation.outcome = Outcome::accepted;
    if (status < 300 && operation.state != (operation.kind == OperationKind::post ? "completed" : "voided")) operation.outcome = Outcome::accepted;
    if (operation.outcome == Outcome::fail) operation.transfer_id.clear();
  }
  if (operation.state == "held") return;  // answers with its present state, whatever that will be
  // A refused post or void records nothing: asked again it is answered as things stand then.
  const bool stays = operation.target.empty() || operation.outcome == Outcome::ok;
  if (stays && operation.kind != OperationKind::hold && operation.kind != OperationKind::cancel) operation.body = answer.http.body;
  if (operation.kind == OperationKind::hold || !operation.target.empty() || status >= 300 || !answer.body.is_object()) return;
  if (const auto* balances = answer.body.get_object().if_contains("balances"))
    for (const auto& row : balances->as_array())
      operation.after.push_back({std::string(row.as_object().at("account").as_string()), minor(row.as_object(), "balance"), minor(row.as_object(), "available")});
}

Operation Storm::Client::repeat(Operation asked, const std::string& target, const std::string& body) {
  asked.process = process_;
  asked.wait_ms = storm_.settings_.wait_s * 1'000;
  HeaderList headers;
  if (asked.wait_ms != 0) headers.emplace_back("Prefer", "wait=" + std::to_string(storm_.settings_.wait_s));
  const std::uint64_t give_up = now_ns() + patience_ns, give_up_if_shed = now_ns() + shed_patience_ns;
  int repeats = pick(20) == 0 ? 1 : 0;  // some ask again although they know: the answer must be the same
  for (int accepted = 0;;) {
    Operation operation = asked;
    operation.t0 = now_ns();
    const Reply answer = bank_.post(target, body, asked.key, headers);
    operation.t1 = now_ns();
    remember(answer, operation);
    judge(answer, operation);
    // What certainly recorded nothing is no operation, but it was answered: C8 is told.
    const bool nothing = operation.outcome == Outcome::info && answer.status() != 0 && answer.status() != 504 && answer.status() != 500;
    if (nothing) ++storm_.counts_.shed;
    operations.push_back(operation);
    switch (operation.outcome) {
      case Outcome::ok:
      case Outcome::fail:
        if (repeats-- <= 0) return operation;
        break;
      case Outcome::accepted:
        if (asked.target.empty() && ++accepted < accepted_tries && asked.wait_ms != 0) break;
        return operation;
      case Outcome::info:
        // Shed for a second: something else may go better.
        if (operation.t1 > (nothing ? give_up_if_shed : give_up)) return operation;
        std::this_thread::sleep_for(answer.status() == 0 ? 30ms : 10ms);
    }
  }
}

}  // namespace payswitch::test
