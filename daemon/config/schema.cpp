#include "config/schema.h"

#include <cstdlib>
#include <string>

#include "config/shape.h"

namespace payswitch::daemon::config {
namespace {

std::string_view view(const psw_str& text) { return {text.data, static_cast<std::size_t>(text.size)}; }

bool same_parent(std::string_view a, std::string_view b) {
  const auto parent = [](std::string_view path) {
    const auto dot = path.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
  };
  return parent(a) == parent(b);
}

std::string_view last_segment(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

std::string join(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : std::string(path) + "." + std::string(key);
}

class Checker {
 public:
  Checker(const CheckContext& context, Problems& problems) : context_(context), problems_(problems) {}

  void table(Node& node, const Shape& shape, const std::string& path) {
    rename_deprecated(node, shape, path);
    for (Member& member : node.members) child(member, node, shape, path);
    for (const auto& [name, inner] : shape.children)
      if (node.find(name) == nullptr) absent(node, name, *inner, join(path, name));
  }

 private:
  void child(Member& member, const Node& parent, const Shape& shape, const std::string& path) {
    const std::string name = join(path, member.key);
    const Shape* found = shape.find(member.key);
    if (found == nullptr) return unknown(member, shape, name);
    Node& value = member.value;
    if (found->list || found->item != nullptr) return list(value, *found, name);
    if (found->inner()) {
      if (value.kind != Node::Kind::table) return problems_.error(value.where, name, "expected a table");
      return table(value, *found, name);
    }
    // librdkafka.* with `linger.ms = 5`: TOML reads two tables, the plugin means one key.
    if (found == shape.any.get() && value.kind == Node::Kind::table && found->spec->type != ValueType::table) {
      return free_table(value, name, *found->spec);
    }
    (void)parent;
    check_value(value, name, *found->spec, context_, problems_);
  }

  void list(Node& value, const Shape& shape, const std::string& name) {
    if (value.kind != Node::Kind::list)
      return problems_.error(value.where, name, shape.list ? "expected a list of tables, written [[" + name + "]]" : "expected a list, written [ … ]");
    value.type = ValueType::list;
    if (shape.spec != nullptr && shape.spec->type == ValueType::list) check_length(value, name, *shape.spec, problems_);
    if (shape.item != nullptr && (shape.item->flags & PSW_KEY_REQUIRED) != 0 && value.items.empty())
      problems_.error(value.where, name, "at least one element is required");
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      Node& item = value.items[i];
      const Node* own_name = item.kind == Node::Kind::table ? item.find("name") : nullptr;
      const bool named = own_name != nullptr && own_name->kind == Node::Kind::string && !own_name->text.empty();
      const std::string item_path = named ? join(name, own_name->text) : name + "[" + std::to_string(i) + "]";
      if (!shape.list) check_value(item, item_path, *shape.item, context_, problems_);
      else if (item.kind != Node::Kind::table) problems_.error(item.where, item_path, "expected a table");
      else table(item, shape, item_path);
    }
  }

  void free_table(Node& value, const std::string& path, const KeySpec& spec) {
    for (Member& member : value.members) {
      const std::string name = join(path, member.key);
      if (member.value.kind == Node::Kind::table) free_table(member.value, name, spec);
      else check_value(member.value, name, spec, context_, problems_);
    }
  }

  void unknown(const Member& member, const Shape& shape, const std::string& path) {
    std::vector<std::string_view> names;
    for (const auto& [name, inner] : shape.children) names.push_back(name);
    if (const std::string_view best = nearest(member.key, names); !best.empty())
      return problems_.error(member.where, path, "unknown key, did you mean \"" + std::string(best) + "\"?");
    std::string text = "unknown key";
    if (names.empty()) text += "; no key is known here";
    for (std::size_t i = 0; i < names.size() && i < 16; ++i) text += (i == 0 ? "; known here: " : ", ") + std::string(names[i]);
    if (names.size() > 16) text += ", …";
    problems_.error(member.where, path, text);
  }

  void absent(Node& parent, std::string_view name, const Shape& shape, const std::string& path) {
    const KeySpec* wanted = shape.item != nullptr ? shape.item : shape.spec;
    if (shape.list || shape.item != nullptr) {
      const bool asked = (shape.spec != nullptr && (shape.spec->flags & PSW_KEY_REQUIRED) != 0) ||
                         (shape.item != nullptr && (shape.item->flags & PSW_KEY_REQUIRED) != 0);
      if (asked) return problems_.error(parent.where, path, missing(*wanted));
      if (shape.item != nullptr && !shape.item->dflt.empty()) default_list(parent, name, *shape.item, path);
      return;
    }
    if (shape.inner()) {
      if (shape.spec != nullptr) {  // declared as a table of its own: may be left out whole, unless it says required
        if ((shape.spec->flags & PSW_KEY_REQUIRED) != 0) problems_.error(parent.where, path, "missing, this table is required");
        return;
      }
      Node made;
      made.where = parent.where;
      made.from_default = true;
      table(made, shape, path);
      if (!made.members.empty()) parent.members.push_back({std::string(name), SourceLocation{}, std::move(made)});
      return;
    }
    if (shape.spec == nullptr) return;
    if ((shape.spec->flags & PSW_KEY_REQUIRED) != 0)
      return problems_.error(parent.where, path, missing(*shape.spec));
    if (shape.spec->dflt.empty()) return;
    Node made;
    if (default_value(made, path, *shape.spec, context_, problems_)) parent.members.push_back({std::string(name), SourceLocation{}, std::move(made)});
  }

  static std::string missing(const KeySpec& spec) {
    return spec.doc.empty() ? "missing, but required" : "missing, but required: " + std::string(spec.doc);
  }

  // "a, b": each element by the spec of the elements.
  void default_list(Node& parent, std::string_view name, const KeySpec& spec, const std::string& path) {
    Node made;
    made.kind = Node::Kind::list;
    made.type = ValueType::list;
    made.from_default = true;
    for (std::string_view rest = spec.dflt; !rest.empty();) {
      const auto comma = rest.find(',');
      KeySpec one = spec;
      one.dflt = rest.substr(0, comma);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      while (rest.starts_with(' ')) rest.remove_prefix(1);
      Node item;
      if (default_value(item, path, one, context_, problems_)) made.items.push_back(std::move(item));
    }
    parent.members.push_back({std::string(name), SourceLocation{}, std::move(made)});
  }

  void rename_deprecated(Node& node, const Shape& shape, const std::string& path) {
    for (Member& member : node.members) {
      const Shape* found = shape.find(member.key);
      if (found == nullptr || found->spec == nullptr || (found->spec->flags & PSW_KEY_DEPRECATED) == 0) continue;
      const KeySpec& spec = *found->spec;
      const std::string name = join(path, member.key);
      if (spec.replaced_by.empty() || !same_parent(spec.path, spec.replaced_by)) {
        problems_.warning(member.where, name,
                          spec.replaced_by.empty() ? "deprecated, it will go" : "deprecated, write \"" + std::string(spec.replaced_by) + "\"");
        continue;
      }
      const std::string successor(last_segment(spec.replaced_by));
      problems_.warning(member.where, name, "deprecated, write \"" + successor + "\"");
      if (node.find(successor) != nullptr) problems_.error(member.where, name, "both this key and its successor \"" + successor + "\" are given");
      else member.key = successor;
    }
  }

  const CheckContext& context_;
  Problems& problems_;
};

}  // namespace

const Shape* Shape::find(std::string_view name) const noexcept {
  for (const auto& [key, shape] : children)
    if (key == name) return shape.get();
  return any.get();
}

Shape make_shape(std::span<const KeySpec> keys) {
  Shape root;
  for (const KeySpec& spec : keys) {
    Shape* at = &root;
    std::string_view rest = spec.path;
    while (!rest.empty()) {
      const auto dot = rest.find('.');
      std::string_view segment = rest.substr(0, dot);
      rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
      if (segment == "*") {
        if (at->any == nullptr) at->any = std::make_unique<Shape>();
        at = at->any.get();
        continue;
      }
      const bool list = segment.ends_with("[]");
      const bool items = list && rest.empty() && spec.type != ValueType::list && spec.type != ValueType::table;
      if (list) segment.remove_suffix(2);
      Shape* next = nullptr;
      for (auto& [key, shape] : at->children)
        if (key == segment) next = shape.get();
      if (next == nullptr) next = at->children.emplace_back(segment, std::make_unique<Shape>()).second.get();
      next->list = next->list || (list && !rest.empty());
      at = next;
      if (items) at->item = &spec;
    }
    if (at->item != &spec) at->spec = &spec;
  }
  return root;
}

Result<std::vector<KeySpec>> key_specs(const psw_list& keys) {
  std::vector<KeySpec> out;
  const auto bad = [](std::string_view path, std::string_view why) {
    return Error{"the plugin's key table is wrong at \"" + std::string(path) + "\": " + std::string(why)};
  };
  for (std::uint32_t i = 0; i < keys.n; ++i) {
    // Elements grow by the list's stride; what this daemon reads is the front of each.
    const auto& key = *reinterpret_cast<const psw_key*>(static_cast<const char*>(keys.data) + std::size_t{i} * keys.stride);
    KeySpec spec{view(key.path), static_cast<ValueType>(key.type), view(key.dflt), view(key.range), view(key.doc), key.flags,
                 view(key.unit), view(key.since), view(key.replaced_by)};
    if (spec.path.empty()) return bad(std::to_string(i), "the path is empty");
    std::string_view rest = spec.path;
    while (true) {
      const auto dot = rest.find('.');
      std::string_view segment = rest.substr(0, dot);
      if (segment.ends_with("[]")) segment.remove_suffix(2);
      if (segment.empty() || segment.find_first_of("[]") != std::string_view::npos) return bad(spec.path, "an empty or misspelt segment");
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    if (key.type < 1 || key.type > static_cast<std::int32_t>(ValueType::money)) return bad(spec.path, "its type is none this daemon knows");
    if ((spec.flags & PSW_KEY_REQUIRED) != 0 && !spec.dflt.empty()) return bad(spec.path, "required and a default exclude each other");
    for (const KeySpec& other : out)
      if (other.path == spec.path) return bad(spec.path, "it stands there twice");
    out.push_back(spec);
  }
  return out;
}

Result<std::vector<KeySpec>> key_specs(std::span<const psw_key> keys) {
  return key_specs(psw_list{keys.data(), static_cast<std::uint32_t>(keys.size()), sizeof(psw_key)});
}

bool ProcessEnvironment::variable(std::string_view name, std::string& value) const {
  const char* found = std::getenv(std::string(name).c_str());
  if (found == nullptr) return false;
  value = found;
  return true;
}

void check_table(Node& table, std::string_view path, std::span<const KeySpec> keys, const CheckContext& context, Problems& problems) {
  Checker(context, problems).table(table, make_shape(keys), std::string(path));
}

}  // namespace payswitch::daemon::config
