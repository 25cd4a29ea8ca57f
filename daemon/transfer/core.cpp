#include "transfer/core.h"

#include <algorithm>
#include <utility>

#include "transfer/account_flow.h"
#include "transfer/budget.h"
#include "transfer/decide_flow.h"
#include "transfer/hold_flow.h"
#include "transfer/pay_flow.h"
#include "transfer/peer_desk.h"
#include "transfer/queries.h"
#include "transfer/recovery.h"
#include "transfer/repair.h"
#include "transfer/reversal_flow.h"
#include "transfer/saga.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr std::uint32_t lists_max = 256;     // lists at once on one loop
constexpr std::uint32_t decisions_max = 64;  // decisions of persons at once: as many as the control socket has connections
constexpr std::uint32_t sagas_max = 65'536;  // transfers to other banks worked on at once on one loop; more wait in the ledger

std::string lease_owner(const Parts& parts) {
  char hex[id_hex_size];
  psw_id id{};
  std::memcpy(id.b, &parts.process, sizeof parts.process);
  write_hex(id, hex);
  return std::string(hex, 16) + "/" + std::to_string(parts.loop);
}
}  // namespace

Core::Core(const Parts& given, std::shared_ptr<const Settings> first_settings)
    : parts(given), settings(std::move(first_settings)), client(*given.ledger, given.loop, *given.clock),
      ulids(given.random.function, given.random.context), owner(lease_owner(given)) {
  client.saw_history(parts.our_ledger);
  pays = std::make_unique<Pool<PayFlow, Core>>(*this, parts.running_max);
  holds = std::make_unique<Pool<HoldFlow, Core>>(*this, parts.running_max);
  reversals = std::make_unique<Pool<ReverseFlow, Core>>(*this, parts.running_max);
  decisions = std::make_unique<Pool<DecideFlow, Core>>(*this, decisions_max);
  repair_lists = std::make_unique<Pool<RepairsFlow, Core>>(*this, lists_max);
  shows = std::make_unique<Pool<ShowFlow, Core>>(*this, parts.running_max);
  lists = std::make_unique<Pool<ListFlow, Core>>(*this, lists_max);
  account_flows = std::make_unique<Pool<AccountFlow, Core>>(*this, parts.running_max);
  sagas = std::make_unique<Pool<Saga, Core>>(*this, sagas_max);
  recovery = std::make_unique<Recovery>(*this);
  budget = std::make_unique<Budget>(*this);
  if (parts.peers == nullptr) own_peers = std::make_unique<PeerHistory>();
  peers = std::make_unique<PeerDesk>(*this, parts.peers != nullptr ? *parts.peers : *own_peers);
}
Core::~Core() = default;

plugin_host::Participant* Core::gateway(std::string_view name) const noexcept {
  for (auto* gateway : parts.gateways)
    if (gateway->name() == name) return gateway;
  return nullptr;
}

plugin_host::Participant* Core::gateway_of(std::string_view bank, std::string_view preferred) const noexcept {
  plugin_host::Participant* first = nullptr;
  for (auto* gateway : parts.gateways) {
    if (gateway->bank() != bank) continue;
    const bool up = gateway->available();
    if (up && gateway->name() == preferred) return gateway;
    if (first == nullptr || (up && !first->available())) first = gateway;
  }
  return first;
}

void Core::notice(Notice what, const psw_id& transfer, std::string_view bank, std::string_view text) noexcept {
  if (parts.notices != nullptr) parts.notices->notice(what, transfer, bank, text);
}

void Core::committed(const psw_id& transfer, std::uint64_t version, TransferState state, std::uint64_t sequence) noexcept {
  if (parts.changes != nullptr) parts.changes->changed(parts.loop, {transfer, version, sequence, state});
  if (!waiters.empty()) wake(transfer);
}

void Core::wake(const psw_id& transfer) {
  // Woken flows take themselves off the list: first gather, then wake.
  waking.clear();
  const auto [first, last] = waiters.equal_range(transfer);
  for (auto it = first; it != last; ++it) waking.push_back(it->second);
  const auto now = std::move(waking);
  for (auto* waiter : now) waiter->woken();
  waking.clear();
}

// ---- the door ----

Coordinator::Coordinator(const Parts& parts, std::shared_ptr<const Settings> settings) : impl_(std::make_unique<Impl>(parts, std::move(settings))) {}
Coordinator::~Coordinator() = default;

namespace {
// The admission bound comes first: nothing was looked at, nothing recorded, the same key may be tried again.
template <class Answer>
void shed(Core& core, const Reply<Answer>& reply) {
  ++core.counters.shed;
  Answer answer;
  answer.code = core.draining ? ErrorCode::shutting_down : ErrorCode::overloaded;
  if constexpr (requires { answer.retry_after_ms; }) answer.retry_after_ms = 1'000;
  reply(answer);
}
}  // namespace

void Coordinator::pay(const MoneyCommand& command, Reply<TransferAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->pays->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(command, reply);
}
void Coordinator::resolve_hold(const HoldCommand& command, Reply<TransferAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->holds->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(command, reply);
}
void Coordinator::reverse(const ReverseCommand& command, Reply<TransferAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->reversals->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(command, reply);
}
void Coordinator::decide(const DecideCommand& command, Reply<DecideAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->decisions->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(command, reply);
}
void Coordinator::repairs(const RepairsQuery& query, Reply<RepairsAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->repair_lists->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(query, reply);
}
void Coordinator::transfer(const TransferQuery& query, Reply<TransferAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->shows->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(query, reply);
}
void Coordinator::transfers(const TransfersQuery& query, Reply<TransfersAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->lists->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->start(query, reply);
}
void Coordinator::open_account(const OpenAccountCommand& command, Reply<AccountAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->account_flows->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->open(command, reply);
}
void Coordinator::change_account(const AccountCommand& command, Reply<AccountAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->account_flows->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->change(command, reply);
}
void Coordinator::account(const AccountQuery& query, Reply<AccountAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->account_flows->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->show(query, reply);
}
void Coordinator::accounts(const AccountsQuery& query, Reply<AccountsAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->account_flows->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->list(query, reply);
}
void Coordinator::postings(const PostingsQuery& query, Reply<PostingsAnswer> reply) {
  auto* flow = impl_->admit() ? impl_->account_flows->take() : nullptr;
  if (flow == nullptr) return shed(*impl_, reply);
  flow->postings(query, reply);
}

void Coordinator::peer(const PeerCommand& command, Reply<PeerAnswer> reply) { impl_->peers->command(command, reply); }

void Coordinator::tick() {
  impl_->timers.run(impl_->now_ns());
  impl_->recovery->tick();
  impl_->budget->tick();
  impl_->peers->tick();
}
void Coordinator::adopt(std::shared_ptr<const Settings> settings) { impl_->settings = std::move(settings); }
void Coordinator::changed(const Change& change) {
  if (!impl_->waiters.empty()) impl_->wake(change.transfer);
}
void Coordinator::bank_alive(std::string_view bank) { impl_->recovery->bank_alive(bank); }
void Coordinator::drain() { impl_->draining = true; }
bool Coordinator::idle() const noexcept { return impl_->counters.running == 0 && impl_->sagas->used() == 0; }
const Counters& Coordinator::counters() const noexcept { return impl_->counters; }

}  // namespace payswitch::daemon::transfer
