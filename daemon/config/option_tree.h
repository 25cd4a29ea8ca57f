// The options of one plugin instance, checked against the plugin's own key table, defaults applied. The host builds
// psw_host.get on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/node.h"

namespace payswitch::daemon::config {

// A value found by path, typed. Views live as long as the OptionTree.
struct OptionValue {
  ValueType type = ValueType::string;
  std::string_view text;      // string url path enumeration secret; currency of money
  std::int64_t integer = 0;   // integer; boolean 0/1; duration ns; size bytes; money minor units
  std::int32_t exponent = 0;  // money: of its currency, by [switch] currencies
  std::uint64_t count = 0;    // list, table: number of elements
  bool secret = false;
  const SourceLocation* where = nullptr;
};

// Immutable; any thread. Copies share the tree.
class OptionTree {
 public:
  OptionTree();
  // `path` is how errors name it, e.g. "connector.books.options".
  OptionTree(Node checked_table, std::string path, std::vector<std::pair<std::string, std::int32_t>> exponents);

  // "directory", "peer[2].url", "librdkafka.linger.ms" (the longest key that fits wins), "brokers[0]" (an element of a list).
  // Fails with a sentence when there is nothing (optional without default) or the value has another type than asked for.
  Result<OptionValue> get(std::string_view path, ValueType type) const;
  // Whatever is there, or nothing.
  Result<OptionValue> get(std::string_view path) const;
  bool has(std::string_view path) const;

  // Names of a table's members (empty path: the options themselves), to walk free tables.
  std::vector<std::string_view> keys(std::string_view table_path) const;

  // Every value by its path in canonical text: numbers, durations (ns), sizes (bytes) and minor units as digits, booleans as
  // true and false, money as "15025 USD" (minor units), the rest as it is; lists and tables as their number of elements, and each element.
  std::map<std::string, std::string, std::less<>> flatten() const;

  const Node& root() const noexcept { return state_->root; }
  // Where a later error about this option is to be reported; the table's own place for an unknown path.
  SourceLocation where(std::string_view path) const;
  std::string full_name(std::string_view path) const;  // "connector.books.options.directory"

 private:
  struct State {
    Node root;
    std::string path;
    std::vector<std::pair<std::string, std::int32_t>> exponents;
  };
  std::shared_ptr<const State> state_;  // shared: the configuration, the instance and a reload all read it
};

}  // namespace payswitch::daemon::config
