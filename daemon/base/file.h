// File descriptors that close themselves, and the few file operations the daemon does besides its ledger's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace payswitch::daemon {

// Owns a descriptor; −1 is none.
class Fd {
 public:
  Fd() noexcept = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept { if (this != &other) { reset(other.release()); } return *this; }
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

// "open /etc/x: No such file or directory": what was tried, on what, and the text of errno.
Error errno_error(std::string_view action, std::string_view subject, int error_number);

// The whole file, refused above bytes_max.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);
// All bytes to a descriptor, restarting after signals and short writes.
Result<void> write_all(int fd, std::string_view bytes);
// The new content or the old one, never a mixture, also after power loss: temporary file in the same directory, fsync, rename,
// fsync of the directory. `mode` as for open(2).
Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode = 0644);
Result<void> sync_directory(const std::string& path);

// A listening Unix stream socket. A stale socket file (nobody answers) is replaced, a living one refused. Close-on-exec.
Result<Fd> listen_unix(const std::string& path, unsigned mode, int backlog = 16);
Result<Fd> connect_unix(const std::string& path);
// Uid, gid and pid of the other end of a Unix socket.
struct PeerCredentials {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::int32_t pid = 0;
};
Result<PeerCredentials> peer_credentials(int fd);

}  // namespace payswitch::daemon
