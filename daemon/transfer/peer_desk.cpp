#include "transfer/peer_desk.h"

#include <payswitch/ids.h>

#include <memory>

#include "transfer/credit.h"
#include "transfer/recovery.h"

namespace payswitch::daemon::transfer {

namespace {
constexpr ledger::Refusal gate_changed{PSW_CONFLICT, reason_peer_gate};
constexpr std::uint32_t page = 500;
constexpr std::string_view by_history = "history";

std::string said(const psw_history& h) { return "ledger " + to_hex(h.ledger) + " epoch " + std::to_string(h.epoch) + " position " + std::to_string(h.position); }
}  // namespace

void PeerDesk::write_gate(ledger::EntryBuilder& entry, std::string_view bank, const PeerGate& gate, std::uint64_t version) {
  entry.kv(view(entry.keep(peer_gate_prefix, bank)), encode(gate), version);
}

void PeerDesk::guard(ledger::EntryBuilder& entry, std::string_view bank, const psw_history* theirs) {
  const std::uint64_t version = known_.gate_version(bank);
  if (version != 0 || theirs == nullptr || is_zero(theirs->ledger)) return entry.guard_kv(view(entry.keep(peer_gate_prefix, bank)), version, gate_changed);
  PeerGate pinned;
  pinned.ledger = theirs->ledger;
  pinned.epoch = theirs->epoch;
  pinned.by = by_history;
  pinned.since_ms = core_.client.clock_ms();
  write_gate(entry, bank, pinned, 0);
}

// Not read: the next entry finds it changed.
void PeerDesk::look(std::string_view bank) { look_again<&PeerDesk::scanned_gates>(bank, this); }

PeerHistory::Verdict PeerDesk::heard(std::string_view bank, const psw_history& theirs, const PeerFloor* floor, const psw_id& transfer) {
  using Verdict = PeerHistory::Verdict;
  const auto verdict = known_.heard(bank, theirs, floor);
  switch (verdict) {
    case Verdict::fine: break;
    case Verdict::behind: ask(bank); break;
    case Verdict::other_ledger: wrong_ledger(bank, transfer, "another ledger speaks for it: " + said(theirs)); break;
    case Verdict::old_epoch: core_.notice(Notice::stale_reply, transfer, bank, "from before its present epoch: " + said(theirs)); break;
    case Verdict::lost: close(bank, theirs.epoch != known_.gate(bank).epoch ? "epoch_changed" : "position_back", theirs); break;
  }
  return verdict;
}

void PeerDesk::wrong_ledger(std::string_view bank, const psw_id& transfer, std::string_view text) { core_.notice(Notice::wrong_ledger, transfer, bank, text); }

bool PeerDesk::take(std::string_view bank, const ledger::ReadReply& reply) {
  if (!reply.ok()) return false;
  for (const auto& kv : reply.rows<psw_kv>()) {
    const auto key = view(kv.key);
    if (key.substr(0, peer_gate_prefix.size()) != peer_gate_prefix || key.substr(peer_gate_prefix.size()) != bank) continue;
    auto gate = decode_gate(view(kv.value));
    if (!gate) {
      // What cannot be read keeps the bank closed until somebody has looked.
      core_.notice(Notice::record_damaged, psw_id{}, bank, "what is stored of its history cannot be read");
      gate.emplace();
      gate->closed = true;
      gate->why = "damaged";
    }
    gate->version = kv.version;
    known_.stored_gate(bank, *gate);
  }
  return true;
}

// ---- closing ----

// Goes on until the closing is durable, or somebody else has written the gate.
class PeerDesk::Close final : public Timed {
 public:
  explicit Close(PeerDesk& desk) noexcept : desk_(desk) {}
  void start(std::string_view bank, PeerGate gate) {
    bank_ = bank;
    gate_ = std::move(gate);
    step_ = desk_.core_.new_id();
    write();
  }
  void on_timer() override { write(); }

