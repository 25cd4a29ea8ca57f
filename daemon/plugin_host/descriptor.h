// What a plugin says about itself, copied out of its image after every pointer, size and stride was checked: plain values that
// stay true whatever the plugin does later. Immutable; any thread.
#pragma once

#include <payswitch/abi.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace payswitch::daemon::plugin_host {

enum class Role : std::int32_t { ledger = 1, gateway = 2, login = 3 };
std::string_view role_name(Role role) noexcept;

struct SchemaKey {
  std::string path, default_value, range, unit, doc, since, replaced_by;
  std::int32_t type = 0;      // PSW_T_*
  std::uint32_t flags = 0;    // PSW_KEY_*
};

struct MessageText {
  std::string id, severity, text, explanation;
};

struct CommandText {
  std::string name, args, doc, json;
  std::int32_t role = 0;
  std::uint32_t flags = 0;  // 1: offline too; 2: dangerous
};

struct LaneText {
  std::int32_t mode = 0;
  std::uint32_t threads = 0, inbox_max = 0, groups = 0;
};

struct TypeDescriptor {
  Role role = Role::ledger;
  std::string id, doc;
  std::uint64_t capabilities = 0;
  std::int64_t dedupe_window_ms = 0, tombstone_lifetime_ms = 0;
  std::vector<LaneText> lanes;
  std::vector<SchemaKey> keys;
  std::vector<MessageText> messages;
  std::vector<CommandText> commands;
  const psw_type* raw = nullptr;  // in the plugin's image; nullptr when read without loading
};

struct Descriptor {
  std::string file;     // absolute path
  std::string id, version, vendor, summary, licence;
  std::string sdk, build;  // from the ELF note
  std::string sha256;
  std::uint16_t abi_major = 0, abi_minor = 0, min_host_minor = 0;
  std::vector<TypeDescriptor> types;

  // The type with this id; else, if there is only one, that. nullptr: ask for one of several by "file:type".
  const TypeDescriptor* type(std::string_view id) const noexcept;
};

// Judges an image that is mapped already: magic, size, ABI, then every string, list and stride, lanes, and what a gateway must be
// able to do. The error names step and remedy, not the file: the caller knows it.
Result<Descriptor> read_descriptor(const psw_plugin& plugin);

}  // namespace payswitch::daemon::plugin_host
