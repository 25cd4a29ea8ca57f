#include <payswitch/ids.h>
#include <payswitch/str.h>

#include "world.h"

namespace payswitch::simulation {

// One call on its way: the question and, later, the answer, each with memory of its own, since both may outlive the call.
struct Link::Owned {
  std::int32_t kind = 0;
  SimCall* call = nullptr;
  unsigned loop = 0;
  std::uint64_t deadline_ns = 0;
  psw_credit credit{};
  std::string payer, payee, reference;
  Fate fate;
  bool answered = false;
  bool started = false;
  // the answer
  psw_reply reply{};
  psw_decision decision{};
  std::string d_payer, d_payee, d_code, d_reference;
  psw_history ours{};  // of a hello
  psw_hello hello{};
};

// A message as the other bank's inbound side sees it.
struct LinkInbound final : plugin_host::InboundCall {
  LinkInbound(Link& of, std::shared_ptr<Link::Owned> what) : link(of), owned(std::move(what)) {}
  std::pmr::memory_resource& arena() noexcept override { return memory; }
  void answer(const psw_reply& reply) noexcept override {
    if (owned) link.answered(owned, reply);
    delete this;
  }
  Link& link;
  std::shared_ptr<Link::Owned> owned;
  std::string from_bank;
  psw_decision decision{};
  std::pmr::monotonic_buffer_resource memory;
};

Link::Link(World& world, std::string name, std::string bank, Bank& from, Bank& to)
    : SimParticipant(std::move(name), std::move(bank)), world_(world), from_(from), to_(to) {}

void Link::submit(unsigned loop, Call* call) noexcept {
  auto owned = std::make_shared<Owned>();
  owned->kind = call->op.kind;
  owned->call = static_cast<SimCall*>(call);
  owned->loop = loop;
  owned->deadline_ns = call->op.call_deadline_ns;
  if (fate) owned->fate = fate(owned->kind, calls_of_kind[owned->kind]);
  ++calls;
  ++calls_of_kind[owned->kind];
  open_.push_back(owned);
  if (owned->kind == PSW_OP_HELLO) return;
  const auto& credit = *static_cast<const psw_credit*>(call->op.body);
  owned->credit = credit;
  owned->payer = view(credit.payer);
  owned->payee = view(credit.payee);
  owned->reference = view(credit.reference);
  owned->credit.payer = str(std::string_view(owned->payer));
  owned->credit.payee = str(std::string_view(owned->payee));
  owned->credit.reference = str(std::string_view(owned->reference));
}

bool Link::run() {
  bool busy = false;
  const auto now = world_.clock.monotonic_ns();
  // A copy: what is answered may submit the next call.
  const auto open = open_;
  for (const auto& owned : open) {
    if (!owned->started) {
      owned->started = true;
      busy = true;
      switch (owned->fate.request) {
        case Fate::Request::not_sent: {
          owned->reply = empty_reply(PSW_UNAVAILABLE, owned->kind == PSW_OP_CREDIT ? PSW_NOT_SENT : PSW_UNKNOWN);
          owned->answered = true;
          break;
        }
        case Fate::Request::lost: break;
        case Fate::Request::late: world_.at(owned->fate.late_ms, [this, owned] { deliver(owned, owned->fate); }); break;
        case Fate::Request::twice:
          deliver(owned, owned->fate);
          world_.at(owned->fate.late_ms, [this, owned] { deliver(owned, owned->fate); });
          break;
        case Fate::Request::arrives: deliver(owned, owned->fate); break;
      }
    }
    if (const auto it = stalled_until_ns_.find(owned->loop); it != stalled_until_ns_.end() && now < it->second) continue;
    if (owned->answered || now >= owned->deadline_ns) {
      busy = true;
      respond(owned);
    }
  }
  return busy;
}

void Link::deliver(std::shared_ptr<Owned> owned, const Fate&) {
  if (!to_.alive(0)) return;  // nobody at home: lost
  auto* message = new LinkInbound(*this, owned);
  message->connector = "link";
  message->from_bank = from_.code;
  message->bank = message->from_bank;
  message->body = &owned->credit;
  switch (owned->kind) {
    case PSW_OP_QUERY: message->kind = plugin_host::InboundKind::query; break;
    case PSW_OP_HELLO:
      message->kind = plugin_host::InboundKind::hello;
      message->body = &owned->ours;
      break;
    case PSW_OP_CANCEL: message->kind = plugin_host::InboundKind::cancel; break;
    default: message->kind = plugin_host::InboundKind::credit; break;
  }
  to_.deliver(owned->credit.op_id, *message);
}

void Link::answered(const std::shared_ptr<Owned>& owned, const psw_reply& reply) {
  if (owned->answered || owned->call == nullptr) return;  // a duplicate's answer, or nobody waits any more
  owned->reply = reply;
  owned->reply.text = owned->reply.position = {};
  owned->reply.reason = view(reply.reason) == "wrong_ledger" ? str("wrong_ledger") : psw_str{};  // the one that is looked at
  owned->reply.rows = {};
  owned->reply.body = nullptr;
  if (owned->kind == PSW_OP_QUERY && reply.outcome == PSW_NOT_FOUND) {
    owned->decision = psw_decision{};
    owned->decision.size = sizeof owned->decision;
    owned->decision.theirs = reply.at;
    owned->reply.body = &owned->decision;
  }
  if (reply.body != nullptr && owned->kind == PSW_OP_HELLO) {
    owned->hello = *static_cast<const psw_hello*>(reply.body);
    owned->hello.bank = {};
    owned->hello.currencies = {};
    owned->reply.body = &owned->hello;
  } else if (reply.body != nullptr) {
    owned->decision = *static_cast<const psw_decision*>(reply.body);
    owned->d_payer = view(owned->decision.payer);
    owned->d_payee = view(owned->decision.payee);
    owned->d_code = view(owned->decision.code);
    owned->d_reference = view(owned->decision.peer_reference);
    owned->decision.payer = str(std::string_view(owned->d_payer));
    owned->decision.payee = str(std::string_view(owned->d_payee));
    owned->decision.code = str(std::string_view(owned->d_code));
    owned->decision.peer_reference = str(std::string_view(owned->d_reference));
    owned->reply.body = &owned->decision;
  }
  switch (owned->fate.response) {
    case Fate::Response::arrives: owned->answered = true; break;
    case Fate::Response::lost: break;
    case Fate::Response::late: world_.at(owned->fate.late_ms, [owned] { owned->answered = true; }); break;
    case Fate::Response::unauthenticated:
      owned->reply = empty_reply(PSW_INVALID, PSW_UNKNOWN);
      owned->reply.reason = str("unauthenticated");
      owned->answered = true;
      break;
    case Fate::Response::overloaded:
      owned->reply = empty_reply(PSW_OVERLOADED, PSW_UNKNOWN);
      owned->reply.retry_after_ms = 1'000;
      owned->answered = true;
      break;
    case Fate::Response::wrong_amount:
      owned->decision.money.minor += 1;
      owned->answered = true;
      break;
    case Fate::Response::wrong_op:
      owned->decision.op_id.b[0] ^= 1;
      owned->answered = true;
      break;
  }
}

void Link::respond(const std::shared_ptr<Owned>& owned) {
  std::erase(open_, owned);
  auto* call = owned->call;
  owned->call = nullptr;
  const auto reply = owned->answered ? owned->reply : empty_reply(PSW_TIMEOUT, PSW_UNKNOWN);
  complete(call, reply);
}

void Link::stall(unsigned loop, std::int64_t ms) { stalled_until_ns_[loop] = world_.clock.monotonic_ns() + static_cast<std::uint64_t>(ms) * 1'000'000; }

void Link::report_again(const psw_decision& decision, std::string_view from_bank) {
  auto* message = new LinkInbound(*this, nullptr);
  message->kind = plugin_host::InboundKind::report;
  message->connector = "link";
  message->from_bank = from_bank;
  message->bank = message->from_bank;
  message->decision = decision;
  message->body = &message->decision;
  from_.deliver(decision.op_id, *message);
}

}  // namespace payswitch::simulation
