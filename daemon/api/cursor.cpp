#include "api/cursor.h"

#include <cstring>
#include <span>
#include <string>

#include "auth/siphash.h"
#include "base/text.h"

namespace payswitch::daemon::api {
namespace {

constexpr std::size_t tag_bytes = 8;

std::uint64_t tag_of(std::array<std::uint64_t, 2> key, std::string_view filter, std::string_view after) {
  const auto inner = auth::siphash128(key, filter);
  return auth::siphash128({inner[0], inner[1]}, after)[0];
}

}  // namespace

std::string_view seal_cursor(std::array<std::uint64_t, 2> key, std::string_view filter, std::string_view after, std::pmr::memory_resource& arena) {
  std::string bytes(tag_bytes, '\0');
  const std::uint64_t tag = tag_of(key, filter, after);
  std::memcpy(bytes.data(), &tag, tag_bytes);
  bytes += after;
  const std::string text = base64url({reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
  char* out = static_cast<char*>(arena.allocate(text.size(), 1));
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

std::optional<std::string_view> open_cursor(std::array<std::uint64_t, 2> key, std::string_view filter, std::string_view cursor, std::pmr::memory_resource& arena) {
  std::string bytes;
  if (cursor.size() > 2 * cursor_after_bytes_max || !from_base64url(cursor, bytes) || bytes.size() <= tag_bytes) return std::nullopt;
  const std::string_view after = std::string_view(bytes).substr(tag_bytes);
  std::uint64_t tag = 0;
  std::memcpy(&tag, bytes.data(), tag_bytes);
  if (tag != tag_of(key, filter, after)) return std::nullopt;
  char* out = static_cast<char*>(arena.allocate(after.size(), 1));
  std::memcpy(out, after.data(), after.size());
  return std::string_view{out, after.size()};
}

}  // namespace payswitch::daemon::api
