// Data files of the embedded ledger. The input is a list of edits to a small sound journal:
//   mode 1 byte (bit 0: checksums and chain are made good again, bit 1: after a clean stop), then edits of 4 bytes: file and kind, place
//   (two bytes, in units that depend on the kind), value.
// Raw damage must be refused, or cut as a torn tail when there was no clean stop; it is never believed. Forged bytes may be believed, but
// neither opening nor verify nor any read may crash on them.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "local_ledger/verify.h"
#include "plugins/local_ledger/forge.h"
#include "plugins/local_ledger/ledger_fixture.h"

namespace {

using namespace payswitch;
using namespace payswitch::local_ledger;
using namespace payswitch::local_ledger::test;

using Files = std::map<std::string, std::vector<std::uint8_t>>;
constexpr const char* segment = "journal-0000000000";

void require(bool condition) {
  if (!condition) std::abort();
}

// One of everything, 20-odd frames.
Files make(bool clean) {
  Ledger ledger;
  ledger.open_account("a", "alice", 1000);
  ledger.open_account("b", "bob");
  for (std::uint64_t i = 1; i != 8; ++i) {
    Entry entry, held, refused;
    entry.step(i * 10).unique("key/x", std::to_string(i)).post("a", "b", 3).record(100 + i).detail = entry.keep(std::string(i * 40, 'd'));
    entry.kv("kv" + std::to_string(i), "value");
    psw_guard& guard = entry.guard(PSW_G_COUNTER);
    guard.key = entry.keep("window");
    guard.a = 1;
    guard.b = 100;
    ledger.write(entry);
    held.step(i * 10 + 1).hold("a", "b", 5, 500 + i).record(200 + i, 0, 1).next_action_ms = ledger.clock.ms;
    ledger.write(held);
    if (i % 2 == 0) ledger.write(Entry().step(i * 10 + 2).post_hold(500 + i, 4));
    refused.step(i * 10 + 3).unique("key/x", "r" + std::to_string(i)).post("b", "a", 1'000'000).if_refused(300 + i);
    ledger.write(refused);
    if (i == 4) ledger.lease("me");
  }
  if (clean) {
    ledger.close();
  } else {
    ledger.crash();
  }
  Files files;
  for (const auto& [name, node] : ledger.disk.names) files[name] = node->cached;
  return files;
}

const Files& sound(bool clean) {
  static const Files stopped = make(true), killed = make(false);
  return clean ? stopped : killed;
}

std::uint32_t salt_of(const Files& files) { return load<LedgerFile>(files.at("ledger").data()).salt; }

std::size_t used(const std::vector<std::uint8_t>& bytes) {
  std::size_t n = bytes.size();
  while (n != 0 && bytes[n - 1] == 0) --n;
  return n;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool forged = (data[0] & 1) != 0, clean = (data[0] & 2) != 0;
  const Files& before = sound(clean);
  Files files = before;
  for (std::size_t i = 1; i + 4 <= size && i < 4 * 64; i += 4) {
    auto at = files.begin();
    if (forged) {
      at = files.find(segment);
    } else {
      std::advance(at, static_cast<std::ptrdiff_t>((data[i] >> 3) % files.size()));
    }
    std::vector<std::uint8_t>& bytes = at->second;
    if (bytes.empty()) continue;
    const std::size_t place = data[i + 1] | static_cast<std::size_t>(data[i + 2]) << 8, near = at->first == segment ? used(bytes) + 64 : bytes.size();
    switch (data[i] & 7) {
      case 0: bytes[place % bytes.size()] = data[i + 3]; break;
      case 1: bytes[place % near] = static_cast<std::uint8_t>(bytes[place % near] ^ data[i + 3]); break;
      case 2: bytes[place % near] = static_cast<std::uint8_t>(bytes[place % near] + data[i + 3]); break;
      case 3:
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(place % near / sector_bytes * sector_bytes),
                    std::min<std::size_t>(sector_bytes, bytes.size() - place % near / sector_bytes * sector_bytes), std::uint8_t{0});
        break;
      case 4:
        if (!forged) bytes.resize(bytes.size() - 1 - place % bytes.size());
        break;
      default:  // one bit
        bytes[place % near] = static_cast<std::uint8_t>(bytes[place % near] ^ (1u << (data[i + 3] & 7)));
    }
  }
  if (forged) reseal(files.at(segment), salt_of(before));

  MemoryDisk disk;
  for (const auto& [name, bytes] : files) {
    auto node = std::make_shared<MemoryDisk::Node>();
    node->cached = node->durable = bytes;
    disk.names[name] = disk.durable_names[name] = node;
  }
  {
    auto storage = disk.storage();
    VerifyReport report;
    static_cast<void>(verify(*storage, report));
  }
  for (const auto& [name, bytes] : files) require(disk.bytes(name) == bytes);  // verify changes nothing
  auto storage = disk.storage();
  TestClock clock;
  EngineOptions options;
  options.own_thread = false;
  options.create = false;
  std::unique_ptr<Engine> engine;
  JournalReport report;
  const Status status = Engine::open(*storage, clock, options, engine, report);
  if (!status.ok()) return 0;
  if (!forged) {
    // A block of zeros may hide a last frame that nothing follows: without a clean stop nobody can tell it from one never written.
    bool believed = files != before && report.cut_bytes == 0;
    if (believed && !clean) {
      const auto &now = files.at(segment), &then = before.at(segment);
      const std::size_t end = used(now);
      believed = !std::equal(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(end), then.begin()) || files.size() != before.size();
    }
    require(!believed);
    require(report.cut_bytes == 0 || !clean);
  }
  const Reads reads(*engine);
  ReadBuffer buffer;
  for (std::int32_t what = PSW_ROWS_ACCOUNTS; what <= PSW_ROWS_UNIQUES; ++what) {
    for (const char* key : {"", "a"}) {
      psw_read read{};
      read.size = sizeof read;
      read.what = what;
      read.key = psw_str{key, std::strlen(key)};
      psw_reply reply{};
      static_cast<void>(reads.answer(read, reply, buffer));
    }
  }
  return 0;
}
