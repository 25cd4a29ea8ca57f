// Files in memory: the disk of a simulated bank. A crash forgets nothing here; torn and lost writes are the ledger's own tests.
#pragma once

#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "local_ledger/storage.h"

namespace payswitch::simulation {

class MemoryStorage final : public local_ledger::Storage {
 public:
  int open(const std::string& name, local_ledger::OpenMode mode, std::unique_ptr<local_ledger::File>& out) override {
    auto it = files_.find(name);
    if (mode == local_ledger::OpenMode::create && it != files_.end()) return EEXIST;
    if (mode != local_ledger::OpenMode::create && it == files_.end()) return ENOENT;
    if (it == files_.end()) it = files_.emplace(name, std::make_shared<Bytes>()).first;
    out = std::make_unique<MemoryFile>(it->second);
    return 0;
  }
  int list(std::vector<std::string>& names) override {
    for (const auto& [name, bytes] : files_) names.push_back(name);
    return 0;
  }
  int rename(const std::string& from, const std::string& to) override {
    const auto it = files_.find(from);
    if (it == files_.end()) return ENOENT;
    files_[to] = it->second;
    files_.erase(from);
    return 0;
  }
  int remove(const std::string& name) override { return files_.erase(name) != 0 ? 0 : ENOENT; }
  int sync_directory() override { return 0; }
  int lock() override { return 0; }
  std::string path(const std::string& name) const override { return "memory/" + name; }

  // A backup, and its return: what was written since is gone.
  std::map<std::string, std::vector<char>> copy() const {
    std::map<std::string, std::vector<char>> out;
    for (const auto& [name, bytes] : files_) out.emplace(name, *bytes);
    return out;
  }
  void put_back(const std::map<std::string, std::vector<char>>& files) {
    files_.clear();
    for (const auto& [name, bytes] : files) files_.emplace(name, std::make_shared<Bytes>(bytes));
  }

 private:
  using Bytes = std::vector<char>;
  class MemoryFile final : public local_ledger::File {
   public:
    explicit MemoryFile(std::shared_ptr<Bytes> bytes) : bytes_(std::move(bytes)) {}
    int read(std::uint64_t offset, void* out, std::size_t size, std::size_t& got) const override {
      got = offset >= bytes_->size() ? 0 : std::min<std::size_t>(size, bytes_->size() - offset);
      if (got != 0) std::memcpy(out, bytes_->data() + offset, got);
      return 0;
    }
    int write(std::uint64_t offset, const void* data, std::size_t size) override {
      if (bytes_->size() < offset + size) bytes_->resize(offset + size);
      std::memcpy(bytes_->data() + offset, data, size);
      return 0;
    }
    int sync() override { return 0; }
    std::uint64_t size() const override { return bytes_->size(); }

   private:
    std::shared_ptr<Bytes> bytes_;
  };
  std::map<std::string, std::shared_ptr<Bytes>> files_;
};

}  // namespace payswitch::simulation
