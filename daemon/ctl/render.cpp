#include "ctl/render.h"

#include <algorithm>
#include <vector>

namespace payswitch::daemon::ctl {
namespace {

using json::Value;

constexpr std::size_t line_columns_max = 200;

// Terminals count characters, not bytes; what the daemon sends is valid UTF-8 and mostly one column a character.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string pad(std::string text, std::size_t width, bool right) {
  const std::size_t used = columns(text);
  if (used >= width) return text;
  return right ? std::string(width - used, ' ') + text : text + std::string(width - used, ' ');
}

// What comes from outside must not move the cursor or ring the bell.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f ? '?' : c;
  return out;
}

const Value* money(const Value& value, std::string_view name) {
  const Value* found = value.is_object() ? value.find(name) : nullptr;
  return found;
}

bool is_money(const Value& value) {
  if (!value.is_object() || value.members().size() != 3) return false;
  const Value *minor = money(value, "minor"), *currency = money(value, "currency"), *exponent = money(value, "exponent");
  return minor != nullptr && minor->is_string() && currency != nullptr && currency->is_string() && exponent != nullptr && exponent->is_integer();
}

// {"value": …, "origin": "file:line:col"} of `config show --origin`.
bool is_origin(const Value& value) {
  return value.is_object() && value.members().size() == 2 && value.find("value") != nullptr && value.find("origin") != nullptr && value.find("origin")->is_string();
}

bool is_table(const Value& value) {
  if (!value.is_array() || value.array().empty()) return false;
  return std::all_of(value.array().begin(), value.array().end(), [](const Value& row) { return row.is_object() && !is_money(row) && !is_origin(row); });
}

bool is_flat(const Value& value) { return (!value.is_object() || is_money(value) || is_origin(value)) && !is_table(value); }

std::string cell(const Value& value) {
  if (is_money(value)) {
    std::int64_t exponent = 0;
    value.find("exponent")->to_int64(exponent);
    return decimal(value.find("minor")->string(), exponent) + " " + printable(value.find("currency")->string());
  }
  if (is_origin(value)) return cell(*value.find("value")) + "  # " + printable(value.find("origin")->string());
  switch (value.kind()) {
    case json::Kind::null: return "-";
    case json::Kind::boolean: return value.boolean() ? "yes" : "no";
    case json::Kind::integer: {
      std::int64_t number = 0;
      if (value.to_int64(number)) return std::to_string(number);
      std::uint64_t large = 0;
      value.to_uint64(large);
      return std::to_string(large);
    }
    case json::Kind::string: return printable(value.string());
    case json::Kind::array: {
      std::string out;
      for (const Value& item : value.array()) out += (out.empty() ? "" : ", ") + cell(item);
      return out.empty() ? "-" : out;
    }
    case json::Kind::object: {
      std::string out;
      for (const json::Member& member : value.members()) out += (out.empty() ? "" : " ") + std::string(member.name) + "=" + cell(member.value);
      return out.empty() ? "-" : out;
    }
  }
  return "";
}

bool numeric(const Value& value) { return value.is_integer() || is_money(value); }

void object(const Value& value, const std::string& indent, std::string& out);

// Rows that hold lists of their own, or would not fit on any screen, are written one below the other.
bool needs_blocks(const Value& rows) {
  for (const Value& row : rows.array()) {
    std::size_t width = 0;
    for (const json::Member& member : row.members()) {
      if (!is_flat(member.value)) return true;
      width += 2 + std::max(columns(member.name), columns(cell(member.value)));
    }
    if (width > line_columns_max) return true;
  }
  return false;
}

std::string blocks(const Value& rows, const std::string& indent) {
  std::string out;
  for (const Value& row : rows.array()) {
    if (!out.empty()) out += "\n";
    object(row, indent, out);
  }
  return out;
}

std::string table(const Value& rows, const std::string& indent) {
  if (needs_blocks(rows)) return blocks(rows, indent);
  std::vector<std::string_view> names;
  for (const Value& row : rows.array())
    for (const json::Member& member : row.members())
      if (std::find(names.begin(), names.end(), member.name) == names.end()) names.push_back(member.name);
  std::vector<std::vector<std::string>> cells(rows.array().size() + 1);
  std::vector<std::size_t> widths(names.size());
  std::vector<bool> right(names.size(), true);
  for (std::size_t column = 0; column < names.size(); ++column) {
    cells[0].emplace_back(names[column]);
    for (std::size_t row = 0; row < rows.array().size(); ++row) {
      const Value* value = rows.array()[row].find(names[column]);
      if (value != nullptr && !numeric(*value)) right[column] = false;
      cells[row + 1].push_back(value == nullptr ? "" : cell(*value));
    }
    for (const auto& row : cells) widths[column] = std::max(widths[column], columns(row[column]));
  }
  std::string out;
  for (const auto& row : cells) {
    std::string line = indent;
    for (std::size_t column = 0; column < row.size(); ++column) line += (column == 0 ? "" : "  ") + pad(row[column], widths[column], right[column]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

void object(const Value& value, const std::string& indent, std::string& out) {
  std::size_t width = 0;
  for (const json::Member& member : value.members())
    if (is_flat(member.value)) width = std::max(width, columns(member.name));
  for (const json::Member& member : value.members())
    if (is_flat(member.value)) {
      std::string text = cell(member.value);
      // Texts of several lines (a file, an explanation) keep their lines.
      for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 1 + indent.size() + 2) text.insert(at + 1, indent + "  ");
      out += indent + (text.empty() ? std::string(member.name) + ":" : pad(std::string(member.name) + ":", width + 1, false) + " " + text) + "\n";
    }
  for (const json::Member& member : value.members()) {
    if (is_flat(member.value)) continue;
    out += indent + std::string(member.name) + ":\n";
    if (is_table(member.value)) out += table(member.value, indent + "  ");
    else object(member.value, indent + "  ", out);
  }
}

}  // namespace

std::string decimal(std::string_view minor, std::int64_t exponent) {
  const bool negative = minor.starts_with('-');
  std::string digits(negative ? minor.substr(1) : minor);
  const bool number = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!number || exponent <= 0 || exponent > 18) return std::string(minor);
  const auto decimals = static_cast<std::size_t>(exponent);
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  digits.insert(digits.size() - decimals, ".");
  return (negative ? "-" : "") + digits;
}

std::string render(const Value& result) {
  if (is_table(result)) return table(result, "");
  if (result.is_array() && result.array().empty()) return "(none)\n";
  if (!result.is_object() || is_money(result) || is_origin(result)) {
    std::string text = cell(result);
    return text.ends_with('\n') ? text : text + "\n";
  }
  // A list with at most a cursor beside it is shown as the table it is.
  const Value* list = nullptr;
  std::size_t others = 0;
  for (const json::Member& member : result.members()) {
    if (member.value.is_array() && list == nullptr) list = &member.value;
    else if (member.name != "next") ++others;
  }
  if (list != nullptr && others == 0 && (is_table(*list) || list->array().empty())) {
    std::string out = is_table(*list) ? table(*list, "") : "(none)\n";
    if (const Value* next = result.find("next"); next != nullptr && next->is_string()) out += "more: --after " + printable(next->string()) + "\n";
    return out;
  }
  std::string out;
  object(result, "", out);
  return out;
}

}  // namespace payswitch::daemon::ctl
