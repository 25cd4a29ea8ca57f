// JSON as money needs it: a reader that refuses what other readers guess, and a writer into memory of the caller.
// RFC 8259, and stricter: a duplicate member, a number with fraction or exponent or beyond 64 bits, nesting deeper than 32,
// invalid UTF-8 and bytes after the value are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>

#include "base/assert.h"

namespace payswitch::daemon::json {

enum class Kind : std::uint8_t { null, boolean, integer, string, array, object };

class Value;
struct Member;

// A value of a parsed document. Small, copyable, points into the arena and the text it was parsed from: valid as long as both.
// Asking for the wrong kind is a bug; ask kind() first.
class Value {
 public:
  Value() noexcept : number_(0) {}

  Kind kind() const noexcept { return kind_; }
  bool is_null() const noexcept { return kind_ == Kind::null; }
  bool is_boolean() const noexcept { return kind_ == Kind::boolean; }
  bool is_integer() const noexcept { return kind_ == Kind::integer; }
  bool is_string() const noexcept { return kind_ == Kind::string; }
  bool is_array() const noexcept { return kind_ == Kind::array; }
  bool is_object() const noexcept { return kind_ == Kind::object; }

  bool boolean() const { PSW_ASSERT(is_boolean()); return number_ != 0; }
  // False if the integer does not fit (2^63 … 2^64−1 for the first, below zero for the second).
  bool to_int64(std::int64_t& out) const;
  bool to_uint64(std::uint64_t& out) const;
  std::string_view string() const { PSW_ASSERT(is_string()); return {text_, size_}; }
  std::span<const Value> array() const { PSW_ASSERT(is_array()); return {values_, size_}; }
  inline std::span<const Member> members() const;
  // The member of that name, or nullptr.
  const Value* find(std::string_view name) const;

  static Value of_null() noexcept { return Value(); }
  static Value of_boolean(bool value) noexcept;
  static Value of_int64(std::int64_t value) noexcept;
  static Value of_uint64(std::uint64_t value) noexcept;
  static Value of_string(std::string_view value) noexcept;
  static Value of_array(std::span<const Value> values) noexcept;
  static Value of_object(std::span<const Member> members) noexcept;

 private:
  Kind kind_ = Kind::null;
  bool negative_ = false;
  std::uint32_t size_ = 0;
  union {
    std::uint64_t number_;
    const char* text_;
    const Value* values_;
    const Member* members_;
  };
};

struct Member {
  std::string_view name;
  Value value;
};

inline std::span<const Member> Value::members() const { PSW_ASSERT(is_object()); return {members_, size_}; }

enum class Reason : std::uint8_t { none, empty, syntax, duplicate_member, not_an_integer, too_deep, invalid_utf8, trailing_bytes, too_large };
// A sentence for people ("is given twice", …).
std::string_view to_string(Reason reason) noexcept;

struct ParseError {
  Reason reason = Reason::none;
  std::size_t offset = 0;  // in the text, where it was noticed
  char path[128] = {};     // JSON pointer of the place ("/items/3/amount"), cut on the left with "…" if long
  std::string_view where() const noexcept { return path; }
};

struct ParseLimits {
  std::size_t depth_max = 32;
  std::size_t values_max = 65'536;  // all values of the document together
};

// Parses the whole text. True: `out` is the value. False: `error` says why, `out` is untouched. Takes memory only from `arena`
// (exhausted: too_large) and never throws.
bool parse(std::string_view text, std::pmr::memory_resource& arena, Value& out, ParseError& error, const ParseLimits& limits = {}) noexcept;

// Writes JSON into memory of the caller. Commas and colons are its own business; nesting up to 63. When the memory is full it asks
// `more` for twice as much (old blocks are given back to it, which a monotonic arena ignores), and without `more`, or when that
// refuses, it fails: ok() is false and the text must not be used. Text that is not UTF-8 gets U+FFFD in place of each bad byte.
class Writer {
 public:
  explicit Writer(std::span<char> memory, std::pmr::memory_resource* more = nullptr) noexcept;
  explicit Writer(std::pmr::memory_resource& arena, std::size_t first_bytes = 512) noexcept;
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& begin_object() noexcept;
  Writer& end_object() noexcept;
  Writer& begin_array() noexcept;
  Writer& end_array() noexcept;
  Writer& key(std::string_view name) noexcept;
  Writer& string(std::string_view value) noexcept;
  Writer& integer(std::int64_t value) noexcept;
  Writer& unsigned_integer(std::uint64_t value) noexcept;
  // An amount on the wire: digits in quotes ("15000").
  Writer& integer_string(std::int64_t value) noexcept;
  Writer& boolean(bool value) noexcept;
  Writer& null() noexcept;
  // A finished JSON value, copied as it is.
  Writer& raw(std::string_view value) noexcept;

  Writer& member(std::string_view name, std::string_view value) noexcept { return key(name).string(value); }
  Writer& member_integer(std::string_view name, std::int64_t value) noexcept { return key(name).integer(value); }
  Writer& member_integer_string(std::string_view name, std::int64_t value) noexcept { return key(name).integer_string(value); }
  Writer& member_boolean(std::string_view name, bool value) noexcept { return key(name).boolean(value); }

  bool ok() const noexcept { return ok_; }
  // Valid until the next call or the end of the memory. Empty if !ok().
  std::string_view text() const noexcept { return ok_ ? std::string_view(data_, size_) : std::string_view(); }
  // Back to an empty text in the memory it has.
  void clear() noexcept;

 private:
  bool reserve(std::size_t bytes) noexcept { return capacity_ - size_ >= bytes ? ok_ : grow(bytes); }
  bool grow(std::size_t bytes) noexcept;
  void append(std::string_view bytes) noexcept;
  bool plain(std::string_view value, std::string_view after) noexcept;
  void separate() noexcept;
  void quoted(std::string_view value) noexcept;
  void open(char bracket) noexcept;
  void close(char bracket) noexcept;

  char* data_;
  std::size_t size_ = 0;
  std::size_t capacity_;
  std::pmr::memory_resource* more_;
  bool owned_ = false;  // data_ came from more_
  bool ok_ = true;
  bool after_key_ = false;
  unsigned depth_ = 0;
  std::uint64_t filled_ = 0;  // bit per depth: something stands there already
};

}  // namespace payswitch::daemon::json
