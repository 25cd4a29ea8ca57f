// Log messages of this room.
#pragma once

#include "base/log.h"

namespace payswitch::daemon::api {

inline constexpr Message request_answered{"PSW-API-001", Severity::debug, "a request was answered",
    "Method, path, status and time of each request, with the trace of its traceparent. Written at level debug only; no body, no credential."};

}  // namespace payswitch::daemon::api
