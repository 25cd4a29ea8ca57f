// A value that must not be seen: it prints as *** and converts to nothing. The one way to it is reveal(), easy to search for.
#pragma once

#include <cstring>
#include <ostream>
#include <string>
#include <utility>

namespace payswitch::daemon {

template <class T>
class Secret {
 public:
  Secret() = default;
  explicit Secret(T value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret&) = default;
  Secret& operator=(Secret&&) noexcept = default;
  ~Secret() { wipe(); }

  const T& reveal() const noexcept { return value_; }
  bool empty() const noexcept requires requires(const T& t) { t.empty(); } { return value_.empty(); }

 private:
  void wipe() noexcept {
    if constexpr (requires(T& t) { t.data(); t.size(); }) explicit_bzero(value_.data(), value_.size());
  }
  T value_{};
};

template <class T>
std::ostream& operator<<(std::ostream& out, const Secret<T>&) { return out << "***"; }

}  // namespace payswitch::daemon
