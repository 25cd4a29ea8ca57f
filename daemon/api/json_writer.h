// JSON out, straight into the exchange's arena: no tree, no std::string, commas and escapes by itself.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string_view>

namespace payswitch::daemon::api {

// Values are written in the order of the calls; keys and values must alternate inside an object (the caller's business, checked
// by the tests that validate every answer). Lives on the stack of a handler, its buffer in the arena.
class JsonWriter {
 public:
  explicit JsonWriter(std::pmr::memory_resource& arena, std::size_t first_bytes = 512);

  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);  // escaped; bytes that are not UTF-8 become U+FFFD
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& number(std::int64_t n);
  JsonWriter& boolean(bool b);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // a value that is JSON already

  // Amounts are strings of digits on the wire: 2^63 does not fit into what most JSON readers call a number.
  JsonWriter& minor(__int128 amount);
  // RFC 3339 in UTC with milliseconds.
  JsonWriter& time(std::int64_t unix_ms);

  template <class T>
  JsonWriter& member(std::string_view name, const T& v) {
    key(name);
    return value(v);
  }

  std::string_view text() const noexcept { return {data_, size_}; }

 private:
  void put(char c) { if (size_ == room_) grow(1); data_[size_++] = c; }
  void put(std::string_view s);
  void comma();
  void grow(std::size_t more);

  std::pmr::memory_resource& arena_;
  char* data_;
  std::size_t size_ = 0;
  std::size_t room_;
  bool need_comma_ = false;
};

// "2026-03-01T12:00:00.000Z"; needs 24 bytes at `out`.
void write_time(char* out, std::int64_t unix_ms) noexcept;
// Parses what write_time writes, with or without milliseconds, Z or ±hh:mm; false if it is not such a time.
bool parse_time(std::string_view text, std::int64_t& unix_ms) noexcept;

// Crockford base32 of 16 bytes, 26 characters: a ULID's text.
void write_ulid(char* out, const unsigned char* bytes) noexcept;
bool parse_ulid(std::string_view text, unsigned char* bytes) noexcept;

}  // namespace payswitch::daemon::api
