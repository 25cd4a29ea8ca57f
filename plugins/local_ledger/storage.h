// The disk as a parameter: one flat directory of files. The engine and its tests see only this, so that torn writes, lost unsynced
// bytes, full disks and I/O errors can be played from memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "status.h"

namespace payswitch::local_ledger {

// All functions answer 0 or an errno. read() is for any thread; the rest for one thread at a time.
class File {
 public:
  virtual ~File() = default;
  // Reads up to `size` bytes; `got` is smaller only at the end of the file.
  virtual int read(std::uint64_t offset, void* out, std::size_t size, std::size_t& got) const = 0;
  // Writes all of it or fails; after a failure nobody knows which bytes are there.
  virtual int write(std::uint64_t offset, const void* data, std::size_t size) = 0;
  virtual int sync() = 0;  // fdatasync
  virtual std::uint64_t size() const = 0;
};

enum class OpenMode { read_only, read_write, create };  // create: must not exist

class Storage {
 public:
  virtual ~Storage() = default;
  virtual int open(const std::string& name, OpenMode mode, std::unique_ptr<File>& out) = 0;
  virtual int list(std::vector<std::string>& names) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int remove(const std::string& name) = 0;
  virtual int sync_directory() = 0;
  // Takes the directory for this process until the storage is destroyed. EWOULDBLOCK: another process has it.
  virtual int lock() = 0;
  virtual std::string path(const std::string& name) const = 0;  // for messages
};

// A directory of the file system. `create`: make it (mode 0700) if it is not there; its parent must exist.
Status open_directory(const std::string& directory, bool create, std::unique_ptr<Storage>& out);

}  // namespace payswitch::local_ledger
