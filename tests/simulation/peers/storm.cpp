#include "storm.h"

#include <payswitch/ids.h>

#include <algorithm>
#include <stdexcept>

namespace payswitch::simulation::peers {

using transfer::ErrorCode;

namespace {

constexpr std::string_view krw = "KRW";
constexpr std::int64_t funds_minor = 100'000;

bool is_final_answer(const Ticket& ticket) {
  if (!ticket.answered) return false;
  if (ticket.code == ErrorCode::none) return is_final(ticket.state);
  return transfer::row(ticket.code).error_class == transfer::ErrorClass::final;
}

std::string body_of(const transfer::TransferAnswer& answer) {
  std::string out(transfer::name(answer.code));
  if (answer.transfer != nullptr) out += " " + to_ulid(answer.transfer->id) + " " + std::string(name(answer.transfer->state)) + " " + std::string(answer.transfer->reason_code);
  return out + " " + std::string(answer.detail);
}

}  // namespace

// ---- what may happen ----

Troubles Troubles::of(std::uint64_t seed) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15u + 1);
  const auto below = [&random](std::uint64_t n) { return random() % n; };
  const auto some = [&](unsigned per_cent, unsigned most) { return below(100) < per_cent ? 1 + static_cast<unsigned>(below(most)) : 0u; };
  Troubles out;
  out.third_bank = below(2) == 0;
  switch (below(5)) {
    case 0:
    case 1: out.clock_apart_ms = static_cast<std::int64_t>(below(100'001)) - 50'000; break;        // signatures are still believed
    case 2: out.clock_apart_ms = static_cast<std::int64_t>(below(1'200'001)) - 600'000; break;     // perhaps not
    default: break;
  }
  out.payments = 10 + static_cast<unsigned>(below(25));
  out.storm_ns = (10 + below(50)) * second;
  switch (below(3)) {
    case 0: out.not_after_ms = 1'500 + static_cast<std::int64_t>(below(4'000)); break;  // over before the first call has ended
    case 1: out.not_after_ms = 5'000 + static_cast<std::int64_t>(below(12'000)); break;
    default: break;
  }
  if (below(5) == 0) out.receive_limit_minor = 2'000 + static_cast<std::int64_t>(below(4'000));
  auto& w = out.weather;
  const auto heaviness = below(3);  // 0: a fine day for messages
  for (unsigned* rate : {&w.no_connection, &w.request_lost, &w.request_late, &w.request_twice, &w.reset_before, &w.reset_after, &w.answer_lost, &w.answer_late, &w.answer_status, &w.answer_broken})
    if (heaviness != 0 && below(2) == 0) *rate = static_cast<unsigned>(below(heaviness == 1 ? 80 : 300));
  w.late_ms_max = below(2) == 0 ? 2'000 : 60'000;
  w.answer_forged = below(4) == 0 ? static_cast<unsigned>(below(200)) : 0;
  out.forged_requests = some(20, 3);
  out.daemon_crashes = some(40, 4);
  out.bank_crashes = some(35, 3);
  out.stalls = some(30, 3);
  out.partitions = some(30, 3);
  out.breakers = some(20, 3);
  out.freezes = some(30, 3);
  out.rotations = some(25, 2);
  out.reversals = some(40, 8);
  out.reports = some(30, 12);
  out.crash_at_send_per_mille = below(4) == 0 ? static_cast<unsigned>(below(80)) : 0;
  out.shed_per_mille = below(3) == 0 ? static_cast<unsigned>(below(300)) : 0;
  out.lie_per_mille = below(6) == 0 ? static_cast<unsigned>(below(300)) : 0;
  out.lost_commit_per_mille = below(3) == 0 ? static_cast<unsigned>(below(60)) : 0;
  out.offers_query = below(3) != 0;
  if (below(12) == 0) {  // few messages arrive and fewer answers, and whoever sends one is stopped for longer than its lease
    w = Weather{};
    w.no_connection = 400;
    w.answer_lost = 600;
    out.offers_query = false;
    out.stall_at_send_per_mille = 250;
    out.not_after_ms = 60'000;
    out.storm_ns = 60 * second;
    out.clock_apart_ms = 0;
  }
  return out;
}

