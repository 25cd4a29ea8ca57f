#include "config/identity.h"

#include <algorithm>
#include <charconv>

namespace payswitch::daemon::config {
namespace {

constexpr std::string_view version_line = "payswitch-identity 1";

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> out;
  while (!line.empty()) {
    const auto space = line.find(' ');
    out.push_back(line.substr(0, space));
    line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
  }
  return out;
}

// A bank of the configuration that the ledger does not know and that has one of these prefixes: the stored one under a new name.
const Bank* renamed(const Config& config, const StoredIdentity& stored, const std::vector<std::string>& prefixes) {
  for (const Bank& bank : config.banks) {
    if (stored.banks.find(bank.code) != stored.banks.end()) continue;
    for (const std::string& prefix : bank.prefixes)
      if (std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end()) return &bank;
  }
  return nullptr;
}

}  // namespace

StoredIdentity identity_of(const Config& config) {
  StoredIdentity out{config.self.bank, config.self.prefix, config.self.currencies, {}};
  for (const Bank& bank : config.banks) out.banks[bank.code] = bank.prefixes;
  return out;
}

std::vector<std::string> contradictions(const Config& config, const StoredIdentity& stored) {
  std::vector<std::string> out;
  if (config.self.bank != stored.bank)
    out.push_back("switch.bank is " + quoted(config.self.bank) + ", the ledger belongs to bank " + quoted(stored.bank));
  if (config.self.prefix != stored.prefix)
    out.push_back("switch.prefix is " + quoted(config.self.prefix) + ", the ledger's accounts begin with " + quoted(stored.prefix));
  for (const auto& [code, exponent] : stored.currencies) {
    const auto found = config.self.currencies.find(code);
    if (found == config.self.currencies.end())
      out.push_back("switch.currencies lacks " + code + ", which the ledger keeps with exponent " + std::to_string(exponent));
    else if (found->second != exponent)
      out.push_back("switch.currencies." + code + " is " + std::to_string(found->second) + ", the ledger keeps it with exponent " + std::to_string(exponent));
  }
  for (const auto& [code, prefixes] : stored.banks) {
    if (code == config.self.bank && code != stored.bank) {
      out.push_back("switch.bank is " + quoted(code) + ", which the ledger knows as a counterparty");
      continue;
    }
    if (config.bank(code) != nullptr) continue;
    if (const Bank* bank = renamed(config, stored, prefixes))
      out.push_back("[bank." + bank->code + "] has the prefix of bank " + quoted(code) + ": a bank's code never changes, the ledger keeps its clearing account as " + quoted(code));
    else
      out.push_back("[bank." + code + "] is missing, the ledger keeps a clearing account of bank " + quoted(code));
  }
  for (const Bank& bank : config.banks)
    if (bank.code == stored.bank && config.self.bank != stored.bank)
      out.push_back("[bank." + bank.code + "] is the ledger's own bank " + quoted(stored.bank));
  return out;
}

std::string encode(const StoredIdentity& identity) {
  std::string out(version_line);
  out += "\nbank " + identity.bank + "\nprefix " + identity.prefix + "\n";
  for (const auto& [code, exponent] : identity.currencies) out += "currency " + code + " " + std::to_string(exponent) + "\n";
  for (const auto& [code, prefixes] : identity.banks) {
    out += "counterparty " + code;
    for (const std::string& prefix : prefixes) out += " " + prefix;
    out += "\n";
  }
  return out;
}

Result<StoredIdentity> decode(std::string_view bytes) {
  StoredIdentity out;
  std::size_t number = 0;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) return Error{"stored identity: line " + std::to_string(number + 1) + " has no end"};
    const std::vector<std::string_view> line = words(bytes.substr(0, end));
    const std::string_view whole = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    ++number;
    const Error unreadable{"stored identity: line " + std::to_string(number) + " cannot be read: \"" + std::string(whole) + "\""};
    if (number == 1) {
      if (whole != version_line) return unreadable;
    } else if (line.size() == 2 && line[0] == "bank") {
      out.bank = line[1];
    } else if (line.size() == 2 && line[0] == "prefix") {
      out.prefix = line[1];
    } else if (line.size() == 3 && line[0] == "currency") {
      std::int32_t exponent = 0;
      const auto [stop, code] = std::from_chars(line[2].data(), line[2].data() + line[2].size(), exponent);
      if (code != std::errc{} || stop != line[2].data() + line[2].size()) return unreadable;
      out.currencies[std::string(line[1])] = exponent;
    } else if (line.size() >= 2 && line[0] == "counterparty") {
      out.banks[std::string(line[1])] = {line.begin() + 2, line.end()};
    } else {
      return unreadable;
    }
  }
  if (out.bank.empty() || out.prefix.empty()) return Error{"stored identity: bank or prefix is missing"};
  return out;
}

}  // namespace payswitch::daemon::config
