// Step 1 of the load pipeline: may this file become code of ours at all?
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace payswitch::daemon::plugin_host {

inline constexpr std::size_t plugin_bytes_max = 256u << 20;

// The file, whole, read once: what was judged is what the later steps look at.
struct JudgedFile {
  std::string path;  // absolute, without symbolic links
  std::string bytes;
  std::string sha256;  // 64 hex digits
};

// Regular, inside `directory` after all symbolic links are followed, owned by root or the user we run as, writable by nobody
// else (neither is the directory), and with the digest that is pinned, if one is. allow_outside skips place and owner: for tools on a
// build tree. The error names file, step and remedy.
Result<JudgedFile> judge_file(const std::string& file, const std::string& directory, std::string_view sha256, bool allow_outside);

}  // namespace payswitch::daemon::plugin_host
