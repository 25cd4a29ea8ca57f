// One daemon: what app/ joins together in the real one.
#include <payswitch/testing/plugin_file.h>

#include "bank_node.h"
#include "plugin_host/reply_copy.h"

extern "C" const psw_plugin psw_plugin_entry;  // of peer_http, linked in

namespace payswitch::simulation::peers {

using daemon::plugin_host::InboundCall;
using daemon::plugin_host::InboundKind;

namespace {

constexpr std::uint64_t tick_every_ns = 40 * ms;

psw_reply plain(std::int32_t code) {
  psw_reply out{};
  out.size = sizeof out;
  out.code = code;
  return out;
}

}  // namespace

// A bank's word on its way from the plugin to the core and back, as the host's psw.inbound carries it.
class DaemonNode::Bridge final : public testing::Inbound {
 public:
  Bridge(DaemonNode& daemon, std::string connector, std::string bank) : daemon_(daemon), connector_(std::move(connector)), bank_(std::move(bank)) {}

  void credit(const psw_credit& c, Done done) override { money(InboundKind::credit, c, std::move(done)); }
  void cancel(const psw_credit& c, Done done) override { money(InboundKind::cancel, c, std::move(done)); }
  void query(const psw_credit& c, Done done) override { money(InboundKind::query, c, std::move(done)); }
  void list(const psw_read& read, Done done) override {
    Message& m = message(InboundKind::list, std::move(done));
    hand_over(m, daemon::plugin_host::copy_read(read, m.memory));
  }
  void lookup(std::string_view number, std::string_view currency, Done done) override {
    Message& m = message(InboundKind::lookup, std::move(done));
    auto* account = new (m.memory.allocate(sizeof(psw_account), alignof(psw_account))) psw_account{};
    daemon::plugin_host::copy_text(str(number), account->number, m.memory);
    set_currency(account->currency, currency);
    hand_over(m, account);
  }
  void hello(const psw_history& theirs, Done done) override {
    Message& m = message(InboundKind::hello, std::move(done));
    hand_over(m, new (m.memory.allocate(sizeof(psw_history), alignof(psw_history))) psw_history(theirs));
  }
  void report(const psw_decision& decision, Done done) override {
    Message& m = message(InboundKind::report, std::move(done));
    hand_over(m, daemon::plugin_host::copy_decision(decision, m.memory));
  }

 private:
  struct Message final : InboundCall {
    std::pmr::memory_resource& arena() noexcept override { return memory; }
    void answer(const psw_reply& reply) noexcept override { bridge->answered(*this, reply); }
    daemon::plugin_host::Arena memory;
    Bridge* bridge = nullptr;
    Done done;
    bool finished = false;
  };
  Message& message(InboundKind kind, Done done) {
    std::erase_if(messages_, [](const auto& m) { return m->finished; });
    Message& out = *messages_.emplace_back(std::make_unique<Message>());
    out.kind = kind;
    out.connector = connector_;
    out.bank = bank_;
    out.bridge = this;
    out.done = std::move(done);
    return out;
  }
  void money(InboundKind kind, const psw_credit& credit, Done done) {
    Message& m = message(kind, std::move(done));
    hand_over(m, daemon::plugin_host::copy_credit(credit, m.memory));
  }
  void hand_over(Message& m, const void* body) {
    m.body = body;
    if (body == nullptr) return finish(m, plain(PSW_INVALID));
    auto& timeline = daemon_.bank_.timeline;
    if (m.kind != InboundKind::report && timeline.chance(daemon_.bank_.shed_per_mille)) {
      timeline.say([&] { return daemon_.bank_.plan.code + " sheds a message of " + bank_; });
      psw_reply busy = plain(PSW_OVERLOADED);
      busy.retry_after_ms = 1'000;
      return finish(m, busy);
    }
    daemon_.inbound_->deliver(0, m);
  }
  void answered(Message& m, const psw_reply& reply) {
    if (reply.body == nullptr || m.kind == InboundKind::hello || m.kind == InboundKind::report) return finish(m, reply);
    const auto& decision = *static_cast<const psw_decision*>(reply.body);
    Said said{daemon_.bank_.plan.code, bank_, decision.op_id, decision.outcome, decision.money, std::string(view(decision.payer)), std::string(view(decision.payee)),
              std::string(view(decision.code)), std::string(view(decision.peer_reference)), {}};
    std::memcpy(said.hash, decision.hash, sizeof said.hash);
    if (reply.code == PSW_OK) daemon_.bank_.witness.said(said);
    psw_decision told = decision;
    auto& timeline = daemon_.bank_.timeline;
    if (timeline.chance(daemon_.bank_.lie_per_mille)) {
      const Said* other = timeline.chance(500) ? daemon_.bank_.witness.another(said) : nullptr;
      if (other != nullptr) {  // what it once said about another one
        told.outcome = other->outcome;
        told.op_id = other->op_id;
        told.money = other->money;
        told.payer = str(other->payer);
        told.payee = str(other->payee);
        told.code = str(other->code);
        std::memcpy(told.hash, other->hash, sizeof told.hash);
      } else if (timeline.chance(500)) {
        told.money.minor += 1;
      } else {
        told.op_id.b[0] ^= 1;
      }
      timeline.say([&] { return daemon_.bank_.plan.code + " lies to " + bank_; });
    }
    if (daemon_.bank_.lie && daemon_.bank_.lie(told)) timeline.say([&] { return daemon_.bank_.plan.code + " lies to " + bank_; });
    psw_reply out = reply;
    out.body = &told;
    out.outcome = told.outcome;
    finish(m, out);
  }
  void finish(Message& m, const psw_reply& reply) {
    m.finished = true;
    if (m.done) m.done(reply);
    for (auto& gateway : daemon_.gateways_)
      if (gateway->name() == connector_) gateway->poke();
  }

