// Which way money takes. Pure: an immutable table made from the configuration, a question, a decision with its trace.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace payswitch::daemon::transfer {

struct RouteQuestion {
  std::string_view payee;
  std::string_view currency;
  std::int64_t amount_minor = 0;
};

struct RouteTarget {
  std::string connector;
  std::string bank;  // the counterparty: the payee's bank, or one that forwards
};

enum class RouteKind : std::uint8_t {
  here,    // the payee is an account of this ledger
  other,   // `targets` in order
  none,    // nobody we know: no_route
};

struct RouteDecision {
  RouteKind kind = RouteKind::none;
  std::string_view bank;                           // the payee's, empty for here and none
  std::vector<const RouteTarget*> targets;         // borrowed from the table
  std::string trace;                               // "prefix jh- → bank jh; route 1: KRW ≤ 50000000: jh-http, jh-saga"
};

class RouteTable {
 public:
  RouteTable() = default;
  explicit RouteTable(const config::Config& config);

  // Longest prefix on the strings (ours included), then the bank's routes in file order (`when` filters), then the default routes
  // (bank = "*"). The first route that matches decides.
  RouteDecision find(const RouteQuestion& question) const;
  // The hot question, without a trace or an allocation: does this number lie here?
  bool is_here(std::string_view payee) const noexcept;
  // Of the configuration it was made from: the same text, the same version.
  std::uint64_t version() const noexcept { return version_; }
  // The bank whose prefix is the longest match; empty = ours or nobody's.
  std::string_view bank_of(std::string_view number) const noexcept;

 private:
  struct Prefix {
    std::string text;
    std::string bank;  // empty = ours
  };
  struct Row {
    std::string bank;
    config::RouteCondition when;
    std::vector<RouteTarget> targets;
  };
  const Prefix* longest(std::string_view number) const noexcept;

  std::vector<Prefix> prefixes_;  // longest first
  std::vector<Row> rows_;         // file order
  std::uint64_t version_ = 0;
};

}  // namespace payswitch::daemon::transfer
