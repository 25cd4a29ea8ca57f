#include "auth/credentials.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "auth/siphash.h"

namespace payswitch::daemon::auth {
namespace {

bool comes_from(const ApiKey& key, std::string_view remote) noexcept {
  if (key.networks.empty()) return true;
  const auto address = parse_remote(remote);
  return address && std::any_of(key.networks.begin(), key.networks.end(), [&](const Network& n) { return n.contains(*address); });
}

// RFC 9110: the scheme's name is compared without case.
bool take_bearer(std::string_view& value) noexcept {
  static constexpr std::string_view scheme = "bearer ";
  if (value.size() <= scheme.size()) return false;
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = value[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != scheme[i]) return false;
  }
  value.remove_prefix(scheme.size());
  return true;
}

Verdict judge(const KeyEntry& entry, std::string_view remote, std::int64_t now_ms) noexcept {
  if (!entry.key.live(now_ms) || !comes_from(entry.key, remote)) return {AuthError::refused, nullptr, nullptr};
  return {AuthError::none, &entry.principal, entry.bucket};
}

}  // namespace

std::uint32_t RateBucket::take(std::uint64_t now_ns, std::uint64_t rate_per_s, std::uint64_t burst) noexcept {
  if (rate_per_s == 0) return 0;
  const std::uint64_t one_ns = 1'000'000'000 / rate_per_s + (1'000'000'000 % rate_per_s != 0);
  const std::uint64_t depth_ns = one_ns * std::max<std::uint64_t>(burst, 1);
  std::uint64_t seen = full_at_ns_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t next = std::max(seen, now_ns) + one_ns;
    if (next > now_ns + depth_ns) return static_cast<std::uint32_t>((next - now_ns - depth_ns) / 1'000'000 + 1);
    if (full_at_ns_.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return 0;
  }
}

KeyTable::KeyTable(std::vector<KeyEntry> entries, std::uint64_t read_at_ns) : entries_(std::move(entries)), read_at_ns_(read_at_ns) {
  std::sort(entries_.begin(), entries_.end(), [](const KeyEntry& a, const KeyEntry& b) { return a.key.id < b.key.id; });
}

const KeyEntry* KeyTable::find(std::string_view id) const noexcept {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), id, [](const KeyEntry& e, std::string_view wanted) { return e.key.id < wanted; });
  return at != entries_.end() && at->key.id == id ? &*at : nullptr;
}

Verdict verify(const KeyTable& keys, std::string_view authorization, std::string_view remote, std::int64_t now_ms) noexcept {
  if (!take_bearer(authorization)) return {AuthError::malformed, nullptr, nullptr};
  const auto parts = split_api_key(authorization);
  if (!parts) return {AuthError::malformed, nullptr, nullptr};
  // The hash is computed for unknown ids too: the time taken does not tell whether an id exists.
  const auto hash = hash_secret(parts->secret);
  static constexpr std::array<std::uint8_t, 32> none{};
  const KeyEntry* entry = keys.find(parts->id);
  const auto& stored = entry ? entry->key.hash : none;
  if (CRYPTO_memcmp(hash.data(), stored.data(), hash.size()) != 0 || !entry) return {AuthError::refused, nullptr, nullptr};
  return judge(*entry, remote, now_ms);
}

KeyStore::KeyStore() = default;

void KeyStore::publish(std::vector<ApiKey> keys, std::uint64_t now_ns) {
  std::vector<KeyEntry> entries;
  entries.reserve(keys.size());
  for (auto& key : keys) {
    if (entries.size() == KeyTable::keys_max) break;
    auto& bucket = buckets_[key.account];
    if (!bucket) bucket = std::make_unique<RateBucket>();
    Principal principal(PrincipalKind::service, key.account, key.scopes, key.id);
    entries.push_back({std::move(key), principal, bucket.get()});
  }
  table_.store(std::make_shared<const KeyTable>(std::move(entries), now_ns), std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const KeyTable> KeyStore::current() const noexcept { return table_.load(std::memory_order_acquire); }

Authenticator::Authenticator(AuthMode mode, KeyStore& store, std::array<std::uint64_t, 2> hash_key)
    : mode_(mode), store_(store), hash_key_(hash_key), slots_(slots_max),
      development_(PrincipalKind::development, "dev", scopes_all) {}

void Authenticator::refresh() noexcept {
  generation_ = store_.generation();
  table_ = store_.current();
  std::fill(slots_.begin(), slots_.end(), Slot{});
}

Verdict Authenticator::check(std::string_view authorization, bool present, std::string_view remote, std::uint64_t now_ns, std::int64_t now_ms) noexcept {
  if (!present) {
    if (mode_ == AuthMode::development) return {AuthError::none, &development_, &store_.development_bucket()};
    return {AuthError::missing, nullptr, nullptr};
  }
  if (store_.generation() != generation_) refresh();
  if (!table_ || now_ns > table_->read_at_ns() + table_age_max_ns) return {AuthError::stale, nullptr, nullptr};
  const auto hash = siphash128(hash_key_, authorization);
  Slot& slot = slots_[hash[0] % slots_max];
  if (slot.entry && slot.hash[0] == hash[0] && slot.hash[1] == hash[1]) return judge(*slot.entry, remote, now_ms);
  const Verdict verdict = verify(*table_, authorization, remote, now_ms);
  if (verdict.error == AuthError::none) {
    std::string_view token = authorization;
    take_bearer(token);
    slot = {{hash[0], hash[1]}, table_->find(split_api_key(token)->id)};
  }
  return verdict;
}

}  // namespace payswitch::daemon::auth
