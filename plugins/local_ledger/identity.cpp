#include "identity.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "format.h"

namespace payswitch::local_ledger {
namespace {

template <class T>
std::uint32_t checksum(T file) noexcept {
  file.crc = 0;
  return crc32c(0, &file, sizeof file);
}

template <class T>
Status read_whole(Storage& storage, const char* name, bool& found, T& out) {
  std::unique_ptr<File> file;
  const int rc = storage.open(name, OpenMode::read_only, file);
  found = rc == 0;
  if (rc == ENOENT) return {};
  if (rc != 0) return errno_status(storage.path(name), "open", rc);
  std::size_t got = 0;
  if (const int error = file->read(0, &out, sizeof out, got); error != 0) return errno_status(storage.path(name), "read", error);
  if (got != sizeof out || file->size() != sizeof out) return Status(storage.path(name) + ": damaged: " + std::to_string(file->size()) + " bytes instead of " + std::to_string(sizeof out));
  return {};
}

}  // namespace

void system_random(void* out, std::size_t size) {
  auto* at = static_cast<char*>(out);
  while (size != 0) {
    const ssize_t n = ::getrandom(at, size, 0);
    if (n < 0 && errno == EINTR) continue;
    PSW_LEDGER_ASSERT(n > 0);
    at += n;
    size -= static_cast<std::size_t>(n);
  }
}

Status replace_file(Storage& storage, const std::string& name, const void* data, std::size_t size) {
  const std::string temporary = name + ".tmp";
  if (const int rc = storage.remove(temporary); rc != 0 && rc != ENOENT) return errno_status(storage.path(temporary), "remove", rc);
  std::unique_ptr<File> file;
  if (const int rc = storage.open(temporary, OpenMode::create, file); rc != 0) return errno_status(storage.path(temporary), "create", rc);
  if (const int rc = file->write(0, data, size); rc != 0) return errno_status(storage.path(temporary), "write", rc);
  if (const int rc = file->sync(); rc != 0) return errno_status(storage.path(temporary), "sync", rc);
  if (const int rc = storage.rename(temporary, name); rc != 0) return errno_status(storage.path(name), "rename", rc);
  if (const int rc = storage.sync_directory(); rc != 0) return errno_status(storage.path(name), "sync directory", rc);
  return {};
}

Status load_identity(Storage& storage, bool create, std::uint64_t segment_bytes, Random random, Identity& out) {
  LedgerFile file{};
  bool found = false;
  if (Status status = read_whole(storage, "ledger", found, file); !status.ok()) return status;
  if (!found) {
    std::vector<std::string> names;
    if (const int rc = storage.list(names); rc != 0) return errno_status(storage.path("."), "list", rc);
    for (const std::string& name : names) {
      if (name.starts_with("journal-") && !name.ends_with(".tmp")) return Status(storage.path("ledger") + ": missing, but there is a journal: restore the file from a backup");
    }
    if (!create) return Status(storage.path("ledger") + ": not found: this is not the directory of a ledger");
    std::memcpy(file.magic, ledger_magic, sizeof file.magic);
    file.version = format_version;
    file.epoch = 1;
    file.segment_bytes = segment_bytes;
    random(file.id, sizeof file.id);
    random(&file.salt, sizeof file.salt);
    file.crc = checksum(file);
    if (Status status = replace_file(storage, "ledger", &file, sizeof file); !status.ok()) return status;
  }
  if (std::memcmp(file.magic, ledger_magic, sizeof file.magic) != 0 || file.crc != checksum(file)) return Status(storage.path("ledger") + ": damaged: checksum is wrong");
  if (file.version != format_version) return Status(storage.path("ledger") + ": format version " + std::to_string(file.version) + " is not known to this program");
  std::memcpy(out.id.b, file.id, sizeof out.id.b);
  out.epoch = file.epoch;
  out.segment_bytes = file.segment_bytes;
  out.salt = file.salt;
  return {};
}

Status load_clean_end(Storage& storage, bool& found, CleanEnd& out) {
  ClosedFile file{};
  if (Status status = read_whole(storage, "closed", found, file); !status.ok() || !found) return status;
  if (std::memcmp(file.magic, closed_magic, sizeof file.magic) != 0 || file.crc != checksum(file) || file.version != format_version) {
    return Status(storage.path("closed") + ": damaged: checksum is wrong");
  }
  out.sequence = file.sequence;
  out.end = file.end;
  std::memcpy(out.hash.data(), file.hash, sizeof file.hash);
  return {};
}

Status store_clean_end(Storage& storage, const CleanEnd& end) {
  ClosedFile file{};
  std::memcpy(file.magic, closed_magic, sizeof file.magic);
  file.version = format_version;
  file.sequence = end.sequence;
  file.end = end.end;
  std::memcpy(file.hash, end.hash.data(), sizeof file.hash);
  file.crc = checksum(file);
  return replace_file(storage, "closed", &file, sizeof file);
}

}  // namespace payswitch::local_ledger
