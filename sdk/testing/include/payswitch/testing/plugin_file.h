// Loads a plugin file for a test: as the daemon does it (all symbols now, local, never unloaded), without its checks.
#pragma once

#include <payswitch/abi.h>
#include <payswitch/str.h>

#include <dlfcn.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace payswitch::testing {

inline const psw_plugin& load_plugin(const std::string& file) {
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) throw std::runtime_error(dlerror());
  const auto* plugin = static_cast<const psw_plugin*>(dlsym(library, "psw_plugin_entry"));
  if (plugin == nullptr || plugin->magic != PSW_MAGIC) throw std::runtime_error(file + ": not a plugin");
  return *plugin;
}
inline psw_type type_of(const psw_plugin& plugin, std::string_view id) {
  for (const psw_type& t : rows<psw_type>(plugin.types)) {
    if (view(t.id) == id) return t;
  }
  throw std::runtime_error("no connector type " + std::string(id));
}

}  // namespace payswitch::testing
