#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace payswitch::daemon {

void Fd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Error errno_error(std::string_view action, std::string_view subject, int error_number) {
  std::array<char, 128> buffer{};
  const char* text = ::strerror_r(error_number, buffer.data(), buffer.size());
  std::string message(action);
  message.append(" ").append(subject).append(": ").append(text);
  return Error{std::move(message)};
}

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return errno_error("open", path, errno);
  std::string content;
  std::array<char, 16 * 1024> block;
  for (;;) {
    const ssize_t bytes = ::read(fd.get(), block.data(), block.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return errno_error("read", path, errno);
    if (bytes == 0) return content;
    if (content.size() + static_cast<std::size_t>(bytes) > bytes_max) {
      return Error{"read " + path + ": larger than " + std::to_string(bytes_max) + " bytes"};
    }
    content.append(block.data(), static_cast<std::size_t>(bytes));
  }
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write", "", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_directory(const std::string& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return errno_error("open", path, errno);
  if (::fsync(fd.get()) != 0) return errno_error("fsync", path, errno);
  return {};
}

Result<void> write_file_atomic(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::size_t slash = path.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  std::string temporary = path + ".XXXXXX";
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return errno_error("create", temporary, errno);
  const auto fail = [&](const char* action) -> Result<void> {
    const Error error = errno_error(action, temporary, errno);
    ::unlink(temporary.c_str());
    return error;
  };
  if (!write_all(fd.get(), bytes).ok()) return fail("write");
  if (::fchmod(fd.get(), static_cast<mode_t>(mode)) != 0) return fail("chmod");
  if (::fsync(fd.get()) != 0) return fail("fsync");
  if (::rename(temporary.c_str(), path.c_str()) != 0) return fail("rename");
  return sync_directory(directory);
}

}  // namespace payswitch::daemon
