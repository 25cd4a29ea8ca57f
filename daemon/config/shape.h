// A key table as a tree, so that a table of the file can be walked beside it. Inner to config/.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace payswitch::daemon::config {

struct Shape {
  const KeySpec* spec = nullptr;  // a value; or, with children, the note that this table may be left out; or the length of a list
  const KeySpec* item = nullptr;  // name[] at the end of a path: a list of such values
  bool list = false;              // name[] with more behind it: a list of tables
  std::vector<std::pair<std::string_view, std::unique_ptr<Shape>>> children;  // in the order of the table
  std::unique_ptr<Shape> any;     // `*`

  bool inner() const noexcept { return !children.empty() || any != nullptr; }
  const Shape* find(std::string_view name) const noexcept;
};

// The specs outlive the shape.
Shape make_shape(std::span<const KeySpec> keys);

// One value against its spec: resolves ${…}, converts, checks the range; reports and returns false when it does not fit.
bool check_value(Node& node, const std::string& path, const KeySpec& spec, const CheckContext& context, Problems& problems);

// The number of elements of a list against the range of its spec.
void check_length(const Node& node, const std::string& path, const KeySpec& spec, Problems& problems);

// The default of a spec as a node; a default that does not fit its own spec is a bug of the key table and is reported as such.
bool default_value(Node& node, const std::string& path, const KeySpec& spec, const CheckContext& context, Problems& problems);

}  // namespace payswitch::daemon::config
