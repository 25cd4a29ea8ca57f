#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"

namespace payswitch::daemon {
namespace {

bool fill_address(const std::string& path, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return true;
}

Error bad_path(const std::string& path) { return Error{"socket " + path + ": the path is empty or longer than 107 bytes"}; }

}  // namespace

Result<Fd> connect_unix(const std::string& path) {
  sockaddr_un address;
  if (!fill_address(path, address)) return bad_path(path);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("socket", path, errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return errno_error("connect", path, errno);
  return fd;
}

Result<Fd> listen_unix(const std::string& path, unsigned mode, int backlog) {
  sockaddr_un address;
  if (!fill_address(path, address)) return bad_path(path);
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return Error{"socket " + path + ": something that is not a socket is in the way"};
    if (connect_unix(path).ok()) return Error{"socket " + path + ": another process listens there"};
    ::unlink(path.c_str());
  }
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno_error("socket", path, errno);
  // The mode is set before anybody can connect: bind creates the file, only listen opens the door.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return errno_error("bind", path, errno);
  if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) return errno_error("chmod", path, errno);
  if (::listen(fd.get(), backlog) != 0) return errno_error("listen", path, errno);
  return fd;
}

Result<PeerCredentials> peer_credentials(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return errno_error("SO_PEERCRED", "", errno);
  return PeerCredentials{credentials.uid, credentials.gid, credentials.pid};
}

}  // namespace payswitch::daemon
