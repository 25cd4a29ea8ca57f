#include "plugin_host/control_thread.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace payswitch::daemon::plugin_host {

struct ControlThread::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> work;
  bool busy = false, ending = false;
  std::thread thread;

  void loop() {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return busy || ending; });
      if (ending) return;
      const std::function<void()> now = std::move(work);
      lock.unlock();
      now();
      lock.lock();
      busy = false;
      changed.notify_all();
    }
  }
};

ControlThread::ControlThread() = default;

ControlThread::~ControlThread() {
  if (!shared_) return;
  {
    const std::lock_guard guard(shared_->mutex);
    shared_->ending = true;
  }
  shared_->changed.notify_all();
  shared_->thread.join();
}

bool ControlThread::run(std::function<void()> work, std::uint64_t limit_ms) {
  if (limit_ms == 0) {
    work();
    return true;
  }
  if (!shared_) {
    shared_ = std::make_shared<Shared>();
    shared_->thread = std::thread([keep = shared_] { keep->loop(); });
    pthread_setname_np(shared_->thread.native_handle(), "psw-control");
  }
  std::unique_lock lock(shared_->mutex);
  shared_->work = std::move(work);
  shared_->busy = true;
  shared_->changed.notify_all();
  if (shared_->changed.wait_for(lock, std::chrono::milliseconds(limit_ms), [this] { return !shared_->busy; })) return true;
  lock.unlock();
  shared_->thread.detach();
  shared_.reset();
  return false;
}

}  // namespace payswitch::daemon::plugin_host
