// Looks at a plugin file for payswitchctl and for --check-config: same checks as at start, same words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "plugin_host/descriptor.h"

namespace payswitch::daemon::plugin_host {

// What the ELF file says without running any of its code. Strings of the note are checked and copied.
struct NoteFacts {
  std::string id, version, sdk, build, sha256;
  std::uint16_t abi_major = 0, abi_minor = 0, min_host_minor = 0;
};

// Steps 1 and 2: is this file allowed and is it one of ours? `directory`: the plugin directory; `sha256`: optional pin.
// `allow_outside` (payswitchctl on a build tree) skips the rule that it must lie in the directory and belong to root or us.
Result<NoteFacts> inspect_file(const std::string& file, const std::string& directory, std::string_view sha256 = {},
                               bool allow_outside = false);

// Steps 1 to 6: loads the file into this process (for ever) and reads its descriptor.
Result<Descriptor> inspect_loaded(const std::string& file, const std::string& directory, std::string_view sha256 = {},
                                  bool allow_outside = false);

// One JSON object, keys as in the structs; for `payswitchctl plugin inspect --json`.
std::string to_json(const NoteFacts& note);
std::string to_json(const Descriptor& descriptor);

}  // namespace payswitch::daemon::plugin_host
