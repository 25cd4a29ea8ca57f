// `config show`: the checked tree back as TOML or JSON. Secrets never leave.
#include <memory_resource>

#include "base/json.h"
#include "config/load.h"

namespace payswitch::daemon::config {
namespace {

std::string origin_of(const Node& node) { return node.from_default || !node.where.known() ? "default" : node.where.to_string(); }

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') out += c;
  }
  return out + "\"";
}

bool bare(std::string_view key) {
  for (const char c : key)
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_')) return false;
  return !key.empty();
}

std::string key_text(std::string_view key) { return bare(key) ? std::string(key) : quoted(key); }

// As the operator wrote it ("30s", "64KiB", "15000"), or as a default would be written.
std::string plain(const Node& node) {
  if (node.secret) return "***";
  if (!node.written.empty() && node.type != ValueType::path) return node.written;
  return node.text;
}

std::string scalar(const Node& node) {
  switch (node.kind) {
    case Node::Kind::integer: return std::to_string(node.integer);
    case Node::Kind::boolean: return node.boolean ? "true" : "false";
    case Node::Kind::list: {
      std::string out = "[";
      for (std::size_t i = 0; i < node.items.size(); ++i) out += (i == 0 ? "" : ", ") + scalar(node.items[i]);
      return out + "]";
    }
    case Node::Kind::table: {
      std::string out = "{";
      for (std::size_t i = 0; i < node.members.size(); ++i)
        out += (i == 0 ? " " : ", ") + key_text(node.members[i].key) + " = " + scalar(node.members[i].value);
      return out + " }";
    }
    default: return quoted(plain(node));
  }
}

bool list_of_tables(const Node& node) { return node.kind == Node::Kind::list && !node.items.empty() && node.items[0].kind == Node::Kind::table; }

void write_table(const Node& table, const std::string& path, bool origin, std::string& out) {
  for (const Member& member : table.members) {
    if (member.value.kind == Node::Kind::table || list_of_tables(member.value)) continue;
    out += key_text(member.key) + " = " + scalar(member.value) + (origin ? "  # " + origin_of(member.value) : "") + "\n";
  }
  for (const Member& member : table.members) {
    const std::string name = path.empty() ? key_text(member.key) : path + "." + key_text(member.key);
    if (member.value.kind == Node::Kind::table) {
      out += "\n[" + name + "]\n";
      write_table(member.value, name, origin, out);
    } else if (list_of_tables(member.value)) {
      for (const Node& item : member.value.items) {
        out += "\n[[" + name + "]]" + (origin ? "  # " + origin_of(item) : "") + "\n";
        write_table(item, name, origin, out);
      }
    }
  }
}

void write_json(const Node& node, bool origin, json::Writer& out) {
  const bool leaf = node.kind != Node::Kind::table && !list_of_tables(node);
  if (leaf && origin) out.begin_object().key("value");
  switch (node.kind) {
    case Node::Kind::integer: out.integer(node.integer); break;
    case Node::Kind::boolean: out.boolean(node.boolean); break;
    case Node::Kind::list:
      out.begin_array();
      for (const Node& item : node.items) write_json(item, origin && !leaf, out);
      out.end_array();
      break;
    case Node::Kind::table:
      out.begin_object();
      for (const Member& member : node.members) {
        out.key(member.key);
        write_json(member.value, origin, out);
      }
      out.end_object();
      break;
    default: out.string(plain(node)); break;
  }
  if (leaf && origin) out.member("origin", origin_of(node)).end_object();
}

}  // namespace

std::string show(const Config& config, bool with_origin) {
  std::string out;
  write_table(config.effective, "", with_origin, out);
  return out;
}

std::string show_json(const Config& config, bool with_origin) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena, 16 * 1024);
  write_json(config.effective, with_origin, out);
  return std::string(out.text());
}

}  // namespace payswitch::daemon::config
