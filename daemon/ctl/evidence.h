// Files an operator gives as evidence: what goes to the daemon, and so into the history of a transfer for ever.
#pragma once

#include <string>

#include "ctl/arguments.h"

namespace payswitch::daemon::ctl {

inline constexpr std::size_t evidence_text_bytes_max = 16 * 1024;         // longer, or no text: its name, size and SHA-256 only
inline constexpr std::size_t evidence_file_bytes_max = 256 * 1024 * 1024;

// Puts in place of each path given for a `file` argument what is sent of that file. Not empty: what is wrong.
std::string attach_files(CommandLine& line);
// The same for one content; `name` without its folder.
std::string evidence_of(std::string_view name, std::string_view content);

}  // namespace payswitch::daemon::ctl
