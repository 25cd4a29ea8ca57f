#include "storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "mutant.h"

namespace payswitch::local_ledger {
namespace {

class RealFile final : public File {
 public:
  explicit RealFile(int fd) : fd_(fd) {}
  ~RealFile() override { ::close(fd_); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  int read(std::uint64_t offset, void* out, std::size_t size, std::size_t& got) const override {
    got = 0;
    while (got != size) {
      const ssize_t n = ::pread(fd_, static_cast<char*>(out) + got, size - got, static_cast<off_t>(offset + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return 0;
  }

  int write(std::uint64_t offset, const void* data, std::size_t size) override {
    std::size_t done = 0;
    while (done != size) {
      const ssize_t n = ::pwrite(fd_, static_cast<const char*>(data) + done, size - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno;
      if (n == 0) return EIO;
      done += static_cast<std::size_t>(n);
    }
    return 0;
  }

  int sync() override {
    if (mutant("ledger.skip_sync")) return 0;
    return ::fdatasync(fd_) == 0 ? 0 : errno;
  }

  std::uint64_t size() const override {
    struct stat info {};
    return ::fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

 private:
  int fd_;
};

class Directory final : public Storage {
 public:
  Directory(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~Directory() override {
    if (lock_fd_ >= 0) ::close(lock_fd_);
    ::close(fd_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  int open(const std::string& name, OpenMode mode, std::unique_ptr<File>& out) override {
    int flags = O_CLOEXEC | O_NOFOLLOW;
    flags |= mode == OpenMode::read_only ? O_RDONLY : O_RDWR;
    if (mode == OpenMode::create) flags |= O_CREAT | O_EXCL;
    const int fd = ::openat(fd_, name.c_str(), flags, 0600);
    if (fd < 0) return errno;
    out = std::make_unique<RealFile>(fd);
    return 0;
  }

  int list(std::vector<std::string>& names) override {
    names.clear();
    const int copy = ::openat(fd_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (copy < 0) return errno;
    DIR* dir = ::fdopendir(copy);
    if (dir == nullptr) {
      ::close(copy);
      return errno;
    }
    errno = 0;
    while (const dirent* entry = ::readdir(dir)) {
      if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    const int result = errno;
    ::closedir(dir);
    return result;
  }

  int rename(const std::string& from, const std::string& to) override {
    return ::renameat(fd_, from.c_str(), fd_, to.c_str()) == 0 ? 0 : errno;
  }
  int remove(const std::string& name) override { return ::unlinkat(fd_, name.c_str(), 0) == 0 ? 0 : errno; }
  int sync_directory() override { return ::fsync(fd_) == 0 ? 0 : errno; }

  int lock() override {
    lock_fd_ = ::openat(fd_, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock_fd_ < 0) return errno;
    return ::flock(lock_fd_, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  }

  std::string path(const std::string& name) const override { return name_ + "/" + name; }

 private:
  int fd_;
  int lock_fd_ = -1;
  std::string name_;
};

}  // namespace

Status open_directory(const std::string& directory, bool create, std::unique_ptr<Storage>& out) {
  if (create && ::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return errno_status(directory, "mkdir", errno);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno_status(directory, "open", errno);
  if (create) {  // the name of the directory itself must survive too
    const int parent = ::openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0) {
      const int rc = ::fsync(parent) == 0 ? 0 : errno;
      ::close(parent);
      if (rc != 0 && rc != EINVAL) {
        ::close(fd);
        return errno_status(directory + "/..", "sync", rc);
      }
    }
  }
  out = std::make_unique<Directory>(fd, directory);
  return {};
}

}  // namespace payswitch::local_ledger
