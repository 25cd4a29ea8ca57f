// Bytes and lists of the border as C++ views: no copy, no ownership. A view lives exactly as long as what it looks at (abi.h, R2).
#pragma once

#include <payswitch/abi.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string_view>
#include <type_traits>

namespace payswitch {

constexpr std::string_view view(psw_str s) noexcept {
  return s.data == nullptr ? std::string_view{} : std::string_view{s.data, static_cast<std::size_t>(s.size)};
}
constexpr psw_str str(std::string_view s) noexcept { return psw_str{s.data(), s.size()}; }
constexpr bool empty(psw_str s) noexcept { return s.data == nullptr || s.size == 0; }

// Currency codes are three letters and a terminating zero; anything else is an empty view.
constexpr std::string_view currency_view(const char (&code)[4]) noexcept {
  return code[3] == '\0' && code[2] != '\0' ? std::string_view{code, 3} : std::string_view{};
}
constexpr bool set_currency(char (&out)[4], std::string_view code) noexcept {
  for (std::size_t i = 0; i != 4; ++i) out[i] = i < code.size() && code.size() == 3 ? code[i] : '\0';
  return code.size() == 3;
}

// A copy of what the other side handed over by pointer: fields that its older struct does not have are zero (R1).
template <class T>
T sized_copy(const T* from) noexcept {
  static_assert(std::is_trivially_copyable_v<T>);
  T out{};
  if (from != nullptr) std::memcpy(&out, from, from->size < sizeof(T) ? from->size : sizeof(T));
  return out;
}

// The elements of a list whose stride may be smaller (older side) or larger (newer side) than ours. A reference taken from an
// iterator is good until the iterator moves, because a short element is widened into the iterator.
template <class T>
class Rows {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = const T*;
    using reference = const T&;

    iterator() = default;
    iterator(const char* at, std::uint32_t stride) noexcept : at_(at), stride_(stride) {}
    const T& operator*() const noexcept {
      if (stride_ >= sizeof(T)) return *reinterpret_cast<const T*>(at_);
      wide_ = T{};
      std::memcpy(&wide_, at_, stride_);
      return wide_;
    }
    const T* operator->() const noexcept { return &**this; }
    iterator& operator++() noexcept { at_ += stride_; return *this; }
    iterator operator++(int) noexcept { iterator old = *this; ++*this; return old; }
    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }

   private:
    const char* at_ = nullptr;
    std::uint32_t stride_ = sizeof(T);
    mutable T wide_{};
  };

  explicit Rows(psw_list list) noexcept : list_(list) {}
  std::uint32_t size() const noexcept { return list_.data == nullptr || list_.stride == 0 ? 0 : list_.n; }
  bool empty() const noexcept { return size() == 0; }
  iterator begin() const noexcept { return iterator(static_cast<const char*>(list_.data), list_.stride); }
  iterator end() const noexcept {
    return iterator(static_cast<const char*>(list_.data) + std::size_t{size()} * list_.stride, list_.stride);
  }
  T operator[](std::uint32_t i) const noexcept {  // by value: a short element has nowhere else to live; i < size()
    return *iterator(static_cast<const char*>(list_.data) + std::size_t{i} * list_.stride, list_.stride);
  }

 private:
  psw_list list_;
};

template <class T>
Rows<T> rows(psw_list list) noexcept { return Rows<T>(list); }

template <class T>
psw_list list_of(std::span<T> items) noexcept {
  return psw_list{items.data(), static_cast<std::uint32_t>(items.size()), static_cast<std::uint32_t>(sizeof(T))};
}
template <class T>
psw_list list_of(const T* items, std::size_t n) noexcept {
  return psw_list{items, static_cast<std::uint32_t>(n), static_cast<std::uint32_t>(sizeof(T))};
}

}  // namespace payswitch
