#include "net/loop.h"

#include <chrono>
#include <csignal>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/assert.h"
#include "net/poller.h"

namespace payswitch::daemon::net {

namespace asio = boost::asio;

namespace {

// By index: a callback may add others.
void call_all(const std::vector<Callback>& callbacks) {
  for (std::size_t i = 0; i < callbacks.size(); ++i) {
    const Callback callback = callbacks[i];
    if (callback.function != nullptr) callback();
  }
}

}  // namespace

struct Loop::Impl {
  // The eventfd is watched edge by edge like the sockets: every write to it is an edge of its own, so nobody ever reads it.
  explicit Impl(int event_fd) : context(1), heartbeat(context), sockets(context, poller.fd()) { PSW_ASSERT(poller.add(event_fd, EPOLLIN, wake_up)); }
  ~Impl() { sockets.release(); }  // the descriptor is the poller's

  void beat() {
    heartbeat.expires_after(std::chrono::seconds(1));
    heartbeat.async_wait([this](const boost::system::error_code& error) {
      if (!error) beat();
    });
  }
  // Armed only when the loop is about to sleep: a busy loop looks by itself.
  void arm() {
    if (!sockets_armed) {
      sockets_armed = true;
      sockets.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code&) { sockets_armed = false; });
    }
  }

  struct WakeUp final : Pollable {
    void on_ready(std::uint32_t) noexcept override {}  // that the loop is awake is all
  };

  WakeUp wake_up;
  Poller poller;
  asio::io_context context;
  asio::steady_timer heartbeat;
  asio::posix::stream_descriptor sockets;
  bool sockets_armed = false;
  std::atomic<bool> stopped{false};
};

Loop::Loop(unsigned index) : index_(index), impl_(std::make_unique<Impl>(event_.fd())) {}
Loop::~Loop() = default;

asio::io_context& Loop::context() noexcept { return impl_->context; }
Poller& Loop::poller() noexcept { return impl_->poller; }

void Loop::run() {
  // A write to a socket whose other end is gone is an error code here, never a signal.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);

  Impl& impl = *impl_;
  impl.context.restart();
  impl.beat();
  // Timers and posts come through the io_context, one a turn and without a system call while sockets keep the loop awake, all of them
  // now and then.
  constexpr unsigned busy_turns_max = 8;
  unsigned busy_turns = busy_turns_max;
  bool busy = true;
  while (!impl.stopped.load(std::memory_order_acquire)) {
    if (busy) {
      if (++busy_turns >= busy_turns_max) {
        busy_turns = 0;
        impl.context.poll();
      }
    } else {
      impl.arm();
      if (event_.announce_sleep([this] { return !woken_.load(std::memory_order_seq_cst) && !impl_->stopped.load(); })) {
        impl.context.run_one();
        event_.awake();
      }
    }
    busy = impl.poller.poll();
    if (woken_.load(std::memory_order_relaxed) && woken_.exchange(false, std::memory_order_seq_cst)) {
      call_all(inboxes_);
      busy = true;
    }
    in_hooks_ = true;
    call_all(hooks_);
    in_hooks_ = false;
    if (again_) {
      again_ = false;
      busy = true;
    }
    turns_.fetch_add(1, std::memory_order_relaxed);
  }
  impl.heartbeat.cancel();
}

void Loop::stop() noexcept {
  impl_->stopped.store(true, std::memory_order_seq_cst);
  event_.notify();
}

void Loop::after_batch(Callback hook) { hooks_.push_back(hook); }
void Loop::on_wake(Callback inbox) { inboxes_.push_back(inbox); }

// The places stay, empty: the lists may be under way.
void Loop::forget(const void* context) noexcept {
  for (auto* list : {&hooks_, &inboxes_}) {
    for (Callback& callback : *list) {
      if (callback.context == context) callback = {};
    }
  }
}

void Loop::wake() noexcept {
  woken_.store(true, std::memory_order_seq_cst);
  event_.notify();
}

void Loop::post(Callback work) {
  asio::post(impl_->context, [work] { work(); });
}

}  // namespace payswitch::daemon::net
