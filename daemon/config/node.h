// The configuration as a tree of plain values, each with the place it came from. What toml++ parses becomes this; nothing
// above parse.cpp knows toml++.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace payswitch::daemon::config {

// What a value may be after the check against a key table. The numbers are those of psw_key.type (PSW_T_…).
enum class ValueType : std::int32_t {
  string = 1,
  integer = 2,
  boolean = 3,
  duration = 4,  // "30s"; nanoseconds in `integer`
  size = 5,      // "64KiB"; bytes in `integer`
  url = 6,
  path = 7,  // relative ones are taken from the folder of the configuration file
  enumeration = 8,
  list = 9,
  table = 10,
  secret = 11,  // the content of a credential; never printed
  money = 12,   // of a plugin "150.25 USD", of ours minor units "15025": those in `integer`, the currency (or nothing) in `text`
};

std::string_view to_string(ValueType type);

struct Member;

// A value type: copies and compares; owns all below it.
struct Node {
  enum class Kind : std::uint8_t { string, integer, boolean, other, list, table };  // other: a float or a date, refused everywhere

  Kind kind = Kind::table;
  SourceLocation where;
  bool from_default = false;
  bool secret = false;                    // text is shown as ***
  ValueType type = ValueType::table;      // set by the check; before it only kind counts
  std::string text;                       // string: the value; other: as written
  std::int64_t integer = 0;
  bool boolean = false;
  std::string written;                    // a checked duration, size, money, path: as the operator wrote it
  std::vector<Node> items;                // list
  std::vector<Member> members;            // table, in file order

  const Node* find(std::string_view key) const noexcept;
  Node* find(std::string_view key) noexcept;
};

struct Member {
  std::string key;
  SourceLocation where;  // of the key
  Node value;
};

}  // namespace payswitch::daemon::config
