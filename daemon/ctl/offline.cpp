#include "ctl/offline.h"

#include <filesystem>
#include <memory_resource>

#include "base/json.h"
#include "config/load.h"
#include "ctl/schema.h"
#include "plugin_host/inspect.h"

namespace payswitch::daemon::ctl {
namespace {

std::string argument(const CommandLine& line, std::string_view name) {
  const auto found = line.arguments.find(name);
  return found == line.arguments.end() ? std::string() : found->second;
}

std::string string_json(std::string_view text) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena);
  return std::string(out.string(text).text());
}

Result<plugin_host::Descriptor> loaded(const CommandLine& line, const std::string& file) {
  (void)line;
  return plugin_host::inspect_loaded(file, std::filesystem::path(file).parent_path().string(), {}, true);
}

// The descriptor and the type the command is about.
Outcome with_type(const CommandLine& line, std::string (*text)(const plugin_host::Descriptor&, const plugin_host::TypeDescriptor&)) {
  const Result<plugin_host::Descriptor> plugin = loaded(line, plugin_file(line, argument(line, "plugin")));
  if (!plugin.ok()) return Outcome::failed("refused", plugin.error().message);
  const std::string wanted = argument(line, "type");
  const plugin_host::TypeDescriptor* type = plugin->type(wanted);
  if (type == nullptr) {
    std::string names;
    for (const auto& one : plugin->types) names += (names.empty() ? "" : ", ") + one.id;
    return Outcome::failed(wanted.empty() ? "invalid" : "not_found", (wanted.empty() ? "the file holds several types, choose with --type: " : "no type \"" + wanted + "\", it holds: ") + names);
  }
  return {string_json(text(*plugin, *type)), {}, {}};
}

std::string help_of(const plugin_host::Descriptor& plugin, const plugin_host::TypeDescriptor& type) {
  std::string out = type.id + " " + plugin.version + ": " + (type.doc.empty() ? plugin.summary : type.doc) + "\nrole " + std::string(plugin_host::role_name(type.role)) + "\n\noptions\n";
  const auto specs = specs_of(type);
  out += specs.empty() ? "  (none)\n" : config::help_options(specs);
  if (!type.commands.empty()) out += "\ncommands\n";
  for (const auto& command : type.commands) out += "  " + command.name + (command.args.empty() ? "" : " " + command.args) + "  " + command.doc + "\n";
  return out;
}

std::string sample_of(const plugin_host::Descriptor&, const plugin_host::TypeDescriptor& type) {
  return config::sample_options(type.id, static_cast<config::PluginRole>(type.role), specs_of(type));
}

}  // namespace

std::vector<config::KeySpec> specs_of(const plugin_host::TypeDescriptor& type) {
  std::vector<config::KeySpec> out;
  for (const auto& key : type.keys)
    out.push_back({key.path, static_cast<config::ValueType>(key.type), key.default_value, key.range, key.doc, key.flags, key.unit, key.since, key.replaced_by});
  return out;
}

std::string plugin_file(const CommandLine& line, std::string_view name) {
  if (name.find('/') != std::string_view::npos || name.ends_with(".so")) return std::string(name);
  const std::string file = std::string(name) + ".so";
  if (!line.plugin_directory.empty()) return line.plugin_directory + "/" + file;
  std::error_code ignored;
  const std::filesystem::path beside = std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path().parent_path() / "plugins" / file;
  if (std::filesystem::exists(beside, ignored)) return beside.string();
  return "/usr/lib/payswitch/plugins/" + file;
}

Outcome plugin_inspect(const CommandLine& line) {
  const std::string file = argument(line, "file");
  if (argument(line, "no-load") == "true") {
    const auto note = plugin_host::inspect_file(file, std::filesystem::path(file).parent_path().string(), {}, true);
    if (!note.ok()) return Outcome::failed("refused", note.error().message);
    return {plugin_host::to_json(*note), {}, {}};
  }
  const auto plugin = loaded(line, file);
  if (!plugin.ok()) return Outcome::failed("refused", plugin.error().message);
  return {plugin_host::to_json(*plugin), {}, {}};
}

Outcome plugin_help(const CommandLine& line) { return with_type(line, help_of); }

Outcome plugin_sample(const CommandLine& line) { return with_type(line, sample_of); }

}  // namespace payswitch::daemon::ctl
