// Cursors of lists: opaque, bound to the filter and the principal they were given out for, valid at every daemon over the ledger.
#pragma once

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <string_view>

namespace payswitch::daemon::api {

inline constexpr std::size_t cursor_after_bytes_max = 512;

// `after` is what the ledger said; `filter` any text that stands for the call, its filter and its principal. In the arena.
std::string_view seal_cursor(std::array<std::uint64_t, 2> key, std::string_view filter, std::string_view after, std::pmr::memory_resource& arena);
// Empty: changed, cut, or of another filter.
std::optional<std::string_view> open_cursor(std::array<std::uint64_t, 2> key, std::string_view filter, std::string_view cursor, std::pmr::memory_resource& arena);

}  // namespace payswitch::daemon::api
