// Answers as bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "net/http.h"

namespace payswitch::daemon::net {

// "Thu, 01 Jan 1970 00:00:00 GMT", renewed once a second.
class DateCache {
 public:
  void update(std::int64_t wall_ms) noexcept;
  std::string_view text() const noexcept { return {text_.data(), size_}; }

 private:
  std::int64_t second_ = -1;
  std::array<char, 40> text_{};
  std::size_t size_ = 0;
};

struct Answer {
  int status = 200;
  std::span<const Header> headers;
  std::string_view body;
  std::string_view date;
  bool close = false;          // says Connection: close
  bool keep_alive_1_0 = false; // says Connection: keep-alive, which HTTP/1.0 needs to hear
  bool head_only = false;      // the answer to HEAD: length, no body
};

std::string_view reason_phrase(int status) noexcept;
// An upper bound of what write_answer() needs.
std::size_t answer_bytes_bound(const Answer& answer) noexcept;
// Returns the bytes written. Line ends in header values become spaces: no handler can split an answer.
std::size_t write_answer(const Answer& answer, char* out) noexcept;

// problem+json for what this room refuses itself. Returns the body, in `memory`.
std::string_view problem_body(int status, std::string_view code, std::string_view error_class, std::string_view detail, std::span<char> memory) noexcept;

}  // namespace payswitch::daemon::net
