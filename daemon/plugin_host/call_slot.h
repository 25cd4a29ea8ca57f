// One operation on its way through the border: memory, handle, deadline, way back. Slots live as long as their connector and are
// used again and again; the loop that acquired one owns it, except for what is marked.
#pragma once

#include <atomic>
#include <cstdint>

#include "plugin_host/arena.h"
#include "plugin_host/lane_node.h"
#include "plugin_host/participant.h"

namespace payswitch::daemon::plugin_host {

class Connector;

// handle = instance (12 bits) | slot (20 bits) | generation (32 bits). Zero is no handle: instances count from 1.
inline constexpr std::uint32_t instances_max = 4095;
inline constexpr std::uint32_t slots_per_instance_max = 1u << 20;
constexpr psw_handle make_handle(std::uint32_t instance, std::uint32_t slot, std::uint32_t generation) noexcept {
  return (static_cast<std::uint64_t>(instance) << 52) | (static_cast<std::uint64_t>(slot) << 32) | generation;
}
constexpr std::uint32_t handle_instance(psw_handle handle) noexcept { return static_cast<std::uint32_t>(handle >> 52); }
constexpr std::uint32_t handle_slot(psw_handle handle) noexcept { return static_cast<std::uint32_t>(handle >> 32) & 0xFFFFFu; }

class CallSlot final : public Call, public LaneNode {
 public:
  CallSlot(Connector& connector, std::uint32_t index, unsigned loop) noexcept
      : LaneNode(Kind::call), connector_(connector), index_(index), loop_(loop) {}

  std::pmr::memory_resource& arena() noexcept override { return request_; }

  Connector& connector() const noexcept { return connector_; }
  std::uint32_t index() const noexcept { return index_; }
  unsigned loop() const noexcept { return loop_; }

  // Where the handle stands while an answer may come, else 0. Set by take() before the plugin sees it; whoever exchanges it for 0
  // has the right to answer, so a second or stale completion finds nothing. Any thread.
  std::atomic<psw_handle> open{0};

  // Owner loop only.
  enum class State : std::uint8_t {
    idle,      // in the free list or with the caller
    sent,      // handed over, the caller waits
    deserted,  // answered by the host (call deadline, fault); the plugin has it still
  };
  State state = State::idle;
  std::uint32_t generation = 0;
  std::uint8_t lane = 0;
  bool probe = false;  // the breaker's own hello
  CallSlot* free_next = nullptr;
  CallSlot* timer_next = nullptr;  // in the deadline wheel
  CallSlot** timer_link = nullptr;
  std::uint64_t expires_ns = 0;    // call deadline + grace

  // Written by whoever answers, read by the loop after the slot came back.
  psw_reply reply{};
  bool never_left = false;  // answered by the host because the plugin never saw it
  bool taken = false;       // written by the lane's consumer before the plugin can see it; the loop reads it when taking is over

  // An answer will be written here next.
  void prefetch_answer() const noexcept {
    for (unsigned line = 0; line < 3; ++line) __builtin_prefetch(reinterpret_cast<const char*>(&reply) + line * 64, 1);
    answer_.prefetch();
  }
  // A request will be built here next: an entry of the ledger takes about 1.2 KiB, which the ledger's core looked at last time.
  void prefetch_request() const noexcept {
    for (unsigned line = 0; line < 3; ++line) __builtin_prefetch(reinterpret_cast<const char*>(this) + line * 64, 1);
    request_.prefetch(18);
  }
  Arena& request_arena() noexcept { return request_; }
  Arena& reply_arena() noexcept { return answer_; }

 private:
  Connector& connector_;
  std::uint32_t index_;
  unsigned loop_;
  Arena request_;
  Arena answer_;
};

}  // namespace payswitch::daemon::plugin_host
