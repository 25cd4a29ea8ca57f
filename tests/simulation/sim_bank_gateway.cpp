#include "sim_bank_gateway.h"

#include <payswitch/ids.h>
#include <payswitch/outcome.h>
#include <payswitch/testing/plugin_file.h>

#include <charconv>
#include <stdexcept>
#include <utility>

#include "ledger/account_names.h"

namespace payswitch::simulation {

namespace {
constexpr std::string_view krw = "KRW";

const psw_type& sim_bank_type() {
  static const psw_type type = testing::type_of(testing::load_plugin(SIM_BANK_FILE), "sim_bank");
  return type;
}
std::string next_run() {
  static int runs = 0;
  return "run-" + std::to_string(++runs);
}
psw_reply reply_of(std::int32_t code, std::int32_t outcome) {
  psw_reply reply{};
  reply.size = sizeof reply;
  reply.code = code;
  reply.outcome = outcome;
  return reply;
}
}  // namespace

// One call on its way; its memory stays until the plugin has answered, however long that takes.
struct SimBankGateway::Open {
  SimCall* call = nullptr;
  unsigned loop = 0;
  std::uint64_t deadline_ns = 0;
  psw_credit credit{};
  testing::Strings texts;
  bool answered = false;
  std::unique_ptr<testing::OwnedReply> reply;
};

// A message of the simulated bank at our inbound side.
struct SimBankGateway::Message final : plugin_host::InboundCall {
  std::pmr::memory_resource& arena() noexcept override { return memory; }
  void answer(const psw_reply& reply) noexcept override {
    if (!std::exchange(answered, true)) done(reply);
  }
  std::string from_connector, from_bank;
  psw_credit credit{};
  psw_decision decision{};
  psw_history history{};
  psw_account account{};
  testing::Strings texts;
  testing::Inbound::Done done;
  bool answered = false;
  std::pmr::monotonic_buffer_resource memory;
};

struct SimBankGateway::Instance final : testing::Inbound {
  Instance(SimBankGateway& of) : gateway(of) {}
  Message& message(plugin_host::InboundKind kind, Done done) {
    std::erase_if(messages, [](const auto& m) { return m->answered; });
    auto& out = *messages.emplace_back(std::make_unique<Message>());
    out.kind = kind;
    out.from_connector = gateway.name();
    out.from_bank = gateway.bank();
    out.connector = out.from_connector;
    out.bank = out.from_bank;
    out.done = std::move(done);
    return out;
  }
  void hand_over(const psw_id& about, Message& message) {
    if (!gateway.of_.deliver(about, message)) message.answer(reply_of(PSW_UNAVAILABLE, PSW_UNKNOWN));
  }
  void money(plugin_host::InboundKind kind, const psw_credit& credit, Done done) {
    auto& m = message(kind, std::move(done));
    m.credit = credit;
    for (psw_str* s : {&m.credit.payer, &m.credit.payee, &m.credit.reference, &m.credit.verified_key}) *s = m.texts.keep(*s);
    m.body = &m.credit;
    hand_over(credit.op_id, m);
  }
  void credit(const psw_credit& c, Done done) override { money(plugin_host::InboundKind::credit, c, std::move(done)); }
  void cancel(const psw_credit& c, Done done) override { money(plugin_host::InboundKind::cancel, c, std::move(done)); }
  void query(const psw_credit& c, Done done) override { money(plugin_host::InboundKind::query, c, std::move(done)); }
  void list(const psw_read&, Done done) override { done(reply_of(PSW_NOT_SUPPORTED, PSW_UNKNOWN)); }
  void lookup(std::string_view number, std::string_view currency, Done done) override {
    auto& m = message(plugin_host::InboundKind::lookup, std::move(done));
    m.account.number = m.texts.keep(number);
    set_currency(m.account.currency, currency);
    m.body = &m.account;
    hand_over(psw_id{}, m);
  }
  void hello(const psw_history& theirs, Done done) override {
    auto& m = message(plugin_host::InboundKind::hello, std::move(done));
    m.history = theirs;
    m.body = &m.history;
    hand_over(psw_id{}, m);
  }
  void report(const psw_decision& decision, Done done) override {
    auto& m = message(plugin_host::InboundKind::report, std::move(done));
    m.decision = decision;
    for (psw_str* s : {&m.decision.payer, &m.decision.payee, &m.decision.code, &m.decision.peer_reference, &m.decision.verified_key}) *s = m.texts.keep(*s);
    m.body = &m.decision;
    hand_over(decision.op_id, m);
  }

