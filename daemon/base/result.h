// Result<T>: an operating failure as a value. Business outcomes have types of their own; bugs are PSW_ASSERT.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace payswitch::daemon {

// What went wrong, in a sentence that names the file, line or field and, where there is one, the remedy.
struct Error {
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Asking for the side that is not there is a bug.
  T& value() & { PSW_ASSERT(ok()); return std::get<0>(state_); }
  const T& value() const& { PSW_ASSERT(ok()); return std::get<0>(state_); }
  T&& value() && { PSW_ASSERT(ok()); return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { PSW_ASSERT(!ok()); return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const noexcept { return ok_; }
  explicit operator bool() const noexcept { return ok_; }
  const Error& error() const { PSW_ASSERT(!ok_); return error_; }

 private:
  Error error_;
  bool ok_ = true;
};

}  // namespace payswitch::daemon
