#include "memory_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace payswitch::local_ledger::test {
namespace {

constexpr std::uint64_t sector = 512;

class MemoryFile final : public File {
 public:
  MemoryFile(MemoryDisk& disk, std::shared_ptr<MemoryDisk::Node> node) : disk_(disk), node_(std::move(node)) {}

  int read(std::uint64_t offset, void* out, std::size_t size, std::size_t& got) const override {
    const std::lock_guard lock(disk_.mutex);
    got = offset >= node_->cached.size() ? 0 : std::min<std::size_t>(size, node_->cached.size() - static_cast<std::size_t>(offset));
    if (got != 0) std::memcpy(out, node_->cached.data() + offset, got);
    return 0;
  }
  int write(std::uint64_t offset, const void* data, std::size_t size) override {
    const std::lock_guard lock(disk_.mutex);
    ++disk_.writes;
    int rc = disk_.step(MemoryDisk::Step::write);
    if (rc != 0) size /= 2;
    const std::uint64_t end = offset + size;
    if (end > node_->cached.size()) {
      if (disk_.used_bytes() + (end - node_->cached.size()) > disk_.space_bytes) return ENOSPC;
      node_->cached.resize(static_cast<std::size_t>(end));
    }
    std::memcpy(node_->cached.data() + offset, data, size);
    node_->unsynced.emplace_back(offset, size);
    return rc;
  }
  int sync() override {
    const std::lock_guard lock(disk_.mutex);
    ++disk_.syncs;
    if (const int rc = disk_.step(MemoryDisk::Step::sync); rc != 0) {
      if (disk_.failed_sync_forgets) node_->unsynced.clear();
      return rc;
    }
    node_->durable.resize(node_->cached.size());
    for (const auto& [offset, size] : node_->unsynced) std::memcpy(node_->durable.data() + offset, node_->cached.data() + offset, size);
    node_->unsynced.clear();
    return 0;
  }
  std::uint64_t size() const override {
    const std::lock_guard lock(disk_.mutex);
    return node_->cached.size();
  }

 private:
  MemoryDisk& disk_;
  std::shared_ptr<MemoryDisk::Node> node_;
};

class MemoryStorage final : public Storage {
 public:
  explicit MemoryStorage(MemoryDisk& disk) : disk_(disk) {}
  ~MemoryStorage() override {
    if (mine_) disk_.locked = false;
  }
  MemoryStorage(const MemoryStorage&) = delete;
  MemoryStorage& operator=(const MemoryStorage&) = delete;

  int open(const std::string& name, OpenMode mode, std::unique_ptr<File>& out) override {
    const std::lock_guard lock(disk_.mutex);
    if (const int rc = disk_.step(MemoryDisk::Step::open); rc != 0) return rc;
    auto at = disk_.names.find(name);
    if (mode == OpenMode::create) {
      if (at != disk_.names.end()) return EEXIST;
      at = disk_.names.emplace(name, std::make_shared<MemoryDisk::Node>()).first;
    }
    if (at == disk_.names.end()) return ENOENT;
    out = std::make_unique<MemoryFile>(disk_, at->second);
    return 0;
  }
  int list(std::vector<std::string>& names) override {
    const std::lock_guard lock(disk_.mutex);
    names.clear();
    for (const auto& [name, node] : disk_.names) names.push_back(name);
    return 0;
  }
  int rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(disk_.mutex);
    if (const int rc = disk_.step(MemoryDisk::Step::rename); rc != 0) return rc;
    const auto at = disk_.names.find(from);
    if (at == disk_.names.end()) return ENOENT;
    disk_.names[to] = at->second;
    disk_.names.erase(from);
    return 0;
  }
  int remove(const std::string& name) override {
    const std::lock_guard lock(disk_.mutex);
    if (const int rc = disk_.step(MemoryDisk::Step::remove); rc != 0) return rc;
    return disk_.names.erase(name) == 1 ? 0 : ENOENT;
  }
  int sync_directory() override {
    const std::lock_guard lock(disk_.mutex);
    if (const int rc = disk_.step(MemoryDisk::Step::sync_directory); rc != 0) return rc;
    disk_.durable_names = disk_.names;
    return 0;
  }
  int lock() override {
    if (disk_.locked) return EWOULDBLOCK;
    disk_.locked = mine_ = true;
    return 0;
  }
  std::string path(const std::string& name) const override { return "memory/" + name; }

 private:
  MemoryDisk& disk_;
  bool mine_ = false;
};

}  // namespace

std::unique_ptr<Storage> MemoryDisk::storage() { return std::make_unique<MemoryStorage>(*this); }

int MemoryDisk::step(Step step) {
  if (fail_in == 0 || step != fail_step || --fail_in != 0) return 0;
  return fail_error;
}

std::uint64_t MemoryDisk::used_bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, node] : names) sum += node->cached.size();
  return sum;
}

void MemoryDisk::power_cut(std::uint64_t seed) {
  std::mt19937_64 chance(seed);
  const std::lock_guard lock(mutex);
  locked = false;
  names = durable_names;
  for (auto& [name, node] : names) {
    for (const auto& [offset, size] : node->unsynced) {
      if (node->durable.size() < node->cached.size() && (chance() & 1) != 0) node->durable.resize(node->cached.size());
      for (std::uint64_t at = offset / sector * sector; at < offset + size; at += sector) {
        const std::uint64_t from = std::max(at, offset), to = std::min({at + sector, offset + size, static_cast<std::uint64_t>(node->durable.size())});
        if (from < to && (chance() & 1) != 0) std::memcpy(node->durable.data() + from, node->cached.data() + from, static_cast<std::size_t>(to - from));
      }
    }
    node->unsynced.clear();
    node->cached = node->durable;
  }
}

}  // namespace payswitch::local_ledger::test
