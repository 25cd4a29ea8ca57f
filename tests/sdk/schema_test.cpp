#include <payswitch/plugin.h>
#include <payswitch/schema.h>
#include <payswitch/testing/fake_config.h>

#include <gtest/gtest.h>

namespace payswitch {
namespace {

constexpr auto keys = schema(url("endpoint").required().doc("base URL"), duration("timeout").def("2s").range("100ms..30s").unit("s").since("0.1").reloadable(), secret("token"),
                             choice("mode", "fast|safe").def("safe"), text("old").deprecated("mode"), text("peers[].name"), text("librdkafka.*"), integer("n").def("4"), boolean("on"));

TEST(Schema, is_constant_data) {
  static_assert(keys.size() == 9);
  static_assert(keys[0].flags == PSW_KEY_REQUIRED && keys[1].type == PSW_T_DURATION);
  EXPECT_EQ(view(keys[1].range), "100ms..30s");
  EXPECT_EQ(keys[1].flags, PSW_KEY_RELOADABLE);
  EXPECT_EQ(keys[2].flags, PSW_KEY_SECRET);
  EXPECT_EQ(view(keys[4].replaced_by), "mode");
}

psw_type type() {
  psw_type t{};
  t.keys = list_of(keys.data(), keys.size());
  return t;
}

TEST(FakeConfig, knows_unknown_and_required_keys) {
  testing::FakeConfig c;
  EXPECT_EQ(c.check(type()), "endpoint: is required");
  c.set("endpoint", "http://x");
  c.set("endpiont", "y");
  EXPECT_EQ(c.check(type()), "endpiont: unknown key");
}
TEST(FakeConfig, reads_values_defaults_lists_and_tables) {
  testing::FakeConfig c;
  c.set("endpoint", "http://x");
  c.set("peers[0].name", "a");
  c.set("peers[1].name", "b");
  c.set("librdkafka.client.id", "z");
  ASSERT_EQ(c.check(type()), "");
  std::int64_t n = 0;
  const auto get = [&c](const char* path, std::int32_t t, void* out) { return testing::FakeConfig::get(c.abi(), path, t, out, nullptr); };
  ASSERT_EQ(get("timeout", PSW_T_DURATION, &n), PSW_OK);
  EXPECT_EQ(n, 2'000'000'000);
  ASSERT_EQ(get("peers", PSW_T_LIST, &n), PSW_OK);
  EXPECT_EQ(n, 2);
  psw_str s{};
  ASSERT_EQ(get("peers[1].name", PSW_T_STRING, &s), PSW_OK);
  EXPECT_EQ(view(s), "b");
  psw_list names{};
  ASSERT_EQ(get("librdkafka", PSW_T_TABLE, &names), PSW_OK);
  ASSERT_EQ(rows<psw_str>(names).size(), 1u);
  EXPECT_EQ(view(rows<psw_str>(names)[0]), "client.id");
  EXPECT_EQ(get("token", PSW_T_SECRET, &s), PSW_ABSENT);
  EXPECT_EQ(get("timeout", PSW_T_STRING, &s), PSW_INVALID);
  EXPECT_EQ(get("nothing", PSW_T_STRING, &s), PSW_INVALID);
}

}  // namespace
}  // namespace payswitch
