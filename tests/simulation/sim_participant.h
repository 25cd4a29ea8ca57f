// Participants without threads: calls are taken, kept, and answered when the driver says so.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <memory_resource>
#include <optional>
#include <string>
#include <vector>

#include "local_ledger/engine.h"
#include "memory_storage.h"
#include "plugin_host/participant.h"
#include "local_ledger/reads.h"

namespace payswitch::simulation {

using daemon::plugin_host::Call;

class SimCall final : public Call {
 public:
  std::pmr::memory_resource& arena() noexcept override { return memory_; }
  unsigned loop = 0;
  bool dead = false;  // its daemon crashed: nobody is called

 private:
  std::array<std::byte, 8192> buffer_;
  std::pmr::monotonic_buffer_resource memory_{buffer_.data(), buffer_.size()};
};

// Everything but what happens to a call. One thread; `loop` tells daemons apart.
class SimParticipant : public daemon::plugin_host::Participant {
 public:
  SimParticipant(std::string name, std::string bank) : name_(std::move(name)), bank_(std::move(bank)) {}
  std::string_view name() const noexcept override { return name_; }
  std::string_view bank() const noexcept override { return bank_; }
  daemon::plugin_host::ConnectorState state() const noexcept override {
    return up ? daemon::plugin_host::ConnectorState::up : daemon::plugin_host::ConnectorState::down;
  }
  bool available() const noexcept override { return up; }
  Call* acquire(unsigned loop) noexcept override {
    calls_.push_back(std::make_unique<SimCall>());
    calls_.back()->loop = loop;
    return calls_.back().get();
  }
  void cancel(unsigned, Call* call) noexcept override { drop(static_cast<SimCall*>(call)); }
  bool try_read(unsigned, Call*) noexcept override { return false; }
  // The daemon of this loop is gone: what it was waiting for comes to nobody.
  virtual void crash(unsigned loop) {
    for (auto& call : calls_)
      if (call->loop == loop) call->dead = true;
  }
  virtual void restart(unsigned) {}
  // What can happen now; false: nothing.
  virtual bool run() { return false; }

  bool up = true;

 protected:
  void complete(SimCall* call, const psw_reply& reply) {
    const auto completion = call->completion;
    const bool dead = call->dead;
    if (!dead && completion.function != nullptr) completion.function(completion.context, reply);
    drop(call);
  }
  void drop(SimCall* call) {
    const auto it = std::find_if(calls_.begin(), calls_.end(), [&](const auto& mine) { return mine.get() == call; });
    if (it != calls_.end()) calls_.erase(it);
  }
  static psw_reply empty_reply(std::int32_t code, std::int32_t outcome) {
    psw_reply reply{};
    reply.size = sizeof reply;
    reply.code = code;
    reply.outcome = outcome;
    reply.failed = -1;
    return reply;
  }

 private:
  std::string name_, bank_;
  std::vector<std::unique_ptr<SimCall>> calls_;
};

// The embedded ledger's own engine over files in memory.
class SimLedger final : public SimParticipant {
 public:
  explicit SimLedger(const daemon::Clock& clock, std::int64_t clock_ms = 0) : SimParticipant("books", ""), wall_(clock) {
    wall_.offset_ms = clock_ms;
    open();
  }
  MemoryStorage& storage() noexcept { return storage_; }
  std::uint64_t capabilities() const noexcept override { return 0; }
  void submit(unsigned, Call* call) noexcept override { queue_.push_back(static_cast<SimCall*>(call)); }
  bool try_read(unsigned, Call* call) noexcept override {
    if (!reads_at_once) return false;
    auto reply = empty_reply(PSW_OK, PSW_UNKNOWN);
    // Every nested read gets a buffer of its own here; the real plugin has one per thread.
    const auto buffer = std::make_unique<local_ledger::ReadBuffer>();
    const auto& read = *static_cast<const psw_read*>(call->op.body);
    if (!reads_->answer(read, reply, *buffer)) return false;
    if (hide && hide(read)) reply = empty_reply(PSW_ABSENT, PSW_UNKNOWN);
    complete(static_cast<SimCall*>(call), reply);
    return true;
  }

