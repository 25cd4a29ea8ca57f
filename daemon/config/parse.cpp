// The only translation unit that sees toml++. Version 3.3.0 asserts on `[=x]` and `[[[1]]]` and reaches an unreachable() when
// NDEBUG removed the assert: so no NDEBUG here and an assert that does nothing, which leads to its clean error (traps.md).
#undef NDEBUG
#define TOML_ASSERT(x) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#include "config/load.h"

#include <algorithm>
#include <tuple>

#include <toml++/toml.h>

namespace payswitch::daemon::config {
namespace {

constexpr int depth_max = 32;
constexpr std::size_t values_max = 100'000;

SourceLocation location(const toml::source_region& region, const std::string& name) {
  return {name, region.begin.line == 0 ? 1u : static_cast<std::uint32_t>(region.begin.line),
          region.begin.column == 0 ? 1u : static_cast<std::uint32_t>(region.begin.column)};
}

// toml++ 3.3.0 puts no bound on dotted keys, and a tree as deep as a key is long would overflow the stack when it is destroyed.
// So the text is walked once, strings and comments skipped as TOML skips them, and a key or a nesting that is too deep is named.
bool too_deep(std::string_view text, SourceLocation& where) {
  int dots = 0, depth = 0;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const std::string_view triple = c == '"' ? "\"\"\"" : "'''";
      const bool multi = text.substr(i, 3) == triple;
      if (!multi && text.substr(i, 2) == triple.substr(0, 2)) {
        ++i;
        continue;
      }
      for (i += multi ? 3 : 1; i < text.size(); ++i) {
        if (c == '"' && text[i] == '\\') { ++i; continue; }
        if (!multi && text[i] == '\n') break;
        if (multi ? text.substr(i, 3) == triple : text[i] == c) break;
        if (text[i] == '\n') ++where.line, line_start = i + 1;
      }
      if (multi) {
        i += 2;
        while (i + 1 < text.size() && text[i + 1] == c) ++i;  // up to two quotes may stand before the closing three
      } else if (i < text.size() && text[i] == '\n') {
        --i;
      }
      continue;
    }
    if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
      continue;
    }
    if (c == '[' || c == '{') ++depth, dots = 0;
    else if (c == ']' || c == '}') depth = std::max(0, depth - 1), dots = 0;
    else if (c == '=' || c == ',') dots = 0;
    else if (c == '.') ++dots;
    else if (c == '\n') {
      ++where.line, line_start = i + 1, dots = 0;
      continue;
    }
    if (dots > depth_max || depth > depth_max) {
      where.column = static_cast<std::uint32_t>(i - line_start + 1);
      return true;
    }
  }
  return false;
}

class Converter {
 public:
  Converter(const std::string& name, Problems& problems) : name_(name), problems_(problems) {}

  Node convert(const toml::node& from, int depth) {
    Node out;
    out.where = location(from.source(), name_);
    if (++count_ > values_max || depth > 4 * depth_max) {
      if (!refused_) problems_.error(out.where, "", "too many or too deeply nested values");
      refused_ = true;
      out.kind = Node::Kind::other;
      return out;
    }
    if (const auto* table = from.as_table()) {
      out.kind = Node::Kind::table;
      for (const auto& [key, value] : *table) {
        Member member{std::string(key.str()), location(key.source(), name_), convert(value, depth + 1)};
        out.members.push_back(std::move(member));
      }
      std::sort(out.members.begin(), out.members.end(), [](const Member& a, const Member& b) {
        return std::tie(a.where.line, a.where.column) < std::tie(b.where.line, b.where.column);
      });
    } else if (const auto* array = from.as_array()) {
      out.kind = Node::Kind::list;
      out.type = ValueType::list;
      for (const auto& item : *array) out.items.push_back(convert(item, depth + 1));
    } else if (const auto* text = from.as_string()) {
      out.kind = Node::Kind::string;
      out.type = ValueType::string;
      out.text = text->get();
    } else if (const auto* integer = from.as_integer()) {
      out.kind = Node::Kind::integer;
      out.type = ValueType::integer;
      out.integer = integer->get();
    } else if (const auto* boolean = from.as_boolean()) {
      out.kind = Node::Kind::boolean;
      out.type = ValueType::boolean;
      out.boolean = boolean->get();
      out.integer = out.boolean ? 1 : 0;
    } else {
      out.kind = Node::Kind::other;
      out.type = ValueType::string;
      out.text = from.is_floating_point() ? "a number with a fraction" : "a date or time";
    }
    return out;
  }

 private:
  const std::string& name_;
  Problems& problems_;
  std::size_t count_ = 0;
  bool refused_ = false;
};

}  // namespace

std::optional<Node> parse_toml(std::string_view text, const std::string& name, Problems& problems) {
  SourceLocation where{name, 1, 1};
  if (text.size() > file_bytes_max) {
    problems.error(where, "", "the file is larger than " + std::to_string(file_bytes_max) + " bytes");
    return std::nullopt;
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    where.line += static_cast<std::uint32_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n'));
    problems.error(where, "", "a NUL byte is not text");
    return std::nullopt;
  }
  if (too_deep(text, where)) {
    problems.error(where, "", "nested more than " + std::to_string(depth_max) + " deep");
    return std::nullopt;
  }
  toml::parse_result result = toml::parse(text, name);
  if (!result) {
    const toml::parse_error& error = result.error();
    problems.error(location(error.source(), name), "", std::string(error.description()));
    return std::nullopt;
  }
  return Converter(name, problems).convert(result.table(), 0);
}

}  // namespace payswitch::daemon::config
