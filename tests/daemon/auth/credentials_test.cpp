#include "auth/credentials.h"

#include <gtest/gtest.h>

#include <chrono>

#include "auth/siphash.h"

namespace payswitch::daemon::auth {
namespace {

constexpr std::uint64_t second = 1'000'000'000;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double cost_ns_max = 20'000;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr double cost_ns_max = 20'000;
#else
constexpr double cost_ns_max = 1'000;
#endif
#else
constexpr double cost_ns_max = 1'000;
#endif

struct Fixture : ::testing::Test {
  NewApiKey make(std::uint8_t seed, Scopes scopes = scope_read) {
    std::array<std::uint8_t, 40> random{};
    random.fill(seed);
    return make_api_key("shop", scopes, {}, 1000, 0, random);
  }
  KeyStore store;
  Authenticator authenticator{AuthMode::required, store, {1, 2}};
  Verdict check(const std::string& header, std::int64_t now_ms = 2000, std::uint64_t now_ns = second, std::string_view remote = "127.0.0.1:9") {
    return authenticator.check(header, true, remote, now_ns, now_ms);
  }
};

TEST_F(Fixture, a_good_key_is_its_service_account) {
  const auto key = make(1, scope_read | scope_cash);
  store.publish({key.stored}, second);
  const auto verdict = check("Bearer " + key.text);
  ASSERT_EQ(verdict.error, AuthError::none);
  EXPECT_EQ(verdict.principal->id(), "svc:shop");
  EXPECT_EQ(verdict.principal->key_id(), key.stored.id);
  EXPECT_TRUE(verdict.principal->may(scope_cash));
  EXPECT_FALSE(verdict.principal->may(scope_pay));
}

TEST_F(Fixture, wrong_unknown_expired_and_revoked_look_alike) {
  auto expired = make(1), revoked = make(2);
  expired.stored.expires_ms = 1500;
  revoked.stored.revoked_ms = 1500;
  store.publish({expired.stored, revoked.stored}, second);
  EXPECT_EQ(check("Bearer " + expired.text).error, AuthError::refused);
  EXPECT_EQ(check("Bearer " + revoked.text).error, AuthError::refused);
  EXPECT_EQ(check("Bearer " + make(3).text).error, AuthError::refused);
  std::string wrong = expired.text;
  wrong.back() = wrong.back() == 'a' ? 'b' : 'a';
  EXPECT_EQ(check("Bearer " + wrong, 1200).error, AuthError::refused);
}

TEST_F(Fixture, what_is_no_bearer_key_is_malformed) {
  store.publish({}, second);
  for (const char* bad : {"", "Bearer", "Bearer ", "Basic YTpi", "psk_x", "Bearer psk_short"}) EXPECT_EQ(check(bad).error, AuthError::malformed) << bad;
}

TEST_F(Fixture, a_cached_key_still_expires) {
  auto key = make(1);
  key.stored.expires_ms = 3000;
  store.publish({key.stored}, second);
  EXPECT_EQ(check("Bearer " + key.text, 2999).error, AuthError::none);
  EXPECT_EQ(check("Bearer " + key.text, 2999).error, AuthError::none);
  EXPECT_EQ(check("Bearer " + key.text, 3000).error, AuthError::refused);
}

TEST_F(Fixture, a_revoked_key_ends_with_the_next_table) {
  auto key = make(1);
  store.publish({key.stored}, second);
  EXPECT_EQ(check("Bearer " + key.text).error, AuthError::none);
  key.stored.revoked_ms = 1999;
  store.publish({key.stored}, second);
  EXPECT_EQ(check("Bearer " + key.text).error, AuthError::refused);
}

TEST_F(Fixture, a_key_is_taken_from_its_networks_only) {
  auto key = make(1);
  key.stored.networks = {*Network::parse("10.0.0.0/8")};
  store.publish({key.stored}, second);
  EXPECT_EQ(check("Bearer " + key.text, 2000, second, "10.1.2.3:5").error, AuthError::none);
  EXPECT_EQ(check("Bearer " + key.text, 2000, second, "192.0.2.1:5").error, AuthError::refused);
}

TEST_F(Fixture, old_knowledge_lets_nobody_in) {
  const auto key = make(1);
  EXPECT_EQ(check("Bearer " + key.text).error, AuthError::stale);
  store.publish({key.stored}, second);
  EXPECT_EQ(check("Bearer " + key.text, 2000, second + Authenticator::table_age_max_ns).error, AuthError::none);
  EXPECT_EQ(check("Bearer " + key.text, 2000, second + Authenticator::table_age_max_ns + 1).error, AuthError::stale);
}

TEST_F(Fixture, without_a_header_only_development_mode_lets_in) {
  EXPECT_EQ(authenticator.check("", false, "127.0.0.1:9", second, 2000).error, AuthError::missing);
  Authenticator development(AuthMode::development, store, {1, 2});
  const auto verdict = development.check("", false, "127.0.0.1:9", second, 2000);
  ASSERT_EQ(verdict.error, AuthError::none);
  EXPECT_EQ(verdict.principal->id(), "dev");
}

TEST_F(Fixture, a_cached_check_costs_well_under_a_microsecond) {
  const auto key = make(1);
  store.publish({key.stored}, second);
  const std::string header = "Bearer " + key.text;
  constexpr int n = 20'000;
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < n; ++i) ASSERT_EQ(authenticator.check(header, true, "127.0.0.1:9", second, 2000).error, AuthError::none);
    best = std::min(best, std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / n);
  }
  RecordProperty("ns_per_check", static_cast<int>(best));
  EXPECT_LT(best, cost_ns_max);
}

TEST(RateBucket, lets_a_burst_through_and_then_one_at_a_time) {
  RateBucket bucket;
  std::uint64_t now = 100 * second;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(bucket.take(now, 10, 5), 0u) << i;
  EXPECT_GT(bucket.take(now, 10, 5), 0u);
  EXPECT_LE(bucket.take(now, 10, 5), 101u);
  now += second / 10;
  EXPECT_EQ(bucket.take(now, 10, 5), 0u);
  EXPECT_GT(bucket.take(now, 10, 5), 0u);
}

TEST(RateBucket, rate_zero_means_no_bound) {
  RateBucket bucket;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(bucket.take(second, 0, 0), 0u);
}

// The reference vectors of the algorithm's authors: key 00..0f, input 00..(n-1).
TEST(SipHash, agrees_with_the_reference_vectors) {
  const std::array<std::uint64_t, 2> key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
  const auto empty = siphash128(key, "");
  EXPECT_EQ(empty[0], 0xe6a825ba047f81a3ULL);
  EXPECT_EQ(empty[1], 0x930255c71472f66dULL);
  const auto one = siphash128(key, std::string_view("\0", 1));
  EXPECT_EQ(one[0], 0x44af996bd8c187daULL);
  EXPECT_EQ(one[1], 0x45fc229b11597634ULL);
}

}  // namespace
}  // namespace payswitch::daemon::auth