 private:
  void write() {
    auto write = desk_.core_.client.begin();
    if (!write) return later();
    desk_.write_gate(write.entry, bank_, gate_, gate_.version);
    desk_.core_.client.write<&Close::written>(write, step_, this);
  }
  void written(const ledger::WriteReply& reply) {
    switch (reply.what()) {
      case ledger::Written::applied:
        gate_.version += 1;
        desk_.known_.stored_gate(bank_, gate_);
        desk_.core_.notice(Notice::peer_history_changed, psw_id{}, bank_, gate_.why + ": it had told " + said(gate_.expected) + ", and says " + said(gate_.shown));
        return desk_.closes_->give_back(this);
      case ledger::Written::unknown:
      case ledger::Written::not_taken: return later();
      default:
        // Another one was faster: closed as well, or opened by somebody who has looked.
        if (!desk_.look_again<&Close::looked>(bank_, this)) desk_.closes_->give_back(this);
    }
  }
  void looked(const ledger::ReadReply& reply) {
    desk_.take(bank_, reply);
    desk_.closes_->give_back(this);
  }
  void later() { desk_.core_.timers.arm(*this, desk_.core_.now_ns() + retry_ns); }

  static constexpr std::uint64_t retry_ns = 200'000'000;
  PeerDesk& desk_;
  std::string bank_;
  PeerGate gate_;
  psw_id step_{};
};

void PeerDesk::close(std::string_view bank, std::string_view why, const psw_history& shown) {
  if (known_.closed(bank)) return;
  auto gate = known_.gate(bank);
  gate.closed = true;
  gate.why = why;
  gate.by = by_history;
  gate.since_ms = core_.client.clock_ms();
  gate.expected = known_.highest(bank);
  gate.shown = shown;
  auto* job = closes_->take();
  if (job == nullptr) return;  // the next word of the bank shows it again
  known_.closing(bank);
  job->start(bank, std::move(gate));
}

// ---- asking ----

class PeerDesk::Asked {
 public:
  explicit Asked(PeerDesk& desk) noexcept : desk_(desk) {}
  void start(std::string_view bank, plugin_host::Participant& gateway, plugin_host::Call* call) {
    bank_ = bank;
    floor_ = desk_.known_.floor(bank);
    call->op.kind = PSW_OP_HELLO;
    call->op.call_deadline_ns = desk_.core_.now_ns() + call_deadline_ns(desk_.core_, gateway.name());
    call->completion = {[](void* context, const psw_reply& reply) { static_cast<Asked*>(context)->replied(reply); }, this};
    gateway.submit(desk_.core_.parts.loop, call);
  }

 private:
  void replied(const psw_reply& reply) {
    if (reply.code == PSW_OK && reply.body != nullptr) desk_.heard(bank_, sized_copy(static_cast<const psw_hello*>(reply.body)).history, &floor_);
    desk_.asked_->give_back(this);
  }
  PeerDesk& desk_;
  std::string bank_;
  PeerFloor floor_;
};

void PeerDesk::ask(std::string_view bank) {
  if (!known_.turn_to_ask(bank, core_.now_ns(), ask_every_ns)) return;
  auto* gateway = core_.gateway_of(bank, {});
  auto* job = gateway != nullptr ? asked_->take() : nullptr;
  auto* call = job != nullptr ? gateway->acquire(core_.parts.loop) : nullptr;
  if (call != nullptr) return job->start(bank, *gateway, call);
  if (job != nullptr) asked_->give_back(job);
}

// ---- what an operator wants ----

class PeerDesk::Command {
 public:
  explicit Command(PeerDesk& desk) noexcept : desk_(desk) {}
  void start(const PeerCommand& command, Reply<PeerAnswer> reply) {
    command_ = command;
    reply_ = reply;
    answer_ = PeerAnswer{};
    auto& core = desk_.core_;
    if (core.settings->config->bank(command.bank) == nullptr) return fail("bank_unknown");
    if (command.what == PeerCommand::What::close) return look();
    auto* gateway = core.gateway_of(command.bank, {});
    auto* call = gateway != nullptr ? gateway->acquire(core.parts.loop) : nullptr;
    if (call == nullptr) return fail("no_connector");
    answer_.connector = gateway->name();
    call->op.kind = PSW_OP_HELLO;
    call->op.call_deadline_ns = core.now_ns() + call_deadline_ns(core, gateway->name());
    call->completion = {[](void* context, const psw_reply& reply) { static_cast<Command*>(context)->replied(reply); }, this};
    asked_ns_ = core.now_ns();
    asked_ms_ = core.parts.clock->wall_ms();
    gateway->submit(core.parts.loop, call);
  }

