// Who carries out operations, as ledger/ and transfer/ see it: a ledger, a gateway or a login behind the border. The daemon's
// implementation is ConnectorHandle; simulator and tests bring their own.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <memory_resource>
#include <string_view>

namespace payswitch::daemon::plugin_host {

// How a reply comes back: on the loop that submitted, exactly once, as plain function + context. `reply` and all it points to
// is borrowed for the call.
struct Completion {
  void (*function)(void* context, const psw_reply& reply) = nullptr;
  void* context = nullptr;
};

// One operation: its memory and its way back. Taken from the participant, filled by the caller, given back by submit() or
// cancel(). The body is built in arena() and stays there until the plugin has replied, even if the completion has long been
// called with `unknown` because the call deadline passed: so nobody's memory is pulled away from a slow plugin.
class Call {
 public:
  virtual std::pmr::memory_resource& arena() noexcept = 0;
  psw_op op{};            // kind, call_deadline_ns, attempt, flags, trace and body are the caller's; handle and size the host's
  Completion completion;  // set before submit

 protected:
  ~Call() = default;
};

enum class ConnectorState : std::int32_t { starting = 0, up = 1, degraded = 2, down = 3, drained = 4, faulted = 5 };
std::string_view connector_state_name(ConnectorState state) noexcept;

class Participant {
 public:
  virtual ~Participant() = default;
  virtual std::string_view name() const noexcept = 0;  // of the instance, from configuration
  virtual std::string_view bank() const noexcept = 0;  // counterparty of a gateway; empty for ledger and login
  virtual std::uint64_t capabilities() const noexcept = 0;
  virtual ConnectorState state() const noexcept = 0;  // any thread
  // May a new credit be sent now (up or degraded, breaker not open, below the in-flight bound)? Any thread.
  virtual bool available() const noexcept = 0;
  // A free call of this loop, or nullptr when the in-flight bound is reached: the caller answers overloaded (gateway: not_sent).
  virtual Call* acquire(unsigned loop) noexcept = 0;
  // Hands it over; it reaches the lane when the loop's batch ends (Loop::after_batch). The completion is called on `loop`,
  // never from inside submit(). An operation that never left (connector down, inbox full) completes as not_sent for a credit,
  // else as unavailable, overloaded or not_supported, outcome unknown; its reason is then one of connector_starting,
  // connector_down, breaker_open, shutting_down, inbox_full, inbox_late, not_supported: nothing was done and nothing recorded.
  // Of an operation that did leave the host itself answers only unknown: code timeout (reason call_deadline), internal
  // (connector_faulted, reply_too_large) or unavailable (connector_stopped).
  virtual void submit(unsigned loop, Call* call) noexcept = 0;
  // Gives an unsubmitted call back.
  virtual void cancel(unsigned loop, Call* call) noexcept = 0;
  // Reads only: answers at once on this thread if the plugin can (psw_instance.try_read); `completion` then runs inside this call
  // and the call is given back. False: nothing happened, submit() it.
  virtual bool try_read(unsigned loop, Call* call) noexcept = 0;
};

}  // namespace payswitch::daemon::plugin_host
