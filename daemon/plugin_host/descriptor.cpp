#include "plugin_host/descriptor.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <set>

#include "config/schema.h"
#include "plugin_host/utf8.h"

namespace payswitch::daemon::plugin_host {
namespace {

constexpr std::uint64_t descriptor_text_bytes_max = 64u << 10;
constexpr std::uint32_t list_max = 1024;
constexpr std::uint32_t lanes_allowed = 8;
constexpr std::uint32_t lane_threads_max = 64;
constexpr std::uint32_t inbox_allowed_max = 1u << 20;

// Collects the first thing that is wrong.
class Reader {
 public:
  const std::string& error() const { return error_; }
  bool ok() const { return error_.empty(); }
  void fail(const std::string& what) {
    if (error_.empty()) error_ = what;
  }
  std::string text(psw_str from, const char* what) {
    if (from.size == 0) return {};
    if (from.data == nullptr || from.size > descriptor_text_bytes_max) {
      fail(std::string(what) + " is no text of at most 64 KiB");
      return {};
    }
    std::string to(from.data, from.size);
    if (utf8_repair(to.data(), to.size())) fail(std::string(what) + " is not UTF-8");
    return to;
  }
  // One zero-filled copy of each element; a stride below `least` cannot hold what every plugin must say.
  template <class T>
  std::vector<T> list(psw_list from, std::size_t least, const char* what) {
    std::vector<T> to;
    if (from.n == 0) return to;
    if (from.data == nullptr || from.n > list_max || from.stride < least || from.stride > 4096) {
      fail(std::string(what) + " is no list: " + std::to_string(from.n) + " elements of " + std::to_string(from.stride) + " bytes");
      return to;
    }
    for (std::uint32_t i = 0; i < from.n; ++i) {
      T element{};
      std::memcpy(static_cast<void*>(&element), static_cast<const char*>(from.data) + static_cast<std::size_t>(i) * from.stride, std::min<std::size_t>(from.stride, sizeof element));
      to.push_back(element);
    }
    return to;
  }

