#include "api/fields.h"

#include <payswitch/money.h>

#include <algorithm>
#include <cstring>
#include <memory_resource>
#include <vector>

#include "api/wire.h"
#include "base/text.h"

namespace payswitch::daemon::api {
namespace {

using transfer::ErrorCode;

std::string_view copy(std::pmr::memory_resource& arena, std::string_view text) {
  char* out = static_cast<char*>(arena.allocate(text.size() + 1, 1));
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// False: a percent sign without two hex digits, or something that is not UTF-8 or is a control character afterwards.
bool percent_decode(std::pmr::memory_resource& arena, std::string_view in, std::string_view& out) {
  char* text = static_cast<char*>(arena.allocate(in.size() + 1, 1));
  std::size_t n = 0;
  for (std::size_t i = 0; i < in.size(); ++i) {
    char c = in[i];
    if (c == '+') c = ' ';
    if (c == '%') {
      if (i + 2 >= in.size()) return false;
      const int high = hex_digit(in[i + 1]), low = hex_digit(in[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    text[n++] = c;
  }
  out = {text, n};
  return is_utf8(out);
}

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool has_control(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

void Fields::fail(ErrorCode code, std::string_view member, std::string_view detail) noexcept {
  if (!ok()) return;
  code_ = code;
  member_ = member;
  detail_ = detail;
}

const json::Value* Fields::find(std::string_view name) const noexcept {
  for (const auto& member : members_)
    if (member.name == name) return &member.value;
  return nullptr;
}

Fields Fields::of_body(Context& context, std::initializer_list<std::string_view> names) {
  Fields fields(context);
  const std::string_view text = context.exchange.request().body;
  json::ParseError error;
  if (text.empty()) {
    return fields;  // an object without members: what is required is missed by name
  }
  if (!json::parse(text, context.arena(), context.body, error, {.depth_max = 8, .values_max = 256})) {
    const std::string_view where = copy(context.arena(), error.where().starts_with('/') ? error.where().substr(1) : error.where());
    ErrorCode code = ErrorCode::malformed_request;
    if (error.reason == json::Reason::duplicate_member) code = ErrorCode::unknown_member;
    if (error.reason == json::Reason::not_an_integer && where == "amount") code = ErrorCode::amount_invalid;
    if (error.reason == json::Reason::too_large) code = ErrorCode::payload_too_large;
    fields.fail(code, where, json::to_string(error.reason));
    return fields;
  }
  if (!context.body.is_object()) {
    fields.fail(ErrorCode::malformed_request, {}, "the body must be a JSON object");
    return fields;
  }
  fields.members_ = context.body.members();
  for (const auto& member : fields.members_)
    if (std::find(names.begin(), names.end(), member.name) == names.end()) fields.fail(ErrorCode::unknown_member, member.name.substr(0, 64), "is not known here");
  return fields;
}

Fields Fields::of_query(Context& context, std::initializer_list<std::string_view> names) {
  static constexpr std::size_t parameters_max = 16;
  Fields fields(context);
  auto* members = static_cast<json::Member*>(context.arena().allocate(parameters_max * sizeof(json::Member), alignof(json::Member)));
  std::size_t n = 0;
  std::string_view rest = context.exchange.request().query;
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view item = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const auto equals = item.find('=');
    const std::string_view name = item.substr(0, equals);
    std::string_view value;
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      fields.fail(ErrorCode::unknown_member, copy(context.arena(), is_utf8(name.substr(0, 64)) ? name.substr(0, 64) : "query"), "is not a parameter of this call");
      return fields;
    }
    if (equals == std::string_view::npos || !percent_decode(context.arena(), item.substr(equals + 1), value)) {
      fields.fail(ErrorCode::malformed_request, name, "must be name=value with UTF-8 in percent encoding");
      return fields;
    }
    fields.members_ = {members, n};
    if (fields.find(name) || n == parameters_max) {
      fields.fail(ErrorCode::unknown_member, name, "is given twice");
      return fields;
    }
    new (&members[n++]) json::Member{name, json::Value::of_string(value)};
  }
  fields.members_ = {members, n};
  return fields;
}

std::string_view Fields::text(std::string_view name, bool required) {
  const json::Value* value = find(name);
  if (!value) {
    if (required) fail(ErrorCode::malformed_request, name, "is missing");
    return {};
  }
  if (!value->is_string()) {
    fail(ErrorCode::malformed_request, name, "must be a string");
    return {};
  }
  if (value->string().empty()) fail(ErrorCode::malformed_request, name, "must not be empty");
  return value->string();
}

std::string_view Fields::token(std::string_view name, bool required, std::size_t bytes_max) {
  const std::string_view value = text(name, required);
  if (value.size() > bytes_max) fail(ErrorCode::malformed_request, name, "is too long");
  for (const char c : value)
    if (c < 0x21 || c > 0x7e) {
      fail(ErrorCode::malformed_request, name, "must be visible ASCII characters without spaces");
      break;
    }
  return value;
}

Amount Fields::amount(std::string_view name, bool required, bool all_allowed) {
  static constexpr std::string_view rule = "must be minor units from 1 to 1000000000000000 as a string of digits, without sign, fraction, exponent or leading zero";
  const json::Value* value = find(name);
  if (!value) {
    if (required) fail(ErrorCode::amount_invalid, name, "is missing");
    return {};
  }
  Amount out;
  if (value->is_string()) {
    if (all_allowed && value->string() == "all") {
      out.all = true;
      return out;
    }
    const auto minor = parse_minor(value->string());
    if (!minor) fail(ErrorCode::amount_invalid, name, rule);
    out.minor = minor.value_or(0);
    return out;
  }
  if (!value->is_integer() || !value->to_int64(out.minor) || !amount_ok(out.minor)) {
    fail(ErrorCode::amount_invalid, name, rule);
    out.minor = 0;
  }
  return out;
}

std::int64_t Fields::limit_amount(std::string_view name, std::int64_t otherwise) {
  const json::Value* value = find(name);
  if (!value) return otherwise;
  std::int64_t minor = 0;
  std::uint64_t digits = 0;
  bool good = false;
  if (value->is_integer()) good = value->to_int64(minor);
  if (value->is_string() && parse_decimal(value->string(), digits) && digits <= static_cast<std::uint64_t>(amount_minor_max)) {
    minor = static_cast<std::int64_t>(digits);
    good = true;
  }
  if (!good || minor < 0 || minor > amount_minor_max) fail(ErrorCode::amount_invalid, name, "must be minor units from 0 to 1000000000000000");
  return minor;
}

std::string_view Fields::currency() {
  const std::string_view value = text("currency", true);
  if (ok() && !currency_code_ok(value)) fail(ErrorCode::currency_unknown, "currency", "must be an ISO 4217 code");
  return value;
}

std::string_view Fields::reference() {
  const std::string_view value = text("reference", false);
  if (characters(value) > 35) fail(ErrorCode::malformed_request, "reference", "may have at most 35 characters");
  if (has_control(value)) fail(ErrorCode::malformed_request, "reference", "must not have control characters");
  return value;
}

std::string_view Fields::metadata() {
  const json::Value* value = find("metadata");
  if (!value) return {};
  if (!value->is_object()) {
    fail(ErrorCode::malformed_request, "metadata", "must be an object");
    return {};
  }
  auto* memory = static_cast<char*>(context_->arena().allocate(metadata_bytes_max, 1));
  json::Writer out(std::span<char>(memory, metadata_bytes_max));
  out.begin_object();
  // By name, whatever order they came in: it is part of the fingerprint, and a client may write the same object in another order.
  std::pmr::vector<const json::Member*> sorted(&context_->arena());
  for (const auto& member : value->members()) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](const json::Member* x, const json::Member* y) { return x->name < y->name; });
  for (const json::Member* each : sorted) {
    const json::Member& member = *each;
    out.key(member.name);
    std::int64_t number = 0;
    if (member.value.is_string()) out.string(member.value.string());
    else if (member.value.is_boolean()) out.boolean(member.value.boolean());
    else if (member.value.is_integer() && member.value.to_int64(number)) out.integer(number);
    else {
      fail(ErrorCode::malformed_request, "metadata", "may hold strings, integers and booleans");
      return {};
    }
  }
  out.end_object();
  if (!out.ok()) fail(ErrorCode::malformed_request, "metadata", "may have at most 2048 bytes");
  return out.text();  // lies in the arena, not in the writer
}

std::int64_t Fields::time(std::string_view name) {
  const std::string_view value = text(name, false);
  std::int64_t ms = 0;
  if (!value.empty() && (!parse_time(value, ms) || ms == 0)) fail(ErrorCode::malformed_request, name, "must be a time like 2026-03-01T12:00:00Z");
  return ms;
}

std::int64_t Fields::time_or_date(std::string_view name, std::int64_t otherwise) {
  const std::string_view value = text(name, false);
  if (value.empty()) return otherwise;
  std::int64_t ms = 0;
  if (value.size() != 10) {
    if (!parse_time(value, ms)) fail(ErrorCode::malformed_request, name, "must be a date or a time like 2026-03-01T12:00:00Z");
    return ms;
  }
  char noon[20];
  std::memcpy(noon, value.data(), 10);
  std::memcpy(noon + 10, "T12:00:00Z", 10);
  if (!parse_time({noon, sizeof noon}, ms)) {
    fail(ErrorCode::malformed_request, name, "must be a date or a time like 2026-03-01T12:00:00Z");
    return 0;
  }
  // Noon in UTC lies on this date or, far in the east, on the next one.
  const auto wanted = static_cast<std::int32_t>(ms / 86'400'000);
  auto day = context_->services.settings->days.day_of(ms);
  if (day.number > wanted) day = context_->services.settings->days.day_of(day.begin_ms - 1);
  return day.begin_ms;
}

std::uint32_t Fields::count(std::string_view name, std::uint32_t otherwise, std::uint32_t max) {
  const std::string_view value = text(name, false);
  if (value.empty()) return otherwise;
  std::uint64_t number = 0;
  if (!parse_decimal(value, number) || number == 0 || number > max) {
    fail(ErrorCode::malformed_request, name, "must be a number from 1 to 500");
    return otherwise;
  }
  return static_cast<std::uint32_t>(number);
}

std::size_t Fields::word(std::string_view name, std::initializer_list<std::string_view> words, std::size_t otherwise) {
  const std::string_view value = text(name, false);
  if (value.empty()) return otherwise;
  const auto at = std::find(words.begin(), words.end(), value);
  if (at == words.end()) {
    fail(ErrorCode::malformed_request, name, "is not one of the words that are possible here");
    return otherwise;
  }
  return static_cast<std::size_t>(at - words.begin());
}

}  // namespace payswitch::daemon::api
