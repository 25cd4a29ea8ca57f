// The history of a transfer in plain words: each change has a code for machines and a sentence for people, in English and Korean.
#pragma once

#include <payswitch/transfer_state.h>

#include <span>
#include <string_view>

#include "api/error_text.h"

namespace payswitch::daemon::api {

struct HistoryText {
  std::string_view note;  // the first line of what the core wrote, up to its first colon
  std::string_view code;
  std::string_view english, korean;
};

std::span<const HistoryText> history_texts() noexcept;

// Never absent: a note that nobody knows (of another version) is told by the state it led to.
const HistoryText& history_text(std::string_view note, TransferState state) noexcept;

}  // namespace payswitch::daemon::api
