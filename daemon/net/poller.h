// Edge-triggered readiness of sockets for the things that move most bytes. Asio would pay one system call a request to arm a
// wait (or a receive that finds nothing); here a socket is registered once in its life.
#pragma once

#include <array>
#include <cstdint>

#include <sys/epoll.h>

#include "base/file.h"

namespace payswitch::daemon::net {

// Gets the events of one descriptor. Lives until it was removed from the poller.
class Pollable {
 public:
  // EPOLLIN, EPOLLOUT, EPOLLRDHUP, EPOLLHUP, EPOLLERR, each once per change (edge): the owner remembers what it has not used up.
  virtual void on_ready(std::uint32_t events) noexcept = 0;

 protected:
  ~Pollable() = default;
};

// Belongs to one loop and its thread.
class Poller {
 public:
  static constexpr int events_per_poll_max = 256;

  Poller();

  // Readable when any registered descriptor is ready: what the loop sleeps on.
  int fd() const noexcept { return epoll_.get(); }
  // False when the kernel refuses (out of memory or watches). `level` instead of edge: for listening sockets.
  bool add(int fd, std::uint32_t events, Pollable& target, bool level = false) noexcept;
  void modify(int fd, std::uint32_t events, Pollable& target, bool level = false) noexcept;
  // Before the descriptor is closed. No event of `target` is delivered afterwards, not even of the batch under way.
  void remove(int fd, Pollable& target) noexcept;
  // Delivers what is ready, without waiting. True if there was anything.
  bool poll() noexcept;

 private:
  Fd epoll_;
  std::array<epoll_event, events_per_poll_max> batch_{};
  int batch_size_ = 0;
  int batch_next_ = 0;
};

}  // namespace payswitch::daemon::net