  DaemonNode& daemon_;
  const std::string connector_, bank_;
  std::list<std::unique_ptr<Message>> messages_;
};

DaemonNode::DaemonNode(BankNode& of, unsigned index) : bank_(of), index_(index) {
  static const psw_type type = testing::type_of(psw_plugin_entry, "peer_http");
  std::vector<std::string> served;
  for (const auto& [name, bank] : of.plan.connectors) {
    const bool first = std::find(served.begin(), served.end(), bank) == served.end();
    served.push_back(bank);
    bridges_.push_back(std::make_unique<Bridge>(*this, name, bank));
    const Options options{{"@our_bank", of.plan.code}, {"@tls", name}, {"url", "https://" + bank + ".test:8443"}, {"serve", first ? "true" : "false"}};
    gateways_.push_back(std::make_unique<Hosted>(of.timeline, of.clock, type, name, bank, options, of.timeline.random(), [&](testing::FakeHost& host) {
      host.keys = &of.wallet;
      host.inbound = bridges_.back().get();
    }));
    Hosted& gateway = *gateways_.back();
    gateway.host().carry = [this, &gateway](const HttpSeen& request, testing::FakeHost::Answered answered) {
      bank_.network.carry(bank_.plan.code, index_, request, [&gateway, answered = std::move(answered), alive = gateway.watch()](const HttpReply& reply) {
        if (alive.expired()) return;
        answered(reply);
        gateway.poke();
      });
    };
    gateway.host().responded = [this, &gateway](psw_handle handle, const HttpReply& answer) {
      const auto at = waiting_.find({&gateway, handle});
      if (at == waiting_.end()) return;
      const Answered answered = std::move(at->second);
      waiting_.erase(at);
      answered(answer);
    };
    gateway.offers_query = [this] { return bank_.offers_query; };
    gateway.poke();
    participants_.push_back(&gateway);
  }
  transfer::Parts parts;
  parts.ledger = of.ledger_.get();
  parts.gateways = participants_;
  parts.clock = &of.wall_;
  parts.random = {[](void* context) { return static_cast<Timeline*>(context)->random(); }, &of.timeline};
  parts.notices = &of.notice_sink_;
  parts.loop = index;
  parts.process = ++of.process_;
  coordinator_ = std::make_unique<transfer::Coordinator>(parts, of.settings_);
  transfer::Coordinator* const only[] = {coordinator_.get()};
  inbound_ = std::make_unique<transfer::Inbound>(only);
  bank_.timeline.in(bank_.timeline.below(tick_every_ns), life_.watch(), [this] { tick(); });
}

DaemonNode::~DaemonNode() {
  if (bank_.ledger_) {
    bank_.ledger_->forget(index_);
    bank_.ledger_->stall_loop_until(index_, 0);
  }
  inbound_.reset();
  coordinator_.reset();
  // Whoever was waiting for an answer of this process sees the connection break.
  auto waiting = std::move(waiting_);
  gateways_.clear();
  for (auto& [key, answered] : waiting) answered(HttpReply{.phase = PSW_HTTP_SENT_ALL, .status = 0, .body = {}, .headers = {}, .delay_ns = 0});
}

bool DaemonNode::stalled() const noexcept { return bank_.timeline.now_ns() < stalled_until_ns_; }

void DaemonNode::stall_until(std::uint64_t ns) {
  stalled_until_ns_ = ns;
  for (auto& gateway : gateways_) gateway->stall_until(ns);
  bank_.ledger_->stall_loop_until(index_, ns);
}

void DaemonNode::tick() {
  if (!stalled()) coordinator_->tick();
  bank_.timeline.in(tick_every_ns, life_.watch(), [this] { tick(); });
}

void DaemonNode::serve(std::string_view from, const HttpSeen& request, Answered answered) {
  for (auto& gateway : gateways_) {
    auto& host = gateway->host();
    if (gateway->bank() != from || host.routes.empty()) continue;
    const auto scheme = std::string_view("https://").size();
    const auto slash = request.target.find('/', scheme);
    const std::string authority = request.target.substr(scheme, slash - scheme);
    const auto handle = host.http(request.method, request.target.substr(slash), request.body, "sha256/" + std::string(from), request.headers, authority);
    if (const auto at = host.responses.find(handle); at != host.responses.end()) {  // no such path
      const auto answer = at->second;
      host.responses.erase(at);
      return answered(answer);
    }
    waiting_[{gateway.get(), handle}] = std::move(answered);
    return gateway->poke();
  }
  answered(HttpReply{.phase = PSW_HTTP_DONE, .status = 403, .body = {}, .headers = {}, .delay_ns = 0});
}

void DaemonNode::report(const Said& said) {
  for (std::size_t i = 0; i != gateways_.size(); ++i) {
    if (gateways_[i]->bank() != said.bank) continue;
    psw_decision decision{};
    decision.size = sizeof decision;
    decision.outcome = said.outcome;
    decision.op_id = said.op_id;
    decision.money = said.money;
    decision.payer = str(said.payer);
    decision.payee = str(said.payee);
    decision.code = str(said.code);
    decision.peer_reference = str(said.reference);
    std::memcpy(decision.hash, said.hash, sizeof decision.hash);
    decision.direction = 1;
    return bridges_[i]->report(decision, [](const psw_reply&) {});
  }
}

}  // namespace payswitch::simulation::peers
