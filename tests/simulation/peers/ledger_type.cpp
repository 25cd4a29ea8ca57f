#include "ledger_type.h"

#include <payswitch/str.h>

#include <string>

#include "local_ledger/connector.h"

namespace payswitch::simulation::peers {
namespace {

local_ledger::test::MemoryDisk* next_disk = nullptr;
std::uint64_t chance = 1;

void fill(void* out, std::size_t size) {  // splitmix64
  for (std::size_t i = 0; i != size; ++i) {
    chance += 0x9e3779b97f4a7c15u;
    std::uint64_t z = chance;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    static_cast<unsigned char*>(out)[i] = static_cast<unsigned char>(z >> 40);
  }
}

const psw_instance* create(const psw_host* host, psw_str name, psw_error*) {
  auto* disk = next_disk;
  local_ledger::Surroundings surroundings;
  surroundings.open = [disk](const std::string&, bool, std::unique_ptr<local_ledger::Storage>& out) {
    out = disk->storage();
    return local_ledger::Status{};
  };
  surroundings.random = fill;
  surroundings.own_thread = false;
  return (new local_ledger::Connector(*host, std::string(view(name)), std::move(surroundings)))->instance();
}

constexpr psw_str text(std::string_view s) { return psw_str{s.data(), s.size()}; }
constexpr psw_lane lanes[] = {{PSW_LANE_LOOP, 1, local_ledger::inbox_max, PSW_GROUP_WRITE | PSW_GROUP_READ}, {PSW_LANE_BLOCKING, 1, 16, PSW_GROUP_COMMAND}};
constexpr psw_key key(std::string_view path, std::int32_t type, std::string_view dflt) {
  psw_key out{};
  out.path = text(path);
  out.type = type;
  out.dflt = text(dflt);
  return out;
}
constexpr psw_key keys[] = {key("directory", PSW_T_PATH, "memory"), key("sync", PSW_T_BOOL, "true"), key("segment_size", PSW_T_SIZE, "128KiB")};

}  // namespace

const psw_type& ledger_on(local_ledger::test::MemoryDisk& disk, std::uint64_t seed) {
  static const psw_type type = [] {
    psw_type out{};
    out.size = sizeof out;
    out.role = PSW_TYPE_LEDGER;
    out.id = text("local_ledger");
    out.lanes = {lanes, 2, sizeof(psw_lane)};
    out.keys = {keys, 3, sizeof(psw_key)};
    out.create = create;
    return out;
  }();
  next_disk = &disk;
  chance = seed;
  return type;
}

}  // namespace payswitch::simulation::peers
