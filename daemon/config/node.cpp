#include "config/node.h"

namespace payswitch::daemon::config {

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::string: return "string";
    case ValueType::integer: return "int";
    case ValueType::boolean: return "bool";
    case ValueType::duration: return "duration";
    case ValueType::size: return "size";
    case ValueType::url: return "url";
    case ValueType::path: return "path";
    case ValueType::enumeration: return "enum";
    case ValueType::list: return "list";
    case ValueType::table: return "table";
    case ValueType::secret: return "secret";
    case ValueType::money: return "money";
  }
  return "unknown";
}

const Node* Node::find(std::string_view key) const noexcept {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view key) noexcept {
  for (Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

}  // namespace payswitch::daemon::config
