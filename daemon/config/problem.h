// Where something stands in the configuration, and what is wrong there. All problems of a file are collected and shown together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace payswitch::daemon::config {

// Line and column count from 1; 0 means that the value did not come from a file (a default).
struct SourceLocation {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  bool known() const noexcept { return line != 0; }
  std::string to_string() const;  // "payswitch.toml:12:3", or "default"
};

enum class ProblemKind : std::uint8_t { error, warning };

// `path` names the key as an operator would ("connector.ledger.fsync": an element of a list goes by its `name`, else by [n]).
struct Problem {
  SourceLocation where;
  std::string path;
  std::string text;
  ProblemKind kind = ProblemKind::error;

  std::string to_string() const;  // "file:line:col: path: text", warnings with "warning: " before the text
};

// A list that only grows. One thread.
class Problems {
 public:
  void error(const SourceLocation& where, std::string_view path, std::string text);
  void warning(const SourceLocation& where, std::string_view path, std::string text);
  bool any_error() const noexcept { return errors_ != 0; }
  // In order of file, line and column, so that an operator reads them from top to bottom.
  std::vector<Problem> sorted() const;

 private:
  std::vector<Problem> list_;
  std::size_t errors_ = 0;
};

// The candidate closest to `word` (at most 1 edit up to three letters, 2 up to eight, else 3; a swap of neighbours is one), or empty.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace payswitch::daemon::config
