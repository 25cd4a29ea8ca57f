#include "config/option_tree.h"

#include <charconv>

namespace payswitch::daemon::config {
namespace {

// One step down: an index of a list, or the longest key of a table that `path` starts with. Consumes it and the dot after it.
const Node* step(const Node& node, std::string_view& path) {
  if (path.front() == '[') {
    const auto end = path.find(']');
    if (node.kind != Node::Kind::list || end == std::string_view::npos) return nullptr;
    std::size_t index = 0;
    const auto [stop, code] = std::from_chars(path.data() + 1, path.data() + end, index);
    if (code != std::errc{} || stop != path.data() + end || index >= node.items.size()) return nullptr;
    path.remove_prefix(end + 1);
    if (path.starts_with('.')) path.remove_prefix(1);
    return &node.items[index];
  }
  const Member* best = nullptr;
  for (const Member& member : node.members) {
    if (!path.starts_with(member.key)) continue;
    const std::string_view rest = path.substr(member.key.size());
    if (!rest.empty() && rest.front() != '.' && rest.front() != '[') continue;
    if (best == nullptr || member.key.size() > best->key.size()) best = &member;
  }
  if (best == nullptr) return nullptr;
  path.remove_prefix(best->key.size());
  if (path.starts_with('.')) path.remove_prefix(1);
  return &best->value;
}

const Node* locate(const Node& root, std::string_view path) {
  const Node* at = &root;
  while (!path.empty()) {
    at = step(*at, path);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string canonical(const Node& node) {
  switch (node.type) {
    case ValueType::boolean: return node.boolean ? "true" : "false";
    case ValueType::integer:
    case ValueType::duration:
    case ValueType::size: return std::to_string(node.integer);
    case ValueType::money: return std::to_string(node.integer) + (node.text.empty() ? "" : " " + node.text);
    case ValueType::list: return std::to_string(node.items.size());
    case ValueType::table: return std::to_string(node.members.size());
    default: return node.text;
  }
}

void flatten_into(const Node& node, const std::string& path, std::map<std::string, std::string, std::less<>>& out) {
  if (!path.empty()) out[path] = canonical(node);
  for (const Member& member : node.members) flatten_into(member.value, path.empty() ? member.key : path + "." + member.key, out);
  for (std::size_t i = 0; i < node.items.size(); ++i) flatten_into(node.items[i], path + "[" + std::to_string(i) + "]", out);
}

}  // namespace

OptionTree::OptionTree() : state_(std::make_shared<State>()) {}

OptionTree::OptionTree(Node checked_table, std::string path, std::vector<std::pair<std::string, std::int32_t>> exponents)
    : state_(std::make_shared<State>(State{std::move(checked_table), std::move(path), std::move(exponents)})) {}

Result<OptionValue> OptionTree::get(std::string_view path) const {
  const Node* node = locate(state_->root, path);
  if (node == nullptr) return Error{full_name(path) + ": not set"};
  OptionValue out;
  out.type = node->type;
  out.text = node->text;
  out.integer = node->integer;
  out.count = node->kind == Node::Kind::list ? node->items.size() : node->members.size();
  out.secret = node->secret;
  out.where = &node->where;
  for (const auto& [currency, exponent] : state_->exponents)
    if (node->type == ValueType::money && currency == node->text) out.exponent = exponent;
  return out;
}

Result<OptionValue> OptionTree::get(std::string_view path, ValueType type) const {
  Result<OptionValue> value = get(path);
  if (value.ok() && value->type != type)
    return Error{full_name(path) + ": is of type " + std::string(to_string(value->type)) + ", asked for as " + std::string(to_string(type))};
  return value;
}

bool OptionTree::has(std::string_view path) const { return locate(state_->root, path) != nullptr; }

std::vector<std::string_view> OptionTree::keys(std::string_view table_path) const {
  std::vector<std::string_view> out;
  if (const Node* node = locate(state_->root, table_path))
    for (const Member& member : node->members) out.push_back(member.key);
  return out;
}

std::map<std::string, std::string, std::less<>> OptionTree::flatten() const {
  std::map<std::string, std::string, std::less<>> out;
  flatten_into(state_->root, "", out);
  return out;
}

SourceLocation OptionTree::where(std::string_view path) const {
  const Node* node = locate(state_->root, path);
  return node != nullptr && node->where.known() ? node->where : state_->root.where;
}

std::string OptionTree::full_name(std::string_view path) const {
  return path.empty() ? state_->path : state_->path + "." + std::string(path);
}

}  // namespace payswitch::daemon::config
