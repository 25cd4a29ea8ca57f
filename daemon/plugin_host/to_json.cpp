// What a plugin says about itself, for payswitchctl plugin inspect.
#include <memory_resource>

#include "base/json.h"
#include "plugin_host/inspect.h"

namespace payswitch::daemon::plugin_host {
namespace {

void capabilities(json::Writer& out, std::uint64_t bits) {
  constexpr std::pair<std::uint64_t, std::string_view> names[] = {
      {PSW_CAP_IDEMPOTENT, "idempotent"}, {PSW_CAP_QUERY, "query"}, {PSW_CAP_CANCEL, "cancel"}, {PSW_CAP_EXPIRES, "expires"}, {PSW_CAP_REPORTS, "reports"},
      {PSW_CAP_RECALL, "recall"}, {PSW_CAP_RECONCILE, "reconcile"}, {PSW_CAP_BATCH, "batch"}, {PSW_CAP_LOOKUP, "lookup"}};
  out.key("capabilities").begin_array();
  for (const auto& [bit, name] : names)
    if ((bits & bit) != 0) out.string(name);
  out.end_array();
}

std::string_view key_type(std::int32_t type) noexcept {
  constexpr std::string_view names[] = {"", "string", "int", "bool", "duration", "size", "url", "path", "enum", "list", "table", "secret", "money"};
  return type >= PSW_T_STRING && type <= PSW_T_MONEY ? names[type] : std::string_view("unknown");
}

std::string_view lane_mode(std::int32_t mode) noexcept { return mode == PSW_LANE_SHARED ? "shared" : mode == PSW_LANE_BLOCKING ? "blocking" : "loop"; }

std::string_view role_of_command(std::int32_t role) noexcept {
  return role == PSW_ROLE_VIEWER ? "viewer" : role == PSW_ROLE_OPERATOR ? "operator" : role == PSW_ROLE_RESOLVER ? "resolver" : "admin";
}

// An array with the words of the bits that are set.
template <std::size_t N>
void words(json::Writer& out, std::string_view key, std::uint32_t bits, const std::pair<std::uint32_t, std::string_view> (&names)[N]) {
  out.key(key).begin_array();
  for (const auto& [bit, name] : names)
    if ((bits & bit) != 0) out.string(name);
  out.end_array();
}

constexpr std::pair<std::uint32_t, std::string_view> group_names[] = {{PSW_GROUP_WRITE, "write"}, {PSW_GROUP_READ, "read"}, {PSW_GROUP_GATEWAY, "gateway"},
                                                                       {PSW_GROUP_LOGIN, "login"}, {PSW_GROUP_COMMAND, "command"}, {PSW_GROUP_HTTP, "http"}};
constexpr std::pair<std::uint32_t, std::string_view> key_flag_names[] = {{PSW_KEY_REQUIRED, "required"}, {PSW_KEY_SECRET, "secret"}, {PSW_KEY_RELOADABLE, "reloadable"}, {PSW_KEY_DEPRECATED, "deprecated"}};
constexpr std::pair<std::uint32_t, std::string_view> command_flag_names[] = {{PSW_COMMAND_OFFLINE, "offline"}, {PSW_COMMAND_DANGEROUS, "dangerous"}};

void type_members(json::Writer& out, const TypeDescriptor& type) {
  out.member("id", type.id).member("role", role_name(type.role)).member("doc", type.doc);
  capabilities(out, type.capabilities);
  if (type.role == Role::gateway) out.member_integer("dedupe_window_ms", type.dedupe_window_ms).member_integer("tombstone_lifetime_ms", type.tombstone_lifetime_ms);
  out.key("lanes").begin_array();
  for (const LaneText& lane : type.lanes) {
    out.begin_object().member("mode", lane_mode(lane.mode)).member_integer("threads", lane.threads).member_integer("inbox_max", lane.inbox_max);
    words(out, "groups", lane.groups, group_names);
    out.end_object();
  }
  out.end_array().key("keys").begin_array();
  for (const SchemaKey& key : type.keys) {
    out.begin_object().member("path", key.path).member("type", key_type(key.type));
    words(out, "flags", key.flags, key_flag_names);
    out.member("default", key.default_value).member("range", key.range).member("unit", key.unit).member("doc", key.doc).member("since", key.since)
        .member("replaced_by", key.replaced_by).end_object();
  }
  out.end_array().key("messages").begin_array();
  for (const MessageText& message : type.messages)
    out.begin_object().member("id", message.id).member("severity", message.severity).member("text", message.text).member("explanation", message.explanation).end_object();
  out.end_array().key("commands").begin_array();
  for (const CommandText& command : type.commands) {
    out.begin_object().member("name", command.name).member("args", command.args).member("doc", command.doc).member("role", role_of_command(command.role));
    words(out, "flags", command.flags, command_flag_names);
    out.end_object();
  }
  out.end_array();
}

}  // namespace

std::string to_json(const NoteFacts& note) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena, 1024);
  out.begin_object().member("id", note.id).member("version", note.version).member("sdk", note.sdk).member("build", note.build);
  out.member_integer("abi_major", note.abi_major).member_integer("abi_minor", note.abi_minor).member_integer("min_host_minor", note.min_host_minor);
  out.member("sha256", note.sha256).end_object();
  return std::string(out.text());
}

std::string to_json(const Descriptor& descriptor) {
  std::pmr::monotonic_buffer_resource arena;
  json::Writer out(arena, 16 * 1024);
  out.begin_object().member("file", descriptor.file).member("id", descriptor.id).member("version", descriptor.version);
  out.member("vendor", descriptor.vendor).member("summary", descriptor.summary).member("licence", descriptor.licence);
  out.member("sdk", descriptor.sdk).member("build", descriptor.build);
  out.member_integer("abi_major", descriptor.abi_major).member_integer("abi_minor", descriptor.abi_minor).member_integer("min_host_minor", descriptor.min_host_minor);
  out.key("types").begin_array();
  for (const TypeDescriptor& type : descriptor.types) {
    out.begin_object();
    type_members(out, type);
    out.end_object();
  }
  out.end_array().end_object();
  return std::string(out.text());
}

}  // namespace payswitch::daemon::plugin_host
