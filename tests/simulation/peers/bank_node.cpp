#include "bank_node.h"

#include <payswitch/ids.h>

#include <stdexcept>

#include "ledger_type.h"
#include "local_ledger/verify.h"

namespace payswitch::simulation::peers {

namespace {
constexpr unsigned boot_loop = 99;
constexpr unsigned reader_loop = 98;

config::Config make_config(const BankPlan& plan) {
  config::Config out;
  out.self.bank = plan.code;
  out.self.prefix = plan.prefix;
  out.self.currencies["KRW"] = 0;
  out.self.timezone = "Asia/Seoul";
  out.cash.allow = config::CashAllow::service;
  for (const auto& [code, prefixes] : plan.prefixes) {
    config::Bank bank;
    bank.code = code;
    bank.prefixes = prefixes;
    bank.receive_limit["KRW"] = plan.receive_limit_minor;
    bank.exposure["KRW"] = 1'000'000'000;
    out.banks.push_back(bank);
  }
  for (const auto& [name, bank] : plan.connectors) {
    config::Connector connector;
    connector.name = name;
    connector.plugin = "peer_http";
    connector.bank = bank;
    connector.not_after = std::chrono::milliseconds(plan.not_after_ms);
    connector.call_deadline = std::chrono::seconds(5);
    out.connectors.push_back(connector);
  }
  for (const auto& [bank, targets] : plan.routes) {
    config::Route route;
    route.bank = bank;
    route.targets = targets;
    out.routes.push_back(route);
  }
  return out;
}
}  // namespace

void BankNode::Notices::notice(transfer::Notice what, const psw_id& id, std::string_view about, std::string_view text) noexcept {
  const auto line = std::to_string(static_cast<int>(what)) + " " + std::string(about) + " " + std::string(text);
  bank.timeline.say([&] { return bank.plan.code + " notice " + line + " " + to_ulid(id); });
  bank.notices.push_back(line);
}

BankNode::BankNode(Timeline& on, Network& net, Witness& who, BankPlan its_plan, std::int64_t wall_offset_ms)
    : timeline(on), network(net), witness(who), plan(std::move(its_plan)), config_(std::make_shared<const config::Config>(make_config(plan))) {
  clock.step_wall_ms(wall_offset_ms);
  timeline.add(clock);
  network.add(plan.code, *this);
  daemons_.resize(plan.daemons);
}
BankNode::~BankNode() { crash(Power::stays); }

void BankNode::start() {
  ledger_ = std::make_unique<Hosted>(timeline, clock, ledger_on(disk, timeline.random()), "books", "", Options{{"directory", "memory"}}, timeline.random());
  ledger_->lose_answer = [this](unsigned loop, const psw_op& op) {
    if (op.kind != PSW_OP_WRITE) return false;
    const bool lost = timeline.chance(lost_commit_per_mille) || (lose_commit && lose_commit(loop));
    if (lost) timeline.say([&] { return plan.code + "/" + std::to_string(loop) + " does not hear of a commit"; });
    return lost;
  };
  ledger_->on_fault = [this] {
    crash(Power::cut);
    timeline.in(timeline.between(10, 2'000) * ms, [this] {
      if (!up() && ledger_ == nullptr) start();
    });
  };
  boot_client_ = std::make_unique<daemon::ledger::Client>(*ledger_, boot_loop, wall_);
  bootstrap_ = std::make_unique<daemon::ledger::Bootstrap>(*boot_client_, *config_, [](void* context) { return static_cast<Timeline*>(context)->random(); }, &timeline);
  bootstrap_->run([](void* context, const daemon::ledger::BootstrapResult& result) { static_cast<BankNode*>(context)->booted(result); }, this);
}

void BankNode::booted(const daemon::ledger::BootstrapResult& result) {
  // A commit whose answer is lost at this place makes the daemon's start fail; its supervisor starts it again.
  if (!result.errors.empty()) {
    timeline.say([&] { return plan.code + " does not start: " + result.errors.front(); });
    timeline.in(100 * ms, ledger_->watch(), [this] {
      crash(Power::stays);
      start();
    });
    return;
  }
  settings_ = transfer::make_settings(config_, result.reference_key, times);
  timeline.say([&] { return plan.code + " is up at position " + std::to_string(result.ledger.position); });
  for (unsigned i = 0; i != plan.daemons; ++i) start_daemon(i);
}

void BankNode::start_daemon(unsigned i) {
  if (up() && !daemons_[i]) daemons_[i] = std::make_unique<DaemonNode>(*this, i);
}

void BankNode::crash_daemon(unsigned i) {
  if (!daemons_[i]) return;
  timeline.say([&] { return plan.code + "/" + std::to_string(i) + " dies"; });
  const auto gone = std::move(daemons_[i]);
}

void BankNode::crash(Power power) {
  if (!ledger_) return;
  timeline.say([&] { return plan.code + (power == Power::cut ? ": power cut" : ": all processes die"); });
  for (auto& daemon : daemons_) {
    const auto gone = std::move(daemon);
  }
  bootstrap_.reset();
  boot_client_.reset();
  ledger_.reset();
  settings_.reset();
  disk.fail(local_ledger::test::MemoryDisk::Step::sync, 0, 0);
  if (power == Power::cut) disk.power_cut(timeline.random());
  else disk.kill();
}

void BankNode::fail_next_commit() {
  using Step = local_ledger::test::MemoryDisk::Step;
  disk.fail(timeline.chance(500) ? Step::write : Step::sync, 1, EIO);
}

DaemonNode* BankNode::any_daemon() noexcept {
  std::vector<DaemonNode*> living;
  for (auto& daemon : daemons_)
    if (daemon) living.push_back(daemon.get());
  return living.empty() ? nullptr : living[timeline.below(living.size())];
}

bool BankNode::listening() const {
  return std::any_of(daemons_.begin(), daemons_.end(), [](const auto& daemon) { return daemon != nullptr; });
}

void BankNode::serve(std::string_view from, const HttpSeen& request, Answered answered) {
  if (auto* daemon = any_daemon()) daemon->serve(from, request, std::move(answered));
}

// ---- reads past all daemons ----

Int128 BankNode::balance(std::string_view number) {
  Int128 out = 0;
  auto* call = ledger_->acquire(reader_loop);
  auto* question = new (call->arena().allocate(sizeof(psw_read), alignof(psw_read))) psw_read{};
  question->size = sizeof *question;
  question->what = PSW_ROWS_ACCOUNTS;
  question->consistency = PSW_READ_STRONG;
  question->key = str(number);
  question->limit = 1;
  call->op.kind = PSW_OP_READ;
  call->op.body = question;
  call->completion = {[](void* context, const psw_reply& reply) {
                        for (const auto& row : Rows<psw_account>(reply.rows)) *static_cast<Int128*>(context) = from_abi(row.credits_posted) - from_abi(row.debits_posted);
                      },
                      &out};
  if (!ledger_->try_read(reader_loop, call)) throw std::runtime_error("a read was not answered");
  return out;
}

void BankNode::records(const std::function<void(const psw_record&)>& each, std::int64_t state_mask) {
  struct Page {
    const std::function<void(const psw_record&)>& each;
    std::string after;
    std::size_t rows = 0;
  } page{each, {}, 0};
  constexpr std::uint32_t limit = 100;
  do {
    page.rows = 0;
    auto* call = ledger_->acquire(reader_loop);
    auto* question = new (call->arena().allocate(sizeof(psw_read), alignof(psw_read))) psw_read{};
    question->size = sizeof *question;
    question->what = PSW_ROWS_RECORDS;
    question->consistency = PSW_READ_STRONG;
    question->state_mask = state_mask;
    question->limit = limit;
    const std::string after = page.after;
    question->after = str(after);
    call->op.kind = PSW_OP_READ;
    call->op.body = question;
    call->completion = {[](void* context, const psw_reply& reply) {
                          auto& to = *static_cast<Page*>(context);
                          to.after = view(reply.position);
                          for (const auto& row : Rows<psw_record>(reply.rows)) {
                            ++to.rows;
                            to.each(row);
                          }
                        },
                        &page};
    if (!ledger_->try_read(reader_loop, call)) throw std::runtime_error("a read was not answered");
  } while (page.rows == limit);
}

std::uint64_t BankNode::position() {
  std::uint64_t out = 0;
  auto* call = ledger_->acquire(reader_loop);
  call->op.kind = PSW_OP_HELLO;
  call->completion = {[](void* context, const psw_reply& reply) { *static_cast<std::uint64_t*>(context) = reply.at.position; }, &out};
  if (!ledger_->try_read(reader_loop, call)) throw std::runtime_error("a read was not answered");
  return out;
}

bool BankNode::any_open() {
  bool out = false;
  records([&out](const psw_record&) { out = true; }, open_states);
  return out;
}

std::string BankNode::totals_wrong() {
  std::string out;
  auto* call = ledger_->acquire(reader_loop);
  auto* question = new (call->arena().allocate(sizeof(psw_read), alignof(psw_read))) psw_read{};
  question->size = sizeof *question;
  question->what = PSW_ROWS_TOTALS;
  question->consistency = PSW_READ_STRONG;
  call->op.kind = PSW_OP_READ;
  call->op.body = question;
  call->completion = {[](void* context, const psw_reply& reply) {
                        for (const auto& row : Rows<psw_account>(reply.rows)) {
                          if (from_abi(row.debits_posted) != from_abi(row.credits_posted)) *static_cast<std::string*>(context) = "posted debits and credits differ";
                          if (from_abi(row.debits_pending) != 0 || from_abi(row.credits_pending) != 0) *static_cast<std::string*>(context) = "something is still pending";
                        }
                      },
                      &out};
  if (!ledger_->try_read(reader_loop, call)) throw std::runtime_error("a read was not answered");
  return out;
}

std::string BankNode::verify() {
  local_ledger::test::MemoryDisk copy;
  for (const auto& [name, node] : disk.names) copy.names[name] = std::make_shared<local_ledger::test::MemoryDisk::Node>(*node);
  const auto storage = copy.storage();
  local_ledger::VerifyReport report;
  const auto status = local_ledger::verify(*storage, report);
  return status.ok() ? report.violation : status.error;
}

}  // namespace payswitch::simulation::peers
