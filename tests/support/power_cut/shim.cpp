// Power loss for one directory, as a library to preload. It follows what a process does to the files of that directory, knows what was
// synced and what was not, and at the chosen step makes the disk look as it may look after the power went: every 512-byte sector of an
// unsynced write is there or not, sizes that were not synced may be the old ones, creations, renames and removals since the last sync
// of the directory are undone from the last one back. Then it kills the process. Or it lets one sync fail.
//   PSW_POWER_CUT_DIR   the directory, absolute; PSW_POWER_CUT_DIR.lost beside it (made here) keeps what may have to come back
//   PSW_POWER_CUT_AT    the step (write, sync, create, rename, remove, truncate: each counts) at which the power goes
//   PSW_POWER_CUT_SEED  chance
//   PSW_POWER_CUT_EIO   instead: a path; while something is there, every sync of a file fails with EIO; else syncs are real
// Limits: files are told apart by inode; writes through mmap, aio or io_uring are not seen; while it runs nothing is really synced.
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace {

constexpr std::size_t sector = 512;

template <class F>
F real(const char* name) {
  void* const at = dlsym(RTLD_NEXT, name);
  if (at == nullptr) abort();
  return reinterpret_cast<F>(at);
}
int real_openat(int dir, const char* path, int flags, mode_t mode) { return real<int (*)(int, const char*, int, ...)>("openat")(dir, path, flags, mode); }
int real_truncate(int fd, off_t size) { return real<int (*)(int, off_t)>("ftruncate")(fd, size); }
int real_rename(int from_dir, const char* from, int to_dir, const char* to) {
  return real<int (*)(int, const char*, int, const char*)>("renameat")(from_dir, from, to_dir, to);
}
int real_unlink(int dir, const char* path) { return real<int (*)(int, const char*, int)>("unlinkat")(dir, path, 0); }
ssize_t real_pwrite(int fd, const void* data, std::size_t size, off_t at) {
  return real<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite")(fd, data, size, at);
}

struct Node {
  int fd = -1;             // our own, so that a closed file can still lose its bytes
  off_t durable_size = 0;
  std::map<off_t, std::array<char, sector>> durable;  // sectors written since the last sync, as the disk has them
};
enum class Change { created, renamed, removed };
struct NameChange {
  Change change;
  std::string from, to;
  std::string kept;  // in the .lost directory: what was overwritten or removed; may be empty
};

class Disk {
 public:
  Disk() {
    const char* const dir = getenv("PSW_POWER_CUT_DIR");
    if (dir == nullptr) return;
    directory_ = dir;
    cut_at_ = number("PSW_POWER_CUT_AT");
    if (const char* const path = getenv("PSW_POWER_CUT_EIO")) eio_when_ = path;
    chance_ = number("PSW_POWER_CUT_SEED") * 0x9e3779b97f4a7c15u + 1;
    mkdir((directory_ + ".lost").c_str(), 0700);
  }

  bool on() const { return !directory_.empty(); }

  // The name inside the directory, or empty: not ours.
  std::string ours(int dir, const char* path) const {
    if (!on() || path == nullptr) return {};
    std::string whole = path;
    if (path[0] != '/' && dir != AT_FDCWD) whole = path_of(dir) + "/" + path;
    if (whole.size() <= directory_.size() + 1 || whole.compare(0, directory_.size() + 1, directory_ + "/") != 0) return {};
    whole.erase(0, directory_.size() + 1);
    return whole == "." || whole == ".." || whole.find('/') != std::string::npos ? std::string() : whole;
  }

  int open(int dir, const char* path, int flags, mode_t mode) {
    const std::string name = ours(dir, path);
    if (name.empty() || (flags & O_DIRECTORY) != 0) return real_openat(dir, path, flags, mode);
    const std::lock_guard lock(mutex_);
    const bool there = access((directory_ + "/" + name).c_str(), F_OK) == 0;
    const int fd = real_openat(dir, path, flags, mode);
    if (fd < 0) return fd;
    Node& node = node_of(fd);
    if (!there) {
      node.durable_size = 0;
      names_.push_back({Change::created, name, {}, {}});
      step();
    } else if ((flags & O_TRUNC) != 0) {
      step();
    }
    return fd;
  }

  ssize_t write(int fd, const void* data, std::size_t size, off_t at) {
    if (!tracked(fd)) return real_pwrite(fd, data, size, at);
    const std::lock_guard lock(mutex_);
    remember(node_of(fd), fd, at, static_cast<off_t>(size));
    const ssize_t n = real_pwrite(fd, data, size, at);
    step();
    return n;
  }
  int truncate(int fd, off_t size) {
    if (!tracked(fd)) return real_truncate(fd, size);
    const std::lock_guard lock(mutex_);
    Node& node = node_of(fd);
    struct stat info{};
    fstat(fd, &info);
    if (info.st_size > size) remember(node, fd, size, info.st_size - size);
    const int rc = real_truncate(fd, size);
    step();
    return rc;
  }
  int sync(int fd, const char* function) {
    const auto really = [&] { return real<int (*)(int)>(function)(fd); };
    if (!on()) return really();
    const bool directory = path_of(fd) == directory_;
    if (!directory && !tracked(fd)) return really();
    const std::lock_guard lock(mutex_);
    if (!eio_when_.empty()) {
      if (!directory && access(eio_when_.c_str(), F_OK) == 0) {
        errno = EIO;
        return -1;
      }
      return really();
    }
    if (steps_ + 1 == cut_at_ && random() % 2 == 0) step();  // before it took effect
    if (directory) {
      for (const NameChange& change : names_) {
        if (!change.kept.empty()) real_unlink(AT_FDCWD, change.kept.c_str());
      }
      names_.clear();
    } else {
      Node& node = node_of(fd);
      struct stat info{};
      fstat(fd, &info);
      node.durable.clear();
      node.durable_size = info.st_size;
    }
    step();
    return 0;
  }
  int rename(int from_dir, const char* from, int to_dir, const char* to) {
    const std::string a = ours(from_dir, from), b = ours(to_dir, to);
    if (a.empty() || b.empty()) return real_rename(from_dir, from, to_dir, to);
    const std::lock_guard lock(mutex_);
    NameChange change{Change::renamed, a, b, keep(b)};
    const int rc = real_rename(from_dir, from, to_dir, to);
    if (rc == 0) names_.push_back(change);
    step();
    return rc;
  }
  int remove(int dir, const char* path) {
    const std::string name = ours(dir, path);
    if (name.empty()) return real_unlink(dir, path);
    const std::lock_guard lock(mutex_);
    NameChange change{Change::removed, name, {}, keep(name)};
    const int rc = real_unlink(dir, path);
    if (rc == 0) {
      names_.push_back(change);
      step();
    }
    return rc;
  }

 private:
  static std::uint64_t number(const char* name) {
    const char* const text = getenv(name);
    return text == nullptr ? 0 : strtoull(text, nullptr, 10);
  }
  static std::string path_of(int fd) {
    char target[4096];
    const ssize_t n = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
    return n <= 0 ? std::string() : std::string(target, static_cast<std::size_t>(n));
  }
  bool tracked(int fd) {
    if (!on()) return false;
    const std::string path = path_of(fd);
    return path.size() > directory_.size() && path.compare(0, directory_.size() + 1, directory_ + "/") == 0;
  }
  std::uint64_t random() {  // splitmix64
    chance_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = chance_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  Node& node_of(int fd) {
    struct stat info{};
    fstat(fd, &info);
    Node& node = nodes_[info.st_ino];
    if (node.fd < 0) {
      node.fd = real_openat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC, 0);
      node.durable_size = info.st_size;
    }
    return node;
  }
  static void remember(Node& node, int fd, off_t at, off_t size) {
    for (off_t s = at - at % static_cast<off_t>(sector); s < at + size; s += static_cast<off_t>(sector)) {
      const auto [place, fresh] = node.durable.try_emplace(s);
      if (!fresh) continue;
      place->second.fill(0);
      (void)!pread(node.fd >= 0 ? node.fd : fd, place->second.data(), sector, s);
    }
  }
  // A second name for what is about to lose its own.
  std::string keep(const std::string& name) {
    const std::string kept = directory_ + ".lost/" + std::to_string(++kept_);
    unlink_quietly(kept);
    return linkat(AT_FDCWD, (directory_ + "/" + name).c_str(), AT_FDCWD, kept.c_str(), 0) == 0 ? kept : std::string();
  }
  static void unlink_quietly(const std::string& path) { real_unlink(AT_FDCWD, path.c_str()); }

  void step() {
    if (++steps_ == cut_at_ && eio_when_.empty()) cut();
  }
  [[noreturn]] void cut() {
    for (auto& [inode, node] : nodes_) lose(node);
    // The names: a journaling file system keeps their order, so some first of them are there and the rest are not.
    std::size_t there = names_.size();
    if (const std::uint64_t way = random() % 3; way == 0) {
      there = 0;
    } else if (way == 1) {
      there = static_cast<std::size_t>(random() % (names_.size() + 1));
    }
    for (std::size_t i = names_.size(); i-- != there;) {
      const NameChange& change = names_[i];
      const std::string from = directory_ + "/" + change.from, to = directory_ + "/" + change.to;
      if (change.change == Change::created) unlink_quietly(from);
      if (change.change == Change::renamed) real_rename(AT_FDCWD, to.c_str(), AT_FDCWD, from.c_str());
      if (!change.kept.empty()) real_rename(AT_FDCWD, change.kept.c_str(), AT_FDCWD, change.change == Change::removed ? from.c_str() : to.c_str());
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  void lose(Node& node) {
    if (node.fd < 0) return;
    struct stat info{};
    fstat(node.fd, &info);
    const std::uint64_t way = random() % 4;  // 0 everything unsynced, 1 nothing, else each sector by chance
    const std::uint64_t in_sixteen = 1 + random() % 15;
    const auto lost = [&] { return way == 0 || (way != 1 && random() % 16 < in_sixteen); };
    off_t size = info.st_size;
    if (size != node.durable_size && lost()) size = node.durable_size;
    if (size != info.st_size) real_truncate(node.fd, size);
    for (const auto& [at, bytes] : node.durable) {
      if (!lost() || at >= size) continue;
      real_pwrite(node.fd, bytes.data(), std::min(sector, static_cast<std::size_t>(size - at)), at);
    }
  }

  std::string directory_, eio_when_;
  std::uint64_t cut_at_ = 0, chance_ = 0, steps_ = 0, kept_ = 0;
  std::mutex mutex_;
  std::map<ino_t, Node> nodes_;
  std::vector<NameChange> names_;
};

Disk& disk() {
  static Disk* const one = new Disk;  // never destroyed: the last close comes after static destructors
  return *one;
}

mode_t mode_of(int flags, va_list list) { return (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(list, int)) : 0; }

ssize_t write_here(int fd, const void* data, std::size_t size) {
  const off_t at = lseek(fd, 0, SEEK_CUR);
  const ssize_t n = disk().write(fd, data, size, at);
  if (n > 0) lseek(fd, at + n, SEEK_SET);
  return n;
}
bool regular(int fd) {
  struct stat info{};
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return disk().open(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return disk().open(AT_FDCWD, path, flags, mode);
}
int openat(int dir, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return disk().open(dir, path, flags, mode);
}
int openat64(int dir, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = mode_of(flags, list);
  va_end(list);
  return disk().open(dir, path, flags, mode);
}
ssize_t pwrite(int fd, const void* data, size_t size, off_t at) { return disk().write(fd, data, size, at); }
ssize_t pwrite64(int fd, const void* data, size_t size, off_t at) { return disk().write(fd, data, size, at); }
ssize_t write(int fd, const void* data, size_t size) {
  if (disk().on() && regular(fd)) return write_here(fd, data, size);
  return real<ssize_t (*)(int, const void*, size_t)>("write")(fd, data, size);
}
int ftruncate(int fd, off_t size) noexcept { return disk().truncate(fd, size); }
int ftruncate64(int fd, off_t size) noexcept { return disk().truncate(fd, size); }
int fsync(int fd) { return disk().sync(fd, "fsync"); }
int fdatasync(int fd) { return disk().sync(fd, "fdatasync"); }
int rename(const char* from, const char* to) noexcept { return disk().rename(AT_FDCWD, from, AT_FDCWD, to); }
int renameat(int from_dir, const char* from, int to_dir, const char* to) noexcept { return disk().rename(from_dir, from, to_dir, to); }
int unlink(const char* path) noexcept { return disk().remove(AT_FDCWD, path); }
int unlinkat(int dir, const char* path, int flags) noexcept {
  if (flags != 0) return real<int (*)(int, const char*, int)>("unlinkat")(dir, path, flags);
  return disk().remove(dir, path);
}

}  // extern "C"
