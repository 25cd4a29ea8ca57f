// What may never change is stored with the ledger (domain.md, Identity): configuration that contradicts it is refused at start
// and at reload, with both names. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace payswitch::daemon::config {

struct StoredIdentity {
  std::string bank;    // our own code
  std::string prefix;  // our own
  std::map<std::string, std::int32_t, std::less<>> currencies;           // code → exponent
  std::map<std::string, std::vector<std::string>, std::less<>> banks;    // counterparties' codes; prefixes only name a renamed one

  bool operator==(const StoredIdentity&) const = default;
};

// What a ledger that was just made is to store, or one whose configuration got a new bank or currency.
StoredIdentity identity_of(const Config& config);

// Empty when the configuration may run over the ledger. New banks and currencies are no contradiction; a stored one that is
// missing, has another exponent or another name is. Every sentence names both sides.
std::vector<std::string> contradictions(const Config& config, const StoredIdentity& stored);

// The bytes kept under the ledger's kv key. Text, one fact a line, sorted; the first line is the version.
inline constexpr std::string_view identity_kv_key = "switch/identity";
std::string encode(const StoredIdentity& identity);
Result<StoredIdentity> decode(std::string_view bytes);

}  // namespace payswitch::daemon::config
