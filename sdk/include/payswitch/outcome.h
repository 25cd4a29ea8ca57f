// The six words an answer of another bank can mean, and which operation may use which. Everything else is unknown.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <string_view>

namespace payswitch {

enum class Outcome : std::int32_t {
  unknown = PSW_UNKNOWN,
  applied = PSW_APPLIED,
  refused = PSW_REFUSED,
  pending = PSW_PENDING,
  not_found = PSW_NOT_FOUND,
  not_sent = PSW_NOT_SENT,
};

enum class Code : std::int32_t {
  ok = PSW_OK,
  rule = PSW_RULE,
  exists = PSW_EXISTS,
  conflict = PSW_CONFLICT,
  absent = PSW_ABSENT,
  invalid = PSW_INVALID,
  timeout = PSW_TIMEOUT,
  unavailable = PSW_UNAVAILABLE,
  overloaded = PSW_OVERLOADED,
  protocol = PSW_PROTOCOL,
  not_supported = PSW_NOT_SUPPORTED,
  internal = PSW_INTERNAL,
};

constexpr std::string_view name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::unknown: return "unknown";
    case Outcome::applied: return "applied";
    case Outcome::refused: return "refused";
    case Outcome::pending: return "pending";
    case Outcome::not_found: return "not_found";
    case Outcome::not_sent: return "not_sent";
  }
  return "unknown";
}
constexpr std::string_view name(Code code) noexcept {
  switch (code) {
    case Code::ok: return "ok";
    case Code::rule: return "rule";
    case Code::exists: return "exists";
    case Code::conflict: return "conflict";
    case Code::absent: return "absent";
    case Code::invalid: return "invalid";
    case Code::timeout: return "timeout";
    case Code::unavailable: return "unavailable";
    case Code::overloaded: return "overloaded";
    case Code::protocol: return "protocol";
    case Code::not_supported: return "not_supported";
    case Code::internal: return "internal";
  }
  return "internal";
}

// R5: a code that this build does not know is `internal`.
constexpr Code code_of(std::int32_t code) noexcept {
  return code >= PSW_OK && code <= PSW_INTERNAL ? static_cast<Code>(code) : Code::internal;
}

constexpr bool may_answer(std::int32_t op_kind, Outcome outcome) noexcept {
  switch (op_kind) {
    case PSW_OP_CREDIT: return outcome != Outcome::not_found;
    case PSW_OP_QUERY: return outcome != Outcome::not_sent;
    case PSW_OP_CANCEL: return outcome == Outcome::applied || outcome == Outcome::refused || outcome == Outcome::unknown;
    default: return outcome == Outcome::unknown;  // no other operation decides about money at another bank
  }
}
// What the host makes of a word: one that is not known, or not allowed for this operation, is unknown.
constexpr Outcome outcome_of(std::int32_t op_kind, std::int32_t word) noexcept {
  if (word < PSW_UNKNOWN || word > PSW_NOT_SENT) return Outcome::unknown;
  const auto outcome = static_cast<Outcome>(word);
  return may_answer(op_kind, outcome) ? outcome : Outcome::unknown;
}

constexpr std::string_view op_name(std::int32_t kind) noexcept {
  switch (kind) {
    case PSW_OP_WRITE: return "write";
    case PSW_OP_READ: return "read";
    case PSW_OP_LEASE_DUE: return "lease_due";
    case PSW_OP_CREDIT: return "credit";
    case PSW_OP_QUERY: return "query";
    case PSW_OP_CANCEL: return "cancel";
    case PSW_OP_RECALL: return "recall";
    case PSW_OP_RECONCILE: return "reconcile";
    case PSW_OP_HELLO: return "hello";
    case PSW_OP_LOOKUP: return "lookup";
    case PSW_OP_LOGIN_BEGIN: return "login_begin";
    case PSW_OP_LOGIN_FINISH: return "login_finish";
    case PSW_OP_COMMAND: return "command";
    default: return "unknown_operation";
  }
}

}  // namespace payswitch
