// What `payswitchctl ledger …` runs inside the plugin.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace payswitch::local_ledger {

// `verify`: reads the whole directory without changing a byte and checks form, chain and invariants. `args` is a JSON object whose
// member "directory" overrides the configured one. Returns PSW_OK, PSW_RULE (a violation: `out` names the first with file and offset) or
// PSW_UNAVAILABLE (cannot be read). `json`: one JSON object instead of a sentence.
std::int32_t verify_command(const std::string& directory, std::string_view args, bool json, std::string& out);

}  // namespace payswitch::local_ledger
