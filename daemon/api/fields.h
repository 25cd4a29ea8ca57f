// Members of a body and parameters of a query as typed values. The first thing that is wrong is kept and answered at the end, so a
// handler reads as a list of its fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "api/context.h"

namespace payswitch::daemon::api {

struct Amount {
  std::int64_t minor = 0;
  bool all = false;
};

class Fields {
 public:
  // Parses the body of the context; `names` are all members it may have.
  static Fields of_body(Context& context, std::initializer_list<std::string_view> names);
  // The query string: percent-decoded into the arena; each name once.
  static Fields of_query(Context& context, std::initializer_list<std::string_view> names);

  bool has(std::string_view name) const noexcept { return find(name) != nullptr; }
  std::string_view text(std::string_view name, bool required);
  // An account number or any opaque short text without spaces or control characters.
  std::string_view token(std::string_view name, bool required, std::size_t bytes_max);
  Amount amount(std::string_view name, bool required, bool all_allowed);
  // A non-negative amount that may be zero (overdraft limits).
  std::int64_t limit_amount(std::string_view name, std::int64_t otherwise);
  std::string_view currency();
  std::string_view reference();          // at most 35 characters, no control characters
  std::string_view metadata();           // an object of scalars as compact JSON, at most metadata_bytes_max
  std::int64_t time(std::string_view name);  // RFC 3339; 0 when absent
  // RFC 3339, or a date (its first instant in the zone of the configuration).
  std::int64_t time_or_date(std::string_view name, std::int64_t otherwise);
  std::uint32_t count(std::string_view name, std::uint32_t otherwise, std::uint32_t max);
  // One of `words`; their index, or `otherwise` when absent.
  std::size_t word(std::string_view name, std::initializer_list<std::string_view> words, std::size_t otherwise);

  void fail(transfer::ErrorCode code, std::string_view member, std::string_view detail) noexcept;
  bool ok() const noexcept { return code_ == transfer::ErrorCode::none; }
  // Answers the context with what is wrong. Only if !ok().
  void answer() { context_->problem(code_, {.member = member_, .detail = detail_}); }

 private:
  explicit Fields(Context& context) : context_(&context) {}
  const json::Value* find(std::string_view name) const noexcept;

  Context* context_;
  std::span<const json::Member> members_;
  transfer::ErrorCode code_ = transfer::ErrorCode::none;
  std::string_view member_, detail_;
};

}  // namespace payswitch::daemon::api
