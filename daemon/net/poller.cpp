#include "net/poller.h"

#include <unistd.h>

#include "base/assert.h"

namespace payswitch::daemon::net {

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) { PSW_ASSERT(epoll_); }

bool Poller::add(int fd, std::uint32_t events, Pollable& target, bool level) noexcept {
  epoll_event event{};
  event.events = events | (level ? 0U : static_cast<std::uint32_t>(EPOLLET));
  event.data.ptr = &target;
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

void Poller::modify(int fd, std::uint32_t events, Pollable& target, bool level) noexcept {
  epoll_event event{};
  event.events = events | (level ? 0U : static_cast<std::uint32_t>(EPOLLET));
  event.data.ptr = &target;
  PSW_ASSERT(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void Poller::remove(int fd, Pollable& target) noexcept {
  epoll_event unused{};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  for (int i = batch_next_; i < batch_size_; ++i) {
    if (batch_[static_cast<std::size_t>(i)].data.ptr == &target) batch_[static_cast<std::size_t>(i)].data.ptr = nullptr;
  }
}

bool Poller::poll() noexcept {
  batch_size_ = ::epoll_wait(epoll_.get(), batch_.data(), events_per_poll_max, 0);
  bool any = false;
  for (batch_next_ = 0; batch_next_ < batch_size_;) {
    const epoll_event event = batch_[static_cast<std::size_t>(batch_next_++)];
    if (event.data.ptr == nullptr) continue;
    any = true;
    static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
  }
  batch_size_ = batch_next_ = 0;
  return any;
}

}  // namespace payswitch::daemon::net
