#include "app/plugin_bridge.h"

#include <payswitch/str.h>

#include "plugin_host/inspect.h"

namespace payswitch::daemon::app {

PluginName split_plugin_name(std::string_view plugin) {
  const auto colon = plugin.find(':');
  if (colon == std::string_view::npos) return {std::string(plugin), {}};
  return {std::string(plugin.substr(0, colon)), std::string(plugin.substr(colon + 1))};
}

Result<config::PluginSchema> LoadedSchemas::schema(const config::PluginReference& plugin) {
  for (const Known& each : known_)
    if (each.whole && each.plugin == plugin.plugin && each.directory == plugin.directory) return each.schema;
  const PluginName name = split_plugin_name(plugin.plugin);
  if (closed_) return Error{"the plugin " + name.file + " is not loaded: a new one needs a restart"};
  const std::string directory(plugin.directory);
  auto loaded = plugin_host::inspect_loaded(directory + "/" + name.file + ".so", directory, plugin.sha256);
  if (!loaded) return loaded.error();
  Known& known = known_.emplace_back();
  known.descriptor = std::move(*loaded);
  const auto* type = known.descriptor.type(name.type.empty() && known.descriptor.types.size() > 1 ? name.file : name.type);
  if (!type) {
    return Error{name.type.empty() ? "the plugin " + name.file + " holds several connector types: write plugin = \"" + name.file + ":TYPE\""
                                   : "the plugin " + name.file + " has no connector type \"" + name.type + "\""};
  }
  for (const auto& key : type->keys) {
    psw_key row{};
    row.path = str(key.path);
    row.dflt = str(key.default_value);
    row.range = str(key.range);
    row.unit = str(key.unit);
    row.doc = str(key.doc);
    row.since = str(key.since);
    row.replaced_by = str(key.replaced_by);
    row.type = key.type;
    row.flags = key.flags;
    known.keys.push_back(row);
  }
  known.plugin = plugin.plugin;
  known.directory = plugin.directory;
  known.schema.role = static_cast<config::PluginRole>(type->role);
  known.schema.keys = list_of(known.keys.data(), known.keys.size());
  known.whole = true;
  return known.schema;
}

}  // namespace payswitch::daemon::app
