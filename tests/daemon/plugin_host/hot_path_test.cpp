// Once a call's slot has been used, an operation allocates nothing: neither host nor border.
#include <cstdlib>
#include <new>

#include "daemon/plugin_host/world.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::uint64_t> allocations{0};

void* counted(std::size_t bytes) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace payswitch::daemon::plugin_host {
namespace {

struct Small {
  int times = 0;
  static void take(void* context, const psw_reply&) { ++static_cast<Small*>(context)->times; }
};

void send(World& world, Participant& p, Small& seen) {
  Call* const call = p.acquire(0);
  ASSERT_NE(call, nullptr);
  auto* const body = new (call->arena().allocate(sizeof(psw_credit), alignof(psw_credit))) psw_credit{};
  body->size = sizeof(psw_credit);
  call->op.kind = PSW_OP_CREDIT;
  call->op.body = body;
  call->op.call_deadline_ns = world.clock().monotonic_ns() + 1'000'000'000;
  call->completion = {Small::take, &seen};
  p.submit(0, call);
}

TEST(plugin_host_hot_path, a_used_slot_carries_an_operation_without_any_allocation) {
  World world(false);
  // The plugin of fixtures/ allocates nothing per answer: its strings are short.
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway"));
  Small seen;
  for (int i = 0; i < 64; ++i) send(world, *jh, seen);
  world.run();
  ASSERT_EQ(seen.times, 64);
  counting = true;
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 64; ++i) send(world, *jh, seen);
    world.run();
  }
  counting = false;
  EXPECT_EQ(seen.times, 64 * 11);
  EXPECT_EQ(allocations.load(), 0u);
}

TEST(plugin_host_hot_path, a_body_larger_than_the_first_buffer_allocates_once_per_slot) {
  World world(false);
  Participant* const jh = world.up(World::settings("jh", "scripted:gateway"));
  const auto large = [&] {
    Call* const call = jh->acquire(0);
    std::memset(call->arena().allocate(20'000, 8), 1, 20'000);
    jh->cancel(0, call);
  };
  large();
  allocations = 0;
  counting = true;
  for (int i = 0; i < 100; ++i) large();
  counting = false;
  EXPECT_EQ(allocations.load(), 0u);
}

}  // namespace
}  // namespace payswitch::daemon::plugin_host
