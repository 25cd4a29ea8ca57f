// What people read about an error code, in English and Korean. The code itself, its status and class belong to transfer/error_code.h.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace payswitch::daemon::api {

enum class Language : std::uint8_t { english, korean };

struct ErrorText {
  std::string_view code;
  std::string_view english;      // the title: one sentence, no details of the case
  std::string_view korean;
  std::string_view explanation;  // for the reference page: what it means and what to do
};

std::span<const ErrorText> error_texts() noexcept;

// The texts of a code; a code without texts is a bug that a test finds (here it answers with the code itself).
const ErrorText& error_text(std::string_view code) noexcept;

// Accept-Language (RFC 9110 12.5.4): the better liked of en and ko; English when neither or nothing is asked for.
Language choose_language(std::string_view accept_language) noexcept;

}  // namespace payswitch::daemon::api