  SimBankGateway& gateway;
  testing::ManualClock clock;
  std::list<std::unique_ptr<Message>> messages;
  testing::FakeHost host{clock};
};

SimBankGateway::SimBankGateway(World& world, std::string name, std::string bank, Bank& of, SimBankOptions options)
    : SimParticipant(std::move(name), std::move(bank)), world_(world), of_(of), options_(std::move(options)), capabilities_(sim_bank_type().capabilities) {}

SimBankGateway::~SimBankGateway() {
  for (auto& instance : all_) instance->host.unload();
}

std::shared_ptr<SimBankGateway::Instance> SimBankGateway::make_instance(const SimBankOptions& more) {
  auto made = std::make_shared<Instance>(*this);
  made->host.inbound = made.get();
  made->host.option("@bank", bank());
  for (const auto& [key, value] : options_) made->host.option(key, value);
  for (const auto& [key, value] : more) made->host.option(key, value);
  made->clock.advance_to_ns(world_.clock.monotonic_ns());
  if (const auto complaint = made->host.load(sim_bank_type(), name()); !complaint.empty()) throw std::runtime_error(complaint);
  all_.push_back(made);
  return made;
}

void SimBankGateway::restart(unsigned loop) {
  const auto it = of_loop_.find(loop);
  running_[loop] = make_instance(it == of_loop_.end() ? SimBankOptions{} : it->second);
}

void SimBankGateway::crash(unsigned loop) {
  SimParticipant::crash(loop);
  running_.erase(loop);
}

void SimBankGateway::submit(unsigned loop, Call* call) noexcept {
  auto open = std::make_shared<Open>();
  open->call = static_cast<SimCall*>(call);
  open->loop = loop;
  open->deadline_ns = call->op.call_deadline_ns;
  psw_op op = call->op;
  const bool about_a_credit = op.kind != PSW_OP_HELLO;
  if (about_a_credit) {
    open->credit = *static_cast<const psw_credit*>(call->op.body);
    for (psw_str* s : {&open->credit.payer, &open->credit.payee, &open->credit.reference}) *s = open->texts.keep(*s);
    op.body = &open->credit;
  }
  ++calls_of_kind[op.kind];
  open_.push_back(open);
  running_.at(loop)->host.submit(op, [open, kind = op.kind](const psw_reply& reply) {
    if (open->answered) return;
    open->answered = true;
    open->reply = std::make_unique<testing::OwnedReply>(reply, kind == PSW_OP_HELLO ? testing::BodyKind::hello : testing::BodyKind::decision, testing::RowKind::none);
    open->reply->reply.outcome = static_cast<std::int32_t>(outcome_of(kind, reply.outcome));
  });
}

bool SimBankGateway::run() {
  bool busy = false;
  const auto now = world_.clock.monotonic_ns();
  for (std::size_t i = 0; i != all_.size(); ++i) {
    auto& instance = *all_[i];
    instance.clock.advance_to_ns(now);
    busy = instance.host.turn() || busy;
  }
  const auto open = open_;  // a copy: what is answered may submit the next call
  for (const auto& one : open) {
    if (const auto it = stalled_until_ns_.find(one->loop); it != stalled_until_ns_.end() && now < it->second) continue;
    if (!one->answered && now < one->deadline_ns) continue;
    busy = true;
    answer_open(one);
  }
  return busy;
}

void SimBankGateway::answer_open(const std::shared_ptr<Open>& open) {
  std::erase(open_, open);
  auto* call = std::exchange(open->call, nullptr);
  const bool in_time = open->answered;
  open->answered = true;  // whatever comes now is a stray
  complete(call, in_time ? open->reply->reply : empty_reply(PSW_TIMEOUT, PSW_UNKNOWN));
}

void SimBankGateway::stall(unsigned loop, std::int64_t ms) { stalled_until_ns_[loop] = world_.clock.monotonic_ns() + static_cast<std::uint64_t>(ms) * 1'000'000; }

std::string SimBankGateway::command(std::string_view name, std::string_view args) {
  if (!observer_) observer_ = make_instance({});
  struct Call {
    std::string name, args, text;
    psw_call call{};
    bool answered = false;
  };
  const auto asked = std::make_shared<Call>();
  asked->name = name;
  asked->args = args;
  asked->call.size = sizeof asked->call;
  asked->call.name = str(std::string_view(asked->name));
  asked->call.args = str(std::string_view(asked->args));
  psw_op op{};
  op.kind = PSW_OP_COMMAND;
  op.body = &asked->call;
  op.call_deadline_ns = UINT64_MAX;
  observer_->host.submit(op, [asked](const psw_reply& reply) {
    asked->answered = true;
    asked->text = reply.code == PSW_OK ? view(reply.text) : view(reply.reason);
  });
  for (int step = 0; step != 3'000; ++step) {
    world_.settle();
    if (asked->answered) return asked->text;
    world_.advance(20);
  }
  return "no answer";
}

// ---- the world ----

namespace {
SimBankOptions with_store(SimBankOptions options, const std::string& store) {
  options.emplace("store", store);
  return options;
}
}  // namespace

SimBanks::SimBanks(const Options& options)
    : mj(world.bank("mj", "mj-")), run(next_run()), jh_1(world, "jh-1", "jh", mj, with_store(options.jh, run + "/jh")),
      jh_2(world, "jh-2", "jh", mj, with_store(options.jh, run + "/jh")), cc_1(world, "cc-1", "cc", mj, with_store(options.cc, run + "/cc")) {
  if (!options.jh_of_daemon_1.empty()) jh_1.also(1, options.jh_of_daemon_1);
  auto config = base_config(mj);
  config.banks.push_back(counterparty("jh", {"jh-"}));
  config.banks.push_back(counterparty("cc", {"cc-"}));
  add_connector(config, "jh-1", "jh");
  add_connector(config, "cc-1", "cc");
  config::Route route;
  route.bank = "jh";
  route.targets = {"jh-1"};
  world.add(mj, jh_1);
  if (options.second_connector) {
    add_connector(config, "jh-2", "jh");
    route.targets.push_back("jh-2");
    world.add(mj, jh_2);
  }
  world.add(mj, cc_1);
  if (options.with_cc) route.targets.push_back("cc-1");
  config.routes.push_back(route);
  mj.times = options.times;
  mj.start(std::move(config));
  EXPECT_EQ(mj.open_account("mj-alice"), "none");
  EXPECT_EQ(mj.deposit("mj-alice", alices_minor).code, ErrorCode::none);
}

std::int64_t SimBanks::credited(SimBankGateway& at) {
  const std::string totals = at.command("totals");
  const std::string_view before = "\"KRW\":\"";
  const auto start = totals.find(before);
  if (start == std::string::npos) return 0;
  std::int64_t out = 0;
  std::from_chars(totals.data() + start + before.size(), totals.data() + totals.size(), out);
  return out;
}

Int128 SimBanks::suspense(std::string_view bank) { return mj.balance(ledger::suspense_account(bank, krw).view()); }

std::string SimBanks::violation(bool repairs) {
  if (!mj.balanced()) return "debits and credits differ";
  Int128 all = mj.balance("mj-alice");
  for (auto* at : {&jh_1, &cc_1}) {
    const Int128 theirs = credited(*at), ours = mj.balance(ledger::clearing_account(at->bank(), krw).view()), open = suspense(at->bank());
    if (open != 0 && !repairs) return "a repair stands open with " + std::string(at->bank());
    if (ours != theirs) return "clearing with " + std::string(at->bank()) + ": they credited " + format_total(theirs) + ", our books say " + format_total(ours);
    all += theirs + open;
  }
  if (all != alices_minor) return "all together is " + format_total(all) + " instead of " + format_total(alices_minor);
  return {};
}

HoldCommand SimBanks::hold_command(HoldAction action, const psw_id& id, std::string_view key) {
  HoldCommand command;
  command.action = action;
  command.caller = Caller("alice", auth::scope_pay);
  command.idempotency_key = key;
  command.transfer = id;
  return command;
}

}  // namespace payswitch::simulation
