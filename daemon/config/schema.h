// Checking a table of the configuration against a key table: one engine for the daemon's own file and for every plugin's options.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/node.h"
#include "config/problem.h"

namespace payswitch::daemon::config {

// One key as the engine sees it: psw_key as plain views. Path segments: a name; `name[]` for each element of a list (of tables
// when segments follow, else of values); `*` for any name. So "directory", "peer[].url", "brokers[]", "librdkafka.*",
// "bank.*.exposure.*". flags are PSW_KEY_…
// range: "min..max" (either may be missing) for integer, duration, size, money and for the length of a list; "a|b|c" for an
// enumeration; else a POSIX extended regular expression that the whole value must match.
struct KeySpec {
  std::string_view path = {};
  ValueType type = ValueType::string;
  std::string_view dflt = {};  // as it would be written, without quotes; empty: none
  std::string_view range = {};
  std::string_view doc = {};
  std::uint32_t flags = 0;
  std::string_view unit = {};
  std::string_view since = {};
  std::string_view replaced_by = {};
};

// Views into the plugin's own memory; types or paths that make no sense are an error naming the key (a plugin's bug, found at load).
Result<std::vector<KeySpec>> key_specs(std::span<const psw_key> keys);
Result<std::vector<KeySpec>> key_specs(const psw_list& keys);

// Where ${cred:NAME} and ${env:NAME} come from.
class Environment {
 public:
  virtual ~Environment() = default;
  // False when not set.
  virtual bool variable(std::string_view name, std::string& value) const = 0;
};
class ProcessEnvironment final : public Environment {
 public:
  bool variable(std::string_view name, std::string& value) const override;
};

struct CheckContext {
  const Environment* environment = nullptr;
  std::string base_directory;  // relative paths start here
  // [credentials]: name and file. A name that is not listed is looked for in $CREDENTIALS_DIRECTORY.
  std::vector<std::pair<std::string, std::string>> credential_files;
  std::vector<std::pair<std::string, std::int32_t>> currencies;  // [switch] currencies: what money of a plugin may be written in
};

// Checks `table` in place: unknown keys with the nearest name, types, ranges, required keys, deprecated keys (a warning),
// ${…} resolved, defaults filled in (from_default). Reports everything it finds; `path` is the name of the table in errors.
// A required key of a `*` or `[]` table is asked for in each of them, and not at all when there is none.
void check_table(Node& table, std::string_view path, std::span<const KeySpec> keys, const CheckContext& context, Problems& problems);

// Parsing of single values; the sentence of the error says what is expected.
Result<std::int64_t> parse_duration_ns(std::string_view text);  // "250us" "100ms" "30s" "5min" "12h" "7d"; no fraction, no sign
Result<std::int64_t> parse_size_bytes(std::string_view text);   // "512" "64KiB" "1MiB" "2GiB"
Result<std::int64_t> parse_decimal_amount(std::string_view text, std::int32_t exponent);  // "150.25" with exponent 2 is 15025
Result<std::int64_t> parse_minor_units(std::string_view text);  // digits, no sign, no leading zero, at most 10^15; "0" is allowed
std::string format_duration(std::int64_t ns);                   // the largest unit that is exact
std::string format_size(std::int64_t bytes);

}  // namespace payswitch::daemon::config
