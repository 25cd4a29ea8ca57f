// From a file to a Config, or to all its problems at once. The same path serves start, --check-config and the tests.
#pragma once

#include <payswitch/abi.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/schema.h"

namespace payswitch::daemon::config {

// What the loader has to know of a connector type. The keys stay valid as long as the PluginSchemas object.
struct PluginSchema {
  PluginRole role = PluginRole::gateway;
  psw_list keys{};  // of psw_key
};

struct PluginReference {
  std::string_view plugin;     // as written in `plugin = `
  std::string_view directory;  // paths.plugins, or --plugins
  std::string_view sha256;     // pin or empty
};

// config/ is below plugin_host/: the host brings the schemas in through this. An error is reported at the `plugin` key.
// Called once per distinct plugin.
class PluginSchemas {
 public:
  virtual ~PluginSchemas() = default;
  virtual Result<PluginSchema> schema(const PluginReference& plugin) = 0;
};

struct LoadOptions {
  PluginSchemas* plugins = nullptr;            // required
  const Environment* environment = nullptr;    // nullptr: the process's own
  std::string plugin_directory;                // overrides paths.plugins when not empty (origin: command line)
};

struct LoadResult {
  std::optional<Config> config;   // set if and only if there is no error
  std::vector<Problem> problems;  // errors and warnings, sorted by place

  std::string report() const;  // one line each
};

LoadResult load_file(const std::string& path, const LoadOptions& options);
// `name` stands for the file in errors; relative paths start at its folder.
LoadResult load_text(std::string_view toml, const std::string& name, const LoadOptions& options);

// TOML to a tree without any check of meaning. At most 1 MiB, at most 64 tables deep.
inline constexpr std::size_t file_bytes_max = 1 << 20;
std::optional<Node> parse_toml(std::string_view text, const std::string& name, Problems& problems);

// The daemon's own keys: the one table behind the check, print_defaults(), reference_page() and docs/reference.
std::span<const KeySpec> own_keys();
std::string print_defaults();  // a complete commented file (--print-defaults, conf/reference.toml)
std::string reference_page();  // docs/reference/configuration.md

// A commented sample of a plugin's options (payswitchctl plugin sample), and the same as a help text.
std::string sample_options(std::string_view plugin, PluginRole role, std::span<const KeySpec> keys);
std::string help_options(std::span<const KeySpec> keys);

// `config show`: the tree as TOML, secrets as ***; with_origin adds "# file:line" or "# default" to each line.
std::string show(const Config& config, bool with_origin);
std::string show_json(const Config& config, bool with_origin);

}  // namespace payswitch::daemon::config
