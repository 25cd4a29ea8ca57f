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
    plan.daemons = std::min(plan.daemons, troubles_.daemons);
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
  if (restored_ && ticket.at == &jh()) return;
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

// An operator's mistake: the disk of this morning in the place of today's, with the same epoch. What gives it away is its position at its
// first word; a bank that makes up in number of writes for what it has forgotten before anybody hears it cannot be told from one that
// has forgotten nothing. So its customers stay away and the line is good: it is the word that is put to the test, not the silence.
void Storm::restore_jh() {
  const auto first = troubles_.storm_ns / 10 * timeline_.between(1, 4), then = troubles_.storm_ns / 10 * timeline_.between(6, 9);
  const auto copy = std::make_shared<std::map<std::string, local_ledger::test::MemoryDisk::Node>>();
  timeline_.in(first, [this, copy] {
    for (const auto& [name, node] : jh().disk.names) copy->emplace(name, *node);
    timeline_.say([] { return "jh's disk is copied"; });
  });
  timeline_.in(then, [this, copy] {
    remember_before_restore();
    jh().crash(BankNode::Power::stays);
    jh().disk.names.clear();
    for (const auto& [name, node] : *copy) jh().disk.names.emplace(name, std::make_shared<local_ledger::test::MemoryDisk::Node>(node));
    jh().disk.durable_names = jh().disk.names;
    restored_ = true;
    network_.weather = Weather::calm();
    network_.mend();
    for (auto& bank : banks_) bank.shed_per_mille = 0;
    timeline_.say([] { return "jh comes back from the copy"; });
    jh().start();
  });
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
    if (restored_) return;
    const auto until = timeline_.now_ns() + timeline_.between(1'000, 30'000) * ms;
    const bool both = timeline_.chance(500), forth = timeline_.chance(500);
    const std::string other = banks_[1 + timeline_.below(banks_.size() - 1)].plan.code;
    timeline_.say([&] { return "cut between mj and " + other + (both ? "" : forth ? ", from mj only" : ", to mj only"); });
    if (both || forth) network_.cut("mj", other, until);
    if (both || !forth) network_.cut(other, "mj", until);
  });
  if (t.restore) restore_jh();
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
  if (troubles_.restore) {
    ticket(mj(), TransferKind::transfer, "mj-alice", "jh-bob", 1, false);  // so that jh says something, at the latest now
    for (int i = 0; i != 60; ++i) {
      for (auto& one : tickets_)
        if (!is_final_answer(one)) pay(one);
      timeline_.run_for(2 * second);
    }
    out.wrong = audit_restored(out);
  } else {
    out.wrong = finish();
    if (out.wrong.empty()) out.wrong = broken_word_;
    if (out.wrong.empty()) out.wrong = audit(out);
  }
  if (!out.wrong.empty()) timeline_.say([&] { return "WRONG: " + out.wrong; });
  out.steps = timeline_.steps();
  out.requests = network_.requests;
  out.virtual_ms = timeline_.now_ns() / ms;
  out.resolve_ms = resolve_ns_ / ms;
  out.trace = timeline_.trace();
  return out;
}

Outcome run_storm(std::uint64_t seed, const Troubles& troubles, bool traced) { return Storm(seed, troubles, traced).run(); }
Outcome run_restored_seed(std::uint64_t seed, bool traced) {
  auto troubles = Troubles::of(seed);
  troubles.restore = true;
  // One thing at a time: nobody else forgets or lies, and the machines do not die of something else.
  troubles.third_bank = false;
  troubles.daemons = 1;  // what a bank knows of another's history is one memory per process
  troubles.daemon_crashes = troubles.stalls = 0;
  troubles.clock_apart_ms = 0;
  troubles.lie_per_mille = troubles.crash_at_send_per_mille = troubles.stall_at_send_per_mille = 0;
  troubles.bank_crashes = troubles.reversals = troubles.rotations = 0;
  troubles.payments += 10;
  troubles.storm_ns = std::max(troubles.storm_ns, 30 * second);
  return run_storm(seed, troubles, traced);
}
Outcome run_seed(std::uint64_t seed, bool traced) { return run_storm(seed, Troubles::of(seed), traced); }

}  // namespace payswitch::simulation::peers
