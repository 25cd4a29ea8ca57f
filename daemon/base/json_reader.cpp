#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

#include "base/json.h"
#include "base/text.h"

namespace payswitch::daemon::json {
namespace {

namespace bj = boost::json;
using ErrorCode = bj::error_code;

constexpr std::size_t frames_max = 64;
constexpr std::size_t members_compared_pairwise_max = 16;

// One open array or object: where its elements begin on the stack, and what stands before the element that is being read.
struct Frame {
  bool object;
  std::size_t first;
};

class Builder {
 public:
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_object_size = max_array_size;
  static constexpr std::size_t max_string_size = max_array_size;
  static constexpr std::size_t max_key_size = max_array_size;

  Builder(std::string_view text, std::pmr::memory_resource& arena, const ParseLimits& limits)
      : text_(text), arena_(arena), stack_(&arena), values_left_(limits.values_max) {
    stack_.reserve(16);
  }

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }
  bool on_array_begin(ErrorCode& ec) { return open(false, ec); }
  bool on_object_begin(ErrorCode& ec) { return open(true, ec); }

  bool on_array_end(std::size_t count, ErrorCode&) {
    auto* values = static_cast<Value*>(arena_.allocate(std::max<std::size_t>(count, 1) * sizeof(Value), alignof(Value)));
    const std::size_t first = frames_[--depth_].first;
    for (std::size_t i = 0; i < count; ++i) new (values + i) Value(stack_[first + i].value);
    stack_.resize(first);
    stack_.back().value = Value::of_array({values, count});
    return true;
  }

  bool on_object_end(std::size_t count, ErrorCode& ec) {
    const std::size_t first = frames_[depth_ - 1].first;
    const Member* begin = stack_.data() + first;
    if (const Member* twice = find_duplicate({begin, count}); twice != nullptr) {
      stack_.resize(first + 1);
      stack_.back().name = twice->name;
      return fail(Reason::duplicate_member, ec);
    }
    --depth_;
    auto* members = static_cast<Member*>(arena_.allocate(std::max<std::size_t>(count, 1) * sizeof(Member), alignof(Member)));
    std::uninitialized_copy(begin, begin + count, members);
    stack_.resize(first);
    stack_.back().value = Value::of_object({members, count});
    return true;
  }

  bool on_key_part(bj::string_view part, std::size_t, ErrorCode&) { return partial_.append(part.data(), part.size()), true; }
  bool on_key(bj::string_view rest, std::size_t, ErrorCode& ec) {
    if (!push(ec)) return false;
    stack_.back().name = finish_text(rest);
    return true;
  }
  bool on_string_part(bj::string_view part, std::size_t, ErrorCode&) { return partial_.append(part.data(), part.size()), true; }
  bool on_string(bj::string_view rest, std::size_t, ErrorCode& ec) { return scalar(Value::of_string(finish_text(rest)), ec); }

  bool on_number_part(bj::string_view, ErrorCode&) { return true; }
  bool on_int64(std::int64_t value, bj::string_view, ErrorCode& ec) { return scalar(Value::of_int64(value), ec); }
  bool on_uint64(std::uint64_t value, bj::string_view, ErrorCode& ec) { return scalar(Value::of_uint64(value), ec); }
  bool on_double(double, bj::string_view, ErrorCode& ec) { return scalar(Value(), ec) && fail(Reason::not_an_integer, ec); }
  bool on_bool(bool value, ErrorCode& ec) { return scalar(Value::of_boolean(value), ec); }
  bool on_null(ErrorCode& ec) { return scalar(Value(), ec); }
  bool on_comment_part(bj::string_view, ErrorCode&) { return true; }
  bool on_comment(bj::string_view, ErrorCode&) { return true; }

  Reason reason() const noexcept { return reason_; }
  const Value& result() const noexcept { return stack_.front().value; }

  // The JSON pointer of the element that was being read, the end of it if it is long.
  void describe_place(ParseError& error) const {
    std::string path;
    for (std::size_t i = 0; i < depth_; ++i) {
      const std::size_t end = i + 1 < depth_ ? frames_[i + 1].first : stack_.size();
      if (end <= frames_[i].first) break;  // nothing of this one was begun
      path += '/';
      path += frames_[i].object ? std::string(stack_[end - 1].name) : std::to_string(end - 1 - frames_[i].first);
    }
    constexpr std::string_view dots = "…";
    constexpr std::size_t room = sizeof error.path - 1;
    if (path.size() > room) {
      std::size_t cut = path.size() - (room - dots.size());
      while (cut < path.size() && (static_cast<unsigned char>(path[cut]) & 0xc0) == 0x80) ++cut;
      path = std::string(dots) + path.substr(cut);
    }
    std::memcpy(error.path, path.c_str(), path.size() + 1);
  }

