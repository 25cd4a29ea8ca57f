#include "transfer/limits.h"

#include <charconv>
#include <cstring>
#include <limits>

namespace payswitch::daemon::transfer {

namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::uint32_t no_count_limit = std::numeric_limits<std::uint32_t>::max();

// A short text built without allocating; what does not fit is cut (keys are far shorter than their buffers).
template <std::size_t N>
class Text {
 public:
  explicit Text(char (&out)[N]) noexcept : out_(out) {}
  Text& add(std::string_view part) noexcept {
    const std::size_t n = part.size() < N - size_ ? part.size() : N - size_;
    std::memcpy(out_ + size_, part.data(), n);
    size_ += n;
    return *this;
  }
  Text& add(std::int64_t number) noexcept {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    return add(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  std::string_view view() const noexcept { return {out_, size_}; }

 private:
  char* out_;
  std::size_t size_ = 0;
};

std::string_view limit_reason(char (&buffer)[96], std::string_view limit, std::int64_t value, std::int64_t frees_at_ms) noexcept {
  return Text<96>(buffer).add("limit_exceeded:").add(limit).add(":").add(value).add(":").add(frees_at_ms).view();
}

class Guards {
 public:
  Guards(ledger::EntryBuilder& entry, const LimitQuestion& question, const Day& day, TakenLimits& taken) noexcept
      : entry_(entry), question_(question), day_(day), taken_(taken) {}

  void sum(std::string_view kind, std::string_view whose, std::string_view limit, std::int64_t max) {
    if (max == no_limit) return;
    counter(kind, whose, "", limit, question_.amount_minor, max);
  }
  void count(std::string_view kind, std::string_view whose, std::string_view limit, std::uint32_t max) {
    if (max == no_count_limit) return;
    counter(kind, whose, "#", limit, 1, max);
  }

 private:
  void counter(std::string_view kind, std::string_view whose, std::string_view suffix, std::string_view limit, std::int64_t amount, std::int64_t max) {
    if (taken_.window_end_ms == 0) {
      taken_.window_end_ms = day_.end_ms;
      entry_.guard_clock_before(day_.end_ms, {PSW_CONFLICT, reason_window_moved});
    }
    char key[192];
    const auto name = Text<192>(key).add(kind).add(whose).add("/").add(question_.currency).add("/").add(std::int64_t{day_.number}).add(suffix).view();
    char reason[96];
    const auto kept = payswitch::view(entry_.keep(limit_reason(reason, limit, max, day_.end_ms)));
    entry_.guard_counter(name, amount, max, day_.end_ms, {PSW_RULE, kept});
    char number[24];
    const auto digits = Text<24>(number).add(amount).view();
    if (taken_.size + name.size() + digits.size() + 2 > sizeof taken_.text) return;  // four keys fit; there are never more
    for (const std::string_view part : {name, std::string_view("\t"), digits, std::string_view("\n")}) {
      std::memcpy(taken_.text + taken_.size, part.data(), part.size());
      taken_.size += part.size();
    }
  }

  ledger::EntryBuilder& entry_;
  const LimitQuestion& question_;
  const Day& day_;
  TakenLimits& taken_;
};

}  // namespace

std::string_view per_transfer_limit(const config::TransferLimits& limits, std::int64_t amount_minor, char (&buffer)[96]) noexcept {
  if (amount_minor < limits.min) return limit_reason(buffer, "min", limits.min, 0);
  if (amount_minor > limits.max) return limit_reason(buffer, "max", limits.max, 0);
  return {};
}

void add_limit_guards(ledger::EntryBuilder& entry, const config::Config& config, const LimitQuestion& question, const Day& day, TakenLimits& taken) {
  taken = TakenLimits{};
  Guards guards(entry, question, day, taken);
  if (question.cash_by_service) {
    const auto& by_currency = config.limits.cash_per_principal_day;
    if (const auto it = by_currency.find(question.currency); it != by_currency.end()) guards.sum("cash/", question.principal, "cash_per_principal_day", it->second);
  }
  if (question.payer.empty()) return;
  const auto& limits = config.transfer_limits(question.currency);
  guards.sum("account/", question.payer, "per_account_day", limits.per_account_day);
  guards.count("account/", question.payer, "per_account_day_count", limits.per_account_day_count);
  // What a service withdraws for somebody counts in its own window, not in an owner's.
  if (question.cash_by_service) return;
  guards.sum("owner/", question.principal, "per_owner_day", limits.per_owner_day);
  guards.count("owner/", question.principal, "per_owner_day_count", limits.per_owner_day_count);
}

void give_limits_back(ledger::EntryBuilder& entry, std::string_view taken, std::int64_t amount_minor, bool whole, std::int64_t window_end_ms) {
  while (!taken.empty()) {
    const auto line = taken.substr(0, taken.find('\n'));
    taken.remove_prefix(line.size() == taken.size() ? taken.size() : line.size() + 1);
    const auto tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    const auto key = line.substr(0, tab);
    const bool is_count = key.ends_with('#');
    if (is_count && !whole) continue;
    entry.guard_counter(key, is_count ? -1 : -amount_minor, no_limit, window_end_ms, {PSW_CONFLICT, reason_window_moved});
  }
}

LimitReason parse_limit_reason(std::string_view reason) noexcept {
  LimitReason out;
  const auto part = [&] {
    const auto end = reason.find(':');
    const auto text = reason.substr(0, end);
    reason = end == std::string_view::npos ? std::string_view{} : reason.substr(end + 1);
    return text;
  };
  if (part() != "limit_exceeded") return out;
  out.limit = part();
  const auto value = part(), frees = part();
  std::from_chars(value.data(), value.data() + value.size(), out.value);
  std::from_chars(frees.data(), frees.data() + frees.size(), out.frees_at_ms);
  return out;
}

}  // namespace payswitch::daemon::transfer
