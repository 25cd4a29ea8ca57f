// JSON as money between banks needs it. The reader refuses what others guess: a member that comes twice, a number with fraction or
// exponent or beyond 64 bits, bytes after the value, a control character, bad UTF-8, deep nesting. What it gives owns its text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payswitch::peer_http {

class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, string, array, object };
  static constexpr std::size_t depth_max = 5;       // a batch of records of flat members needs 3
  static constexpr std::size_t elements_max = 4096; // of one array or object

  // Defined where the class is complete: a member holds values of this very class.
  Json();
  ~Json();
  Json(const Json& other);
  Json& operator=(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json&& other) noexcept;

  // Empty: not one JSON value as described above.
  static std::optional<Json> parse(std::string_view text);

  Kind kind = Kind::null;
  std::int64_t number = 0;  // integer; boolean: 0 or 1
  std::string text;
  std::vector<Json> elements;
  std::vector<std::pair<std::string, Json>> members;
};

// Reads the members of one object by name and counts them, so that a member nobody asked for is noticed. Any wrong kind is remembered:
// ask done() at the end.
class Members {
 public:
  explicit Members(const Json& object) : object_(object), good_(object.kind == Json::Kind::object) {}
  std::string text(std::string_view name);
  std::int64_t integer(std::string_view name);
  bool boolean(std::string_view name);
  const Json* array(std::string_view name);
  bool has(std::string_view name) const;
  std::string maybe_text(std::string_view name) { return has(name) ? text(name) : std::string(); }
  std::int64_t maybe_integer(std::string_view name) { return has(name) ? integer(name) : 0; }
  bool done() const { return good_ && read_ == object_.members.size(); }

 private:
  const Json* take(std::string_view name, Json::Kind kind);
  const Json& object_;
  std::size_t read_ = 0;
  bool good_;
};

// One object after the other, members in the order they are added.
class JsonText {
 public:
  JsonText& open() { return mark('{'); }
  JsonText& close() { out_ += '}'; comma_ = true; return *this; }
  JsonText& open_array(std::string_view name) { member(name); return mark('['); }
  JsonText& close_array() { out_ += ']'; comma_ = true; return *this; }
  JsonText& text(std::string_view name, std::string_view value);
  JsonText& integer(std::string_view name, std::int64_t value);
  JsonText& boolean(std::string_view name, bool value);
  std::string take() { return std::move(out_); }

 private:
  JsonText& mark(char bracket);
  void member(std::string_view name);
  void quote(std::string_view value);
  std::string out_;
  bool comma_ = false;
};

}  // namespace payswitch::peer_http
