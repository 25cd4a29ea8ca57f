#include "auth/api_key.h"

#include <gtest/gtest.h>

namespace payswitch::daemon::auth {
namespace {

NewApiKey some_key(std::uint8_t seed = 7) {
  std::array<std::uint8_t, 40> random{};
  random.fill(seed);
  return make_api_key("shop", scope_read | scope_pay, {}, 1000, 0, random);
}

TEST(ApiKey, has_the_shape_that_is_documented) {
  const auto made = some_key();
  EXPECT_EQ(made.text.size(), api_key_chars);
  const auto parts = split_api_key(made.text);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->id, made.stored.id);
  EXPECT_EQ(hash_secret(parts->secret), made.stored.hash);
  EXPECT_EQ(made.stored.account, "svc:shop");
}

TEST(ApiKey, is_stored_without_its_secret_and_read_back_whole) {
  auto made = some_key();
  made.stored.expires_ms = 5000;
  made.stored.networks = {*Network::parse("10.0.0.0/8"), *Network::parse("2001:db8::/32")};
  const std::string stored = made.stored.encode();
  EXPECT_EQ(stored.find(split_api_key(made.text)->secret), std::string::npos);
  const auto back = ApiKey::decode(made.stored.id, stored);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->encode(), stored);
  EXPECT_EQ(back->scopes, scope_read | scope_pay);
  EXPECT_EQ(back->networks.size(), 2u);
}

TEST(ApiKey, a_damaged_stored_form_is_refused) {
  const std::string good = some_key().stored.encode();
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(ApiKey::decode("abcdefghijkl", good.substr(0, cut)) && cut < good.size() - 1) << cut;
  EXPECT_FALSE(ApiKey::decode("abcdefghijkl", "2" + good.substr(1)));
}

TEST(ApiKey, text_that_is_no_key_is_not_split) {
  const std::string good = some_key().text;
  EXPECT_FALSE(split_api_key(""));
  EXPECT_FALSE(split_api_key(good + "a"));
  EXPECT_FALSE(split_api_key(good.substr(1)));
  std::string upper = good;
  upper[5] = 'A';
  EXPECT_FALSE(split_api_key(upper));
}

TEST(ApiKey, scopes_are_words_and_an_unknown_one_is_named) {
  EXPECT_EQ(*parse_scopes("read,pay,accounts,cash,operate,reverse"), scopes_all);
  const auto wrong = parse_scopes("read,root");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("root"), std::string::npos);
  EXPECT_FALSE(parse_scopes(""));
}

TEST(ApiKey, service_names_cannot_be_mistaken_for_something_else) {
  EXPECT_TRUE(valid_service_name("shop-1.eu_west"));
  for (const char* bad : {"", "-shop", "Shop", "sh op", "shop/1", "shop:1", "상점"}) EXPECT_FALSE(valid_service_name(bad)) << bad;
  EXPECT_FALSE(valid_service_name(std::string(41, 'a')));
}

TEST(Network, contains_what_its_prefix_says) {
  const auto ten = *Network::parse("10.0.0.0/8");
  EXPECT_TRUE(ten.contains(*parse_remote("10.255.0.1:1")));
  EXPECT_FALSE(ten.contains(*parse_remote("11.0.0.1:1")));
  const auto odd = *Network::parse("192.0.2.128/25");
  EXPECT_TRUE(odd.contains(*parse_remote("192.0.2.129:80")));
  EXPECT_FALSE(odd.contains(*parse_remote("192.0.2.1:80")));
  const auto six = *Network::parse("2001:db8::/33");
  EXPECT_TRUE(six.contains(*parse_remote("[2001:db8:7fff::1]:443")));
  EXPECT_FALSE(six.contains(*parse_remote("[2001:db8:8000::1]:443")));
}

TEST(Network, what_is_no_network_is_refused) {
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "x", "2001:db8::/129"}) EXPECT_FALSE(Network::parse(bad)) << bad;
  EXPECT_EQ(Network::parse("192.0.2.7")->text(), "192.0.2.7/32");
}

}  // namespace
}  // namespace payswitch::daemon::auth
