#include "transfer/route.h"

#include <algorithm>

namespace payswitch::daemon::transfer {

namespace {
constexpr std::string_view any_bank = "*";  // a route of last resort

std::uint64_t mix(std::uint64_t hash, std::string_view text) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return (hash ^ 0xff) * 0x100000001b3ULL;
}

bool matches(const config::RouteCondition& when, const RouteQuestion& question) noexcept {
  if (!when.currencies.empty() && std::find(when.currencies.begin(), when.currencies.end(), question.currency) == when.currencies.end()) return false;
  return question.amount_minor >= when.min_minor && question.amount_minor <= when.max_minor;
}
}  // namespace

RouteTable::RouteTable(const config::Config& config) {
  prefixes_.push_back({config.self.prefix, ""});
  for (const auto& bank : config.banks)
    for (const auto& prefix : bank.prefixes) prefixes_.push_back({prefix, bank.code});
  // Longest first; config/ refuses the same prefix twice.
  std::sort(prefixes_.begin(), prefixes_.end(), [](const Prefix& a, const Prefix& b) { return a.text.size() != b.text.size() ? a.text.size() > b.text.size() : a.text < b.text; });
  version_ = 0xcbf29ce484222325ULL;
  for (const auto& prefix : prefixes_) version_ = mix(mix(version_, prefix.text), prefix.bank);
  for (const auto& route : config.routes) {
    Row row;
    row.bank = route.bank;
    row.when = route.when;
    version_ = mix(version_, route.bank);
    for (const auto& currency : route.when.currencies) version_ = mix(version_, currency);
    version_ = mix(version_, std::to_string(route.when.min_minor) + "-" + std::to_string(route.when.max_minor));
    for (const auto& name : route.targets) {
      const auto* connector = config.connector(name);
      row.targets.push_back({name, connector != nullptr && !connector->bank.empty() ? connector->bank : route.bank});
      version_ = mix(mix(version_, name), row.targets.back().bank);
    }
    rows_.push_back(std::move(row));
  }
}

const RouteTable::Prefix* RouteTable::longest(std::string_view number) const noexcept {
  for (const auto& prefix : prefixes_)
    if (number.starts_with(prefix.text)) return &prefix;
  return nullptr;
}

bool RouteTable::is_here(std::string_view payee) const noexcept {
  const auto* prefix = longest(payee);
  return prefix != nullptr && prefix->bank.empty();
}

std::string_view RouteTable::bank_of(std::string_view number) const noexcept {
  const auto* prefix = longest(number);
  return prefix != nullptr ? std::string_view(prefix->bank) : std::string_view{};
}

RouteDecision RouteTable::find(const RouteQuestion& question) const {
  RouteDecision out;
  const auto* prefix = longest(question.payee);
  if (prefix != nullptr && prefix->bank.empty()) {
    out.kind = RouteKind::here;
    out.trace = "prefix " + prefix->text + ": this ledger";
    return out;
  }
  if (prefix != nullptr) {
    out.bank = prefix->bank;
    out.trace = "prefix " + prefix->text + ": bank " + prefix->bank;
  } else {
    out.trace = "no prefix matches";
  }
  const auto take = [&](std::size_t i) {
    const auto& row = rows_[i];
    if (!matches(row.when, question)) {
      out.trace += "; route " + std::to_string(i + 1) + ": its conditions do not hold";
      return false;
    }
    out.kind = RouteKind::other;
    out.trace += "; route " + std::to_string(i + 1) + ": ";
    for (const auto& target : row.targets) {
      out.targets.push_back(&target);
      if (out.targets.size() != 1) out.trace += ", ";
      out.trace += target.connector;
      if (target.bank != out.bank) out.trace += " (by way of " + target.bank + ")";
    }
    return true;
  };
  if (prefix != nullptr)
    for (std::size_t i = 0; i != rows_.size(); ++i)
      if (rows_[i].bank == prefix->bank && take(i)) return out;
  for (std::size_t i = 0; i != rows_.size(); ++i)
    if (rows_[i].bank == any_bank && take(i)) return out;
  out.trace += "; no route";
  return out;
}

}  // namespace payswitch::daemon::transfer
