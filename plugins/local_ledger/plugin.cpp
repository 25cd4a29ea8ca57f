// What the plugin exports: its descriptor, its options, its messages, its commands, and the function that makes an instance.
#include <payswitch/abi.h>
#include <payswitch/note.h>
#include <payswitch/str.h>

#include <exception>
#include <string>

#include "connector.h"

namespace payswitch::local_ledger {
namespace {

constexpr psw_str text(std::string_view s) { return psw_str{s.data(), s.size()}; }

template <class T, std::uint32_t n>
constexpr psw_list list(const T (&items)[n]) {
  return psw_list{items, n, sizeof(T)};
}

constexpr psw_lane lanes[] = {
    {PSW_LANE_LOOP, 1, inbox_max, PSW_GROUP_WRITE | PSW_GROUP_READ},
    {PSW_LANE_BLOCKING, 1, 16, PSW_GROUP_COMMAND},
};

constexpr psw_key key(std::string_view path, std::int32_t type, std::uint32_t flags, std::string_view dflt, std::string_view range, std::string_view doc) {
  psw_key out{};
  out.path = text(path);
  out.dflt = text(dflt);
  out.range = text(range);
  out.doc = text(doc);
  out.since = text("0.1.0");
  out.type = type;
  out.flags = flags;
  return out;
}
constexpr psw_key keys[] = {
    key("directory", PSW_T_PATH, PSW_KEY_REQUIRED, "", "", "Where the ledger lives; made if it is not there. One process at a time."),
    key("sync", PSW_T_BOOL, 0, "true", "", "Wait for the disk before a write is acknowledged. false loses acknowledged writes at a power cut: only for measuring."),
    key("segment_size", PSW_T_SIZE, 0, "64MiB", "64KiB..1GiB", "Size of one journal file of a new ledger; one is always made ahead."),
};

constexpr psw_message message(std::string_view id, std::string_view severity, std::string_view words, std::string_view explanation) {
  return psw_message{text(id), text(severity), text(words), text(explanation)};
}
constexpr psw_message messages[] = {
    message("PSW-LOCAL-001", "error", "the ledger cannot be opened", "The sentence names file, offset and remedy. A damaged journal is never repaired by guessing: restore a backup. If another process has the directory, stop it first."),
    message("PSW-LOCAL-002", "warning", "a torn tail of the journal was cut", "Power was lost during a write. The bytes cut were never acknowledged to anybody; everything acknowledged is there."),
    message("PSW-LOCAL-003", "warning", "the ledger runs without syncing", "sync = false: a power cut loses acknowledged writes. Never use it with money."),
    message("PSW-LOCAL-004", "info", "the ledger is open", "How many entries and bytes were read."),
    message("PSW-LOCAL-005", "error", "the journal could not be written: the ledger stops", "After a failed write or sync nobody knows what is on the disk, so nothing more is written. What was under way is answered `outcome_unknown`. Repair the disk and start again: the start decides by what is there."),
    message("PSW-LOCAL-006", "error", "the next journal file is not there: new work is refused", "`error` says why: it cannot be made, mostly for want of space, or the disk is too slow and it is still being made. Reads work; writes are refused with `read_only`. Service resumes by itself once the file is there."),
    message("PSW-LOCAL-007", "error", "the clean end of the journal could not be noted", "The next start will not know that the stop was clean; nothing is lost."),
    message("PSW-LOCAL-008", "info", "the next journal file is there: new work is accepted again", "See PSW-LOCAL-006."),
};

constexpr psw_command commands[] = {
    {text("verify"), text("[DIR]"), text("Check the whole journal: frames, checksums, chain and the invariants of the books."), text("{\"directory\":\"DIR\"}"), PSW_TYPE_LEDGER, 1},
};

const psw_instance* create(const psw_host* host, psw_str name, psw_error* error) {
  try {
    return (new Connector(*host, std::string(view(name))))->instance();
  } catch (const std::exception&) {
    if (error != nullptr) error->code = PSW_INTERNAL;
    return nullptr;
  }
}

constexpr psw_type types[] = {{
    sizeof(psw_type), PSW_TYPE_LEDGER, text("local_ledger"), text("Embedded, durable double-entry ledger: no other server needed."), 0, list(lanes), list(keys), list(messages), list(commands), 0, 0, create,
}};

}  // namespace
}  // namespace payswitch::local_ledger

PSW_NOTE("org.payswitch.local-ledger", "0.1.0", 1);

extern "C" __attribute__((visibility("default"))) const psw_plugin psw_plugin_entry = {
    PSW_MAGIC, sizeof(psw_plugin), PSW_ABI_MAJOR, PSW_ABI_MINOR, 1, 0,
    payswitch::local_ledger::text("org.payswitch.local-ledger"),
    payswitch::local_ledger::text("0.1.0"),
    payswitch::local_ledger::text("Payswitch"),
    payswitch::local_ledger::text("Embedded double-entry ledger on one append-only journal"),
    payswitch::local_ledger::text("Apache-2.0"),
    payswitch::local_ledger::list(payswitch::local_ledger::types),
};
