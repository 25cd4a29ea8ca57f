// What waits in the inbox of a lane: a call, or an event.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>

#include "base/mpsc.h"

namespace payswitch::daemon::plugin_host {

class LaneNode : public MpscNode {
 public:
  enum class Kind : std::uint8_t { call, event };
  explicit LaneNode(Kind kind) noexcept : kind_(kind) {}
  Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

// Owned by whoever made it until it is posted, then by the lane, which calls recycle() when the plugin has seen the event (at the next
// take() on its lane) or never will.
class EventNode : public LaneNode {
 public:
  EventNode() noexcept : LaneNode(Kind::event) { event.size = sizeof event; }
  virtual ~EventNode() = default;
  virtual void recycle() noexcept { delete this; }

  psw_event event{};
};

}  // namespace payswitch::daemon::plugin_host
