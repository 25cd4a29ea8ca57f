#include <limits>

#include "base/json.h"

namespace payswitch::daemon::json {

Value Value::of_boolean(bool value) noexcept {
  Value v;
  v.kind_ = Kind::boolean;
  v.number_ = value ? 1 : 0;
  return v;
}

Value Value::of_int64(std::int64_t value) noexcept {
  Value v;
  v.kind_ = Kind::integer;
  v.negative_ = value < 0;
  v.number_ = static_cast<std::uint64_t>(value);
  return v;
}

Value Value::of_uint64(std::uint64_t value) noexcept {
  Value v;
  v.kind_ = Kind::integer;
  v.number_ = value;
  return v;
}

Value Value::of_string(std::string_view value) noexcept {
  Value v;
  v.kind_ = Kind::string;
  v.size_ = static_cast<std::uint32_t>(value.size());
  v.text_ = value.data();
  return v;
}

Value Value::of_array(std::span<const Value> values) noexcept {
  Value v;
  v.kind_ = Kind::array;
  v.size_ = static_cast<std::uint32_t>(values.size());
  v.values_ = values.data();
  return v;
}

Value Value::of_object(std::span<const Member> members) noexcept {
  Value v;
  v.kind_ = Kind::object;
  v.size_ = static_cast<std::uint32_t>(members.size());
  v.members_ = members.data();
  return v;
}

bool Value::to_int64(std::int64_t& out) const {
  PSW_ASSERT(is_integer());
  if (!negative_ && number_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return false;
  out = static_cast<std::int64_t>(number_);
  return true;
}

bool Value::to_uint64(std::uint64_t& out) const {
  PSW_ASSERT(is_integer());
  if (negative_) return false;
  out = number_;
  return true;
}

const Value* Value::find(std::string_view name) const {
  for (const Member& member : members()) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

}  // namespace payswitch::daemon::json