 private:
  std::string error_;
};

bool is_name(const std::string& text) {
  return !text.empty() && text.size() <= 63 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'; });
}

void judge_gateway(Reader& in, const TypeDescriptor& type) {
  if (type.role != Role::gateway) return;
  const auto has = [&](std::uint64_t bit) { return (type.capabilities & bit) != 0; };
  if (!has(PSW_CAP_IDEMPOTENT)) in.fail("gateway " + type.id + " is not idempotent: a repeat could pay twice, so it cannot be used");
  if (!has(PSW_CAP_CANCEL) && !(has(PSW_CAP_QUERY) && has(PSW_CAP_EXPIRES))) {
    in.fail("gateway " + type.id + " has neither cancel nor query with expires: an unanswered credit could stay in doubt for ever, so it cannot be used");
  }
}

void judge_lanes(Reader& in, const TypeDescriptor& type) {
  if (type.lanes.empty() || type.lanes.size() > lanes_allowed) return in.fail("type " + type.id + " must have 1 to 8 lanes");
  std::uint32_t seen = 0;
  for (const LaneText& lane : type.lanes) {
    if (lane.mode < PSW_LANE_SHARED || lane.mode > PSW_LANE_LOOP) in.fail("type " + type.id + " has a lane of unknown mode");
    if (lane.mode == PSW_LANE_BLOCKING && (lane.threads == 0 || lane.threads > lane_threads_max)) in.fail("a blocking lane of type " + type.id + " must have 1 to 64 threads");
    if (lane.inbox_max == 0 || lane.inbox_max > inbox_allowed_max) in.fail("a lane of type " + type.id + " must have an inbox of 1 to 1048576");
    if ((seen & lane.groups) != 0) in.fail("type " + type.id + " has one operation group in two lanes");
    seen |= lane.groups;
  }
  const std::uint32_t needed = type.role == Role::ledger ? PSW_GROUP_WRITE | PSW_GROUP_READ : type.role == Role::gateway ? PSW_GROUP_GATEWAY : PSW_GROUP_LOGIN;
  if ((seen & needed) != needed) in.fail("type " + type.id + " has no lane for the operations of its role");
}

TypeDescriptor read_type(Reader& in, const psw_type& raw, const psw_type* address) {
  TypeDescriptor type;
  type.raw = address;
  if (raw.role < PSW_TYPE_LEDGER || raw.role > PSW_TYPE_LOGIN) {
    in.fail("a type has the unknown role " + std::to_string(raw.role));
    return type;
  }
  type.role = static_cast<Role>(raw.role);
  type.id = in.text(raw.id, "a type's id");
  if (!is_name(type.id)) in.fail("a type's id must be 1 to 63 of a-z 0-9 _ - .");
  type.doc = in.text(raw.doc, "a type's doc");
  type.capabilities = raw.capabilities;
  type.dedupe_window_ms = raw.dedupe_window_ms;
  type.tombstone_lifetime_ms = raw.tombstone_lifetime_ms;
  if (raw.create == nullptr) in.fail("type " + type.id + " has no create");
  for (const psw_lane& lane : in.list<psw_lane>(raw.lanes, sizeof(psw_lane), "lanes")) type.lanes.push_back({lane.mode, lane.threads, lane.inbox_max, lane.groups});
  for (const psw_key& key : in.list<psw_key>(raw.keys, sizeof(psw_key), "keys")) {
    type.keys.push_back({in.text(key.path, "a key's path"), in.text(key.dflt, "a key's default"), in.text(key.range, "a key's range"), in.text(key.unit, "a key's unit"), in.text(key.doc, "a key's doc"),
                         in.text(key.since, "a key's since"), in.text(key.replaced_by, "a key's replaced_by"), key.type, key.flags});
    if (type.keys.back().path.empty()) in.fail("a configuration key of type " + type.id + " has no path");
  }
  for (const psw_message& m : in.list<psw_message>(raw.messages, sizeof(psw_message), "messages")) {
    type.messages.push_back({in.text(m.id, "a message's id"), in.text(m.severity, "a message's severity"), in.text(m.text, "a message's text"), in.text(m.explanation, "a message's explanation")});
  }
  for (const psw_command& c : in.list<psw_command>(raw.commands, sizeof(psw_command), "commands")) {
    type.commands.push_back({in.text(c.name, "a command's name"), in.text(c.args, "a command's args"), in.text(c.doc, "a command's doc"), in.text(c.json, "a command's json"), c.role, c.flags});
    // Zero or a number of its own would let anybody call it.
    if (c.role < PSW_ROLE_VIEWER || c.role > PSW_ROLE_ADMIN) in.fail("command " + type.commands.back().name + " of type " + type.id + " is for an unknown role");
  }
  if (in.ok()) {
    judge_lanes(in, type);
    judge_gateway(in, type);
    if (auto specs = config::key_specs(raw.keys); !specs.ok()) in.fail("type " + type.id + ": " + specs.error().message);
  }
  return type;
}

}  // namespace

std::string_view role_name(Role role) noexcept {
  switch (role) {
    case Role::ledger: return "ledger";
    case Role::gateway: return "gateway";
    case Role::login: return "login";
  }
  return "unknown";
}

const TypeDescriptor* Descriptor::type(std::string_view wanted) const noexcept {
  for (const TypeDescriptor& t : types) {
    if (t.id == wanted) return &t;
  }
  return types.size() == 1 ? &types.front() : nullptr;
}

Result<Descriptor> read_descriptor(const psw_plugin& plugin) {
  // The first two numbers decide whether the rest can be read at all.
  if (plugin.magic != PSW_MAGIC) return Error{"step descriptor: the magic number is not Payswitch's; rebuild it with the SDK"};
  if (plugin.size < sizeof(psw_plugin)) return Error{"step descriptor: its size is " + std::to_string(plugin.size) + ", this host needs " + std::to_string(sizeof(psw_plugin)) + "; rebuild it with the SDK"};
  if (plugin.abi_major != PSW_ABI_MAJOR) {
    return Error{"step descriptor: it was built for plugin ABI " + std::to_string(plugin.abi_major) + ", this host speaks " + std::to_string(PSW_ABI_MAJOR) + "; rebuild it with this host's SDK"};
  }
  if (plugin.min_host_minor > PSW_ABI_MINOR) {
    return Error{"step descriptor: it needs a host of ABI minor " + std::to_string(plugin.min_host_minor) + ", this one has " + std::to_string(PSW_ABI_MINOR) + "; upgrade payswitchd"};
  }
  Reader in;
  Descriptor d;
  d.abi_major = plugin.abi_major;
  d.abi_minor = plugin.abi_minor;
  d.min_host_minor = plugin.min_host_minor;
  d.id = in.text(plugin.id, "the plugin's id");
  d.version = in.text(plugin.version, "the plugin's version");
  d.vendor = in.text(plugin.vendor, "the plugin's vendor");
  d.summary = in.text(plugin.summary, "the plugin's summary");
  d.licence = in.text(plugin.licence, "the plugin's licence");
  if (!is_name(d.id)) in.fail("the plugin's id must be 1 to 63 of a-z 0-9 _ - .");
  if (d.version.empty()) in.fail("the plugin has no version");
  const auto raw_types = in.list<psw_type>(plugin.types, offsetof(psw_type, create) + sizeof(psw_type::create), "types");
  if (in.ok() && raw_types.empty()) in.fail("it offers no connector type");
  std::set<std::string> ids;
  for (std::size_t i = 0; i < raw_types.size() && in.ok(); ++i) {
    const auto* const address = reinterpret_cast<const psw_type*>(static_cast<const char*>(plugin.types.data) + i * plugin.types.stride);
    if (raw_types[i].size < offsetof(psw_type, create) + sizeof(psw_type::create)) in.fail("a type's size is too small");
    d.types.push_back(read_type(in, raw_types[i], address));
    if (!ids.insert(d.types.back().id).second) in.fail("two types have the id " + d.types.back().id);
  }
  if (!in.ok()) return Error{"step descriptor: " + in.error()};
  return d;
}

}  // namespace payswitch::daemon::plugin_host