 private:
  using What = PeerCommand::What;

  void replied(const psw_reply& reply) {
    auto& core = desk_.core_;
    if (reply.code != PSW_OK || reply.body == nullptr) return fail("no_answer", view(reply.reason));
    const auto hello = sized_copy(static_cast<const psw_hello*>(reply.body));
    answer_.asked = true;
    answer_.shown = hello.history;
    answer_.clock_ms = hello.clock_ms;
    answer_.took_ms = static_cast<std::int64_t>((core.now_ns() - asked_ns_) / 1'000'000);
    if (hello.clock_ms != 0) answer_.offset_ms = hello.clock_ms - (asked_ms_ + answer_.took_ms / 2);
    look();
  }
  void look() {
    if (!desk_.look_again<&Command::looked>(command_.bank, this)) fail("ledger_busy");
  }
  void looked(const ledger::ReadReply& reply) {
    if (!desk_.take(command_.bank, reply)) return fail("ledger_busy");
    gate_ = desk_.known_.gate(command_.bank);
    if (command_.what == What::test) return done();
    auto& shown = answer_.shown;
    const bool tells = !is_zero(shown.ledger);
    switch (command_.what) {
      case What::close:
        if (gate_.closed) return fail("already", gate_.why);
        gate_.closed = true;
        gate_.why = "operator";
        gate_.expected = gate_.shown = psw_history{};
        break;
      case What::open:
        if (!gate_.closed) return fail("already");
        if (tells && !is_zero(gate_.ledger) && !same(gate_.ledger, shown.ledger)) return fail("other_ledger");
        gate_.closed = false;
        gate_.why.clear();
        if (tells) gate_.ledger = shown.ledger;
        if (tells) gate_.epoch = shown.epoch;
        gate_.story += 1;
        break;
      case What::accept_ledger:
        if (!tells) return fail("no_history");
        if (!is_zero(command_.ledger) && !same(command_.ledger, shown.ledger)) return fail("other_ledger");
        if (same(gate_.ledger, shown.ledger) && gate_.epoch == shown.epoch) return fail("already");
        gate_.ledger = shown.ledger;
        gate_.epoch = shown.epoch;
        gate_.story += 1;
        break;
      case What::test: break;
    }
    gate_.by = command_.actor;
    gate_.since_ms = desk_.core_.client.clock_ms();
    const bool asked = desk_.core_.client.read<&Command::looked_seen>(ledger::ReadWhat::kv, this, [this](psw_read& read, ledger::EntryBuilder& keep) {
      read.key = keep.keep(peer_seen_prefix, command_.bank);
      read.limit = 1;
    });
    if (!asked) fail("ledger_busy");
  }
  void looked_seen(const ledger::ReadReply& reply) {
    if (!reply.ok()) return fail("ledger_busy");
    auto write = desk_.core_.client.begin();
    if (!write) return fail("ledger_busy");
    desk_.write_gate(write.entry, command_.bank, gate_, gate_.version);
    if (command_.what != What::close && !is_zero(answer_.shown.ledger)) {
      // The measure begins anew in the same write, or what was stored before would close the bank again.
      std::uint64_t version = 0;
      const auto key = write.entry.keep(peer_seen_prefix, command_.bank);
      for (const auto& kv : reply.rows<psw_kv>())
        if (view(kv.key) == view(key)) version = kv.version;
      write.entry.kv(view(key), encode_seen(answer_.shown), version);
    }
    desk_.core_.client.write<&Command::written>(write, desk_.core_.new_id(), this);
  }
  void written(const ledger::WriteReply& reply) {
    if (reply.what() != ledger::Written::applied) return fail(reply.what() == ledger::Written::conflict ? "changed_meanwhile" : "ledger_busy", reply.reason());
    gate_.version += 1;
    desk_.known_.stored_gate(command_.bank, gate_);
    if (command_.what != What::close && !is_zero(answer_.shown.ledger)) desk_.known_.begin_at(command_.bank, answer_.shown);
    if (!gate_.closed) desk_.core_.recovery->bank_alive(command_.bank);
    desk_.core_.notice(gate_.closed ? Notice::peer_closed : Notice::peer_opened, psw_id{}, command_.bank, command_.actor);
    done();
  }
  void fail(std::string_view why, std::string_view detail = {}) {
    answer_.why = why;
    answer_.detail = detail;
    gate_ = desk_.known_.gate(command_.bank);
    finish();
  }
  void done() {
    answer_.ok = true;
    finish();
  }
  void finish() {
    answer_.gate = gate_;
    const auto reply = reply_;
    reply(answer_);
    desk_.commands_->give_back(this);
  }

