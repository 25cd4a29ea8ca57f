// Schemas standing in for the plugins, an environment from a map, a folder of its own.
#pragma once

#include <payswitch/schema.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "config/load.h"

namespace payswitch::daemon::config {

class MapEnvironment final : public Environment {
 public:
  std::map<std::string, std::string, std::less<>> values;
  bool variable(std::string_view name, std::string& value) const override {
    const auto found = values.find(name);
    if (found == values.end()) return false;
    value = found->second;
    return true;
  }
};

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/psw_config_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string write(const std::string& name, std::string_view content, mode_t mode = 0400) const {
    const std::string file = path + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << content;
    ::chmod(file.c_str(), mode);
    return file;
  }
  std::string path;
};

inline constexpr auto ledger_keys = schema(path("directory").required().doc("where the books lie"), boolean("sync").def("true"),
                                           size("segment").def("64MiB").range("1MiB..1GiB"), choice("mode", "fast|safe").def("safe"));
inline constexpr auto peer_keys = schema(url("url").required().doc("of the peer's listener"), duration("timeout").def("2s").range("100ms..30s"));
inline constexpr auto sim_keys = schema(table("behaviour"), duration("delay").def("0s"));
inline constexpr auto login_keys = schema(url("issuer").def("https://accounts.google.com"), text("client_id").required(), secret("client_secret").required());

class FixtureSchemas final : public PluginSchemas {
 public:
  Result<PluginSchema> schema(const PluginReference& plugin) override {
    ++asked;
    directory = std::string(plugin.directory);
    if (plugin.plugin == "local_ledger") return of(PluginRole::ledger, ledger_keys);
    if (plugin.plugin == "peer_http") return of(PluginRole::gateway, peer_keys);
    if (plugin.plugin == "sim_bank") return of(PluginRole::gateway, sim_keys);
    if (plugin.plugin == "google_login") return of(PluginRole::login, login_keys);
    return Error{std::string(plugin.directory) + "/" + std::string(plugin.plugin) + ".so: no such file"};
  }
  int asked = 0;
  std::string directory;

 private:
  template <class Keys>
  static PluginSchema of(PluginRole role, const Keys& keys) {
    return {role, psw_list{keys.data(), static_cast<std::uint32_t>(keys.size()), sizeof(psw_key)}};
  }
};

// The smallest file that loads, to which a test adds.
inline constexpr std::string_view smallest = R"([switch]
bank = "mj"
prefix = "mj-"
currencies = { KRW = 0, USD = 2 }
ledger = "books"
[[connector]]
name = "books"
plugin = "local_ledger"
options = { directory = "books" }
)";

inline LoadResult load_with(std::string_view text, const Environment* environment = nullptr, const std::string& name = "p.toml") {
  static const MapEnvironment none;
  FixtureSchemas schemas;
  LoadOptions options;
  options.plugins = &schemas;
  options.environment = environment != nullptr ? environment : &none;
  return load_text(text, name, options);
}

}  // namespace payswitch::daemon::config
