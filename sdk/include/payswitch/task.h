// task<T>: a lazily started coroutine, awaited once, by one owner, on one lane. It lives in the plugin only; no coroutine crosses the
// border. Exceptions travel to the awaiter. Destroying a task that has not finished destroys everything it waits for.
//
// g++ 12 destroys some temporaries inside a co_await statement twice: a capturing lambda, an aggregate. So every type that an awaited
// SDK function takes has a constructor, none takes a callable, and the build checks the sources (cmake/lint.py). Your own
// coroutines: name the aggregate first, then pass it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace payswitch {

template <class T>
class [[nodiscard]] task;

namespace detail {

struct task_promise_base {
  std::coroutine_handle<> waiting = std::noop_coroutine();
  std::exception_ptr error;

  struct final_awaiter {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) const noexcept { return done.promise().waiting; }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  final_awaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { error = std::current_exception(); }
};

template <class T>
struct task_promise : task_promise_base {
  std::optional<T> value;
  task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& u) { value.emplace(std::forward<U>(u)); }
  T result() {
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void result() const {
    if (error) std::rethrow_exception(error);
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<T>;

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_) handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> waiting) noexcept {
    handle_.promise().waiting = waiting;
    return handle_;
  }
  T await_resume() { return handle_.promise().result(); }

 private:
  friend promise_type;
  explicit task(std::coroutine_handle<promise_type> handle) noexcept : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

namespace detail {
template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise<T>>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise<void>>::from_promise(*this));
}

// The outermost coroutine of one operation or background job: owned by a root_set, gone when it ends or when the set is emptied.
class root_set;
struct root {
  struct promise_type {
    root_set* owner = nullptr;
    promise_type *next = nullptr, *previous = nullptr;
    root get_return_object() noexcept { return root{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept {}  // roots catch everything themselves; nothing may pass the border
    ~promise_type();
  };
  std::coroutine_handle<promise_type> handle;
};

class root_set {
 public:
  root_set() = default;
  root_set(const root_set&) = delete;
  root_set& operator=(const root_set&) = delete;
  ~root_set() { clear(); }

  void start(root job) noexcept {
    auto& promise = job.handle.promise();
    promise.owner = this;
    promise.next = first_;
    if (first_ != nullptr) first_->previous = &promise;
    first_ = &promise;
    job.handle.resume();
  }
  void clear() noexcept {
    while (first_ != nullptr) std::coroutine_handle<root::promise_type>::from_promise(*first_).destroy();
  }

 private:
  friend root::promise_type;
  root::promise_type* first_ = nullptr;
};

inline root::promise_type::~promise_type() {
  if (owner == nullptr) return;
  if (previous != nullptr) previous->next = next; else owner->first_ = next;
  if (next != nullptr) next->previous = previous;
}
}  // namespace detail

}  // namespace payswitch
