// One request to the daemon and its answer.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace payswitch::daemon::ctl {

inline constexpr int answer_seconds_max = 90;  // more than the daemon's own limit, which says what happened

enum class Exchange { answered, unreachable, timed_out };

// `answer` is the line without '\n'; with another result it is a sentence that says what is wrong.
Exchange ask_daemon(const std::string& socket, std::string_view request_line, std::string& answer);

}  // namespace payswitch::daemon::ctl