  PeerDesk& desk_;
  PeerCommand command_;
  Reply<PeerAnswer> reply_;
  PeerAnswer answer_;
  PeerGate gate_;
  std::uint64_t asked_ns_ = 0;
  std::int64_t asked_ms_ = 0;
};

void PeerDesk::command(const PeerCommand& command, Reply<PeerAnswer> reply) {
  auto* job = commands_->take();
  if (job != nullptr) return job->start(command, reply);
  PeerAnswer busy;
  busy.why = "ledger_busy";
  reply(busy);
}

PeerDesk::PeerDesk(Core& core, PeerHistory& known)
    : core_(core), known_(known), closes_(std::make_unique<Pool<Close, PeerDesk>>(*this, closes_max)), asked_(std::make_unique<Pool<Asked, PeerDesk>>(*this, asked_max)),
      commands_(std::make_unique<Pool<Command, PeerDesk>>(*this, commands_max)) {}
PeerDesk::~PeerDesk() = default;

// ---- what other daemons stored, and what is new ----

void PeerDesk::tick() {
  const std::uint64_t now = core_.now_ns();
  if (looking_ || core_.settings->config->banks.empty() || !known_.turn_to_look(now, look_every_ns)) return;
  for (const auto& bank : known_.put_off()) ask(bank);
  const bool asked = core_.client.read<&PeerDesk::scanned_gates>(ledger::ReadWhat::kv, this, [](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep(peer_gate_prefix);
    read.limit = page;
  });
  if (!asked) return;
  looking_ = true;  // before the call: it may be answered from inside
  const bool goes_on = core_.client.read<&PeerDesk::scanned_seen>(ledger::ReadWhat::kv, this, [](psw_read& read, ledger::EntryBuilder& keep) {
    read.space = keep.keep(peer_seen_prefix);
    read.limit = page;
  });
  if (!goes_on) looking_ = false;
}

void PeerDesk::scanned_gates(const ledger::ReadReply& reply) {
  if (!reply.ok()) return;
  core_.client.saw(reply);
  for (const auto& kv : reply.rows<psw_kv>()) {
    const auto key = view(kv.key);
    if (key.substr(0, peer_gate_prefix.size()) == peer_gate_prefix) take(key.substr(peer_gate_prefix.size()), reply);
  }
}

void PeerDesk::scanned_seen(const ledger::ReadReply& reply) {
  looking_ = false;
  if (!reply.ok()) return;
  for (const auto& kv : reply.rows<psw_kv>()) {
    const auto key = view(kv.key);
    if (key.substr(0, peer_seen_prefix.size()) != peer_seen_prefix) continue;
    if (const auto seen = decode_seen(view(kv.value))) known_.stored_seen(key.substr(peer_seen_prefix.size()), *seen, kv.version);
  }
  save_seen();
}

// Only beside the gate it was heard under: an opening in the meantime wins.
void PeerDesk::save_seen() {
  if (core_.draining) return;
  const auto unsaved = known_.unsaved();
  if (unsaved.empty()) return;
  auto write = core_.client.begin();
  if (!write) return;
  std::size_t n = 0;
  for (const auto& one : unsaved) {
    if (++n > 64) break;  // the others at the next turn
    write.entry.kv(view(write.entry.keep(peer_seen_prefix, one.bank)), encode_seen(one.seen), one.version);
    write.entry.guard_kv(view(write.entry.keep(peer_gate_prefix, one.bank)), known_.gate_version(one.bank), gate_changed);
  }
  core_.client.write<&PeerDesk::saved>(write, core_.new_id(), this);
}
void PeerDesk::saved(const ledger::WriteReply&) {}  // read at the next look, whatever became of it

}  // namespace payswitch::daemon::transfer
