#include "app/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace payswitch::daemon::app {
namespace {

bool parse(const char* text, std::uint64_t& out) noexcept {
  const auto r = std::from_chars(text, text + std::strlen(text), out);
  return r.ec == std::errc{} && *r.ptr == 0;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  if (const char* socket = std::getenv("NOTIFY_SOCKET")) manager.socket_ = socket;
  std::uint64_t usec = 0, pid = 0;
  const char* watchdog_pid = std::getenv("WATCHDOG_PID");
  const bool ours = !watchdog_pid || (parse(watchdog_pid, pid) && pid == static_cast<std::uint64_t>(getpid()));
  if (const char* watchdog = std::getenv("WATCHDOG_USEC"); watchdog && ours && parse(watchdog, usec)) manager.watchdog_interval_ms_ = usec / 2000;
  unsetenv("NOTIFY_SOCKET");
  unsetenv("WATCHDOG_USEC");
  unsetenv("WATCHDOG_PID");
  return manager;
}

bool ServiceManager::notify(std::string_view message) const noexcept {
  if (socket_.empty()) return true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if ((socket_[0] != '/' && socket_[0] != '@') || socket_.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = 0;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const ssize_t sent = sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length);
  close(fd);
  return sent == static_cast<ssize_t>(message.size());
}

}  // namespace payswitch::daemon::app
