#include "base/event_fd.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/assert.h"

namespace payswitch::daemon {

EventFd::EventFd() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { PSW_ASSERT(fd_); }

void EventFd::wait(int timeout_ms) noexcept {
  pollfd poll_fd{fd_.get(), POLLIN, 0};
  ::poll(&poll_fd, 1, timeout_ms);
  awake();
  drain();
}

void EventFd::drain() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto bytes = ::read(fd_.get(), &count, sizeof count);
}

void EventFd::write_one() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto bytes = ::write(fd_.get(), &one, sizeof one);
}

}  // namespace payswitch::daemon
