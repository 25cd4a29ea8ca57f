#include "ctl/client.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>

#include "base/file.h"
#include "config/commands.h"

namespace payswitch::daemon::ctl {

Exchange ask_daemon(const std::string& socket, std::string_view request_line, std::string& answer) {
  Result<Fd> fd = connect_unix(socket);
  if (!fd.ok()) {
    answer = fd.error().message + " (is payswitchd running? --socket names another socket)";
    return Exchange::unreachable;
  }
  const timeval limit{answer_seconds_max, 0};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  // A daemon that does not want us says so and closes at once: its line is worth more than our EPIPE.
  const bool sent = ::send(fd->get(), request_line.data(), request_line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request_line.size());
  answer.clear();
  char buffer[64 * 1024];
  while (answer.size() <= config::control_answer_bytes_max + sizeof buffer) {
    const ssize_t size = ::recv(fd->get(), buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      answer = "no answer within " + std::to_string(answer_seconds_max) + " s; the command may still be carried out";
      return Exchange::timed_out;
    }
    if (size <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(size));
    if (const auto end = answer.find('\n'); end != std::string::npos) {
      answer.resize(end);
      return Exchange::answered;
    }
  }
  answer = sent ? "the daemon closed the connection without an answer; the command may have been carried out" : "the daemon closed the connection";
  return sent ? Exchange::timed_out : Exchange::unreachable;
}

}  // namespace payswitch::daemon::ctl
