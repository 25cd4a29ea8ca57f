#include <algorithm>
#include <bit>
#include <cstring>

#include "base/json.h"
#include "base/text.h"

namespace payswitch::daemon::json {
namespace {

constexpr unsigned depth_max = 63;
constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD

// Bit 7 of each byte that may not be copied as it is: below 0x20, above 0x7f, quote, backslash. Exact for the lowest such byte, and
// zero if there is none (after Mycroft; a borrow only reaches bytes above one that is marked).
std::uint64_t careful_bytes(std::uint64_t word) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  const auto zero = [](std::uint64_t v) { return v - ones; };
  const std::uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
  return ((zero(quote) & ~quote) | (zero(backslash) & ~backslash) | ((word - ones * 0x20) & ~word) | word) & tops;
}

// Bytes at the front of the text that need no care.
std::size_t plain_bytes(std::string_view text) noexcept {
  std::size_t at = 0;
  for (; at < text.size(); at += 8) {
    const std::size_t rest = text.size() - at;
    std::uint64_t word = 0x2020202020202020u;
    std::memcpy(&word, text.data() + at, rest < 8 ? rest : 8);
    if (const std::uint64_t marks = careful_bytes(word); marks != 0) return at + static_cast<std::size_t>(std::countr_zero(marks)) / 8;
  }
  return text.size();
}
static_assert(std::endian::native == std::endian::little, "the first byte of a text is the lowest of its word");

}  // namespace

Writer::Writer(std::span<char> memory, std::pmr::memory_resource* more) noexcept
    : data_(memory.data()), capacity_(memory.size()), more_(more) {}

Writer::Writer(std::pmr::memory_resource& arena, std::size_t first_bytes) noexcept : data_(nullptr), capacity_(0), more_(&arena) {
  reserve(first_bytes);
}

Writer::~Writer() {
  if (owned_) more_->deallocate(data_, capacity_, 1);
}

void Writer::clear() noexcept {
  size_ = 0;
  depth_ = 0;
  filled_ = 0;
  after_key_ = false;
  ok_ = true;
}

bool Writer::grow(std::size_t bytes) noexcept {
  if (!ok_) return false;
  if (more_ == nullptr) return ok_ = false;
  const std::size_t wanted = std::max(capacity_ * 2, size_ + bytes);
  char* larger = nullptr;
  try {
    larger = static_cast<char*>(more_->allocate(wanted, 1));
  } catch (...) {
    return ok_ = false;
  }
  if (size_ > 0) std::memcpy(larger, data_, size_);
  if (owned_) more_->deallocate(data_, capacity_, 1);
  data_ = larger;
  capacity_ = wanted;
  owned_ = true;
  return true;
}

void Writer::append(std::string_view bytes) noexcept {
  if (bytes.empty() || !reserve(bytes.size())) return;
  std::memcpy(data_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void Writer::separate() noexcept {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  const std::uint64_t bit = 1ULL << depth_;
  if ((filled_ & bit) != 0) {
    if (!reserve(1)) return;
    data_[size_++] = ',';
  }
  filled_ |= bit;
}

void Writer::open(char bracket) noexcept {
  separate();
  PSW_ASSERT(depth_ < depth_max);
  append({&bracket, 1});
  ++depth_;
  filled_ &= ~(1ULL << depth_);
}

void Writer::close(char bracket) noexcept {
  PSW_ASSERT(depth_ > 0 && !after_key_);
  --depth_;
  append({&bracket, 1});
}

Writer& Writer::begin_object() noexcept { return open('{'), *this; }
Writer& Writer::end_object() noexcept { return close('}'), *this; }
Writer& Writer::begin_array() noexcept { return open('['), *this; }
Writer& Writer::end_array() noexcept { return close(']'), *this; }

// A text that needs no escape, in quotes, and what follows it: the usual case, in one go.
bool Writer::plain(std::string_view value, std::string_view after) noexcept {
  if (plain_bytes(value) != value.size() || !reserve(value.size() + 2 + after.size())) return false;
  char* at = data_ + size_;
  *at++ = '"';
  if (!value.empty()) std::memcpy(at, value.data(), value.size());
  at += value.size();
  *at++ = '"';
  for (const char c : after) *at++ = c;
  size_ = static_cast<std::size_t>(at - data_);
  return true;
}

void Writer::quoted(std::string_view value) noexcept {
  if (plain(value, {})) return;
  if (!reserve(value.size() + 2)) return;
  data_[size_++] = '"';
  while (!value.empty() && ok_) {
    const std::size_t untouched = plain_bytes(value);
    append(value.substr(0, untouched));
    value.remove_prefix(untouched);
    if (value.empty()) break;
    const char c = value.front();
    std::size_t used = 1;
    switch (c) {
      case '"': append("\\\""); break;
      case '\\': append("\\\\"); break;
      case '\n': append("\\n"); break;
      case '\r': append("\\r"); break;
      case '\t': append("\\t"); break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          constexpr char digits[] = "0123456789abcdef";
          const char escape[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]};
          append({escape, sizeof escape});
        } else {
          used = utf8_sequence(value);
          append(used == 0 ? replacement : value.substr(0, used));
          used = std::max<std::size_t>(used, 1);
        }
    }
    value.remove_prefix(used);
  }
  append("\"");
}

Writer& Writer::key(std::string_view name) noexcept {
  PSW_ASSERT(!after_key_);
  separate();
  if (!plain(name, ":")) {
    quoted(name);
    append(":");
  }
  after_key_ = true;
  return *this;
}

Writer& Writer::string(std::string_view value) noexcept {
  separate();
  quoted(value);
  return *this;
}

Writer& Writer::integer(std::int64_t value) noexcept {
  separate();
  char digits[24];
  append({digits, format_decimal(value, digits)});
  return *this;
}

Writer& Writer::unsigned_integer(std::uint64_t value) noexcept {
  separate();
  char digits[24];
  append({digits, format_decimal(value, digits)});
  return *this;
}

Writer& Writer::integer_string(std::int64_t value) noexcept {
  separate();
  char digits[24] = {'"'};
  const std::size_t size = 1 + format_decimal(value, digits + 1);
  digits[size] = '"';
  append({digits, size + 1});
  return *this;
}

Writer& Writer::boolean(bool value) noexcept { return raw(value ? "true" : "false"); }
Writer& Writer::null() noexcept { return raw("null"); }

Writer& Writer::raw(std::string_view value) noexcept {
  separate();
  append(value);
  return *this;
}

}  // namespace payswitch::daemon::json
