#include "world.h"

#include <payswitch/ids.h>
#include <payswitch/str.h>

#include <algorithm>

#include "ledger/account_names.h"

namespace payswitch::simulation {

namespace {
constexpr std::string_view krw = "KRW";
std::uint64_t draw(void* context) { return static_cast<World*>(context)->random(); }

std::string text_of(Int128 v) { return format_total(v); }
}  // namespace

Bank::Bank(World& of, std::string its_code, std::string its_prefix, unsigned daemons, std::int64_t clock_ms)
    : world(of), code(std::move(its_code)), prefix(std::move(its_prefix)), ledger(of.clock, clock_ms), notice_sink_(std::make_unique<Notices>(notices)) {
  coordinators_.resize(daemons);
  inbounds_.resize(daemons);
}

void Bank::start(config::Config made) {
  config = std::make_shared<const config::Config>(std::move(made));
  ledger::Client client(ledger, 99, world.clock);
  ledger::Bootstrap bootstrap(client, *config, draw, &world);
  bool done = false;
  struct Out {
    bool* done;
    std::string* key;
    std::vector<std::string> errors;
  } out{&done, &reference_key_, {}};
  bootstrap.run([](void* context, const ledger::BootstrapResult& result) {
    auto& to = *static_cast<Out*>(context);
    *to.done = true;
    *to.key = result.reference_key;
    to.errors = result.errors;
  }, &out);
  while (!done && ledger.run()) {}
  if (!done || !out.errors.empty()) throw std::runtime_error("bootstrap: " + (out.errors.empty() ? "no answer" : out.errors.front()));
  settings = make_settings(config, reference_key_, times);
  if (with_feed) feed_ = std::make_unique<events::Feed>(static_cast<unsigned>(coordinators_.size()), [](void*, unsigned) {}, nullptr);
  for (unsigned i = 0; i != coordinators_.size(); ++i) restart(i);
}

void Bank::crash(unsigned i) {
  ledger.crash(i);
  for (auto* gateway : gateways) static_cast<SimParticipant*>(gateway)->crash(i);
  inbounds_[i].reset();
  coordinators_[i].reset();
}

bool Bank::deliver(const psw_id& about, plugin_host::InboundCall& call) {
  std::vector<Inbound*> living;
  for (const auto& inbound : inbounds_)
    if (inbound) living.push_back(inbound.get());
  if (living.empty()) return false;
  living[plugin_host::loop_of(about, static_cast<unsigned>(living.size()))]->deliver(0, call);
  return true;
}

void Bank::restart(unsigned i) {
  Parts parts;
  parts.ledger = &ledger;
  parts.gateways = gateways;
  parts.clock = &world.clock;
  parts.random = {draw, &world};
  parts.notices = notice_sink_.get();
  parts.changes = feed_.get();
  parts.loop = i;
  parts.process = ++process_;
  parts.our_ledger = psw_history{ledger.engine().identity().id, ledger.engine().identity().epoch, 0};
  for (auto* gateway : gateways) static_cast<SimParticipant*>(gateway)->restart(i);
  coordinators_[i] = std::make_unique<Coordinator>(parts, settings);
  Coordinator* const only[] = {coordinators_[i].get()};
  inbounds_[i] = std::make_unique<Inbound>(only);
}

bool Bank::run() {
  const bool busy = ledger.run();
  for (unsigned i = 0; feed_ && i != coordinators_.size(); ++i)
    if (coordinators_[i] && !stalled_[i]) feed_->deliver(i, *coordinators_[i]);
  return busy;
}
void Bank::tick() {
  for (unsigned i = 0; i != coordinators_.size(); ++i)
    if (coordinators_[i] && !stalled_[i]) coordinators_[i]->tick();
}

namespace {
std::string body_of(const TransferAnswer& answer) {
  std::string out(name(answer.code));
  if (answer.transfer != nullptr) out += " " + to_ulid(answer.transfer->id) + " " + std::string(name(answer.transfer->state)) + " " + std::string(answer.transfer->reason_code);
  out += " " + std::string(answer.detail);
  for (const auto& balance : answer.balances)
    out += " " + std::string(balance.account) + "=" + text_of(from_abi(balance.balance)) + "/" + text_of(from_abi(balance.available));
  return out;
}

void fill(Bank::Result& result, const TransferAnswer& answer) {
  result.answered = true;
  result.code = answer.code;
  result.replayed = answer.replayed;
  result.detail = answer.detail;
  result.body = body_of(answer);
  if (answer.transfer == nullptr) return;
  result.id = answer.transfer->id;
  result.state = answer.transfer->state;
  result.reason = answer.transfer->reason_code;
  result.attempt = answer.transfer->attempt;
  result.attention = answer.transfer->attention;
  result.bank = answer.transfer->bank;
  result.version = answer.transfer->version;
  result.kind = answer.transfer->kind;
  result.minor = answer.transfer->money.minor;
  result.posted = answer.transfer->detail.posted_minor;
  result.reversed_pending = answer.transfer->detail.reversed_pending_minor;
  result.reversed_posted = answer.transfer->detail.reversed_posted_minor;
  result.parent = answer.transfer->parent_id;
  for (const auto& change : answer.history) result.path += (result.path.empty() ? "" : " ") + std::string(name(static_cast<TransferState>(change.state)));
}

void told(void* context, const TransferAnswer& answer) {
  fill(*static_cast<Bank::Result*>(context), answer);
}
}  // namespace

std::shared_ptr<Bank::Result> Bank::pay(MoneyCommand command, unsigned i) {
  // The texts of a command are borrowed until the answer.
  const auto keep = [&](std::string_view text) -> std::string_view { return texts_.emplace_back(text); };
  command.payer = keep(command.payer);
  command.payee = keep(command.payee);
  command.idempotency_key = keep(command.idempotency_key);
  command.currency = keep(command.currency);
  command.caller.principal = keep(command.caller.principal);
  auto result = results_.emplace_back(std::make_shared<Result>());
  daemon(i).pay(command, {told, result.get()});
  return result;
}

Bank::Result Bank::pay_now(MoneyCommand command, unsigned i) {
  const auto result = pay(command, i);
  world.settle();
  for (int step = 0; !result->answered && step != 3'000; ++step) world.advance(20);
  return *result;
}

Bank::Result Bank::resolve_hold(HoldCommand command, unsigned i) {
  const auto result = results_.emplace_back(std::make_shared<Result>());
  command.idempotency_key = texts_.emplace_back(command.idempotency_key);
  daemon(i).resolve_hold(command, {told, result.get()});
  world.settle();
  for (int step = 0; !result->answered && step != 3'000; ++step) world.advance(20);
  return *result;
}

std::shared_ptr<Bank::Result> Bank::reverse(ReverseCommand command, unsigned i) {
  command.idempotency_key = texts_.emplace_back(command.idempotency_key);
  command.caller.principal = texts_.emplace_back(command.caller.principal);
  auto result = results_.emplace_back(std::make_shared<Result>());
  daemon(i).reverse(command, {told, result.get()});
  return result;
}

Bank::Result Bank::reverse_now(ReverseCommand command, unsigned i) {
  const auto result = reverse(command, i);
  world.settle();
  for (int step = 0; !result->answered && step != 3'000; ++step) world.advance(20);
  return *result;
}

Bank::Result Bank::look(const psw_id& id) {
  const auto result = results_.emplace_back(std::make_shared<Result>());
  TransferQuery query;
  query.caller = Caller("operator", auth::scopes_all);
  query.transfer = id;
  for (auto& coordinator : coordinators_) {
    if (!coordinator) continue;
    coordinator->transfer(query, {told, result.get()});
    break;
  }
  world.settle();
  return *result;
}

std::string Bank::open_account(std::string_view number, std::string_view owner) {
  OpenAccountCommand command;
  command.caller = Caller(owner, auth::scopes_all);
  command.number = texts_.emplace_back(number);
  command.idempotency_key = texts_.emplace_back("open-" + std::string(number));
  command.currency = krw;
  std::string out = "no answer";
  daemon().open_account(command, {[](void* context, const AccountAnswer& answer) { *static_cast<std::string*>(context) = name(answer.code); }, &out});
  world.settle();
  return out;
}

PeerAnswer Bank::peer(PeerCommand::What what, std::string_view bank, unsigned i) {
  PeerCommand command;
  command.what = what;
  command.bank = bank;
  command.actor = "uid:0";
  struct Out {
    PeerAnswer answer;
    bool answered = false;
  };
  const auto out = std::make_shared<Out>();
  daemon(i).peer(command, {[](void* context, const PeerAnswer& answer) {
                             auto& to = *static_cast<Out*>(context);
                             to.answer = answer;
                             to.answer.detail = {};
                             to.answered = true;
                           },
                           out.get()});
  world.settle();
  for (int step = 0; !out->answered && step != 1'000; ++step) world.advance(20);
  EXPECT_TRUE(out->answered);
  return out->answer;
}

bool Bank::noticed(Notice what, std::string_view bank) const {
  const auto start = std::to_string(static_cast<int>(what)) + " " + std::string(bank) + " ";
  return std::any_of(notices.begin(), notices.end(), [&](const std::string& line) { return line.starts_with(start); });
}

void Bank::restore(const std::map<std::string, std::vector<char>>& backup) {
  for (unsigned i = 0; i != coordinators_.size(); ++i)
    if (coordinators_[i]) crash(i);
  ledger.restore(backup);
  for (unsigned i = 0; i != coordinators_.size(); ++i) restart(i);
}

MoneyCommand Bank::transfer(std::string_view payer, std::string_view payee, std::int64_t minor, std::string_view key) {
  MoneyCommand command;
  command.kind = TransferKind::transfer;
  command.caller = Caller("alice", auth::scope_pay | auth::scope_read);
  command.idempotency_key = texts_.emplace_back(key);
  command.payer = texts_.emplace_back(payer);
  command.payee = texts_.emplace_back(payee);
  command.amount_minor = minor;
  command.currency = krw;
  return command;
}

Bank::Result Bank::deposit(std::string_view account, std::int64_t minor, std::string_view key) {
  MoneyCommand command;
  command.kind = TransferKind::deposit;
  command.caller = Caller("teller", auth::scopes_all);
  command.idempotency_key = key.empty() ? texts_.emplace_back("deposit-" + std::to_string(++keys_)) : texts_.emplace_back(key);
  command.payee = texts_.emplace_back(account);
  command.amount_minor = minor;
  command.currency = krw;
  return pay_now(command);
}

std::optional<psw_account> Bank::account(std::string_view number, local_ledger::ReadBuffer& buffer) {
  psw_read read{};
  read.size = sizeof read;
  read.what = PSW_ROWS_ACCOUNTS;
  read.consistency = PSW_READ_STRONG;
  read.key = str(number);
  psw_reply reply{};
  reply.size = sizeof reply;
  if (!ledger.reads().answer(read, reply, buffer) || reply.rows.n == 0) return std::nullopt;
  return Rows<psw_account>(reply.rows)[0];
}
Int128 Bank::balance(std::string_view number) {
  local_ledger::ReadBuffer buffer;
  const auto found = account(number, buffer);
  return found ? from_abi(found->credits_posted) - from_abi(found->debits_posted) : Int128{0};
}
Int128 Bank::available(std::string_view number) {
  local_ledger::ReadBuffer buffer;
  const auto found = account(number, buffer);
  return found ? from_abi(found->credits_posted) - from_abi(found->debits_posted) - from_abi(found->debits_pending) : Int128{0};
}
bool Bank::balanced() {
  psw_read read{};
  read.size = sizeof read;
  read.what = PSW_ROWS_TOTALS;
  read.consistency = PSW_READ_STRONG;
  psw_reply reply{};
  reply.size = sizeof reply;
  local_ledger::ReadBuffer buffer;
  if (!ledger.reads().answer(read, reply, buffer)) return false;
  for (const auto& total : Rows<psw_account>(reply.rows))
    if (from_abi(total.debits_posted) != from_abi(total.credits_posted) || from_abi(total.debits_pending) != from_abi(total.credits_pending)) return false;
  return true;
}

// ---- world ----

Bank& World::bank(std::string code, std::string prefix, unsigned daemons, std::int64_t clock_ms) {
  banks.emplace_back(*this, std::move(code), std::move(prefix), daemons, clock_ms);
  return banks.back();
}
Link& World::link(std::string name, Bank& from, Bank& to) {
  links.emplace_back(*this, std::move(name), to.code, from, to);
  from.gateways.push_back(&links.back());
  return links.back();
}

void World::settle() {
  for (bool busy = true; busy;) {
    busy = false;
    for (auto& bank : banks) busy = bank.run() || busy;
    for (auto& link : links) busy = link.run() || busy;
    for (auto* gateway : gateways_) busy = gateway->run() || busy;
    for (std::size_t i = 0; i != events_.size();) {
      if (events_[i].at_ns > clock.monotonic_ns()) {
        ++i;
        continue;
      }
      const auto what = std::move(events_[i].what);
      events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(i));
      what();
      busy = true;
      i = 0;
    }
  }
}

void World::at(std::int64_t in_ms, std::function<void()> what) {
  events_.push_back({clock.monotonic_ns() + static_cast<std::uint64_t>(in_ms) * 1'000'000, ++order_, std::move(what)});
}

void World::advance(std::int64_t ms, std::int64_t step_ms) {
  settle();
  for (std::int64_t done = 0; done < ms; done += step_ms) {
    clock.advance_ms(step_ms);
    for (auto& bank : banks) bank.tick();
    settle();
  }
}

bool World::quiesce(std::int64_t max_ms) {
  settle();
  for (std::int64_t done = 0; done < max_ms; done += 200) {
    bool open = false;
    for (auto& bank : banks) {
      psw_read read{};
      read.size = sizeof read;
      read.what = PSW_ROWS_RECORDS;
      read.consistency = PSW_READ_STRONG;
      read.state_mask = open_states;
      read.limit = 1;
      psw_reply reply{};
      reply.size = sizeof reply;
      local_ledger::ReadBuffer buffer;
      if (!bank.ledger.reads().answer(read, reply, buffer) || reply.rows.n != 0) open = true;
    }
    if (!open && events_.empty()) return true;
    advance(200, 50);
  }
  return false;
}

// ---- three banks ----

config::Config base_config(const Bank& bank) {
  config::Config out;
  out.self.bank = bank.code;
  out.self.prefix = bank.prefix;
  out.self.currencies["KRW"] = 0;
  out.self.timezone = "Asia/Seoul";
  out.cash.allow = config::CashAllow::service;
  return out;
}
config::Bank counterparty(std::string code, std::vector<std::string> prefixes) {
  config::Bank out;
  out.code = std::move(code);
  out.prefixes = std::move(prefixes);
  out.receive_limit["KRW"] = 1'000'000'000;
  out.exposure["KRW"] = 1'000'000'000;
  return out;
}
void add_connector(config::Config& config, std::string name, std::string bank) {
  config::Connector out;
  out.name = std::move(name);
  out.plugin = "link";
  out.bank = std::move(bank);
  out.not_after = std::chrono::seconds(30);
  out.call_deadline = std::chrono::seconds(5);
  config.connectors.push_back(std::move(out));
}

ThreeBanks::ThreeBanks(std::uint64_t seed, bool with_cc, std::int64_t jh_clock_ms)
    : world(seed), mj(world.bank("mj", "mj-")), jh(world.bank("jh", "jh-", 1, jh_clock_ms)), cc(world.bank("cc", "jh-", 1)), jh_1(world.link("jh-1", mj, jh)),
      jh_2(world.link("jh-2", mj, jh)), by_cc(world.link("cc-1", mj, cc)) {
  auto config = base_config(mj);
  config.banks.push_back(counterparty("jh", {"jh-"}));
  config.banks.push_back(counterparty("cc", {"cc-"}));
  add_connector(config, "jh-1", "jh");
  add_connector(config, "jh-2", "jh");
  add_connector(config, "cc-1", "cc");
  config::Route route;
  route.bank = "jh";
  route.targets = {"jh-1", "jh-2"};
  if (with_cc) route.targets.push_back("cc-1");
  config.routes.push_back(route);
  mj.start(std::move(config));
  for (auto* bank : {&jh, &cc}) {
    auto theirs = base_config(*bank);
    theirs.banks.push_back(counterparty("mj", {"mj-"}));
    bank->start(std::move(theirs));
    EXPECT_EQ(bank->open_account("jh-bob", "bob"), "none");
  }
  EXPECT_EQ(mj.open_account("mj-alice"), "none");
  EXPECT_EQ(mj.open_account("mj-anna"), "none");
  EXPECT_EQ(mj.deposit("mj-alice", 100'000).code, ErrorCode::none);
}

std::string ThreeBanks::violation() {
  for (auto* bank : {&mj, &jh, &cc})
    if (!bank->balanced()) return bank->code + ": debits and credits differ";
  // No bank of this world ever loses its memory here.
  for (auto* bank : {&mj, &jh, &cc})
    for (const auto& other : {"mj", "jh", "cc"})
      if (bank->noticed(Notice::peer_history_changed, other) || bank->noticed(Notice::wrong_ledger, other)) return bank->code + " believes that " + other + " has lost history";
  const Int128 customers = mj.balance("mj-alice") + mj.balance("mj-anna") + bob();
  const Int128 repaired = mj.balance(std::string_view(ledger::suspense_account("jh", krw))) + mj.balance(std::string_view(ledger::suspense_account("cc", krw)));
  if (repaired != 0) return "a repair stands open: " + text_of(repaired);
  if (customers != 100'000) return "customers hold " + text_of(customers) + " instead of 100000";
  for (auto* bank : {&jh, &cc}) {
    const Int128 ours = mj.balance(std::string_view(ledger::clearing_account(bank->code, krw)));
    const Int128 theirs = bank->balance(std::string_view(ledger::clearing_account("mj", krw)));
    if (ours != -theirs) return "clearing with " + bank->code + " differs: " + text_of(ours) + " against " + text_of(theirs);
  }
  return {};
}

}  // namespace payswitch::simulation