 private:
  bool fail(Reason reason, ErrorCode& ec) {
    reason_ = reason;
    ec = bj::make_error_code(bj::error::exception);
    return false;
  }

  bool push(ErrorCode& ec) {
    if (values_left_ == 0) return fail(Reason::too_large, ec);
    --values_left_;
    stack_.emplace_back();
    return true;
  }

  // A member's place was made by its key; everything else makes its own.
  bool place(ErrorCode& ec) { return (depth_ > 0 && frames_[depth_ - 1].object) || push(ec); }

  bool scalar(const Value& value, ErrorCode& ec) {
    if (!place(ec)) return false;
    stack_.back().value = value;
    return true;
  }

  bool open(bool object, ErrorCode& ec) {
    if (!place(ec)) return false;
    if (depth_ == frames_max) return fail(Reason::too_deep, ec);
    frames_[depth_++] = {object, stack_.size()};
    return true;
  }

  // Text without escapes stays where it is; anything that the parser had to assemble is copied into the arena.
  std::string_view finish_text(bj::string_view rest) {
    const std::string_view view(rest.data(), rest.size());
    if (partial_.empty() && (view.empty() || (view.data() >= text_.data() && view.data() < text_.data() + text_.size()))) return view;
    const std::size_t size = partial_.size() + view.size();
    auto* copy = static_cast<char*>(arena_.allocate(std::max<std::size_t>(size, 1), 1));
    std::memcpy(copy, partial_.data(), partial_.size());
    std::memcpy(copy + partial_.size(), view.data(), view.size());
    partial_.clear();
    return {copy, size};
  }

  const Member* find_duplicate(std::span<const Member> members) {
    if (members.size() <= members_compared_pairwise_max) {
      for (std::size_t i = 1; i < members.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
          if (members[i].name == members[j].name) return &members[i];
        }
      }
      return nullptr;
    }
    std::pmr::vector<const Member*> sorted(&arena_);
    sorted.reserve(members.size());
    for (const Member& member : members) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) { return a->name < b->name; });
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) { return a->name == b->name; });
    return twice == sorted.end() ? nullptr : *twice;
  }

  std::string_view text_;
  std::pmr::memory_resource& arena_;
  std::pmr::vector<Member> stack_;
  std::string partial_;  // only while a text with escapes is assembled
  std::array<Frame, frames_max> frames_;  // [0, depth_); clearing all of it would cost more than reading a small text
  std::size_t depth_ = 0;
  std::size_t values_left_;
  Reason reason_ = Reason::none;
};

Reason reason_of(const ErrorCode& ec, std::string_view text) {
  if (ec == bj::error::too_deep) return Reason::too_deep;
  if (ec == bj::error::exponent_overflow) return Reason::not_an_integer;
  if (ec == bj::error::extra_data) return Reason::trailing_bytes;
  return is_utf8(text) ? Reason::syntax : Reason::invalid_utf8;
}

}  // namespace

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::none: return "is in order";
    case Reason::empty: return "is empty";
    case Reason::syntax: return "is not valid JSON";
    case Reason::duplicate_member: return "is given twice";
    case Reason::not_an_integer: return "is not an integer of at most 64 bits";
    case Reason::too_deep: return "is nested too deep";
    case Reason::invalid_utf8: return "is not valid UTF-8";
    case Reason::trailing_bytes: return "is followed by more bytes";
    case Reason::too_large: return "is too large";
  }
  return "is not valid JSON";
}

bool parse(std::string_view text, std::pmr::memory_resource& arena, Value& out, ParseError& error, const ParseLimits& limits) noexcept {
  error = {};
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  if (std::all_of(text.begin(), text.end(), blank)) {
    error.reason = Reason::empty;
    return false;
  }
  if (text.size() > std::numeric_limits<std::uint32_t>::max()) {
    error.reason = Reason::too_large;
    return false;
  }
  try {
    bj::parse_options options;
    options.max_depth = std::min(limits.depth_max, frames_max);
    bj::basic_parser<Builder> parser(options, text, arena, limits);
    ErrorCode ec;
    std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    const Builder& builder = parser.handler();
    if (!ec) {
      while (used < text.size() && blank(text[used])) ++used;
      if (used < text.size()) ec = bj::make_error_code(bj::error::extra_data);
    }
    if (!ec) {
      out = builder.result();
      return true;
    }
    error.offset = used;
    error.reason = builder.reason() != Reason::none ? builder.reason() : reason_of(ec, text);
    if (error.reason != Reason::trailing_bytes) builder.describe_place(error);
  } catch (...) {
    error.reason = Reason::too_large;  // the arena's end
  }
  return false;
}

}  // namespace payswitch::daemon::json
