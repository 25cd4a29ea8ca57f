// A service call under way: what the plugin asked (copied), where it goes, and the answer as PSW_EV_DONE on the lane it named.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <new>

#include "plugin_host/arena.h"
#include "plugin_host/connector.h"
#include "plugin_host/instance_services.h"
#include "plugin_host/lane.h"
#include "plugin_host/reply_copy.h"

namespace payswitch::daemon::plugin_host {

class ServiceCall : public EventNode, public LoopWork {
 public:
  ServiceCall(Connector& connector, Lane& lane, std::uint64_t token) noexcept : connector_(connector), lane_(lane) {
    event.kind = PSW_EV_DONE;
    event.token = token;
  }
  void recycle() noexcept override {
    connector_.services().answer_seen();
    delete this;
  }
  void run(unsigned) noexcept override {}

  Connector& connector() noexcept { return connector_; }
  Arena& request_arena() noexcept { return request_; }
  Arena& answer_arena() noexcept { return answer_; }

  // To a loop, where run() is called. Any thread.
  void go(unsigned loop) noexcept {
    connector_.core().loops[loop]->work.push(this);
    connector_.core().wake(loop);
  }
  // The answer lies in reply_ or anywhere in answer_arena(); this object is the lane's from here on. Any thread.
  void done(const void* body) noexcept {
    event.body = body;
    lane_.post(this, true);
  }
  void done(const psw_reply& reply, std::int32_t like_op) noexcept {
    psw_op op{};
    op.size = sizeof op;
    op.kind = like_op;
    copy_reply(op, reply, reply_, answer_);
    done(&reply_);
  }
  void refuse(std::int32_t code, const char* reason, const char* text) noexcept {
    reply_ = host_reply(code, PSW_UNKNOWN, reason, text);
    done(&reply_);
  }
  psw_reply& reply() noexcept { return reply_; }

 private:
  Connector& connector_;
  Lane& lane_;
  psw_reply reply_{};
  Arena request_;
  Arena answer_;
};

// nullptr: `code` says why (no such lane, too many answers under way, no memory).
template <class Call, class... Arguments>
Call* make_service_call(void* ctx, std::uint32_t lane_index, std::uint64_t token, std::int32_t& code, Arguments&&... arguments) noexcept {
  Connector& connector = *static_cast<Connector*>(ctx);
  Lane* const lane = connector.services().lane(lane_index);
  if (lane == nullptr) {
    connector.broken_rule("service call: no such lane");
    code = PSW_INVALID;
    return nullptr;
  }
  if (!connector.services().reserve_answer()) {
    connector.counters().services_refused->add();
    code = PSW_OVERLOADED;
    return nullptr;
  }
  Call* const call = new (std::nothrow) Call(connector, *lane, token, std::forward<Arguments>(arguments)...);
  if (call == nullptr) {
    connector.services().answer_seen();
    code = PSW_OVERLOADED;
  }
  return call;
}

}  // namespace payswitch::daemon::plugin_host
