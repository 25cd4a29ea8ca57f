// ${cred:NAME} and ${env:NAME}. Inner to config/.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/schema.h"

namespace payswitch::daemon::config {

inline constexpr std::size_t credential_bytes_max = 64 * 1024;

// True when the whole text is one ${cred:NAME}.
bool credential_name(std::string_view text, std::string& name);

// The file behind a name: its entry in [credentials], else $CREDENTIALS_DIRECTORY/NAME.
Result<std::string> credential_path(const std::string& name, const CheckContext& context);

// Its content without the line end at the end. A named file must be for its owner alone (0400 or 0600); one that systemd put into
// its directory may show group bits, since there they are the mask of an ACL, but never bits for others.
Result<std::string> read_credential(const std::string& path, const std::string& name, const CheckContext& context);

// What stands behind "${cred:NAME}" or "file:/path" (judged like a named file); anything else is refused.
Result<std::string> secret_content(const std::string& text, const CheckContext& context);

// ${env:NAME} replaced, $${ written as ${. A ${cred:…} in the middle of a text, or another word, is an error.
Result<std::string> expand_variables(std::string_view text, const CheckContext& context);

}  // namespace payswitch::daemon::config
