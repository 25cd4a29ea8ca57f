// The local path (deposit, withdraw, transfer, hold, post) makes no allocation once it is warm: counted by a global operator new, over
// the real coordinator and a ledger that answers yes from memory of its own. What the engine allocates is the engine's.
#include <gtest/gtest.h>

#include <payswitch/record.h>
#include <payswitch/str.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <memory_resource>
#include <new>
#include <optional>

#include "base/clock.h"
#include "transfer/coordinator.h"

namespace {
std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t size) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted(size); }
void* operator new(std::size_t size, std::align_val_t align) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  const auto alignment = static_cast<std::size_t>(align);
  if (void* memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace payswitch::daemon::transfer {
namespace {

class FixedCall final : public plugin_host::Call {
 public:
  std::pmr::memory_resource& arena() noexcept override { return memory; }
  std::array<std::byte, 16 * 1024> buffer;
  std::pmr::monotonic_buffer_resource memory{buffer.data(), buffer.size(), std::pmr::null_memory_resource()};
  bool taken = false;
};

// Says applied to every entry, remembers the last record, and gives it back when it is read.
class YesLedger final : public plugin_host::Participant {
 public:
  std::string_view name() const noexcept override { return "books"; }
  std::string_view bank() const noexcept override { return {}; }
  std::uint64_t capabilities() const noexcept override { return 0; }
  plugin_host::ConnectorState state() const noexcept override { return plugin_host::ConnectorState::up; }
  bool available() const noexcept override { return true; }
  plugin_host::Call* acquire(unsigned) noexcept override {
    for (auto& call : calls_)
      if (!call.taken) {
        call.taken = true;
        call.op = psw_op{};
        return &call;
      }
    return nullptr;
  }
  void cancel(unsigned, plugin_host::Call* call) noexcept override { release(static_cast<FixedCall*>(call)); }
  bool try_read(unsigned, plugin_host::Call* call) noexcept override {
    psw_reply reply = empty();
    const auto& read = *static_cast<const psw_read*>(call->op.body);
    if (read.what == PSW_ROWS_RECORDS) reply.rows = {&record_, 1, sizeof record_};
    answer(static_cast<FixedCall*>(call), reply);
    return true;
  }
  void submit(unsigned, plugin_host::Call* call) noexcept override { waiting_[waiting_n_++] = static_cast<FixedCall*>(call); }

  // What was submitted is answered.
  void run() {
    while (waiting_n_ != 0) {
      auto* call = waiting_[--waiting_n_];
      psw_reply reply = empty();
      if (call->op.kind == PSW_OP_WRITE) {
        const auto& entry = *static_cast<const psw_entry*>(call->op.body);
        for (const auto& record : Rows<psw_record>(entry.records)) remember(record);
        reply.outcome = PSW_APPLIED;
        ++writes;
      }
      answer(call, reply);
    }
  }
  std::uint64_t writes = 0;

 private:
  static psw_reply empty() {
    psw_reply reply{};
    reply.size = sizeof reply;
    reply.failed = -1;
    reply.clock_ms = 1'750'000'000'000;
    return reply;
  }
  void answer(FixedCall* call, const psw_reply& reply) {
    const auto completion = call->completion;
    completion.function(completion.context, reply);
    release(call);
  }
  void release(FixedCall* call) noexcept {
    call->memory.release();
    call->taken = false;
  }
  void remember(const psw_record& record) {
    record_ = record;
    record_.version += 1;
    std::size_t at = 0;
    for (psw_str* text : {&record_.payer, &record_.payee, &record_.principal, &record_.connector, &record_.bank, &record_.lease_owner, &record_.reason, &record_.reference_tag,
                          &record_.detail, &record_.note}) {
      if (text->size == 0) continue;
      std::memcpy(texts_.data() + at, text->data, text->size);
      text->data = texts_.data() + at;
      at += text->size;
    }
  }

  std::array<FixedCall, 64> calls_;
  std::array<FixedCall*, 64> waiting_{};
  std::size_t waiting_n_ = 0;
  psw_record record_{};
  std::array<char, 8192> texts_{};
};

std::uint64_t next_random(void* context) { return ++*static_cast<std::uint64_t*>(context); }

struct Switch {
  Switch() {
    config::Config made;
    made.self.bank = "mj";
    made.self.prefix = "mj-";
    made.self.currencies["KRW"] = 0;
    made.self.timezone = "Asia/Seoul";
    made.cash.allow = config::CashAllow::service;
    made.limits.transfer["KRW"].per_owner_day = 1'000'000'000;  // limits are guards: with them the entry is at its largest
    made.limits.transfer["KRW"].per_account_day = 1'000'000'000;
    made.limits.transfer["KRW"].per_account_day_count = 1'000'000;
    Parts parts;
    parts.ledger = &ledger;
    parts.clock = &clock;
    parts.random = {next_random, &random};
    coordinator.emplace(parts, make_settings(std::make_shared<const config::Config>(std::move(made)), std::string(32, 'k')));
  }
  MoneyCommand money(TransferKind kind, std::string_view key) const {
    MoneyCommand command;
    command.kind = kind;
    command.caller = Caller("alice-with-a-name-longer-than-any-small-string-buffer", auth::scopes_all);
    command.idempotency_key = key;
    if (kind != TransferKind::deposit) command.payer = "mj-1234567890-of-alice";
    if (kind != TransferKind::withdraw) command.payee = "mj-1234567890-of-anna";
    command.amount_minor = 1'000;
    command.currency = "KRW";
    command.reference = "rent for July, flat 7";
    return command;
  }
  void pay(const MoneyCommand& command) {
    coordinator->pay(command, {told, this});
    ledger.run();
  }
  void resolve(HoldAction action) {
    HoldCommand command;
    command.action = action;
    command.caller = Caller("alice-with-a-name-longer-than-any-small-string-buffer", auth::scopes_all);
    command.idempotency_key = "post-key";
    command.transfer = last_id;
    coordinator->resolve_hold(command, {told, this});
    ledger.run();
  }
  static void told(void* context, const TransferAnswer& answer) {
    auto& self = *static_cast<Switch*>(context);
    ++self.answers;
    self.code = answer.code;
    if (answer.transfer != nullptr) {
      self.last_id = answer.transfer->id;
      self.state = answer.transfer->state;
    }
  }
  void everything() {
    for (const auto kind : {TransferKind::deposit, TransferKind::withdraw, TransferKind::transfer}) {
      pay(money(kind, "a-key-of-the-client"));
      ASSERT_EQ(code, ErrorCode::none);
      ASSERT_EQ(state, TransferState::completed);
    }
    for (const auto action : {HoldAction::post, HoldAction::void_hold}) {
      auto hold = money(TransferKind::transfer, "a-key-of-the-hold");
      hold.mode = Mode::hold;
      pay(hold);
      ASSERT_EQ(state, TransferState::held);
      resolve(action);
      ASSERT_EQ(code, ErrorCode::none) << name(code);
      ASSERT_EQ(state, action == HoldAction::post ? TransferState::completed : TransferState::voided);
    }
  }

  YesLedger ledger;
  ManualClock clock;
  std::uint64_t random = 1;
  std::optional<Coordinator> coordinator;
  psw_id last_id{};
  TransferState state = TransferState::none;
  ErrorCode code = ErrorCode::internal;
  std::uint64_t answers = 0;
};

}  // namespace

TEST(Allocation, the_counter_counts) {
  counting = true;
  allocations = 0;
  delete new int(7);
  counting = false;
  EXPECT_GE(allocations.load(), 1u);
}

TEST(Allocation, the_local_path_makes_none_after_warm_up) {
  const auto with = std::make_unique<Switch>();
  for (int i = 0; i != 3; ++i) with->everything();
  const auto answers = with->answers;
  allocations = 0;
  counting = true;
  for (int i = 0; i != 100; ++i) with->everything();
  counting = false;
  EXPECT_EQ(with->answers - answers, 700u);
  EXPECT_EQ(allocations.load(), 0u);
}

}  // namespace payswitch::daemon::transfer
