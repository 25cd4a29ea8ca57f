#include "plugin_host/fd_watcher.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "plugin_host/connector.h"

namespace payswitch::daemon::plugin_host {
namespace {

struct FdEvent final : EventNode {
  psw_fd body{};
};

std::uint32_t to_epoll(std::int32_t events) noexcept {
  std::uint32_t flags = EPOLLONESHOT;
  if ((events & PSW_FD_READ) != 0) flags |= EPOLLIN;
  if ((events & PSW_FD_WRITE) != 0) flags |= EPOLLOUT;
  return flags;
}

}  // namespace

bool FdWatcher::open() {
  if (epoll_.get() >= 0) return true;
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  end_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event end{};
  end.events = EPOLLIN;
  end.data.fd = end_.get();
  if (epoll_.get() < 0 || end_.get() < 0 || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, end_.get(), &end) != 0) return false;
  if (threads_) {
    thread_ = std::thread([this] {
      for (;;) {
        poll(-1);
        std::uint64_t ended = 0;
        if (::read(end_.get(), &ended, sizeof ended) > 0) return;
      }
    });
    pthread_setname_np(thread_.native_handle(), "psw-fds");
  }
  return true;
}

FdWatcher::~FdWatcher() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  while (::write(end_.get(), &one, sizeof one) < 0) {
  }
  thread_.join();
}

std::int32_t FdWatcher::watch(Lane& lane, std::int32_t fd, std::int32_t events, std::uint64_t token) {
  const std::lock_guard guard(mutex_);
  if (!open()) return PSW_UNAVAILABLE;
  const auto it = watches_.find(fd);
  const bool foreign = it != watches_.end() && &it->second.lane->connector() != &lane.connector();
  if (events == 0) {
    if (it == watches_.end() || foreign) return PSW_ABSENT;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    watches_.erase(it);
    return PSW_OK;
  }
  if (it == watches_.end() && watches_.size() >= watched_fds_max) return PSW_OVERLOADED;
  epoll_event event{};
  event.events = to_epoll(events);
  event.data.fd = fd;
  // A descriptor that was closed without a word and opened again is no longer in the epoll set. One that still is and is not this instance's,
  // another's or the watcher's own, stays as it is.
  const bool ours = it != watches_.end() && !foreign;
  int done = ::epoll_ctl(epoll_.get(), ours ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  if (done != 0 && ours) done = ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  if (done != 0) return PSW_INVALID;
  watches_[fd] = {&lane, token, true};
  return PSW_OK;
}

void FdWatcher::forget(const Connector& connector) {
  const std::lock_guard guard(mutex_);
  for (auto it = watches_.begin(); it != watches_.end();) {
    if (&it->second.lane->connector() == &connector) {
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, it->first, nullptr);
      it = watches_.erase(it);
    } else {
      ++it;
    }
  }
}

void FdWatcher::poll(int timeout_ms) {
  if (epoll_.get() < 0) return;
  std::array<epoll_event, 64> ready;
  const int n = ::epoll_wait(epoll_.get(), ready.data(), static_cast<int>(ready.size()), timeout_ms);
  const std::lock_guard guard(mutex_);
  for (int i = 0; i < n; ++i) {
    const auto it = watches_.find(ready[static_cast<std::size_t>(i)].data.fd);
    if (it == watches_.end() || !it->second.armed) continue;
    it->second.armed = false;
    const std::uint32_t seen = ready[static_cast<std::size_t>(i)].events;
    auto event = std::make_unique<FdEvent>();
    event->body.size = sizeof(psw_fd);
    event->body.fd = it->first;
    event->body.events = ((seen & EPOLLIN) != 0 ? PSW_FD_READ : 0) | ((seen & EPOLLOUT) != 0 ? PSW_FD_WRITE : 0) |
                         ((seen & (EPOLLERR | EPOLLHUP)) != 0 ? PSW_FD_ERROR : 0);
    event->event.kind = PSW_EV_FD;
    event->event.token = it->second.token;
    event->event.body = &event->body;
    it->second.lane->post(event.release(), true);
  }
}

}  // namespace payswitch::daemon::plugin_host
