// The options of one instance as the plugin reads them through psw_host.get: typed by the plugin's own schema.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace payswitch::daemon::plugin_host {

// Immutable; any thread.
class Options {
 public:
  virtual ~Options() = default;
  // The text of the option at `path` ("url", "peer[2].url"), already judged against the schema and completed with its default, in
  // canonical form: integers, durations (nanoseconds) and sizes (bytes) as decimal digits, booleans "true"/"false", money in minor
  // units, everything else as it is. nullptr: absent. For a list or table path: its number of elements as digits. The view
  // lives as long as this object.
  virtual const std::string* find(std::string_view path) const noexcept = 0;
};

// Path → canonical text; for tests and tools, and what config/ is turned into.
class FlatOptions final : public Options {
 public:
  FlatOptions() = default;
  explicit FlatOptions(std::map<std::string, std::string, std::less<>> values) : values_(std::move(values)) {}
  const std::string* find(std::string_view path) const noexcept override {
    const auto it = values_.find(path);
    return it == values_.end() ? nullptr : &it->second;
  }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

}  // namespace payswitch::daemon::plugin_host