  // One batch: decided in order, committed, answered. `lose_answer` says which answers never come back (they are reported as unknown).
  bool run() override {
    if (queue_.empty()) return false;
    std::deque<SimCall*> batch;
    batch.swap(queue_);
    std::vector<psw_reply> replies(batch.size());
    engine_->begin();
    for (std::size_t i = 0; i != batch.size(); ++i) {
      replies[i] = empty_reply(PSW_OK, PSW_UNKNOWN);
      const auto& op = batch[i]->op;
      if (op.kind == PSW_OP_WRITE && batch[i]->dead && lose_writes_of_the_dead) continue;
      for (;;) {
        auto taken = local_ledger::Engine::Taken::done;
        if (op.kind == PSW_OP_WRITE && instead_of_write) {
          replies[i] = *instead_of_write;
          break;
        }
        if (op.kind == PSW_OP_WRITE) taken = engine_->write(*static_cast<const psw_entry*>(op.body), replies[i]);
        if (op.kind == PSW_OP_LEASE_DUE) taken = engine_->lease_due(*static_cast<const psw_read*>(op.body), replies[i]);
        if (taken == local_ledger::Engine::Taken::done) break;
        if (const auto status = engine_->commit(); !status.ok()) throw std::runtime_error(status.error);
      }
    }
    if (const auto status = engine_->commit(); !status.ok()) throw std::runtime_error(status.error);
    for (std::size_t i = 0; i != batch.size(); ++i) {
      const auto kind = batch[i]->op.kind;
      local_ledger::ReadBuffer buffer;
      if (kind == PSW_OP_READ) reads_->answer(*static_cast<const psw_read*>(batch[i]->op.body), replies[i], buffer);
      if (kind == PSW_OP_HELLO) reads_->hello(replies[i], buffer);
      if (kind == PSW_OP_WRITE && lose_answer && lose_answer()) replies[i] = empty_reply(PSW_TIMEOUT, PSW_UNKNOWN);
      complete(batch[i], replies[i]);
    }
    return true;
  }
  local_ledger::Engine& engine() noexcept { return *engine_; }
  const local_ledger::Reads& reads() const noexcept { return *reads_; }

  // The disk of this bank, to be put back later: it then knows nothing of what happened since. Its daemons must be down meanwhile.
  std::map<std::string, std::vector<char>> backup() const { return storage_.copy(); }
  void restore(const std::map<std::string, std::vector<char>>& files) {
    queue_.clear();
    reads_.reset();
    engine_.reset();
    storage_.put_back(files);
    open();
  }

  // This bank's clock is apart from the others'.
  void set_clock_offset_ms(std::int64_t ms) noexcept { wall_.offset_ms = ms; }

  bool reads_at_once = true;
  bool lose_writes_of_the_dead = false;
  std::function<bool()> lose_answer;
  std::function<bool(const psw_read&)> hide;    // these reads find nothing: a replica that is behind
  std::optional<psw_reply> instead_of_write;    // no write is looked at, each is answered so

 private:
  void open() {
    local_ledger::EngineOptions options;
    options.own_thread = false;
    options.segment_bytes = 4 * 1024 * 1024;
    local_ledger::JournalReport report;
    const auto status = local_ledger::Engine::open(storage_, wall_, options, engine_, report);
    if (!status.ok()) throw std::runtime_error(status.error);
    reads_ = std::make_unique<local_ledger::Reads>(*engine_);
  }

  class Wall final : public local_ledger::WallClock {
   public:
    explicit Wall(const daemon::Clock& clock) : clock_(clock) {}
    std::int64_t wall_ms() const override { return clock_.wall_ms() + offset_ms; }
    std::int64_t monotonic_ms() const override { return static_cast<std::int64_t>(clock_.monotonic_ns() / 1'000'000); }
    std::int64_t offset_ms = 0;

   private:
    const daemon::Clock& clock_;
  };
  MemoryStorage storage_;
  Wall wall_;
  std::unique_ptr<local_ledger::Engine> engine_;
  std::unique_ptr<local_ledger::Reads> reads_;
  std::deque<SimCall*> queue_;
};

}  // namespace payswitch::simulation