std::string Troubles::text() const {
  const auto& w = weather;
  std::string out = third_bank ? "three banks" : "two banks";
  const auto add = [&out](const char* what, std::int64_t n) {
    if (n != 0) out += std::string(", ") + what + " " + std::to_string(n);
  };
  add("payments", payments);
  add("storm s", static_cast<std::int64_t>(storm_ns / second));
  add("clocks apart ms", clock_apart_ms);
  add("not_after ms", not_after_ms);
  add("receive limit", receive_limit_minor == 1'000'000'000 ? 0 : receive_limit_minor);
  add("no connection", w.no_connection);
  add("request lost", w.request_lost);
  add("late", w.request_late);
  add("twice", w.request_twice);
  add("reset before", w.reset_before);
  add("reset after", w.reset_after);
  add("answer lost", w.answer_lost);
  add("answer late", w.answer_late);
  add("status", w.answer_status);
  add("broken", w.answer_broken);
  add("forged", w.answer_forged);
  add("late ms", static_cast<std::int64_t>(w.late_ms_max));
  add("forged requests", forged_requests);
  add("daemon crashes", daemon_crashes);
  add("bank crashes", bank_crashes);
  add("crash at send", crash_at_send_per_mille);
  add("stalls", stalls);
  add("stall at send", stall_at_send_per_mille);
  add("partitions", partitions);
  add("breakers", breakers);
  add("freezes", freezes);
  add("rotations", rotations);
  add("reversals", reversals);
  add("reports", reports);
  add("shed", shed_per_mille);
  add("lies", lie_per_mille);
  add("lost commits", lost_commit_per_mille);
  if (!offers_query) out += ", no query";
  return out;
}

// ---- the banks ----

Storm::Storm(std::uint64_t seed, const Troubles& troubles, bool traced) : troubles_(troubles), timeline_(seed, traced) {
  timeline_.say([&] { return "seed " + std::to_string(seed) + ": " + troubles.text(); });
}

void Storm::build() {
  const bool cc = troubles_.third_bank;
  BankPlan mj;
  mj.code = "mj";
  mj.prefix = "mj-";
  mj.connectors = {{"jh-1", "jh"}, {"jh-2", "jh"}};
  mj.prefixes = {{"jh", {"jh-"}}};
  mj.routes = {{"jh", {"jh-1", "jh-2"}}};
  BankPlan jh;
  jh.code = "jh";
  jh.prefix = "jh-";
  jh.connectors = {{"mj-1", "mj"}};
  jh.prefixes = {{"mj", {"mj-"}}};
  jh.routes = {{"mj", {"mj-1"}}};
  BankPlan house;
  house.code = "cc";
  house.prefix = "jh-";  // it credits customers of jh's on its own books
  house.daemons = 1;
  house.connectors = {{"mj-1", "mj"}};
  house.prefixes = {{"mj", {"mj-"}}};
  house.routes = {{"mj", {"mj-1"}}};
  if (cc) {
    mj.connectors.emplace_back("cc-1", "cc");
    mj.prefixes["cc"] = {"cc-"};
    mj.routes.front().second.push_back("cc-1");
  }
  const auto add = [&](BankPlan plan, std::int64_t wall_offset_ms) {
    plan.receive_limit_minor = troubles_.receive_limit_minor;
    plan.not_after_ms = troubles_.not_after_ms;
    banks_.emplace_back(timeline_, network_, *this, std::move(plan), wall_offset_ms);
  };
  add(std::move(mj), 0);
  add(std::move(jh), troubles_.clock_apart_ms);
  if (cc) add(std::move(house), 0);
  hold_keys(false, false);
  for (auto& bank : banks_) bank.start();
  for (int i = 0; i != 1'000 && !std::all_of(banks_.begin(), banks_.end(), [](const BankNode& bank) { return bank.up(); }); ++i) timeline_.run_for(10 * ms);
}

void Storm::hold_keys(bool rotated_mj, bool rotated_jh) {
  const std::string mj = rotated_mj ? "mj-key-2" : "mj-key-1", jh = rotated_jh ? "jh-key-2" : "jh-key-1";
  // Two live keys of each peer are known, so a rotation in order is noticed by nobody.
  banks_[0].rotate_keys({mj}, {{"jh", "jh-key-1"}, {"jh", "jh-key-2"}, {"cc", "cc-key-1"}});
  banks_[1].rotate_keys({jh}, {{"mj", "mj-key-1"}, {"mj", "mj-key-2"}, {"cc", "cc-key-1"}});
  if (banks_.size() > 2) banks_[2].rotate_keys({"cc-key-1"}, {{"mj", "mj-key-1"}, {"mj", "mj-key-2"}, {"jh", "jh-key-1"}});
}

void Storm::fund() {
  struct One {
    bool answered = false;
    ErrorCode code{};
  };
  std::deque<One> opened;
  std::vector<Ticket*> deposits;
  for (auto& bank : banks_) {
    for (const char* who : {"alice", "bob", "small"}) {
      const bool pays = bank.plan.code != "cc";
      const auto& number = texts_.emplace_back(bank.plan.prefix + who);
      transfer::OpenAccountCommand command;
      command.caller = transfer::Caller("alice", daemon::auth::scopes_all);
      command.number = number;
      command.idempotency_key = texts_.emplace_back("open-" + number);
      command.currency = krw;
      if (std::string_view(who) == "small") command.max_balance = funds_minor + 1'500;
      auto& one = opened.emplace_back();
      bank.any_daemon()->coordinator().open_account(command, {[](void* context, const transfer::AccountAnswer& answer) {
                                                        static_cast<One*>(context)->answered = true;
                                                        static_cast<One*>(context)->code = answer.code;
                                                      },
                                                      &one});
      if (pays) deposits.push_back(&ticket(bank, TransferKind::deposit, {}, number, funds_minor, false));
    }
  }
  timeline_.run_for(100 * ms);
  for (const auto& one : opened)
    if (!one.answered || one.code != ErrorCode::none) throw std::runtime_error("an account was not opened");
  for (auto* deposit : deposits) pay(*deposit);
  if (!wait_for(deposits, 10 * second)) throw std::runtime_error("a deposit was not made");
}

// ---- clients ----

Ticket& Storm::ticket(BankNode& at, TransferKind kind, std::string payer, std::string payee, std::int64_t minor, bool hold) {
  Ticket& out = tickets_.emplace_back();
  out.at = &at;
  out.timeline = &timeline_;
  out.key = "k" + std::to_string(++keys_);
  out.payer = std::move(payer);
  out.payee = std::move(payee);
  auto& command = out.command;
  command.kind = kind;
  command.caller = kind == TransferKind::transfer ? transfer::Caller("alice", daemon::auth::scope_pay | daemon::auth::scope_read) : transfer::Caller("teller", daemon::auth::scopes_all);
  command.idempotency_key = out.key;
  command.payer = out.payer;
  command.payee = out.payee;
  command.amount_minor = minor;
  command.currency = krw;
  command.mode = hold ? transfer::Mode::hold : transfer::Mode::automatic;
  return out;
}

void Storm::pay(Ticket& ticket, DaemonNode* daemon) {
  if (daemon == nullptr || daemon->stalled()) return;
  timeline_.say([&] { return "client " + ticket.key + " at " + ticket.at->plan.code + "/" + std::to_string(daemon->index()) + ": " + ticket.payer + " pays " + std::to_string(ticket.command.amount_minor) + " to " + ticket.payee; });
  daemon->coordinator().pay(ticket.command, {[](void* context, const transfer::TransferAnswer& answer) {
                              auto& to = *static_cast<Ticket*>(context);
                              // An answer of a daemon that was stopped for long may come after another one's later answer.
                              if (to.answered && is_final(to.state) && answer.transfer != nullptr && !is_final(answer.transfer->state)) return;
                              to.answered = true;
                              to.code = answer.code;
                              to.replayed = answer.replayed;
                              to.body = body_of(answer);
                              to.timeline->say([&] { return "client " + to.key + " hears " + to.body; });
                              if (answer.transfer == nullptr) return;
                              to.id = answer.transfer->id;
                              to.state = answer.transfer->state;
                            },
                            &ticket});
}

void Storm::retry_later(Ticket& ticket, unsigned times) {
  if (times == 0) return;
  timeline_.in((200 + timeline_.below(8'000)) * ms, [this, &ticket, times] {
    if (over_ || is_final_answer(ticket)) return;
    pay(ticket);
    retry_later(ticket, times - 1);
  });
}

void Storm::act_on(Ticket& ticket, transfer::HoldAction action, std::int64_t minor, DaemonNode* daemon) {
  if (daemon == nullptr || daemon->stalled() || is_zero(ticket.id)) return;
  transfer::HoldCommand command;
  command.action = action;
  command.caller = transfer::Caller("alice", daemon::auth::scope_pay);
  command.idempotency_key = texts_.emplace_back("a" + std::to_string(++actions_));
  command.transfer = ticket.id;
  command.amount_minor = minor;
  timeline_.say([&] { return "client wants " + std::to_string(static_cast<int>(action)) + " of " + ticket.key + " at " + ticket.at->plan.code + "/" + std::to_string(daemon->index()); });
  daemon->coordinator().resolve_hold(command, {[](void*, const transfer::TransferAnswer&) {}, nullptr});
}

bool Storm::wait_for(const std::vector<Ticket*>& tickets, std::uint64_t at_most_ns) {
  const auto end = timeline_.now_ns() + at_most_ns;
  while (timeline_.now_ns() < end) {
    if (std::all_of(tickets.begin(), tickets.end(), [](const Ticket* one) { return is_final_answer(*one); })) return true;
    timeline_.run_for(50 * ms);
  }
  return false;
}

void Storm::freeze(BankNode& bank, const std::string& account, bool frozen) {
  auto* daemon = bank.any_daemon();
  if (daemon == nullptr || daemon->stalled()) return;
  transfer::AccountCommand command;
  command.action = frozen ? transfer::AccountAction::freeze : transfer::AccountAction::unfreeze;
  command.caller = transfer::Caller("operator", daemon::auth::scopes_all);
  command.number = texts_.emplace_back(account);
  timeline_.say([&] { return (frozen ? "freeze " : "unfreeze ") + account + " at " + bank.plan.code; });
  daemon->coordinator().change_account(command, {[](void*, const transfer::AccountAnswer&) {}, nullptr});
}

// What came in is given back, in part or whole, perhaps twice with the same key, perhaps more often than there is.
void Storm::reverse_something() {
  BankNode& bank = some_bank();
  if (!bank.up()) return;
  std::vector<psw_id> incoming;
  bank.records([&incoming](const psw_record& row) {
    if (row.kind == static_cast<std::int32_t>(TransferKind::incoming)) incoming.push_back(row.id);
  }, state_bit(TransferState::completed));
  if (incoming.empty()) return;
  transfer::ReverseCommand command;
  command.caller = transfer::Caller("alice", daemon::auth::scope_pay | daemon::auth::scope_read);
  command.idempotency_key = texts_.emplace_back("r" + std::to_string(++actions_));
  command.transfer = incoming[timeline_.below(incoming.size())];
  command.amount_minor = timeline_.chance(500) ? 0 : 1 + static_cast<std::int64_t>(timeline_.below(900));
  for (auto n = 1 + timeline_.below(3); n != 0; --n) {
    timeline_.in(timeline_.below(4'000) * ms, [this, &bank, command] {
      auto* daemon = bank.any_daemon();
      if (over_ || daemon == nullptr || daemon->stalled()) return;
      timeline_.say([&] { return "client reverses " + to_ulid(command.transfer) + " at " + bank.plan.code + "/" + std::to_string(daemon->index()); });
      daemon->coordinator().reverse(command, {[](void* context, const transfer::TransferAnswer& answer) {
                                                static_cast<Timeline*>(context)->say([&] { return "of the reversal it hears " + body_of(answer); });
                                              },
                                              &timeline_});
    });
  }
}

void Storm::schedule_clients() {
  const bool in_bursts = timeline_.chance(400);  // so that credits lie together and go as a batch
  for (unsigned i = 0; i != troubles_.payments; ++i) {
    const bool from_mj = timeline_.chance(600);
    BankNode& payer_bank = banks_[from_mj ? 0 : 1];
    const std::string here = payer_bank.plan.prefix, there = from_mj ? "jh-" : "mj-";
    constexpr const char* payers[] = {"alice", "bob"};
    constexpr const char* payees[] = {"alice", "bob", "bob", "bob", "small", "nobody"};
    const std::string payer = here + payers[timeline_.below(2)];
    const bool local = timeline_.chance(80);
    const std::string payee = local ? here + "small" : there + payees[timeline_.below(6)];
    const bool hold = timeline_.chance(250);
    const auto minor = timeline_.chance(40) ? 10 * funds_minor : 1 + static_cast<std::int64_t>(timeline_.below(1'500));
    Ticket& one = ticket(payer_bank, TransferKind::transfer, payer, payee, minor, hold);
    const std::uint64_t burst_ns = std::max(troubles_.storm_ns / 3, second);
    const auto at = in_bursts ? some_time() / burst_ns * burst_ns + timeline_.below(300) * us : some_time();
    timeline_.in(at, [this, &one] {
      pay(one);
      retry_later(one, 3);
    });
    if (hold || timeline_.chance(200)) {
      // A change of mind, or two at once at different daemons.
      for (auto n = 1 + timeline_.below(2); n != 0; --n) {
        timeline_.in(at + timeline_.below(12'000) * ms, [this, &one, hold] {
          const auto roll = timeline_.below(4);
          const auto action = hold && roll < 2 ? transfer::HoldAction::post : roll == 2 && hold ? transfer::HoldAction::void_hold : transfer::HoldAction::cancel;
          const auto part = action == transfer::HoldAction::post && timeline_.chance(500) ? 1 + static_cast<std::int64_t>(timeline_.below(static_cast<std::uint64_t>(one.command.amount_minor))) : 0;
          act_on(one, action, part);
        });
      }
    }
  }
  for (unsigned n = static_cast<unsigned>(timeline_.below(3)); n != 0; --n) {
    Ticket& cash = ticket(some_bank(), timeline_.chance(500) ? TransferKind::deposit : TransferKind::withdraw, {}, {}, 1 + static_cast<std::int64_t>(timeline_.below(500)), false);
    if (cash.at->plan.code == "cc") cash.at = &banks_[0];
    auto& account = cash.command.kind == TransferKind::deposit ? cash.payee : cash.payer;
    account = cash.at->plan.prefix + "alice";
    cash.command.payer = cash.payer;
    cash.command.payee = cash.payee;
    timeline_.in(some_time(), [this, &cash] {
      pay(cash);
      retry_later(cash, 3);
    });
  }
}

// ---- troubles ----

void Storm::trouble(unsigned times, const std::function<void()>& what) {
  for (; times != 0; --times) {
    timeline_.in(some_time() + timeline_.below(ms), [this, what] {
      if (!over_) what();
    });
  }
}

void Storm::crash_bank(BankNode& bank) {
  if (!bank.up()) return;
  if (timeline_.chance(300)) return bank.fail_next_commit();  // and on_failure() brings it down
  bank.crash(timeline_.chance(500) ? BankNode::Power::cut : BankNode::Power::stays);
  timeline_.in((10 + timeline_.below(4'000)) * ms, [&bank] {
    if (!bank.up()) bank.start();
  });
}

void Storm::stall(BankNode& bank, DaemonNode& daemon, std::uint64_t ns) {
  timeline_.say([&] { return bank.plan.code + "/" + std::to_string(daemon.index()) + " stops for " + std::to_string(ns / ms) + " ms"; });
  daemon.stall_until(timeline_.now_ns() + ns);
}

void Storm::schedule_troubles() {
  const auto& t = troubles_;
  network_.weather = t.weather;
  for (auto& bank : banks_) {
    bank.shed_per_mille = t.shed_per_mille;
    bank.lie_per_mille = t.lie_per_mille;
    bank.lost_commit_per_mille = t.lost_commit_per_mille;
    bank.offers_query = t.offers_query;
  }
  // In the place of its own bank a forger would have the right key.
  network_.forge = [this](const HttpSeen& request) { return request.target.starts_with("https://cc.") ? std::nullopt : forger_.answer(request); };
  trouble(t.forged_requests, [this] {
    const bool to_jh = timeline_.chance(500);
    const auto& to = banks_[to_jh ? 1 : 0];
    timeline_.say([&] { return "a forged credit comes to " + to.plan.code; });
    network_.smuggle(to_jh ? "mj" : "jh", to.plan.code, forger_.request(to.plan.code, to_jh ? "mj-bob" : "jh-bob", to.plan.prefix + "bob", 777, to.clock.wall_ms()));
  });
  trouble(t.daemon_crashes, [this] {
    auto& bank = some_bank();
    const auto i = static_cast<unsigned>(timeline_.below(bank.plan.daemons));
    bank.crash_daemon(i);
    timeline_.in(timeline_.below(6'000) * ms, [&bank, i] { bank.start_daemon(i); });
  });
  trouble(t.bank_crashes, [this] { crash_bank(some_bank()); });
  // The moment between the first byte and whatever was to be written before or after it.
  network_.leaves = [this](std::string_view from, unsigned daemon, const HttpSeen& request) {
    if (over_ || request.method == "GET") return;
    const auto at = std::find_if(banks_.begin(), banks_.end(), [&](const BankNode& bank) { return bank.plan.code == from; });
    if (timeline_.chance(troubles_.crash_at_send_per_mille)) timeline_.in(timeline_.below(500) * us, [this, at] { crash_bank(*at); });
    if (timeline_.chance(troubles_.stall_at_send_per_mille)) {
      timeline_.in(timeline_.below(50) * us, [this, at, daemon] {
        if (auto* who = at->daemon(daemon); who != nullptr && !over_) stall(*at, *who, (15'000 + timeline_.below(10'000)) * ms);
      });
    }
  };
  trouble(t.stalls, [this] {
    auto& bank = some_bank();
    if (auto* daemon = bank.any_daemon()) stall(bank, *daemon, (5'000 + timeline_.below(25'000)) * ms);
  });
  trouble(t.partitions, [this] {
    const auto until = timeline_.now_ns() + timeline_.between(1'000, 30'000) * ms;
    const bool both = timeline_.chance(500), forth = timeline_.chance(500);
    const std::string other = banks_[1 + timeline_.below(banks_.size() - 1)].plan.code;
    timeline_.say([&] { return "cut between mj and " + other + (both ? "" : forth ? ", from mj only" : ", to mj only"); });
    if (both || forth) network_.cut("mj", other, until);
    if (both || !forth) network_.cut(other, "mj", until);
  });
  trouble(t.reversals, [this] { reverse_something(); });
  trouble(t.breakers, [this] {
    auto* daemon = some_bank().any_daemon();
    if (daemon == nullptr || daemon->gateways().empty()) return;
    Hosted& gateway = *daemon->gateways()[timeline_.below(daemon->gateways().size())];
    gateway.breaker_open = true;
    timeline_.in((500 + timeline_.below(10'000)) * ms, gateway.watch(), [&gateway] { gateway.breaker_open = false; });
  });
  trouble(t.freezes, [this] {
    auto& bank = some_bank();
    const std::string account = bank.plan.prefix + (timeline_.chance(500) ? "bob" : "alice");
    freeze(bank, account, true);
    timeline_.in((500 + timeline_.below(20'000)) * ms, [this, &bank, account] { freeze(bank, account, false); });
  });
  trouble(t.rotations, [this] {
    const bool mj = timeline_.chance(500);
    timeline_.say([&] { return std::string("keys rotated at ") + (mj ? "mj" : "jh"); });
    hold_keys(mj, !mj);
    if (timeline_.chance(500)) {  // the other side knows the new key only later: 401 until then
      banks_[mj ? 1 : 0].rotate_keys({mj ? "jh-key-1" : "mj-key-1"}, {{mj ? "mj" : "jh", mj ? "mj-key-1" : "jh-key-1"}});
      timeline_.in((1'000 + timeline_.below(20'000)) * ms, [this, mj] { hold_keys(mj, !mj); });
    }
  });
  trouble(t.reports, [this] {
    if (decisions_.empty()) return;
    const Said& old = decisions_[timeline_.below(decisions_.size())];
    for (auto& bank : banks_) {
      auto* daemon = bank.plan.code == old.about ? bank.any_daemon() : nullptr;
      if (daemon == nullptr || daemon->stalled()) continue;
      timeline_.say([&] { return old.bank + " tells " + old.about + " once more about " + to_hex(old.op_id); });
      daemon->report(old);
    }
  });
}

void Storm::said(const Said& decision) {
  decisions_.push_back(decision);
  if (decision.outcome != PSW_APPLIED && decision.outcome != PSW_REFUSED) return;
  const auto [at, first] = decided_.try_emplace({decision.bank, decision.about, to_hex(decision.op_id)}, decision.outcome);
  if (!first && at->second != decision.outcome && broken_word_.empty())
    broken_word_ = "I5: " + decision.bank + " has said two things about " + to_hex(decision.op_id) + " of " + decision.about;
}

const Said* Storm::another(const Said& than) {
  std::vector<const Said*> fit;
  for (const auto& one : decisions_)
    if (one.bank == than.bank && one.about == than.about && !same(one.op_id, than.op_id)) fit.push_back(&one);
  return fit.empty() ? nullptr : fit[timeline_.below(fit.size())];
}

// ---- the end ----

void Storm::heal() {
  over_ = true;
  timeline_.say([] { return "the weather clears"; });
  network_.weather = Weather::calm();
  network_.leaves = nullptr;
  network_.mend();
  hold_keys(false, false);
  for (auto& bank : banks_) {
    bank.shed_per_mille = bank.lie_per_mille = bank.lost_commit_per_mille = 0;
    bank.offers_query = true;
    if (!bank.up()) bank.start();
    for (unsigned i = 0; i != bank.plan.daemons; ++i) bank.start_daemon(i);
    for (unsigned i = 0; i != bank.plan.daemons; ++i)
      if (auto* daemon = bank.daemon(i))
        for (auto& gateway : daemon->gateways()) gateway->breaker_open = false;
  }
  if (banks_.size() > 1) banks_[1].step_wall_ms(-troubles_.clock_apart_ms);
  for (auto& bank : banks_) {
    if (bank.up())
      for (const char* who : {"bob", "alice"}) freeze(bank, bank.plan.prefix + who, false);
  }
}

std::string Storm::finish() {
  constexpr std::uint64_t at_most_ns = 240 * second;
  const auto started = timeline_.now_ns();
  std::string open = "a client has no final answer";
  while (timeline_.now_ns() - started < at_most_ns) {
    bool done = true;
    for (auto& one : tickets_) {
      if (is_final_answer(one)) continue;
      done = false;
      if (one.answered && one.code == ErrorCode::none && one.state == TransferState::held) act_on(one, transfer::HoldAction::void_hold, 0);
      pay(one);
    }
    for (auto& bank : banks_) {
      if (!bank.up()) {
        done = false;
        continue;
      }
      if (bank.any_open()) {
        done = false;
        open = "something is still open at " + bank.plan.code;
      }
    }
    if (done) {
      resolve_ns_ = timeline_.now_ns() - started;
      timeline_.run_for(70 * second);  // what is still on its way may arrive
      return {};
    }
    timeline_.run_for(2 * second);
  }
  for (auto& bank : banks_) {
    if (bank.up())
      bank.records([&](const psw_record& row) { open += "; " + bank.plan.code + " " + to_ulid(row.id) + " state " + std::to_string(row.state); }, open_states);
  }
  return open;
}

Outcome Storm::run() {
  Outcome out;
  build();
  fund();
  schedule_clients();
  schedule_troubles();
  timeline_.run_for(troubles_.storm_ns);
  heal();
  out.wrong = finish();
  if (out.wrong.empty()) out.wrong = broken_word_;
  if (out.wrong.empty()) out.wrong = audit(out);
  if (!out.wrong.empty()) timeline_.say([&] { return "WRONG: " + out.wrong; });
  out.steps = timeline_.steps();
  out.requests = network_.requests;
  out.virtual_ms = timeline_.now_ns() / ms;
  out.resolve_ms = resolve_ns_ / ms;
  out.trace = timeline_.trace();
  return out;
}

Outcome run_storm(std::uint64_t seed, const Troubles& troubles, bool traced) { return Storm(seed, troubles, traced).run(); }
Outcome run_seed(std::uint64_t seed, bool traced) { return run_storm(seed, Troubles::of(seed), traced); }

}  // namespace payswitch::simulation::peers
