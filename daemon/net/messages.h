// Log messages of this room.
#pragma once

#include "base/log.h"

namespace payswitch::daemon::net {

inline constexpr Message listening{"PSW-NET-001", Severity::notice, "listening",
    "A listener is open and takes connections at the address shown."};
inline constexpr Message accept_out_of_descriptors{"PSW-NET-002", Severity::error, "no file descriptor for a new connection",
    "The process or the host is out of file descriptors; new connections are closed at once and accepting pauses for a moment. "
    "Raise LimitNOFILE or lower the number of clients."};
inline constexpr Message accept_failed{"PSW-NET-003", Severity::error, "accepting a connection failed",
    "The kernel refused accept() with the error shown. Accepting pauses for a moment and goes on."};
inline constexpr Message connections_full{"PSW-NET-004", Severity::warning, "too many connections",
    "The listener has as many connections as its limit allows; further ones are answered 503 and closed."};
inline constexpr Message request_refused{"PSW-NET-005", Severity::info, "request refused before it reached a handler",
    "The request was malformed or too large; the reason is shown. The client got a 4xx answer and the connection was closed."};
inline constexpr Message connection_timed_out{"PSW-NET-006", Severity::info, "connection closed for being slow",
    "A client was slower than the limits allow: in sending the header or body, in reading its answer, or in the TLS handshake."};
inline constexpr Message tls_handshake_failed{"PSW-NET-007", Severity::info, "TLS handshake with a client failed",
    "The client broke off, speaks no TLS 1.3, or its certificate is missing or not from the configured authorities."};
inline constexpr Message draining{"PSW-NET-008", Severity::notice, "listener drains",
    "No new connections are taken; requests under way are finished."};
inline constexpr Message call_failed{"PSW-NET-009", Severity::info, "HTTP call failed",
    "An outgoing call did not get a complete answer. The phase says how far it came: from sent_some on, the peer may have acted."};

}  // namespace payswitch::daemon::net
