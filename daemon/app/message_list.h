// Every log message of the daemon, for `payswitchctl explain`. The list is made from the rooms' messages.h by CMake.
#pragma once

#include <span>
#include <string_view>

#include "base/log.h"

namespace payswitch::daemon::app {

std::span<const Message* const> message_list();
// nullptr: no line has this id.
const Message* find_message(std::string_view id);

}  // namespace payswitch::daemon::app
