// The options of one instance as the plugin reads them through psw_host.get: judged by the plugin's own schema before it is created.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/option_tree.h"

namespace payswitch::daemon::plugin_host {

// One value. Views live as long as the Options object.
struct Option {
  config::ValueType type = config::ValueType::string;  // the numbers are those of psw_key.type
  std::string_view text;      // string url path enumeration secret; currency of money
  std::int64_t integer = 0;   // integer; boolean 0/1; duration ns; size bytes; money minor units
  std::int32_t exponent = 0;  // money
  std::uint64_t count = 0;    // list, table: number of elements
};

// Immutable; any thread.
class Options {
 public:
  virtual ~Options() = default;
  // "url", "peer[2].url", "brokers[0]"; nothing: absent and without default.
  virtual std::optional<Option> find(std::string_view path) const = 0;
  // The names in a free table, in file order.
  virtual std::vector<std::string_view> names(std::string_view path) const = 0;
};

// What config/ has checked: the daemon's own way.
class TreeOptions final : public Options {
 public:
  explicit TreeOptions(config::OptionTree tree) : tree_(std::move(tree)) {}
  std::optional<Option> find(std::string_view path) const override;
  std::vector<std::string_view> names(std::string_view path) const override;

 private:
  config::OptionTree tree_;
};

// Path → value by hand, for tests and tools. A text stands for every text type; an integer for integer, boolean, duration, size, money.
class FlatOptions final : public Options {
 public:
  FlatOptions& text(std::string path, std::string value) { texts_[std::move(path)] = std::move(value); return *this; }
  FlatOptions& integer(std::string path, std::int64_t value) { integers_[std::move(path)] = value; return *this; }
  std::optional<Option> find(std::string_view path) const override;
  std::vector<std::string_view> names(std::string_view path) const override;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
  std::map<std::string, std::int64_t, std::less<>> integers_;
};

}  // namespace payswitch::daemon::plugin_host
