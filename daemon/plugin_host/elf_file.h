// Step 2 of the load pipeline: what an ELF file says without running any of its code. Every offset is checked against the file
// before it is followed: dlopen dies of SIGBUS on a truncated one.
#pragma once

#include <payswitch/note.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "plugin_host/inspect.h"

namespace payswitch::daemon::plugin_host {

// `bytes`: the whole file. The error says what is wrong with it; step and file are the caller's to add.
Result<NoteFacts> read_elf(std::string_view bytes);

}  // namespace payswitch::daemon::plugin_host
